//! Repairs of broken folders, without a database or a disk.

use super::*;
use migrate_core::{ChainLock, File, HeadsRule, Level};

/// Returns a file: `id:parents`, its SQL, and the position of its time.
fn file(word: &str, number: usize, sql: &str) -> File {
    let (id, parents) = word.split_once(':').unwrap_or((word, "none"));
    let (parents, labels) = parents.split_once('@').unwrap_or((parents, ""));
    let parents = parents.replace(',', ", ");
    let labels = match labels {
        "" => String::new(),
        labels => format!("-- labels: {labels}\n"),
    };
    let text = format!(
        "-- revision: {id}\n-- parents: {parents}\n{labels}-- created: 2026-11-20T14:32:{number:02}Z\n\n-- migrate: up\n{sql}\n\n-- migrate: down\nSELECT 1;\n"
    );
    File {
        name: format!("{number:02}_{id}.sql"),
        text: text.into(),
    }
}

/// Returns a folder from a drawing, without a lock: `a  b:a` is `b` on `a`, and created after it.
fn folder(drawing: &str) -> Folder {
    let words = drawing.split_whitespace().enumerate();
    let files = words
        .map(|(number, word)| file(word, number, &format!("CREATE TABLE t{number} (id INT);")));
    Folder {
        shown: "migrations".to_owned(),
        files: files.collect(),
        ..Folder::default()
    }
}

/// Returns a folder of revisions with their SQL.
fn with_sql(files: &[(&str, &str)]) -> Folder {
    Folder {
        shown: "migrations".to_owned(),
        files: files
            .iter()
            .enumerate()
            .map(|(number, (word, sql))| file(word, number, sql))
            .collect(),
        ..Folder::default()
    }
}

fn locked(mut folder: Folder) -> Folder {
    let survey = Survey::new(&folder, &Config::default());
    let mut lock = ChainLock::default();
    survey
        .revisions
        .iter()
        .for_each(|revision| lock.seal(revision));
    folder.lock = Some(lock.render());
    folder
}

/// Repairs a folder, checks that a second repair finds nothing to do, and draws it as `id:parents`.
#[track_caller]
fn drawn(folder: &Folder, config: &Config, options: &RepairOptions) -> String {
    let repair = Repair::new(folder, config, options);
    let again = Repair::new(&repair.folder, config, options);
    assert!(again.is_empty(), "{:#?}", again.done);
    let survey = Survey::new(&repair.folder, config);
    let mut words: Vec<String> = survey
        .revisions
        .iter()
        .map(|revision| {
            let parents: Vec<&str> = revision.parents.iter().map(AsRef::as_ref).collect();
            match parents.is_empty() {
                true => revision.id.to_string(),
                false => format!("{}:{}", revision.id, parents.join(",")),
            }
        })
        .collect();
    words.sort();
    let left: BTreeSet<String> = repair
        .unresolved
        .iter()
        .map(|found| format!("!{}", found.code))
        .collect();
    words.extend(left);
    words.join(" ")
}

#[track_caller]
fn repaired(folder: &Folder) -> String {
    drawn(folder, &Config::default(), &RepairOptions::default())
}

/// Returns the reasons of the repairs.
fn reasons(folder: &Folder) -> Vec<String> {
    let repair = Repair::new(folder, &Config::default(), &RepairOptions::default());
    let reasons = repair.done.into_iter();
    reasons
        .filter(|done| done.code != Code::LockMissing)
        .map(|done| format!("{}: {}", done.revision.unwrap_or_default(), done.reason))
        .collect()
}

#[test]
fn several_bases_become_a_chain_by_age() {
    assert_eq!(repaired(&folder("a b c d")), "a b:a c:b d:c");
    // a - b and c - d, which is younger
    assert_eq!(repaired(&folder("a b:a c d:c")), "a b:a c:b d:c");
    // x is younger than the revision that was put after its sibling
    assert_eq!(repaired(&folder("a x b:a y:x")), "a b:a x:b y:x");
}

