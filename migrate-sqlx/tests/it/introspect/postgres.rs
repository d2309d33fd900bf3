//! Features of PostgreSQL alone.

use std::collections::BTreeSet;

use migrate_sqlx::__cli::{Create, Database};
use migrate_sqlx::SchemaReader;
use migrate_sqlx::schema::{
    Action, Deferrable, Identity, Name, RoutineKind, Schema, Signature, Table,
};
use migrate_sqlx::{Dialect, LedgerNames};

use super::{read_url, shop, table, with_sql};

async fn shop_of(name: &str) -> (migrate_tests::TestDatabase, Schema) {
    let name = format!("introspect postgres {name}");
    with_sql(Dialect::Postgres, &name, shop(Dialect::Postgres)).await
}

fn default<'a>(table: &'a Table, column: &str) -> Option<&'a str> {
    table.column(column).unwrap().default.as_deref()
}

#[tokio::test]
async fn columns_and_what_numbers_them() {
    let (_database, schema) = shop_of("columns").await;
    let users = table(&schema, "users");
    let types = ["id", "email", "name", "tags", "updated_at"]
        .map(|name| users.column(name).unwrap().sql_type.as_str());
    assert_eq!(
        types,
        [
            "bigint",
            "email",
            "character varying(80)",
            "text[]",
            "timestamp(3) without time zone"
        ]
    );
    assert_eq!(users.column("id").unwrap().identity, Some(Identity::Serial));
    assert_eq!(default(users, "id"), None);
    assert_eq!(default(users, "feeling"), Some("'sad'::mood"));
    assert_eq!(
        users.column("nickname").unwrap().collation.as_deref(),
        Some("\"C\"")
    );
    let generated = users
        .column("full_name")
        .unwrap()
        .generated
        .as_ref()
        .unwrap();
    assert!(generated.stored && generated.expression.contains("COALESCE(nickname"));
    assert_eq!(
        users
            .column("settings")
            .unwrap()
            .options
            .value("STORAGE")
            .unwrap(),
        "EXTERNAL"
    );
    assert_eq!(
        users.column("email").unwrap().comment.as_deref(),
        Some("Where to write; it's \"unique\"")
    );

    let places = table(&schema, "places");
    let id = places.column("id").unwrap();
    assert_eq!(
        (id.identity, &id.sequence_options),
        (Some(Identity::Always), &None)
    );
    let number = places.column("number").unwrap();
    assert_eq!(number.identity, Some(Identity::ByDefault));
    assert_eq!(
        number
            .sequence_options
            .as_ref()
            .map(|it| (it.start, it.increment)),
        Some((10, 10))
    );
    // The sequence of a `serial` keeps its type when the column gets another one.
    let tree = table(&schema, "tree").column("id").unwrap();
    assert_eq!(tree.identity, Some(Identity::Serial));
    assert_eq!(tree.sequence_options.as_ref().unwrap().sql_type, "integer");

    // A sequence that stands for itself is none of the column's.
    let tickets = table(&schema, "tickets");
    assert_eq!(tickets.column("id").unwrap().identity, None);
    assert_eq!(
        default(tickets, "id"),
        Some("nextval('ticket_numbers'::regclass)")
    );
    let sequences: Vec<String> = schema.sequences.keys().map(ToString::to_string).collect();
    assert_eq!(
        sequences,
        ["kept_numbers", "ticket_numbers", "billing.odd_numbers"]
    );
    let kept = &schema.sequences[&"kept_numbers".into()];
    assert_eq!(kept.owned_by, Some(("tickets".into(), "slot".to_owned())));
    let numbers = &schema.sequences[&"ticket_numbers".into()];
    assert_eq!(
        (
            numbers.start,
            numbers.increment,
            numbers.cache,
            numbers.cycle
        ),
        (100, 5, 7, true)
    );
}

