//! `history`, `heads`, `branches`, `show`: reading the chain without a database.

use insta::assert_snapshot;

use crate::{Done as _, chain, project};

const FORK: &str = "a  b:a  l1:b@left  l2:l1  r1:b@right  r2:r1";

#[test]
fn history_draws_a_fork_and_its_merge() {
    let project = chain(&format!("{FORK}  m:l2,r2  z:m"));
    assert_snapshot!(project.run(["history"]), @r#"
    ○  z add z (head)
    ○    m add m (merge)
    ├─╮
    │ ○  r2 add r2
    │ ○  r1 add r1 [right]
    ○ │  l2 add l2
    ○ │  l1 add l1 [left]
    ├─╯
    ○  b add b (branch point)
    ○  a add a (base)
    "#);
}

#[test]
fn history_without_utf_8_is_drawn_in_ascii() {
    let project = chain(&format!("{FORK}  m:l2,r2"));
    assert_snapshot!(project.output(project.command().arg("history").env("LANG", "C")), @r#"
    o    m add m (head, merge)
    |\
    | o  r2 add r2
    | o  r1 add r1 [right]
    o |  l2 add l2
    o |  l1 add l1 [left]
    |/
    o  b add b (branch point)
    o  a add a (base)
    "#);
}

#[test]
fn history_of_a_range() {
    let project = chain(&format!("{FORK}  m:l2,r2"));
    assert_snapshot!(project.run(["history", "l1:m"]), @r#"
    ○    m add m (head, merge)
    ├─╮
    │ │
    │ ~
    │
    ○  l2 add l2
    ○  l1 add l1 [left]
    │
    ~
    "#);
    assert_snapshot!(project.run(["history", ":r1", "--no-graph"]), @r#"
    r1 add r1 [right]
    b add b (branch point)
    a add a (base)
    "#);
    assert_snapshot!(project.run(["history", "m:"]), @r#"
    ○  m add m (head, merge)
    │
    ~
    "#);
    assert_snapshot!(project.run(["history", "r1:l1"]), @"
    ------- stderr -------
    error: `r1` does not lead to `l1`
    help: neither is an ancestor of the other; `cargo migrate history` shows the branches
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["history", "m:l1"]), @"
    ------- stderr -------
    error: `m` does not lead to `l1`
    help: did you mean `l1:m`?
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["history", "l1:base"]), @"
    ------- stderr -------
    error: `l1` does not lead to `base`
    help: did you mean `base:l1`?
    [exit status: 1]
    ");
}

#[test]
fn history_of_nothing() {
    let project = project();
    project.run(["init", "-q"]).success().done();
    assert_snapshot!(project.run(["history"]), @r#"
    ------- stderr -------
    there is no revision yet: `cargo migrate new "<message>"` writes the first
    "#);
}

#[test]
fn history_beside_a_database() {
    let project = chain("a  b:a  c:b");
    project.run(["run", "b", "-q"]).success().done();
    assert_snapshot!(project.run(["history", "--applied"]), @r#"
    ○  c add c (head)
    @  b add b
    ●  a add a (base)
    "#);
    assert_snapshot!(project.run(["history", "current:"]), @r#"
    ○  c add c (head)
    ○  b add b
    │
    ~
    "#);
}

#[test]
fn history_of_a_broken_chain_is_drawn_and_says_what_is_wrong() {
    let project = chain("a  b:a  c:nowhere");
    assert_snapshot!(project.run(["history"]), @r#"
    ○  c add c (head)
    │
    ~

    ○  b add b (head)
    ○  a add a (base)
    ------- stderr -------
    warning: migrations/c.sql: revision `c` follows `nowhere`, which does not exist [unknown-parent]
    help: `cargo migrate check` shows where, and how to fix it
    "#);
}

#[test]
fn history_of_a_circle() {
    let project = chain("a  b:a,d  c:b  d:c");
    assert_snapshot!(project.run(["history"]), @r#"
    ○  d add d
    ○  c add c
    ○    b add b (merge)
    ├─╮
    │ │
    │ ~
    │
    ○  a add a (base)
    ------- stderr -------
    warning: migrations/b.sql: revisions follow one another in a cycle: `b` -> `d` -> `c` -> `b` [cycle]
    help: `cargo migrate check` shows where, and how to fix it
    "#);
}

#[test]
fn heads_and_branches_of_a_fork() {
    let project = chain(FORK);
    assert_snapshot!(project.run(["heads"]), @r#"
    l2 add l2 (head)
    r2 add r2 (head)
    "#);
    assert_snapshot!(project.run(["branches"]), @r#"
    b add b (branch point)
        -> l1 add l1 [left]
        -> r1 add r1 [right]
    "#);
    assert_snapshot!(chain("a").run(["branches"]), @r#"
    ------- stderr -------
    the chain does not fork
    "#);
}

#[test]
fn show_tells_all_of_one() {
    let project = chain(FORK);
    assert_snapshot!(project.run(["show", "left"]), @r#"
    revision   l1
    message    add l1
    file       migrations/l1.sql
    parents    b
    children   l2
    labels     left
    created    2026-11-20T14:32:02Z
    state      sealed
    hash       f5bd8d29bde343c26a487ed301e9b14b7367cd38c1dc8f5ea9b8e8a91b63b158

    -- migrate: up
    CREATE TABLE t_l1 (id INTEGER PRIMARY KEY);

    -- migrate: down
    DROP TABLE t_l1;
    "#);
    assert_snapshot!(project.run(["show", "right@head-1"]).stdout.lines().next().unwrap(), @"revision   r1");
}

#[test]
fn show_refuses_what_is_not_one() {
    let project = chain("abc1  abc2:abc1  abd:abc2");
    assert_snapshot!(project.run(["show", "ab"]), @r#"
    ------- stderr -------
    error: ambiguous revision `ab`: it is a prefix of `abc1`, `abc2`, `abd`
    help: use a longer prefix
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["show", "abx"]), @r#"
    ------- stderr -------
    error: revision `abx` does not exist
    help: did you mean `abd`?
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["show", "base"]), @r#"
    ------- stderr -------
    error: `base` is not a revision but the state before the first
    help: `cargo migrate history` lists the revisions
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["show", "head+1"]), @r#"
    ------- stderr -------
    error: `head+1` leads past the head of the chain
    help: use `head` to go as far as possible
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["show", "current"]), @r#"
    ------- stderr -------
    error: `current` depends on a database, and this command reads none
    help: `cargo migrate current` shows where the database is
    [exit status: 1]
    "#);
    assert_snapshot!(chain(FORK).run(["show", "head"]), @r#"
    ------- stderr -------
    error: there are 2 heads: `l2`, `r2`
    help: name one, use `heads` for all, or join them with `cargo migrate merge l2 r2`
    [exit status: 1]
    "#);
}

#[test]
fn history_as_a_diagram() {
    let project = chain("a  b:a  c:a@side  m:b,c");
    project.run(["run", "b", "-q"]).success().done();
    assert_snapshot!(project.run(["history", "--format", "mermaid", "--applied"]), @r#"
    flowchart TD
        r0["a<br>add a"]:::applied
        r1["b<br>add b"]:::current
        r2["c [side]<br>add c"]
        r3["m<br>add m"]:::head
        r0 --> r1
        r0 --> r2
        r1 --> r3
        r2 --> r3
        classDef head stroke-width:3px
        classDef applied fill:#d3f2d3,color:#000
        classDef current fill:#d3f2d3,color:#000,stroke-width:3px
    "#);
    assert_snapshot!(project.run(["history", "--format", "dot", "b:m"]), @r#"
    digraph chain {
        node [shape=box, style=rounded, fontname="sans-serif"];
        r1 [label="b\nadd b"];
        r3 [label="m\nadd m", penwidth=2];
        r1 -> r3;
    }
    "#);
    assert_snapshot!(project.run(["heads", "--format", "dot"]), @"
    ------- stderr -------
    error: only `history` and `schema` can be answered with a diagram, and `schema` and `diff` with SQL
    help: the others know `--format human` and `--format json`
    [exit status: 2]
    ");
}

#[test]
fn a_diagram_holds_any_text() {
    let project = project();
    project.run(["init", "-q"]).success().done();
    project
        .run([
            "new",
            "-q",
            "--rev-id",
            "end",
            "say \"it's\" <b>; [x] `y` é \\ #1",
        ])
        .success()
        .done();
    assert_snapshot!(project.run(["history", "--format", "mermaid"]), @r#"
    flowchart TD
        r0["end<br>say #34;it#39;s#34; #60;b#62;#59; [x] #96;y#96; é #92; #35;1"]:::head
        classDef head stroke-width:3px
        classDef applied fill:#d3f2d3,color:#000
        classDef current fill:#d3f2d3,color:#000,stroke-width:3px
    "#);
    assert_snapshot!(project.run(["history", "--format", "dot"]), @r#"
    digraph chain {
        node [shape=box, style=rounded, fontname="sans-serif"];
        r0 [label="end\nsay \"it's\" <b>; [x] `y` é \\ #1", penwidth=2];
    }
    "#);
}

#[test]
fn a_step_back_from_a_merge_names_what_to_type() {
    let project = chain("a  b:a  c:a  m:b,c");
    project.run(["run", "-q"]).success().done();
    for (command, option) in [("revert", None), ("plan", Some("--down"))] {
        let words = [command].into_iter().chain(option);
        let told = project.run(words).code(1).stderr;
        let typed = [command]
            .into_iter()
            .chain(option)
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(
            told,
            format!(
                "error: ambiguous target `-1`: the next revision may be `b`, `c`\nhelp: name one: `cargo migrate {typed} b` or `cargo migrate {typed} c`\n"
            )
        );
    }
    for target in ["b", "c"] {
        let done = project.run(["revert", target]).success().stderr;
        assert!(
            done.contains("reverted m") && done.contains("1 revision reverted"),
            "{done}"
        );
        project.run(["run", "-q"]).success().done();
    }
}
