//! A hundred thousand revisions, in a thread with a small stack. Nothing is timed: quadratic work
//! would not finish.

use std::thread;

use migrate_core::{
    Cascade, ChainLock, Code, Config, File, Folder, HeadsRule, Plan, Survey, Target,
};

const COUNT: usize = 100_000;

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(256 * 1024).spawn(work);
    thread.expect("a thread").join().expect("it ends well");
}

/// Returns a folder without a lock; `header` returns the rest of each revision's header.
fn folder(header: impl Fn(usize) -> String) -> Folder {
    let files = (0..COUNT).map(|number| File {
        name: format!("{number:06}.sql"),
        text: format!(
            "-- revision: r{number:06}\n-- parents: {}\n-- migrate: up\nSELECT 1;\n-- migrate: down\nSELECT 2;\n",
            header(number)
        )
        .into(),
    });
    Folder {
        shown: "migrations".to_owned(),
        files: files.collect(),
        ..Folder::default()
    }
}

fn in_a_row(number: usize) -> String {
    match number {
        0 => "none".to_owned(),
        _ => format!("r{:06}", number - 1),
    }
}

/// Writes the lock of a folder.
fn sealed(mut folder: Folder, config: &Config) -> Folder {
    let mut lock = ChainLock::default();
    for revision in &Survey::new(&folder, config).revisions {
        lock.seal(revision);
    }
    folder.lock = Some(lock.render());
    folder
}

#[test]
fn a_chain_of_a_hundred_thousand_is_read_judged_and_planned() {
    on_a_small_stack(|| {
        let config = Config::default();
        let mut folder = sealed(folder(in_a_row), &config);
        let survey = Survey::new(&folder, &config);
        let chain = survey.clone().into_chain().expect("it is sound");
        drop(survey);
        let graph = chain.graph();
        let up = Plan::up(graph, &graph.none(), &Target::head()).expect("a way up");
        assert_eq!(up.with_heads(graph).count(), COUNT);
        let base = "base".parse().expect("a target");
        let down = Plan::down(graph, &up.after(), &base, Cascade::Refuse).expect("a way down");
        assert_eq!(down.with_heads(graph).count(), COUNT);

        // Everything but the lock is lost.
        folder.files.clear();
        let survey = Survey::new(&folder, &config);
        let deleted = survey.diagnostics.iter();
        let deleted = deleted.filter(|found| found.code == Code::LockDeleted);
        assert_eq!(deleted.count(), COUNT);
        let last = survey
            .diagnostics
            .last()
            .and_then(|found| found.labels.first());
        let place = last
            .and_then(|label| label.place.as_ref())
            .expect("a place");
        assert_eq!(place.line, COUNT + 2);
    });
}

#[test]
fn a_hundred_thousand_labelled_heads_on_one_base_are_judged() {
    on_a_small_stack(|| {
        let mut config = Config::default();
        config.rules.multiple_heads = HeadsRule::Labelled;
        let folder = folder(|number| match number {
            0 => "none".to_owned(),
            _ => format!("r000000\n-- labels: branch_{number}"),
        });
        let survey = Survey::new(&sealed(folder, &config), &config);
        assert!(
            survey.diagnostics.is_empty(),
            "{:?}",
            survey.diagnostics.first()
        );
        let chain = survey.chain(|_| false).expect("it is sound");
        let graph = chain.graph();
        let up = Plan::up(graph, &graph.none(), &Target::heads()).expect("a way up");
        assert_eq!(up.steps.len(), COUNT);
    });
}