#[tokio::test]
async fn constraints() {
    let (_database, schema) = shop_of("constraints").await;
    let users = table(&schema, "users");
    assert_eq!(users.uniques[0].name.as_deref(), Some("users_email_unique"));
    assert_eq!(users.uniques[0].deferrable, Deferrable::Deferred);
    assert_eq!(users.checks.len(), 2);

    let keys = &table(&schema, "user_roles").foreign_keys;
    let of = |column: &str| keys.iter().find(|key| key.columns == [column]).unwrap();
    assert_eq!(
        (of("user_id").on_delete, of("user_id").on_update),
        (Action::Cascade, Action::Cascade)
    );
    assert_eq!(
        (of("role_id").on_delete, of("role_id").deferrable),
        (Action::SetNull, Deferrable::Immediate)
    );
    assert_eq!(of("granted_by").deferrable, Deferrable::Deferred);
    assert_eq!(of("granted_by").on_delete, Action::Restrict);
    assert_eq!(of("granted_by").references, ["id"]);

    let places = table(&schema, "places");
    assert_eq!(places.foreign_keys[0].columns, ["country", "city"]);
    assert_eq!(places.foreign_keys[0].references, ["country", "name"]);
    assert!(places.foreign_keys[1].options.has("NOT VALID"));
    assert!(places.checks[0].options.has("NOT VALID"));
    assert_eq!(
        table(&schema, "cities").foreign_keys[0]
            .options
            .value("MATCH")
            .unwrap(),
        "FULL"
    );

    let tickets = table(&schema, "tickets");
    assert_eq!(tickets.uniques[0].include, ["other"]);
    assert!(
        tickets.exclusions["tickets_during_excl"]
            .starts_with("EXCLUDE USING gist (during WITH &&)")
    );
    assert!(tickets.indexes.is_empty(), "{:?}", tickets.indexes);
    assert_eq!(tickets.options.value("fillfactor").unwrap(), "90");
    assert_eq!(
        tickets.options.value("toast.autovacuum_enabled").unwrap(),
        "false"
    );

    let odd = &schema.tables[&Name::from("\"Odd.Schema\".\"Odd.Table\"")];
    assert_eq!(odd.uniques[0].columns, ["{a,b}", "nul\"l"]);
    assert_eq!(odd.foreign_keys[0].table, Name::plain("Order"));
    let invoices = &schema.tables[&"billing.invoices".into()];
    assert_eq!(invoices.foreign_keys[0].table, Name::plain("users"));
}

#[tokio::test]
async fn indexes() {
    let (_database, schema) = shop_of("indexes").await;
    let indexes = &table(&schema, "users").indexes;
    let names: Vec<&str> = indexes.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "users_brin",
            "users_lower",
            "users_name_trgm",
            "users_nick_trgm",
            "users_seen",
            "users_settings"
        ]
    );
    let lower = &indexes["users_lower"];
    assert!(lower.parts[0].expression);
    assert_eq!(lower.parts[0].over, "lower((name)::text)");
    let nick = &lower.parts[1];
    assert_eq!(nick.collation.as_deref(), Some("\"POSIX\""));
    assert_eq!(nick.operator_class.as_deref(), Some("text_pattern_ops"));
    assert!(nick.descending);
    assert_eq!(nick.nulls_first, Some(false));
    assert_eq!(
        lower.predicate.as_deref(),
        Some("(score > (1)::double precision)")
    );
    let seen = &indexes["users_seen"];
    assert!(seen.unique && seen.parts[0].descending && !seen.parts[1].descending);
    assert_eq!(
        (seen.parts[0].nulls_first, seen.parts[1].nulls_first),
        (None, Some(true))
    );
    assert_eq!(seen.include, ["name", "feeling"]);
    assert_eq!(seen.options.value("fillfactor").unwrap(), "70");
    assert_eq!(seen.comment.as_deref(), Some("Who was here"));
    assert_eq!(indexes["users_settings"].method.as_deref(), Some("gin"));
    let nick = indexes["users_nick_trgm"].parts[0]
        .operator_class
        .as_deref();
    assert_eq!(nick, Some("gist_trgm_ops(siglen=32)"));
    assert_eq!(
        indexes["users_brin"]
            .options
            .value("pages_per_range")
            .unwrap(),
        "32"
    );
    let odd = &table(&schema, "Order").indexes["Odd \"Index\""];
    assert_eq!(odd.parts[0].over, "say \"hi\"");
    assert!(schema.views[&"billing.sums".into()].indexes["sums_user"].unique);
}

#[tokio::test]
async fn partitions_and_children() {
    let (_database, schema) = shop_of("partitions").await;
    assert_eq!(
        table(&schema, "measurements")
            .options
            .value("PARTITION BY")
            .unwrap(),
        "RANGE (at)"
    );
    let rest = table(&schema, "measurements_rest");
    assert_eq!(rest.options.value("PARTITION BY").unwrap(), "LIST (city)");
    assert_eq!(rest.partition_of.as_ref().unwrap().bounds, "DEFAULT");
    let part = table(&schema, "measurements_2020");
    let place = part.partition_of.as_ref().unwrap();
    assert_eq!(place.table, Name::plain("measurements"));
    assert!(
        place
            .bounds
            .starts_with("FOR VALUES FROM ('2020-01-01 00:00:00+00')")
    );
    // Properties of the table are reported there, and not again.
    assert_eq!(
        (&part.primary_key, part.checks.len(), part.triggers.len()),
        (&None, 0, 0)
    );
    let own: Vec<&str> = part.indexes.keys().map(String::as_str).collect();
    assert_eq!(own, ["only_2020"]);
    assert_eq!(table(&schema, "measurement_notes").foreign_keys.len(), 1);

    let birds = table(&schema, "birds");
    assert_eq!(birds.inherits, [Name::plain("animals")]);
    assert_eq!((birds.columns.len(), birds.checks.len()), (3, 0));
    assert!(
        table(&schema, "animals").checks[0]
            .options
            .has("NO INHERIT")
    );
    assert!(table(&schema, "cache").options.has("UNLOGGED"));
    assert_eq!(
        table(&schema, "of_type").options.value("OF").unwrap(),
        "address"
    );
}

