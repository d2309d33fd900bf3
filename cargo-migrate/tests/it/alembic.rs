//! Real files, with the real `alembic` command and ours: the comparison of both that `migrate-tests`
//! makes in memory stands for this.

use std::collections::BTreeSet;
use std::process::Command;

use migrate_core::{Cascade, Chain, Plan, Revision, Target, TargetError};
use migrate_tests::alembic::{Alembic, Answer, Name, Question, Random, Sketch};
use migrate_tests::{CommandOutput, TestProject};

use crate::project;

/// Writes the revisions as both tools want them.
fn write(project: &TestProject, revisions: &[Sketch]) {
    project.write(
        "alembic.ini",
        "[alembic]\nscript_location = alembic\n\n[loggers]\nkeys = root\n",
    );
    project.write(
        "alembic/env.py",
        "from alembic import context\n\ncontext.configure(url='sqlite://', as_sql=True)\ncontext.run_migrations()\n",
    );
    for sketch in revisions {
        let id = &sketch.id;
        let list = |words: &[String]| match words.is_empty() {
            true => "None".to_owned(),
            false => format!("('{}',)", words.join("', '")),
        };
        project.write(
            &format!("alembic/versions/{id}.py"),
            format!(
                "revision = '{id}'\ndown_revision = {}\ndepends_on = {}\nbranch_labels = {}\n\n\ndef upgrade(): pass\n\n\ndef downgrade(): pass\n",
                list(&sketch.parents),
                list(&sketch.depends_on),
                list(&sketch.labels),
            ),
        );
        let mut lines = vec![format!("-- revision: {id}")];
        for (key, words) in [
            ("parents", &sketch.parents),
            ("depends-on", &sketch.depends_on),
            ("labels", &sketch.labels),
        ] {
            if !words.is_empty() {
                lines.push(format!("-- {key}: {}", words.join(", ")));
            }
        }
        lines.push(format!("-- created: {}", sketch.created));
        lines.push("-- migrate: up\nSELECT 1;".to_owned());
        project.write(&format!("migrations/{id}.sql"), lines.join("\n"));
    }
}

fn alembic(project: &TestProject, arguments: &[&str]) -> CommandOutput {
    let mut command = Command::new(Alembic::program("alembic"));
    command
        .current_dir(project.path())
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(arguments);
    project.output(&mut command)
}

/// The ids that stand at the beginnings of lines.
fn listed(output: &CommandOutput) -> BTreeSet<String> {
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    output.stdout.lines().filter_map(first).collect()
}

/// The revisions that `--sql` runs, in their order.
fn run_by(output: &CommandOutput) -> Vec<String> {
    let step = |line: &str| {
        let (from, to) = line.strip_prefix("-- Running ")?.split_once(" -> ")?;
        let revision = match from.split_once(' ')? {
            ("upgrade", _) => to,
            (_, from) => from,
        };
        Some(revision.trim().to_owned())
    };
    output.stdout.lines().filter_map(step).collect()
}

/// A step, and the heads after it.
type Step = (String, Vec<String>);

fn steps_of(plan: &serde_json::Value) -> Vec<Step> {
    let text = |word: &serde_json::Value| word.as_str().expect("a string").to_owned();
    let step = |step: &serde_json::Value| {
        let heads = step["heads_after"].as_array().expect("a list");
        (text(&step["revision"]), heads.iter().map(text).collect())
    };
    let steps = plan["steps"].as_array().expect("a plan").iter();
    steps.map(step).collect()
}

fn strings(list: &serde_json::Value) -> BTreeSet<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|word| word.as_str().expect("a string").to_owned())
        .collect()
}

/// What the plan in memory is, as `plan --format json` writes it.
fn planned(revisions: &[Sketch], question: &Question) -> Result<Vec<Step>, TargetError> {
    let revisions: Vec<Revision> = revisions.iter().map(Sketch::revision).collect();
    let chain = Chain::new(revisions).expect("it is sound");
    let graph = chain.graph();
    let rows = question.rows.iter();
    let applied = graph.ancestors(rows.map(|row| graph.index(row).expect("a row")));
    let target: Target = question.targets[0].parse()?;
    let plan = match question.name {
        Name::Downgrade => Plan::down(graph, &applied, &target, Cascade::Refuse)?,
        _ => Plan::up(graph, &applied, &target)?,
    };
    let steps = plan.with_heads(graph).map(|(step, heads)| {
        let heads = heads.iter().map(ToString::to_string).collect();
        (graph.id(step).to_string(), heads)
    });
    Ok(steps.collect())
}

#[test]
fn the_commands_do_what_the_comparison_in_memory_says() {
    let mut in_memory = Alembic::start();
    let mut compared = 0;
    for turn in 0.. {
        let mut random = Random::new(2, turn);
        let revisions = random.graph(20);
        let rows = random.rows(&revisions);
        // `--sql` starts from one row and ends at no signed number.
        let mut question = random.question(&revisions, rows);
        question.rows.truncate(1);
        let ([row], target) = (&question.rows[..], &question.targets[0]) else {
            continue;
        };
        if question.name == Name::Stamp || target.contains(['+', '-']) {
            continue;
        }
        let project = project();
        write(&project, &revisions);

        let mut arguments = vec!["plan", "--format", "json", "--from", row, target];
        let mut theirs = "upgrade";
        if question.name == Name::Downgrade {
            arguments.push("--down");
            theirs = "downgrade";
        }
        let plan = project.run(arguments).json();
        match planned(&revisions, &question) {
            Ok(steps) => assert_eq!(steps_of(&plan), steps, "{question:?}"),
            Err(error) => assert_eq!(plan["error"]["code"], error.code(), "{question:?}"),
        }

        let heads = project.run(["heads", "--format", "json"]).success().json();
        let listed = listed(&alembic(&project, &["heads"]).success());
        assert_eq!(strings(&heads["heads"]), listed);

        let output = alembic(&project, &[theirs, "--sql", &format!("{row}:{target}")]);
        match in_memory.ask(&revisions, &[question]).remove(0) {
            Answer::Steps { steps } => {
                let steps = steps.into_iter().filter_map(|step| step.revision);
                assert_eq!(run_by(&output.success()), steps.collect::<Vec<_>>());
            }
            // An exception that nobody expected is told by its name alone.
            Answer::Refused { error, .. } => {
                assert!(output.to_string().contains(&error), "{output}");
            }
        }
        compared += 1;
        if compared == 20 {
            return;
        }
    }
}
