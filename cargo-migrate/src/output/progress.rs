//! Progress of the work in a database.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use migrate_core::Direction;
use migrate_sqlx::{Event, Severity};
use tokio::sync::Notify;

use crate::output::notice::Notice;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;

/// Work that takes less time than this shows no spinner.
const PATIENCE: Duration = Duration::from_millis(250);

/// One line a step as it ends, and a spinner on a terminal while a step takes long.
pub(crate) struct Progress<'a> {
    ui: &'a Ui,
    running: Mutex<Running>,
    interrupt: Interrupt,
    /// Whether it is said that a text comes from the ledger.
    names_ledger_texts: bool,
}

/// Whether the work was asked to stop, and whether it reacts to that.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    wanted: Notify,
    is_heeded: AtomicBool,
}

impl Interrupt {
    /// Is ready when the work is to stop; once this was polled, a first signal stops nothing by
    /// itself.
    pub(crate) async fn wanted(&self) {
        self.is_heeded.store(true, Ordering::Relaxed);
        self.wanted.notified().await;
    }

    /// Asks the work to stop.
    pub(crate) fn ask(&self) {
        self.wanted.notify_one();
    }

    /// Returns true if the work ends by itself when it is asked to.
    pub(crate) fn is_heeded(&self) -> bool {
        self.is_heeded.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
struct Running {
    step: Option<(Instant, String)>,
    spinner: Option<ProgressBar>,
    done: usize,
    total: usize,
    /// What the database has said, in the order in which it said each thing first.
    notices: Vec<Notice>,
    /// How many of them are of revisions that are finished.
    counted: usize,
    /// The index of the first one of the current revision.
    places: HashMap<(&'static str, String), usize>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(ui: &'a Ui) -> Self {
        Self {
            ui,
            running: Mutex::default(),
            interrupt: Interrupt::default(),
            names_ledger_texts: true,
        }
    }

    /// Returns the progress of work that uses the ledger's texts whatever the files are.
    pub(crate) const fn with_ledger_texts(mut self) -> Self {
        self.names_ledger_texts = false;
        self
    }

    /// Returns the handle that asks the work to stop.
    pub(crate) const fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Notes that the work was asked to stop.
    pub(crate) fn stopping(&self) {
        self.end();
        self.ui
            .say("stopping: the running statement is cancelled; a second signal exits at once");
    }

    /// Is ready when the run is to stop.
    pub(crate) async fn interrupted(&self) {
        self.interrupt.wanted().await;
    }

    /// Handles an event of the runtime.
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
                "{} {}: {edit} was edited after it was applied; the file's text is used, and is now recorded in the ledger",
                styled(style::GOOD, "recorded"),
                styled(style::ID, &revision.id),
            )),
            Event::Started {
                revision,
                direction,
                from_ledger,
                ..
            } => {
                if from_ledger && self.names_ledger_texts {
                    self.ui.warning(format_args!(
                        "the file of `{}` has changed or is missing: its text in the ledger is used",
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
                    // A warning is shown even with `--quiet`.
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

    /// Draws the spinner if a step takes long.
    pub(crate) fn tick(&self) {
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

    /// Keeps what the database said; returns the line to show if it is said for the first time.
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

/// Writes a message and what follows it, with one blank if there is no message.
pub(crate) fn with_message(message: &str, rest: &str) -> String {
    match message.is_empty() {
        true => rest.to_owned(),
        false => format!("{message} {rest}"),
    }
}
