//! What is said while a database is at work.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use migrate_core::Direction;
use migrate_sqlx::{Event, Severity};
use serde::Serialize;

use crate::database::interrupt::{Interrupt, block_on};
use crate::output::error::CommandError;
use crate::output::ui::{Ui, style, styled};

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
    /// What the database has said, in the order in which it said each thing first.
    notices: Vec<Notice>,
    /// How many of them are of revisions that have ended.
    counted: usize,
    /// Where among them is what the revision in work has said.
    places: HashMap<(&'static str, String), usize>,
}

/// Something that the database said beside errors.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Notice {
    revision: String,
    severity: &'static str,
    /// The number that MySQL and MariaDB give it.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    message: String,
    /// How often it was said.
    count: usize,
}

impl Notice {
    fn line(&self) -> String {
        let style = match self.severity {
            "warning" => style::WARNING,
            _ => style::HELP,
        };
        let code = self.code.as_ref().map(|code| format!(" ({code})"));
        format!(
            "{} {}: {}{}",
            styled(style, format_args!("{}:", self.severity)),
            styled(style::ID, &self.revision),
            self.message.replace('\n', "\n  "),
            code.unwrap_or_default()
        )
    }
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
        done.map_err(|error| error.notices(self.notices()))
    }

    /// Is ready when somebody wants the run to end.
    pub(crate) async fn interrupted(&self) {
        self.interrupt.wanted().await;
    }

    /// Takes what the runtime tells.
    pub(crate) fn event(&self, event: Event<'_>) {
        let mut running = self.running.lock().expect("no thread panics with it");
        // Nothing has moved on where the database only says something.
        let step = running.step.take();
        running.clear();
        if matches!(event, Event::Notice { .. }) {
            running.step = step;
        }
        match event {
            Event::Waiting { holder, .. } => {
                let holder = holder.map(|holder| format!(" ({holder})"));
                self.ui.status(format_args!(
                    "waiting for another migrator{} to finish",
                    holder.unwrap_or_default()
                ));
                running.begin("waiting".to_owned());
            }
            Event::Planned { total, .. } => running.total = total,
            Event::TextTaken { revision, edit, .. } => self.ui.status(format_args!(
                "{} {}: {edit} was edited after it was applied; the file's text is used, and the ledger has it now",
                styled(style::GOOD, "recorded"),
                styled(style::ID, &revision.id),
            )),
            Event::Started {
                revision,
                direction,
                from_ledger,
                ..
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
                ..
            } => {
                self.ui.status(format_args!(
                    "{} waits for another session's lock: try {attempt} of {of} in {} ms",
                    styled(style::ID, &revision.id),
                    pause.as_millis()
                ));
                running.begin("waiting for a lock".to_owned());
            }
            Event::Notice {
                revision,
                severity,
                code,
                message,
                ..
            } => {
                let notice = Notice {
                    revision: revision.id.to_string(),
                    severity: severity.as_str(),
                    code: code.map(str::to_owned),
                    message: message.to_owned(),
                    count: 1,
                };
                if let Some(first) = running.hear(notice) {
                    // A warning is shown also where little is to be said.
                    match severity {
                        Severity::Warning => self.ui.say(first),
                        _ => self.ui.status(first),
                    }
                }
            }
            Event::Finished {
                revision,
                direction,
                duration,
                ..
            } => {
                running.done += 1;
                running.count_notices(self.ui);
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
        let mut running = self.running.lock().expect("no thread panics with it");
        running.clear();
        running.count_notices(self.ui);
    }

    /// Returns what the database has said, for `--format json`.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        let running = self.running.lock().expect("no thread panics with it");
        running.notices.clone()
    }
}

impl Running {
    fn begin(&mut self, text: String) {
        self.step = Some((Instant::now(), text));
    }

    /// Keeps what the database said; gives the line to show where it is said for the first time.
    fn hear(&mut self, notice: Notice) -> Option<String> {
        let same = (notice.severity, notice.message.clone());
        if let Some(before) = self.places.get(&same) {
            self.notices[*before].count += 1;
            return None;
        }
        self.places.insert(same, self.notices.len());
        let line = notice.line();
        self.notices.push(notice);
        Some(line)
    }

    /// Shows how often what was shown once was said.
    fn count_notices(&mut self, ui: &Ui) {
        for notice in &self.notices[self.counted..] {
            if notice.count > 1 {
                ui.status(format_args!(
                    "{} (said {} times)",
                    notice.line(),
                    notice.count
                ));
            }
        }
        self.counted = self.notices.len();
        self.places.clear();
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
