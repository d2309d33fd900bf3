//! `explain` and `completions`.

use insta::assert_snapshot;

use crate::{Done as _, project};

#[test]
fn explain_knows_every_code() {
    let project = project();
    let list = project.run(["explain", "-q"]).success();
    for code in list.stdout.lines() {
        let page = project.run(["explain", code]).success();
        assert!(page.stdout.contains(code), "{page}");
    }
}

#[test]
fn explain_of_a_word_that_is_no_code() {
    assert_snapshot!(project().run(["explain", "multiple-hedas"]), @r#"
    ------- stderr -------
    error: there is no code `multiple-hedas`
    help: did you mean `multiple-heads`?
    [exit status: 2]
    "#);
    assert_snapshot!(project().run(["explain", "xyz"]), @r#"
    ------- stderr -------
    error: there is no code `xyz`
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