#[test]
fn a_fork_before_a_second_base_is_joined_there() {
    assert_eq!(repaired(&folder("a b:a c:a d")), "a b:a c:a d:b,c");
}

#[test]
fn bases_of_a_merge_become_one() {
    // a and b lead to m: b follows a, so m need not name it
    assert_eq!(repaired(&folder("a b m:a,b")), "a b:a m:b");
}

#[test]
fn tables_count_for_more_than_age() {
    let folder = with_sql(&[
        ("old", "ALTER TABLE \"Users\" ADD email TEXT;"),
        ("young", "CREATE TABLE public.users (id INT);"),
    ]);
    assert_eq!(repaired(&folder), "old:young young");
    assert_eq!(
        reasons(&folder),
        ["old: it started a separate chain; it uses the table `users`, which exists after `young`"]
    );
}

/// Returns a folder in which the first revision is the root that everybody has, and the second one
/// a new root that claims to be older.
fn two_roots() -> Folder {
    let mut folder = with_sql(&[
        ("root", "CREATE TABLE users (id INT);"),
        ("draft", "CREATE TABLE notes (id INT);"),
    ]);
    let text = folder.files[0].text.replace("2026-11-20", "2026-11-21");
    folder.files[0].text = text.into();
    folder
}

fn sealed(mut folder: Folder, ids: &[&str]) -> Folder {
    let survey = Survey::new(&folder, &Config::default());
    let mut lock = ChainLock::default();
    for revision in &survey.revisions {
        match ids.contains(&revision.id.as_str()) {
            true => lock.seal(revision),
            false => lock.draft(revision),
        }
    }
    folder.lock = Some(lock.render());
    folder
}

#[test]
fn a_root_that_somebody_has_stays_the_root() {
    let set = |id: &str| BTreeSet::from([id.to_owned()]);
    let none = RepairOptions::default;
    let only_sealed = sealed(two_roots(), &["root"]);
    let cases = [
        (
            two_roots(),
            none(),
            "draft root:draft",
            "`draft` was created before it",
        ),
        (
            only_sealed,
            none(),
            "draft:root root",
            "chain.lock has sealed `root`, and it is a draft",
        ),
        (
            two_roots(),
            RepairOptions {
                published: set("root"),
                ..none()
            },
            "draft:root root",
            "`root` is published, and it is not",
        ),
        (
            two_roots(),
            RepairOptions {
                applied: set("root"),
                ..none()
            },
            "draft:root root",
            "the database has applied `root`, and not this one",
        ),
        (
            two_roots(),
            RepairOptions {
                committed: set("00_root.sql"),
                ..none()
            },
            "draft:root root",
            "`root` is committed to git, and it is not",
        ),
        (
            // Both are sealed, and only one of them by everybody.
            sealed(two_roots(), &["root", "draft"]),
            RepairOptions {
                published: set("root"),
                ..none()
            },
            "draft:root root",
            "`root` is published, and it is not",
        ),
    ];
    for (folder, options, expected, why) in cases {
        assert_eq!(
            drawn(&folder, &Config::default(), &options),
            expected,
            "{why}"
        );
        let repair = Repair::new(&folder, &Config::default(), &options);
        let done = repair
            .done
            .iter()
            .find(|done| done.code == Code::MultipleBases);
        let reason = &done.expect("a base was moved").reason;
        assert_eq!(*reason, format!("it started a separate chain; {why}"));
    }
}

#[test]
fn a_sealed_root_stays_the_root_whatever_tables_say() {
    // root - own uses the table of another draft root
    let folder = with_sql(&[
        (
            "root",
            "CREATE TABLE users (id INT);\nALTER TABLE notes ADD kind INT;",
        ),
        ("own:root", "ALTER TABLE notes ADD email TEXT;"),
        ("draft", "CREATE TABLE notes (id INT);"),
    ]);
    let folder = sealed(folder, &["root"]);
    assert_eq!(repaired(&folder), "draft:root own:draft root");
    let repair = Repair::new(&folder, &Config::default(), &RepairOptions::default());
    assert!(repair.changed.iter().all(|id| id.as_str() != "root"));
    assert_eq!(
        reasons(&folder),
        [
            "draft: it started a separate chain; chain.lock has sealed `root`, and it is a draft",
            "own: it uses the table `notes`, which `draft` creates",
        ]
    );
}

