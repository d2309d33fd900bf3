use super::SchemaLock;
use crate::Name;
use migrate_core::Dialect;

const TEXT: &str = "# Written by cargo migrate: commit it, do not edit it.
version 1
head a
head b

[sqlite]
table \"odd name\"
table \"odd name\" column \"a \\\"b\\\"\" at=1 type=\"VARCHAR(2) \\n\" null default=\"'x = y'\"

[postgres]
enum mood value=sad value=\"so so\"
model app.users check expression=\"id > 0\"
model app.users column email type=text value=sad not-null default
model app.users comment
model app.users foreign-key column=id table=others says=on-delete
model app.users index users_email_idx
model app.users unique column=email
model-enum mood value=sad value=\"so so\"
table app.users
table app.users check expression=\"id > 0\"
table app.users check expression=\"id > 0\" name=positive
table app.users column email at=2 type=text
table app.users column id at=1 type=bigint identity=by-default
table app.users index users_email_idx part=lower(email) expression descending part=id unique where=\"id > 7\"
table app.users primary-key column=id name=users_pkey
";

fn reported(text: &str) -> String {
    let found = SchemaLock::parse("migrations/schema.lock", text).unwrap_err();
    found.iter().map(|found| format!("{found}\n")).collect()
}

#[test]
fn what_is_written_is_read_back() {
    let lock = SchemaLock::parse("schema.lock", TEXT).unwrap();
    assert_eq!(lock.render(), TEXT);
    let crlf = TEXT.replace('\n', "\r\n");
    assert_eq!(SchemaLock::parse("schema.lock", &crlf).unwrap(), lock);
    let users = &lock.schemas[&Dialect::Postgres].tables[&Name::from("app.users")];
    let columns: Vec<_> = users.columns.iter().map(|column| &column.name).collect();
    assert_eq!(columns, ["id", "email"]);
    assert_eq!(users.checks.len(), 2);
    // A merge that nobody has finished costs the schema, which can be read again, and not this.
    let broken = TEXT.replace("\nenum mood", "\n<<<<<<< HEAD\nenum mood");
    assert!(SchemaLock::parse("schema.lock", &broken).is_err());
    assert_eq!(SchemaLock::models(&broken), lock.models);
}

#[test]
fn what_two_branches_add_is_merged_by_keeping_both() {
    let base = "version 1\nhead a\n[sqlite]\ntable t\ntable t column id at=1 type=INTEGER\n";
    let ours = "table t column ours at=2 type=TEXT\n";
    let theirs = "table t column theirs at=2 type=TEXT\n";
    // `merge=union` keeps the lines of both, and those that both have once or twice.
    let merged = format!("{base}{ours}{theirs}table t\n").replace("head a\n", "head b\nhead c\n");
    let lock = SchemaLock::parse("schema.lock", &merged).unwrap();
    let table = &lock.schemas[&Dialect::Sqlite].tables[&Name::plain("t")];
    let columns: Vec<_> = table.columns.iter().map(|column| &column.name).collect();
    assert_eq!(columns, ["id", "ours", "theirs"]);
    assert_eq!(lock.heads.len(), 2);
}

#[test]
fn one_table_is_read_alone() {
    let name = Name::from("app.users");
    let found = SchemaLock::parse_table("schema.lock", TEXT, &name).unwrap();
    let whole = SchemaLock::parse("schema.lock", TEXT).unwrap();
    assert_eq!(found[&Dialect::Sqlite], None);
    let users = &whole.schemas[&Dialect::Postgres].tables[&name];
    assert_eq!(found[&Dialect::Postgres].as_ref(), Some(users));
    // The name of another table may begin with this one's.
    let longer = TEXT.replace("app.users", "app.users2");
    let found = SchemaLock::parse_table("schema.lock", &longer, &name).unwrap();
    assert_eq!(found[&Dialect::Postgres], None);
    // What is wrong with another table is not this one's matter.
    let broken = format!("{TEXT}table other column x\n");
    assert!(SchemaLock::parse("schema.lock", &broken).is_err());
    assert!(SchemaLock::parse_table("schema.lock", &broken, &name).is_ok());
}

#[test]
fn lines_that_mean_nothing() {
    insta::assert_snapshot!(reported(
        "version 1\nhead a'\n[oracle]\n[sqlite]\nwhat\ntable t colum x at=1\ntable t column x type=TEXT\ntable t column y at=1 type=TEXT tpye=TEXT\ntable t index i descending\ntable \"t\n"
    ));
    insta::assert_snapshot!(reported("version 2\n"), @r"
    error[schema-lock-malformed]: schema.lock was written by another version of cargo migrate
     --> migrations/schema.lock:1:1
      |
    1 | version 2
      | ^^^^^^^^^ this one reads version 1
      |
      = help: install the version that the project uses: `cargo install cargo-migrate`
    ");
    assert!(reported("[sqlite]\n").contains("does not begin with its version"));
    assert!(reported("version 1\n<<<<<<< HEAD\n").contains("unfinished git merge"));
    assert!(reported("version 1\n[sqlite]\ntable t").contains("cut off"));
}

#[test]
fn two_lines_about_one_column_are_told() {
    insta::assert_snapshot!(reported("version 1\n[sqlite]\ntable t\ntable t column a at=1 type=TEXT\ntable t column a at=1 type=BLOB\n"), @r"
    error[schema-lock-malformed]: schema.lock has two entries for one object
     --> migrations/schema.lock:5:1
      |
    5 | table t column a at=1 type=BLOB
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ another line differs
      |
      = help: recreate it: `cargo migrate lock`
    ");
}
