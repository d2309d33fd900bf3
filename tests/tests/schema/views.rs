//! Views of PostgreSQL that change, and what is given to them besides.

use migrate_core::Dialect;
use migrate_schema::{ObjectKind, Renames, Schema, statements};

use super::same;
use super::server::Server;

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, a TEXT, b INT);";

/// Makes roles that are on the server for all tests.
pub(super) async fn roles(server: &Server) {
    if server.dialect() != Dialect::Postgres {
        return;
    }
    for role in ["migrate view owner", "migrate_view_reader"] {
        let role = Dialect::Postgres.quote(role);
        let made = server.execute(format!("CREATE ROLE {role}")).await;
        if let Err(error) = made {
            let known = error.as_database_error().and_then(|error| error.code());
            // Two that make it at once meet in the catalogue's index.
            assert!(
                matches!(known.as_deref(), Some("42710" | "23505")),
                "{error}"
            );
        }
    }
}

async fn schema_of(server: &mut Server, sql: &str) -> Schema {
    server.empty().await;
    server
        .execute(format!("{TABLE}{sql}"))
        .await
        .expect("it can be made");
    server.read().await
}

/// Leads a database with rights from one schema to another; returns the statements.
async fn lead(server: &mut Server, before: &str, after: &str) -> String {
    let to = schema_of(server, after).await;
    let from = schema_of(server, before).await;
    let ddl = statements(&from, &to, &Renames::none());
    server.run(&ddl).await.expect("it can be led there");
    same(&to, &server.read().await, "it leads elsewhere").expect("it is there");
    let sql: Vec<&str> = ddl.iter().map(|ddl| &*ddl.sql).collect();
    sql.join(";\n")
}

/// Who owns a view and who may do what, as the database writes it.
async fn rights(server: &Server, view: &str) -> Vec<Vec<String>> {
    server
        .rows(&format!(
            "SELECT relowner::regrole::text, (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(relacl) x), (SELECT string_agg(attname || attacl::text, ' ' ORDER BY attname) FROM pg_attribute a WHERE attrelid = c.oid), reloptions::text FROM pg_class c WHERE oid = '{view}'::regclass"
        ))
        .await
}

const RIGHTS: &str = "GRANT SELECT, INSERT ON v TO migrate_view_reader; GRANT UPDATE ON v TO migrate_view_reader WITH GRANT OPTION;
    GRANT UPDATE (a), SELECT (a) ON v TO PUBLIC; GRANT DELETE ON v TO \"migrate view owner\";";

#[tokio::test]
async fn a_view_that_gets_columns_is_replaced_and_what_is_over_it_stays() {
    let mut server = Server::start(Dialect::Postgres, "replaced views").await;
    roles(&server).await;
    let over = "CREATE VIEW over AS SELECT id FROM v;
        CREATE FUNCTION of_it() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v';";
    let before = format!(
        "CREATE VIEW v WITH (security_barrier = true) AS SELECT id, a FROM t; COMMENT ON VIEW v IS 'old'; COMMENT ON COLUMN v.a IS 'gone'; {over}{RIGHTS}
        ALTER VIEW v OWNER TO \"migrate view owner\""
    );
    let to = "ALTER TABLE t ADD COLUMN c INT; CREATE VIEW below AS SELECT id AS other FROM t;
        CREATE VIEW v AS SELECT id, a, b + c AS more FROM t WHERE EXISTS (SELECT FROM below WHERE other = t.id);
        COMMENT ON VIEW v IS 'new'; COMMENT ON COLUMN v.id IS 'it''s';";
    schema_of(&mut server, &before).await;
    let had = rights(&server, "v").await;
    let sql = lead(&mut server, &before, &format!("{to}{over}")).await;
    assert!(sql.contains("CREATE OR REPLACE VIEW \"v\" AS"), "{sql}");
    assert!(!sql.contains("DROP VIEW"), "{sql}");
    let has = rights(&server, "v").await;
    assert_eq!(had[0][..3], has[0][..3]);
    assert_eq!((&*had[0][3], &*has[0][3]), ("{security_barrier=true}", ""));
}