#[test]
fn an_age_that_nothing_tells_is_not_made_up() {
    let mut folder = folder("a b c");
    for file in &mut folder.files[1..] {
        let lines = file
            .text
            .lines()
            .filter(|line| !line.starts_with("-- created"));
        file.text = lines
            .map(|line| format!("{line}\n"))
            .collect::<String>()
            .into();
        file.name = file
            .name
            .replace(|c: char| c.is_ascii_digit() || c == '_', "");
    }
    assert_eq!(repaired(&folder), "a b:a c:b");
    assert_eq!(
        reasons(&folder),
        [
            "b: it started a separate chain; it has no time of creation, and `a` has one",
            "c: it started a separate chain; nothing says which is older, and the file of `b` sorts before its own",
        ]
    );
}

#[test]
fn tables_deep_in_a_part_count() {
    // The second revision of the older part uses a table that the younger part creates in its
    // second.
    let folder = with_sql(&[
        ("a", "CREATE TABLE a (id INT);"),
        ("b:a", "INSERT INTO y VALUES (1);"),
        ("x", "CREATE TABLE x (id INT);"),
        ("y:x", "CREATE TABLE y (id INT);"),
    ]);
    assert_eq!(repaired(&folder), "a:y b:a x y:x");
}

#[test]
fn tables_that_contradict_one_another_leave_it_to_age() {
    let folder = with_sql(&[
        ("a", "CREATE TABLE a (id INT);"),
        ("b:a", "INSERT INTO x VALUES (1);"),
        ("x", "CREATE TABLE x (id INT); INSERT INTO a VALUES (1);"),
    ]);
    assert_eq!(repaired(&folder), "a b:a x:b");
}

#[test]
fn the_order_that_is_said_counts() {
    let options = RepairOptions {
        order: ["d", "b", "a"].map(str::to_owned).to_vec(),
        ..RepairOptions::default()
    };
    assert_eq!(
        drawn(&folder("a b c d"), &Config::default(), &options),
        "a:b b:d c:a d"
    );
}

#[test]
fn bases_that_the_rules_allow_stay() {
    let mut config = Config::default();
    config.rules.multiple_bases = Level::Allow;
    config.rules.multiple_heads = HeadsRule::Labelled;
    let folder = folder("a:none@left b:a c:none@right");
    assert_eq!(
        drawn(&folder, &config, &RepairOptions::default()),
        "a b:a c"
    );
}

#[test]
fn heads_are_merged_or_put_behind_one_another() {
    let merged = repaired(&folder("a b:a c:a"));
    assert!(
        merged.ends_with(":b,c a b:a c:a") || merged.starts_with("a b:a c:a"),
        "{merged}"
    );
    let options = RepairOptions {
        heads: HeadsRepair::Rebase { published: None },
        ..RepairOptions::default()
    };
    assert_eq!(
        drawn(&folder("a b:a c:a d:c"), &Config::default(), &options),
        "a b:a c:b d:c"
    );
    // A published revision stays where it is, although it is younger.
    let options = RepairOptions {
        heads: HeadsRepair::Rebase {
            published: Some(["a", "c", "d"].map(str::to_owned).into()),
        },
        ..RepairOptions::default()
    };
    assert_eq!(
        drawn(&folder("a b:a c:a d:c"), &Config::default(), &options),
        "a b:d c:a d:c"
    );
}

#[test]
fn labelled_heads_stay_and_those_of_one_branch_are_joined() {
    let mut config = Config::default();
    config.rules.multiple_heads = HeadsRule::Labelled;
    let folder = folder("a l1:a@left l2:l1 l3:l1 r:a@right");
    let drawn = drawn(&folder, &config, &RepairOptions::default());
    assert!(
        drawn.contains(":l2,l3") && !drawn.contains('!') && !drawn.contains(",r"),
        "{drawn}"
    );
}

