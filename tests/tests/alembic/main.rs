//! Random graphs, states and commands, beside the real Alembic.
//!
//! `MIGRATE_TEST_SEED` and `MIGRATE_TEST_GRAPHS` choose other ones, and how many. A case that fails
//! is printed as arguments of [`judged`], so that it can become a test in `examples.rs`.

mod differences;
mod examples;
mod ours;
mod seen;

use std::collections::BTreeMap;

use migrate_core::Cascade;
use migrate_tests::alembic::{Alembic, Answer, Case, Question, Random};

use ours::Ours;
use seen::judge;

/// How often each answer of [`judge`] was given.
type Counts = BTreeMap<&'static str, usize>;

/// How many questions are asked about each graph.
const QUESTIONS: usize = 10;

fn number(variable: &str) -> Option<u64> {
    let given = std::env::var(variable).ok()?;
    Some(given.parse().expect("a number"))
}

#[test]
fn we_do_what_alembic_does_but_for_what_is_written_down() {
    let seed = number("MIGRATE_TEST_SEED").unwrap_or(1);
    let graphs = number("MIGRATE_TEST_GRAPHS").unwrap_or(800);
    let workers = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let work = |worker: u64| {
        let mut alembic = Alembic::start();
        let mut counts = Counts::new();
        for turn in (worker..graphs).step_by(workers as usize) {
            if let Err(why) = compare(&mut alembic, &mut Random::new(seed, turn), &mut counts) {
                return Err(format!("MIGRATE_TEST_SEED={seed}, graph {turn}\n{why}"));
            }
        }
        Ok(counts)
    };
    let mut all = Counts::new();
    let mut wrong = Vec::new();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || work(worker)))
            .collect();
        for worker in running {
            match worker.join().expect("what went wrong is told above") {
                Ok(counts) => {
                    for (answer, count) in counts {
                        *all.entry(answer).or_default() += count;
                    }
                }
                Err(why) => wrong.push(why),
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let agreed = |(answer, _): &(&&str, &usize)| answer.starts_with("the same ");
    let same: usize = all.iter().filter(agreed).map(|(_, count)| count).sum();
    let total: usize = all.values().sum();
    assert_eq!(total as u64, graphs * QUESTIONS as u64);
    assert!(same * 4 > total * 3, "too much is explained away: {all:#?}");
}

fn compare(alembic: &mut Alembic, random: &mut Random, counts: &mut Counts) -> Result<(), String> {
    let revisions = random.graph(60);
    let questions: Vec<Question> = (0..QUESTIONS)
        .map(|_| {
            let rows = random.rows(&revisions);
            random.question(&revisions, rows)
        })
        .collect();
    let answers = alembic.ask(&revisions, &questions);
    for (question, theirs) in questions.into_iter().zip(&answers) {
        let case = Case {
            revisions: revisions.clone(),
            question,
        };
        match judge(&case, theirs) {
            Ok(answer) => *counts.entry(answer).or_default() += 1,
            Err(why) => {
                let (small, why) = shrink(alembic, case, why);
                return Err(format!("judged({small})\n{why}"));
            }
        }
    }
    Ok(())
}

/// Takes away whatever the failure does not need.
fn shrink(alembic: &mut Alembic, mut case: Case, mut why: String) -> (Case, String) {
    let kind = failure(alembic, &case).map(|(kind, _)| kind);
    'smaller: loop {
        for smaller in case.smaller() {
            if let Some((found, told)) = failure(alembic, &smaller)
                && Some(found) == kind
            {
                (case, why) = (smaller, told);
                continue 'smaller;
            }
        }
        return (case, why);
    }
}

/// Tells what is wrong with a case: roughly, and in words.
fn failure(alembic: &mut Alembic, case: &Case) -> Option<((String, String), String)> {
    let theirs = ask(alembic, case);
    let why = judge(case, &theirs).err()?;
    let ours = match ours::ours(case, Cascade::Refuse) {
        Ours::Refused(error) => error.code().to_owned(),
        Ours::Steps(_) | Ours::Stamp(_) => String::new(),
    };
    let theirs = match theirs {
        Answer::Refused { cause, .. } => cause.chars().take(12).collect(),
        Answer::Steps { .. } => String::new(),
    };
    Some(((ours, theirs), why))
}

fn ask(alembic: &mut Alembic, case: &Case) -> Answer {
    let mut answers = alembic.ask(&case.revisions, std::slice::from_ref(&case.question));
    answers.remove(0)
}
