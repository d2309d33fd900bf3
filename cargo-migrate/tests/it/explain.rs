//! `explain` and `completions`.

use insta::assert_snapshot;

use crate::{Done as _, project};

#[test]
fn explain_knows_every_code_that_it_lists() {
    let project = project();
    let list = project.run(["explain", "-q"]).success();
    let is_group = |line: &&str| !line.starts_with("  ");
    let groups: Vec<&str> = list.stdout.lines().filter(is_group).collect();
    assert_eq!(
        groups,
        [
            "files:",
            "",
            "lock:",
            "",
            "models:",
            "",
            "refusals:",
            "",
            "commands:",
            "",
            "doctor:"
        ]
    );
    let mut told = 0;
    for line in list.stdout.lines() {
        let Some(line) = line.strip_prefix("  ") else {
            continue;
        };
        let (code, title) = line.split_once(' ').unwrap();
        let page = project.run(["explain", code]).success();
        let text = page.stdout.replace('\n', " ");
        assert!(text.starts_with(&format!("# {code}  ")), "{page}");
        assert!(text.contains(title.trim()), "{line}");
        told += 1;
    }
    assert!(told > 100, "{told}");
}

#[test]
fn explain_tells_what_the_runtime_and_doctor_refuse() {
    for code in [
        "in-doubt",
        "schema-differs",
        "several-heads",
        "ledger-edited",
        "not-in-git",
    ] {
        let page = project().run(["explain", code]).success();
        assert!(page.stdout.contains("## How to fix it"), "{page}");
    }
}

#[test]
fn the_list_is_json_too() {
    let list = project().run(["explain", "--format", "json"]).success();
    let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    let codes = list["codes"].as_array().unwrap();
    let groups = list["groups"].as_array().unwrap();
    let listed: Vec<_> = groups
        .iter()
        .flat_map(|group| group["codes"].as_array().unwrap())
        .collect();
    let of_groups: Vec<_> = listed.iter().map(|listed| &listed["code"]).collect();
    assert_eq!(of_groups, codes.iter().collect::<Vec<_>>());
    assert_eq!(listed[0]["code"], "malformed-config");
    assert_eq!(listed[0]["title"], "`migrate.toml` is not valid");
    assert_eq!(groups[0]["group"], "files");
}

#[test]
fn explain_of_a_word_that_is_no_code() {
    assert_snapshot!(project().run(["explain", "multiple-hedas"]), @r#"
    ------- stderr -------
    error: unknown code `multiple-hedas`
    help: did you mean `multiple-heads`?
    [exit status: 2]
    "#);
    assert_snapshot!(project().run(["explain", "newer"]), @r#"
    ------- stderr -------
    error: unknown code `newer`
    help: did you mean `database-newer`, `ledger-newer`?
    [exit status: 2]
    "#);
    assert_snapshot!(project().run(["explain", "xyz"]), @r#"
    ------- stderr -------
    error: unknown code `xyz`
    help: `cargo migrate explain` lists the codes
    [exit status: 2]
    "#);
    project()
        .run(["explain", "[lock_missing]"])
        .success()
        .done();
}

#[test]
fn completions_are_there_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = project().run(["completions", shell]).success();
        assert!(script.stdout.contains("cargo-migrate"), "{shell}");
    }
}