#[test]
fn a_cycle_is_broken_against_time() {
    assert_eq!(repaired(&folder("r a:c b:a c:b")), "a:r b:a c:b r");
    assert_eq!(repaired(&folder("a:b b:a")), "a b:a");
}

#[test]
fn a_cycle_is_broken_where_no_table_speaks_for_the_link() {
    let folder = with_sql(&[
        ("old:young", "ALTER TABLE t ADD x INT;"),
        ("young:old", "CREATE TABLE t (id INT);"),
    ]);
    assert_eq!(repaired(&folder), "old:young young");
}

#[test]
fn what_follows_itself_follows_what_was_before_it() {
    assert_eq!(repaired(&folder("a b:a c:c d:c")), "a b:a c:b d:c");
    assert_eq!(repaired(&folder("a:a b:a")), "a b:a");
}

#[test]
fn a_parent_that_is_nearly_right_is_found() {
    assert_eq!(
        repaired(&folder("9f3c1a2b77de 77aa:9f3c1a2b77d")),
        "77aa:9f3c1a2b77de 9f3c1a2b77de"
    );
    assert_eq!(
        repaired(&folder("9f3c1a2b77de 77aa:9f3c1a2b7ed7")),
        "77aa:9f3c1a2b77de 9f3c1a2b77de"
    );
    assert_eq!(
        repaired(&folder("Users orders:users")),
        "Users orders:Users"
    );
    assert_eq!(repaired(&folder("a b:none,a")), "a b:a");
    assert_eq!(repaired(&folder("a b:None")), "a b:a");
}

#[test]
fn a_parent_that_is_like_nothing_is_the_one_before() {
    assert_eq!(repaired(&folder("a b:a c:zz d:c")), "a b:a c:b d:c");
    assert_eq!(repaired(&folder("a:zz b:a")), "a b:a");
    // A merge keeps the parents it has.
    assert_eq!(repaired(&folder("a b:a,zz")), "a b:a");
}

#[test]
fn a_parent_that_was_deleted_is_not_replaced() {
    let mut folder = locked(folder("a b:a c:b"));
    folder.files.remove(1);
    assert_eq!(repaired(&folder), "a c:b !lock-deleted !unknown-parent");
}

#[test]
fn a_parent_on_another_branch_is_not_replaced() {
    let options = RepairOptions {
        elsewhere: BTreeSet::from(["zz".to_owned()]),
        ..RepairOptions::default()
    };
    let folder = folder("a b:zz c:b");
    assert_eq!(
        drawn(&folder, &Config::default(), &options),
        "a b:zz c:b !unknown-parent"
    );
}

#[test]
fn a_deleted_head_is_forgotten() {
    let mut folder = locked(folder("a b:a c:b"));
    folder.files.remove(2);
    assert_eq!(repaired(&folder), "a b:a");
}

#[test]
fn chain_lock_knows_the_parents_that_were_lost() {
    let whole = locked(folder("a b:a c:b d:a e:c,d"));
    let mut broken = whole.clone();
    for (at, lost) in [(2, "none"), (3, "zz"), (4, "e")] {
        let text = broken.files[at].text.to_string();
        let line = text
            .lines()
            .find(|line| line.starts_with("-- parents"))
            .unwrap();
        broken.files[at].text = text.replace(line, &format!("-- parents: {lost}")).into();
    }
    let repair = Repair::new(&broken, &Config::default(), &RepairOptions::default());
    assert_eq!(repair.folder.files, whole.files);
    assert_eq!(repair.folder.lock, whole.lock);
    assert!(repair.unresolved.is_empty());
}