#[tokio::test]
async fn code_types_and_rules_can_be_made_again() {
    let (_database, schema) = shop_of("code").await;
    let users = table(&schema, "users");
    assert_eq!(
        users.triggers["users_touch"],
        "CREATE TRIGGER users_touch BEFORE UPDATE OF name, email ON users FOR EACH ROW WHEN (old.name::text IS DISTINCT FROM new.name::text AND new.score > 1::double precision) EXECUTE FUNCTION touch()"
    );
    assert!(
        users.triggers["users_off"]
            .ends_with(";\nALTER TABLE \"users\" DISABLE TRIGGER \"users_off\"")
    );
    assert!(users.options.has("ENABLE ROW LEVEL SECURITY"));
    assert_eq!(
        users.policies["no_robots"],
        "CREATE POLICY \"no_robots\" ON \"users\" AS RESTRICTIVE FOR ALL TO PUBLIC USING (((name)::text <> 'robot'::text)) WITH CHECK ((score < (50)::double precision))"
    );
    assert!(table(&schema, "countries").rules["keep"].contains("DO INSTEAD NOTHING"));

    let signatures: Vec<String> = schema.routines.keys().map(ToString::to_string).collect();
    assert_eq!(
        signatures,
        [
            "function Odd Function(mood)",
            "function concat_state(text, text)",
            "function ignore_it()",
            "function may_see(accounts)",
            "function note_account()",
            "function note_account_total()",
            "function rows_of()",
            "function stage(text[])",
            "function touch()",
            "function billing.total(integer, numeric, text[])",
            "function billing.total(text)",
            "procedure clean(integer)",
            "aggregate group_concat(text)",
        ]
    );
    let touch = Signature {
        kind: RoutineKind::Function,
        name: Name::plain("touch"),
        arguments: String::new(),
    };
    let touch = &schema.routines[&touch];
    let definition = touch.definition.as_deref().unwrap();
    assert!(definition.starts_with("CREATE OR REPLACE FUNCTION touch()\n RETURNS trigger"));
    assert_eq!(touch.comment.as_deref(), Some("Says when"));

    assert_eq!(
        schema.enums[&"mood".into()].values,
        ["sad", "it's ok", "so so", "Happy"]
    );
    let amount = &schema.domains[&"billing.amount".into()];
    assert_eq!(
        (
            amount.sql_type.as_str(),
            amount.nullable,
            amount.checks.len()
        ),
        ("numeric(12,2)", true, 2)
    );
    assert!(!schema.domains[&"email".into()].nullable);
    assert_eq!(
        schema.types[&"address".into()].definition,
        "AS (street text, \"zip code\" character varying(10) COLLATE \"C\", country character(2))"
    );
    assert!(
        schema.types[&"price_range".into()]
            .definition
            .starts_with("AS RANGE (SUBTYPE = numeric")
    );
    let extensions: Vec<&str> = schema.extensions.keys().map(String::as_str).collect();
    assert_eq!(extensions, ["citext", "cube", "earthdistance", "pg_trgm"]);
    assert_eq!(schema.schemas["billing"].as_deref(), Some("What is paid"));
    assert!(schema.schemas.contains_key("empty_one") && !schema.schemas.contains_key("public"));

    let view = &schema.views[&"active_users".into()];
    assert_eq!(view.comment.as_deref(), Some("Those who do something"));
    assert_eq!(view.column_comments["roles"], "How many");
    assert!(schema.views[&"billing.sums".into()].materialized);
    let open = &schema.views[&"open_invoices".into()];
    assert_eq!(open.options.value("security_barrier").unwrap(), "true");
    assert!(open.triggers["named_insert"].contains("INSTEAD OF INSERT"));
    assert_eq!(
        schema.views[&"named_users".into()]
            .options
            .value("check_option")
            .unwrap(),
        "local"
    );
}

