//! What is said while a database is at work.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use migrate_core::Direction;
use migrate_sqlx::Event;

use crate::error::CommandError;
use crate::interrupt::{Interrupt, block_on};
use crate::ui::{Ui, style, styled};

/// What is quicker than this shows no spinner.
const PATIENCE: Duration = Duration::from_millis(250);

/// One line a step as it ends, and a spinner on a terminal while a step takes long.
pub(crate) struct Progress<'a> {
    ui: &'a Ui,
    running: Mutex<Running>,
    interrupt: Interrupt,
}

#[derive(Default)]
struct Running {
    step: Option<(Instant, String)>,
    spinner: Option<ProgressBar>,
    done: usize,
    total: usize,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(ui: &'a Ui) -> Self {
        Self {
            ui,
            running: Mutex::default(),
            interrupt: Interrupt::default(),
        }
    }

    /// Works until it is done, or until it has ended because somebody asked it to.
    pub(crate) fn block_on<T>(
        &self,
        work: impl Future<Output = Result<T, CommandError>>,
    ) -> Result<T, CommandError> {
        let done = block_on(work, &self.interrupt, |asked| match asked {
            true => {
                self.end();
                self.ui
                    .say("stopping: the statement in work is cancelled; once more leaves at once");
            }
            false => self.tick(),
        });
        self.end();
        done
    }

    /// Is ready when somebody wants the run to end.
    pub(crate) async fn interrupted(&self) {
        self.interrupt.wanted().await;
    }

    /// Takes what the runtime tells.
    pub(crate) fn event(&self, event: Event<'_>) {
        let mut running = self.running.lock().expect("no thread panics with it");
        running.clear();
        match event {
            Event::Waiting { holder } => {
                let holder = holder.map(|holder| format!(" ({holder})"));
                self.ui.status(format_args!(
                    "waiting for another migrator{} to finish",
                    holder.unwrap_or_default()
                ));
                running.begin("waiting".to_owned());
            }
            Event::Planned { total } => running.total = total,
            Event::TextTaken { revision, edit } => self.ui.status(format_args!(
                "{} {}: {edit} was edited after it was applied; the file's text is used, and the ledger has it now",
                styled(style::GOOD, "recorded"),
                styled(style::ID, &revision.id),
            )),
            Event::Started {
                revision,
                direction,
                from_ledger,
            } => {
                if from_ledger {
                    self.ui.warning(format_args!(
                        "the file of `{}` has changed or is not there: its text in the ledger is used",
                        revision.id
                    ));
                }
                let verb = match direction {
                    Direction::Up => "applying",
                    Direction::Down => "reverting",
                };
                let (number, total) = (running.done + 1, running.total);
                running.begin(format!(
                    "{verb} {} {} ({number} of {total})",
                    revision.id, revision.message
                ));
            }
            Event::Retrying {
                revision,
                attempt,
                of,
                pause,
            } => {
                self.ui.status(format_args!(
                    "{} waits for another session's lock: try {attempt} of {of} in {} ms",
                    styled(style::ID, &revision.id),
                    pause.as_millis()
                ));
                running.begin("waiting for a lock".to_owned());
            }
            Event::Finished {
                revision,
                direction,
                duration,
            } => {
                running.done += 1;
                let verb = match direction {
                    Direction::Up => "applied",
                    Direction::Down => "reverted",
                };
                self.ui.status(format_args!(
                    "{} {} {}",
                    styled(style::GOOD, verb),
                    styled(style::ID, &revision.id),
                    with_message(&revision.message, &format!("({} ms)", duration.as_millis()))
                ));
            }
            _ => {}
        }
    }

    /// Draws the spinner where a step takes long.
    fn tick(&self) {
        if !self.ui.shows_progress() {
            return;
        }
        let mut running = self.running.lock().expect("no thread panics with it");
        let Some((since, text)) = &running.step else {
            return;
        };
        if since.elapsed() < PATIENCE {
            return;
        }
        if let Some(spinner) = &running.spinner {
            spinner.tick();
            return;
        }
        let spinner = ProgressBar::new_spinner().with_message(text.clone());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            spinner.set_style(style);
        }
        spinner.tick();
        running.spinner = Some(spinner);
    }

    /// Takes the spinner away, for what is said after the work.
    pub(crate) fn end(&self) {
        self.running
            .lock()
            .expect("no thread panics with it")
            .clear();
    }
}

impl Running {
    fn begin(&mut self, text: String) {
        self.step = Some((Instant::now(), text));
    }

    fn clear(&mut self) {
        self.step = None;
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }
}

/// Writes a message and what follows it, with one blank where there is no message.
pub(crate) fn with_message(message: &str, rest: &str) -> String {
    match message.is_empty() {
        true => rest.to_owned(),
        false => format!("{message} {rest}"),
    }
}