#[test]
fn a_copy_gets_an_id_of_its_own() {
    let mut folder = locked(folder("a b:a"));
    let mut copy = folder.files[1].clone();
    copy.name = "00_older_name.sql".to_owned();
    folder.files.insert(0, copy.clone());
    // An identical file is redundant.
    assert_eq!(repaired(&folder), "a b:a");
    let text = copy
        .text
        .replace("t1", "t9")
        .replace("parents: a", "parents: b");
    folder.files[0].text = text.into();
    let repair = Repair::new(&folder, &Config::default(), &RepairOptions::default());
    assert!(repair.unresolved.is_empty(), "{:?}", repair.unresolved);
    assert_eq!(repair.renamed.len(), 1);
    let survey = Survey::new(&repair.folder, &Config::default());
    let copy = survey
        .revisions
        .iter()
        .find(|revision| !["a", "b"].contains(&revision.id.as_str()))
        .unwrap();
    assert_eq!(
        copy.parents.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        ["b"]
    );
    assert!(copy.file.contains(copy.id.as_str()));
}

#[test]
fn an_edited_seal_is_left_to_people() {
    let mut folder = locked(folder("a b:a"));
    folder.files[1].text = folder.files[1].text.replace("t1", "t9").into();
    let before = folder.clone();
    assert_eq!(repaired(&folder), "a b:a !lock-changed");
    let repair = Repair::new(&folder, &Config::default(), &RepairOptions::default());
    assert_eq!(
        (repair.folder.files, repair.folder.lock),
        (before.files, before.lock)
    );
}

#[test]
fn a_lock_with_two_sides_has_both() {
    let mut folder = locked(folder("a b:a c:b"));
    let lock = folder.lock.clone().unwrap();
    let lines: Vec<&str> = lock.lines().collect();
    folder.lock = Some(format!(
        "{}\n{}\n{}\n<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n",
        lines[0], lines[1], lines[2], lines[3], lines[4]
    ));
    let repair = Repair::new(&folder, &Config::default(), &RepairOptions::default());
    assert_eq!(repair.folder.lock, Some(lock));
}

#[test]
fn a_lost_lock_is_the_committed_one() {
    let mut folder = locked(folder("a b:a"));
    let options = RepairOptions {
        committed_lock: folder.lock.take(),
        ..RepairOptions::default()
    };
    let repair = Repair::new(&folder, &Config::default(), &options);
    assert_eq!(repair.folder.lock, options.committed_lock);
}

#[test]
fn labels_name_one_branch() {
    let mut config = Config::default();
    config.rules.multiple_heads = HeadsRule::Labelled;
    let repair = Repair::new(
        &folder("a b:a@x c:b@x d:a@x,b"),
        &config,
        &RepairOptions::default(),
    );
    let labels: Vec<_> = Survey::new(&repair.folder, &config)
        .revisions
        .iter()
        .map(|revision| revision.labels.join(","))
        .collect();
    assert_eq!(labels, ["", "x", "", "x_2,b_2"]);
    assert!(repair.unresolved.is_empty(), "{:?}", repair.unresolved);
}

#[test]
fn a_dependency_is_neither_invented_nor_dropped() {
    let mut folder = folder("accounts_1 b:accounts_1");
    let depends = |text: &str, on: &str| {
        text.replace("-- created", &format!("-- depends-on: {on}\n-- created"))
    };
    folder.files[1].text = depends(&folder.files[1].text, "billing").into();
    assert_eq!(
        repaired(&folder),
        "accounts_1 b:accounts_1 !unknown-dependency"
    );
    folder.files[1].text = folder.files[1].text.replace("billing", "acounts_1").into();
    assert_eq!(repaired(&folder), "accounts_1 b:accounts_1");
}

mod random {
    use proptest::prelude::*;

    use super::*;

    /// A revision of a broken folder.
    #[derive(Clone, Debug)]
    struct Broken {
        id: usize,
        parents: Vec<String>,
        uses: Option<usize>,
        created: Option<usize>,
        label: Option<usize>,
        depends_on: Option<String>,
        damage: usize,
    }

    fn reference() -> impl Strategy<Value = String> {
        prop_oneof![
            6 => (0..9_usize).prop_map(|id| format!("rev_000{id}")),
            1 => Just("rev_00".to_owned()),
            1 => Just("REV_0003".to_owned()),
            1 => Just("zz".to_owned()),
            1 => Just("head".to_owned()),
            1 => Just("none".to_owned()),
        ]
    }

