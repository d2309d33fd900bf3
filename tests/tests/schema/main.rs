//! Random schemas on the real databases: the DDL leads from one to another and back.
//!
//! `MIGRATE_TEST_SEED` and `MIGRATE_TEST_PAIRS` choose other ones, and how many.

mod cases;
mod draft;
mod dumped;
mod everything;
mod random;
mod rebuilt;
mod rows;
mod server;
mod views;

use migrate_core::Dialect;
use migrate_schema::{Renames, Schema, create, diff, statements};
use migrate_tests::alembic::Random;

use draft::{Draft, some};
use random::Generator;
use server::Server;

fn number(variable: &str) -> Option<u64> {
    let given = std::env::var(variable).ok()?;
    Some(given.parse().expect("a number"))
}

#[tokio::test]
async fn sqlite_goes_from_any_schema_to_any_other_and_back() {
    pairs(Dialect::Sqlite).await;
}

#[tokio::test]
async fn postgres_goes_from_any_schema_to_any_other_and_back() {
    pairs(Dialect::Postgres).await;
}

#[tokio::test]
async fn mysql_goes_from_any_schema_to_any_other_and_back() {
    pairs(Dialect::MySql).await;
}

/// How many databases are worked on at once.
const WORKERS: u64 = 3;

async fn pairs(dialect: Dialect) {
    let seed = number("MIGRATE_TEST_SEED").unwrap_or(1);
    let pairs = number("MIGRATE_TEST_PAIRS").unwrap_or(500);
    let only = number("MIGRATE_TEST_PAIR");
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            tokio::spawn(async move {
                let name = format!("schema pairs {dialect} {worker}");
                let mut server = Server::start(dialect, &name).await;
                let mariadb = server.is_mariadb().await;
                let mut wrong = Vec::new();
                for turn in (worker..pairs).step_by(WORKERS as usize) {
                    if only.is_some_and(|only| only != turn) {
                        continue;
                    }
                    let mut random = Random::new(seed, turn);
                    if let Err(why) =
                        pair(&mut server, mariadb, is_dumped(dialect, turn), &mut random).await
                    {
                        wrong.push(format!(
                            "MIGRATE_TEST_SEED={seed} MIGRATE_TEST_PAIR={turn}\n{why}"
                        ));
                    }
                }
                wrong
            })
        })
        .collect();
    let mut wrong = Vec::new();
    for worker in workers {
        wrong.extend(worker.await.expect("a worker tells what is wrong"));
    }
    let count = wrong.len();
    wrong.truncate(3);
    assert!(
        wrong.is_empty(),
        "{count} of {pairs} on {dialect}\n\n{}",
        wrong.join("\n\n")
    );
}

/// Makes a schema, and reads it as the database writes it.
async fn made(server: &mut Server, draft: &Draft) -> Result<Schema, String> {
    server.empty().await;
    let ddl = create(&draft.schema());
    server
        .run(&ddl)
        .await
        .map_err(|why| format!("it cannot be made: {why}"))?;
    Ok(server.read().await)
}

async fn pair(
    server: &mut Server,
    mariadb: bool,
    is_dumped: bool,
    random: &mut Random,
) -> Result<(), String> {
    let rows = random.chance(60);
    let dialect = server.dialect();
    let mut generator = Generator {
        random,
        dialect,
        mariadb,
        rows,
    };
    let before = generator.draft(0);
    let mut after = match generator.random.chance(75) {
        true => before.clone(),
        false => generator.draft(1000),
    };
    generator.mutate(&mut after);
    let renames = some(before.renames(&after), || generator.random.chance(80));

    // PostgreSQL's sequences keep their names, and the rest is renamed.
    let is_dumped = is_dumped && (renames.iter().next().is_none() || dialect != Dialect::Postgres);
    let to = made(server, &after).await?;
    let dump_after = dump(server, is_dumped).await;
    let from = made(server, &before).await?;
    let dump_before = dump(server, is_dumped).await;
    // What was read makes the same again.
    server.empty().await;
    let ddl = create(&from);
    server
        .run(&ddl)
        .await
        .map_err(|why| format!("what was read cannot be made: {why}"))?;
    same(&from, &server.read().await, "what was read makes another")?;
    cases::equal(
        "what was read",
        &dump_before,
        &dump(server, is_dumped).await,
    )?;

    let mut filled = Vec::new();
    if rows {
        for table in &before.tables {
            server
                .execute(table.row(dialect))
                .await
                .map_err(|why| format!("{why}\n{}", table.row(dialect)))?;
            filled.push(table.name.clone());
        }
    }
    lead(server, &from, &to, &renames)
        .await
        .map_err(|why| format!("up: {why}"))?;
    cases::equal("up", &dump_after, &dump(server, is_dumped).await)?;
    for name in filled {
        let now = before.tables.iter().find(|table| table.name == name).and_then(|table| {
            let stays = to.tables.keys().find(|now| {
                renames.iter().any(|rename| rename.to_string() == format!("{}={now}", migrate_schema::Name::plain(&name)))
            });
            let unmoved = !renames.iter().any(|rename| matches!(rename, migrate_schema::Rename::Table { from, to } if from.name == name || to.name == name));
            let same = to.tables.keys().find(|now| now.name == table.name && unmoved);
            stays.or(same)
        });
        if let Some(now) = now
            && server.count(&now.name).await != 1
        {
            return Err(format!("the rows of {name} are lost"));
        }
    }
    lead(server, &to, &from, &renames.reversed())
        .await
        .map_err(|why| format!("down: {why}"))?;
    cases::equal("down", &dump_before, &dump(server, is_dumped).await)
}

/// A dump takes longer than the rest, so only some have one.
fn is_dumped(dialect: Dialect, turn: u64) -> bool {
    match dialect {
        Dialect::Sqlite => true,
        Dialect::Postgres | Dialect::MySql => turn.is_multiple_of(10),
    }
}

async fn dump(server: &Server, is_dumped: bool) -> String {
    match is_dumped {
        true => server.dump().await,
        false => String::new(),
    }
}

async fn lead(
    server: &Server,
    from: &Schema,
    to: &Schema,
    renames: &Renames,
) -> Result<(), String> {
    let ddl = statements(from, to, renames);
    let changes = diff(from, to, renames);
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    server
        .run(&ddl)
        .await
        .map_err(|why| format!("{why}\n{told}"))?;
    let sql: Vec<&str> = ddl.iter().map(|ddl| &*ddl.sql).collect();
    let sql = sql.join(";\n");
    let now = server.read().await;
    same(to, &now, "it leads elsewhere").map_err(|why| format!("{why}\n{told}\n{sql}"))?;
    let dangling = server.dangling().await;
    match dangling.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "rows of {dangling:?} point to nothing\n{told}\n{sql}"
        )),
    }
}

fn same(expected: &Schema, found: &Schema, what: &str) -> Result<(), String> {
    let changes = diff(found, expected, &Renames::none());
    if changes.is_empty() && expected == found {
        return Ok(());
    }
    Err(format!("{what}:\n{changes:#?}"))
}