#[tokio::test]
async fn settings_of_the_user_change_nothing() {
    let (database, schema) = shop_of("settings").await;
    let settings = [
        "search_path=public,billing,pg_catalog",
        "DateStyle=SQL,DMY",
        "IntervalStyle=iso_8601",
        "TimeZone=Asia/Tokyo",
        "bytea_output=escape",
        "quote_all_identifiers=on",
        "standard_conforming_strings=off",
    ];
    for setting in settings {
        let (key, value) = setting.split_once('=').unwrap();
        let url = format!("{}?options[{key}]={value}", database.url());
        assert_eq!(read_url(&url).await, schema, "{setting}");
    }
}

#[tokio::test]
async fn a_user_with_no_right_at_all_reads_the_same_and_writes_nothing() {
    let (database, schema) = shop_of("rights").await;
    database
        .execute("DROP ROLE IF EXISTS introspect_nobody; CREATE ROLE introspect_nobody LOGIN PASSWORD 'x'; ALTER ROLE introspect_nobody SET default_transaction_read_only = on")
        .await;
    let (_, place) = database.url().rsplit_once('@').unwrap();
    assert_eq!(
        read_url(&format!("postgres://introspect_nobody:x@{place}")).await,
        schema
    );
}

#[tokio::test]
async fn only_the_named_schemas_that_are_asked_for() {
    let (database, _) = shop_of("asked for").await;
    let connected = Database::connect(database.url(), Create::Nothing)
        .await
        .unwrap();
    let reader = SchemaReader::new(LedgerNames::DEFAULT).schemas(["billing"]);
    let schema = connected.read_schema(&reader).await.unwrap();
    let tables: Vec<String> = schema.tables.keys().map(ToString::to_string).collect();
    assert_eq!(tables, ["billing.invoices", "billing.lines"]);
    assert_eq!(schema.schemas.len(), 1);
    // What they point to keeps its name.
    let invoices = &schema.tables[&"billing.invoices".into()];
    assert_eq!(invoices.foreign_keys[0].references, ["id"]);
    let nothing = SchemaReader::new(LedgerNames::DEFAULT).schemas(["no'such"]);
    let nothing = connected.read_schema(&nothing).await.unwrap();
    assert!(nothing.tables.is_empty() && nothing.schemas.is_empty());
}

#[tokio::test]
async fn another_schema_can_be_the_connections_own() {
    let (database, _) = shop_of("own").await;
    let url = format!("{}?options[search_path]=billing", database.url());
    let schema = read_url(&url).await;
    let invoices = table(&schema, "invoices");
    assert_eq!(default(invoices, "state"), Some("'open'::state"));
    assert_eq!(default(invoices, "mood"), Some("'it''s ok'::public.mood"));
    assert!(schema.schemas.contains_key("public"));
    assert_eq!(
        schema.extensions["citext"].schema.as_deref(),
        Some("public")
    );
    // Nothing at all is its own where the search path leads nowhere.
    let url = format!("{}?options[search_path]=nowhere", database.url());
    let schema = read_url(&url).await;
    assert!(schema.tables.keys().all(|name| name.schema.is_some()));
    assert!(schema.tables.contains_key(&"public.users".into()));
}

#[tokio::test]
async fn expressions_come_whole_and_in_one_spelling() {
    let (database, shop) = shop_of("postgres expressions").await;
    let accounts = table(&shop, "accounts");
    let check = &accounts.checks[0].expression;
    assert!(
        check.contains("ARRAY[('new'::character varying)::text"),
        "{check}"
    );
    let index = |name: &str| &accounts.indexes[name];
    let over = &index("accounts_by_words").parts[0].over;
    assert!(over.contains("stage(tags)"), "{over}");
    let year = &index("accounts_by_year").parts[0].over;
    assert!(year.contains("EXTRACT(year FROM opened)"), "{year}");
    assert_eq!(
        shop.extensions["earthdistance"].requires,
        BTreeSet::from(["cube".to_owned()])
    );
    assert_eq!(shop.collations.len(), 1);
    assert_eq!(shop.dictionaries.len(), 1);
    assert!(
        shop.configurations[&"words".into()]
            .definition
            .contains("FOR asciiword WITH billing.stems, simple")
    );
    drop(database);
}

#[tokio::test]
async fn what_is_not_carried_is_named() {
    let sql = "CREATE TABLE a (b integer, c integer);
CREATE OPERATOR FAMILY mine USING btree;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'secret');
ALTER TABLE a ALTER b SET (n_distinct = 5);";
    let (_database, schema) = with_sql(Dialect::Postgres, "postgres not carried", sql).await;
    let named: Vec<String> = schema.not_carried.iter().map(ToString::to_string).collect();
    assert_eq!(
        named,
        [
            "operator family `mine`",
            "settings of column `\"a.b\"`",
            "user mapping `public at s`",
        ]
    );
}