    fn broken() -> impl Strategy<Value = Broken> {
        (
            0..8_usize,
            prop::collection::vec(reference(), 0..3),
            prop::option::of(0..9_usize),
            prop::option::of(0..30_usize),
            prop::option::weighted(0.2, 0..2_usize),
            prop::option::weighted(0.1, reference()),
            0..20_usize,
        )
            .prop_map(
                |(id, parents, uses, created, label, depends_on, damage)| Broken {
                    id,
                    parents,
                    uses,
                    created,
                    label,
                    depends_on,
                    damage,
                },
            )
    }

    fn file((number, broken): (usize, &Broken)) -> File {
        let Broken { id, parents, .. } = broken;
        let line = |line: Option<String>| line.unwrap_or_default();
        let text = [
            format!(
                "-- revision: rev_000{id}\n-- parents: {}\n",
                parents.join(", ")
            ),
            line(
                broken
                    .label
                    .map(|label| format!("-- labels: label{label}\n")),
            ),
            line(
                broken
                    .depends_on
                    .as_ref()
                    .map(|on| format!("-- depends-on: {on}\n")),
            ),
            line(
                broken
                    .created
                    .map(|at| format!("-- created: 2026-11-20T14:32:{at:02}Z\n")),
            ),
            format!("\n-- migrate: up\nCREATE TABLE t{id} (id INT);\n"),
            line(
                broken
                    .uses
                    .map(|uses| format!("INSERT INTO t{uses} VALUES (1);\n")),
            ),
            "\n-- migrate: down\nSELECT 1;\n".to_owned(),
        ]
        .concat();
        let text = match broken.damage {
            0 => text.replace('\n', "\r\n"),
            1 => format!("\u{feff}{text}"),
            2 => text.replace("revision:", "revison:"),
            3 => text.replace("-- parents:", "<<<<<<< HEAD\n-- parents: rev_0001\n=======\n-- parents: rev_0002\n>>>>>>> other\n-- parents:"),
            4 => text.replace("-- revision", "-- note: x\n-- revision"),
            5 => text.replace("CREATE", "<<<<<<< HEAD\nCREATE"),
            6 => text.replace("-- created: ", "-- created: on "),
            7 => text.split_once('\n').expect("it has lines").1.to_owned(),
            _ => text,
        };
        File {
            name: format!("{number:02}_{id}.sql"),
            text: text.into(),
        }
    }