#[tokio::test]
async fn a_view_that_must_go_gets_its_owner_and_rights_back() {
    let mut server = Server::start(Dialect::Postgres, "rights of views").await;
    roles(&server).await;
    let owner = "ALTER VIEW v OWNER TO \"migrate view owner\"";
    let changes = [
        // Another type, another order, one less.
        (
            "SELECT id, a, b FROM t",
            "SELECT id, a, b::bigint AS b FROM t",
        ),
        ("SELECT id, a, b FROM t", "SELECT a, id, b FROM t"),
        ("SELECT id, a, b FROM t", "SELECT id, a FROM t"),
        (
            "SELECT id, a FROM t",
            "SELECT id, a COLLATE \"C\" AS a FROM t",
        ),
    ];
    for (before, after) in changes {
        let before = format!(
            "CREATE VIEW v WITH (security_barrier = true) AS {before}; CREATE VIEW over AS SELECT a FROM v; GRANT SELECT ON over TO migrate_view_reader; COMMENT ON VIEW over IS 'over';{RIGHTS}{owner}"
        );
        let after = format!(
            "CREATE VIEW v WITH (security_barrier = true) AS {after}; CREATE VIEW over AS SELECT a FROM v; COMMENT ON VIEW over IS 'over'"
        );
        schema_of(&mut server, &before).await;
        let had = (rights(&server, "v").await, rights(&server, "over").await);
        let sql = lead(&mut server, &before, &after).await;
        assert!(sql.contains("DROP VIEW \"v\""), "{sql}");
        let has = (rights(&server, "v").await, rights(&server, "over").await);
        assert_eq!(had, has, "{after}");
    }
}

#[tokio::test]
async fn rights_stay_where_a_table_below_changes_and_on_rows_that_are_kept() {
    let mut server = Server::start(Dialect::Postgres, "rights over tables").await;
    roles(&server).await;
    let view =
        "CREATE MATERIALIZED VIEW v AS SELECT id, b FROM t; CREATE UNIQUE INDEX of_v ON v (id);
        CREATE VIEW w AS SELECT id, b FROM t;";
    let before = format!(
        "{view}GRANT SELECT ON v TO migrate_view_reader; GRANT SELECT (b) ON w TO migrate_view_reader; ALTER MATERIALIZED VIEW v OWNER TO \"migrate view owner\""
    );
    let after = format!("ALTER TABLE t ALTER COLUMN b TYPE BIGINT;{view}");
    schema_of(&mut server, &before).await;
    let had = (rights(&server, "v").await, rights(&server, "w").await);
    lead(&mut server, &before, &after).await;
    let has = (rights(&server, "v").await, rights(&server, "w").await);
    assert_eq!(had, has);
}

#[tokio::test]
async fn a_right_on_a_column_that_goes_is_not_given_back() {
    let mut server = Server::start(Dialect::Postgres, "rights on a column").await;
    roles(&server).await;
    let before =
        "CREATE VIEW v AS SELECT id, a, b FROM t; GRANT SELECT (a, b) ON v TO migrate_view_reader";
    lead(&mut server, before, "CREATE VIEW v AS SELECT b FROM t").await;
    let has = rights(&server, "v").await;
    assert_eq!(
        has[0][2],
        format!("b{{migrate_view_reader=r/{}}}", has[0][0])
    );
}

#[tokio::test]
async fn comments_of_a_view_change_without_it() {
    let mut server = Server::start(Dialect::Postgres, "comments of views").await;
    let kept = "CREATE MATERIALIZED VIEW v AS SELECT id, a FROM t; COMMENT ON MATERIALIZED VIEW v IS 'one'; COMMENT ON COLUMN v.id IS 'x'";
    let sql = lead(
        &mut server,
        kept,
        &kept.replace("'one'", "'two'").replace("v.id", "v.a"),
    )
    .await;
    assert_eq!(
        sql,
        "COMMENT ON MATERIALIZED VIEW \"v\" IS 'two';\nCOMMENT ON COLUMN \"v\".\"id\" IS NULL;\nCOMMENT ON COLUMN \"v\".\"a\" IS 'x'"
    );
}

#[tokio::test]
async fn rights_are_no_difference() {
    let mut server = Server::start(Dialect::Postgres, "rights are no difference").await;
    roles(&server).await;
    let plain = schema_of(&mut server, "CREATE VIEW v AS SELECT id, a FROM t").await;
    let given = schema_of(
        &mut server,
        &format!("CREATE VIEW v AS SELECT id, a FROM t;{RIGHTS}"),
    )
    .await;
    assert_eq!(
        given.state.privileges[&(ObjectKind::View, "v".to_owned())]
            .grants
            .len(),
        4
    );
    assert_eq!(plain, given);
    assert_eq!(statements(&plain, &given, &Renames::none()), []);
}