    /// Returns the present name of a file that was renamed.
    fn now<'a>(repair: &'a Repair, file: &'a str) -> &'a str {
        repair.renamed.get(file).map_or(file, String::as_str)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_broken_folder_is_repaired_once_and_for_all(
            revisions in prop::collection::vec(broken(), 0..9),
            sealed in prop::collection::vec(prop::option::of(any::<bool>()), 9),
            lock in 0..4_usize,
            rebase in any::<bool>(),
            labelled in any::<bool>(),
        ) {
            let mut config = Config::default();
            if labelled {
                config.rules.multiple_heads = HeadsRule::Labelled;
            }
            let mut folder = Folder {
                shown: "migrations".to_owned(),
                files: revisions.iter().enumerate().map(file).collect(),
                ..Folder::default()
            };
            let survey = Survey::new(&folder, &config);
            let mut locked = ChainLock::default();
            for (revision, state) in survey.revisions.iter().zip(&sealed) {
                match state {
                    Some(true) => locked.seal(revision),
                    Some(false) => locked.draft(revision),
                    None => {}
                }
            }
            folder.lock = match lock {
                0 => None,
                1 => Some(format!("{}<<<<<<< HEAD\nrev_0008 rev_0001 draft\n=======\n>>>>>>> other\n", locked.render())),
                2 => Some(format!("{}rev_0008 - draft\nx y", locked.render())),
                _ => Some(locked.render()),
            };
            let options = RepairOptions {
                heads: if rebase { HeadsRepair::Rebase { published: None } } else { HeadsRepair::Merge },
                ..RepairOptions::default()
            };
            let repair = Repair::new(&folder, &config, &options);

            let again = Repair::new(&repair.folder, &config, &options);
            prop_assert!(again.done.is_empty(), "{:#?}", again.done);
            prop_assert_eq!(&again.folder.files, &repair.folder.files);
            prop_assert_eq!(&again.folder.lock, &repair.folder.lock);
            prop_assert_eq!(repair.done.is_empty(), folder.files == repair.folder.files && folder.lock == repair.folder.lock);

            let left: BTreeSet<Code> = repair.unresolved.iter().map(|found| found.code).collect();
            for found in &repair.unresolved {
                prop_assert!(found.help.is_some(), "{found}");
            }
            let mut always = vec![
                Code::DuplicateRevision, Code::SelfParent, Code::Cycle, Code::RedundantParent,
                Code::DuplicateLabel, Code::LabelIsRevision, Code::LockMissing, Code::LockMalformed,
            ];
            let unidentified = left.contains(&Code::ConflictMarkers) || left.contains(&Code::MissingRevision) || left.contains(&Code::InvalidRevisionId);
            if unidentified {
                always.retain(|code| !matches!(code, Code::SelfParent));
            }
            if !unidentified && !left.contains(&Code::UnknownParent) {
                always.push(Code::MultipleBases);
                if !labelled {
                    always.push(Code::MultipleHeads);
                }
            }
            for code in always {
                prop_assert!(!left.contains(&code), "{code} is left: {:#?}", repair.unresolved);
            }

            // Every valid link is kept.
            let after = Survey::new(&repair.folder, &config);
            let needs = |graph: &migrate_core::Graph, above: usize, below: usize| graph.ancestors([above]).contains(below);
            let place = |file: &str| after.revisions.iter().position(|revision| *revision.file == *now(&repair, file));
            for (index, revision) in survey.revisions.iter().enumerate() {
                // One of the copies keeps the links to the id, including links that were
                // unreadable.
                let is_copy = |index: usize| {
                    let id = survey.graph.id(index).to_string();
                    let ids = revisions.iter().map(|broken| format!("rev_000{}", broken.id));
                    ids.filter(|other| *other == id).count() > 1
                };
                for parent in survey.graph.parents(index).iter().map(|parent| *parent as usize) {
                    if is_copy(index) || is_copy(parent) || needs(&survey.graph, parent, index) {
                        continue;
                    }
                    let (Some(above), Some(below)) = (place(&revision.file), place(&survey.revisions[parent].file)) else {
                        prop_assert!(false, "a file is gone");
                        continue;
                    };
                    if after.revisions[above].id != revision.id {
                        continue;
                    }
                    prop_assert!(needs(&after.graph, above, below), "{} no longer follows {}", revision.file, survey.revisions[parent].file);
                }
            }
        }
    }
}

#[test]
fn a_copy_whose_header_is_broken_as_well() {
    let text = |id: &str, parents: &str, blank: &str| {
        format!(
            "-- revision: {id}\n{parents}\n-- message: make {id}\n-- created: 2026-11-20T14:32:05Z\n{blank}-- migrate: up\nCREATE TABLE t_{id} (id INTEGER PRIMARY KEY);\n\n-- migrate: down\nDROP TABLE t_{id};\n"
        )
    };
    let texts = [
        text("a", "-- parents: none", "\n"),
        text("b", "-- parents: a", ""),
        format!("%%\n{}", text("b", "- parents: a", "\n")),
    ];
    let files = texts.into_iter().enumerate().map(|(number, text)| File {
        name: format!("{number:04}.sql"),
        text: text.into(),
    });
    let folder = Folder {
        shown: "migrations".to_owned(),
        files: files.collect(),
        lock: Some("version 1\na - draft\nb a draft\nb a draft\n".to_owned()),
        ..Folder::default()
    };
    let options = RepairOptions::default();
    let once = Repair::new(&folder, &Config::default(), &options);
    let twice = Repair::new(&once.folder, &Config::default(), &options);
    assert!(twice.is_empty(), "{:#?}\n{:#?}", once.done, twice.done);
}
