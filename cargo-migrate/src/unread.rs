//! What a database has and no schema of ours can hold: it is named, so that nobody misses it later.

use migrate_core::Dialect;
use migrate_sqlx::Database;

use crate::error::CommandError;
use crate::import::applied::rows;

/// What stands in PostgreSQL's catalogue beside what is read of it, without what came with the
/// server or belongs to an extension (<https://www.postgresql.org/docs/current/catalogs.html>).
const POSTGRES: &str = "\
SELECT kind, name FROM (
    SELECT 'event trigger' AS kind, evtname::text AS name, 'pg_event_trigger'::regclass AS of, oid FROM pg_event_trigger
    UNION ALL SELECT 'publication', pubname::text, 'pg_publication'::regclass, oid FROM pg_publication
    UNION ALL SELECT 'subscription', subname::text, 'pg_subscription'::regclass, oid FROM pg_subscription
        WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'collation', collname::text, 'pg_collation'::regclass, oid FROM pg_collation
    UNION ALL SELECT 'conversion', conname::text, 'pg_conversion'::regclass, oid FROM pg_conversion
    UNION ALL SELECT 'operator', oid::regoperator::text, 'pg_operator'::regclass, oid FROM pg_operator
    UNION ALL SELECT 'operator class', opcname::text, 'pg_opclass'::regclass, oid FROM pg_opclass
    UNION ALL SELECT 'cast', castsource::regtype::text || ' to ' || casttarget::regtype::text, 'pg_cast'::regclass, oid FROM pg_cast
    UNION ALL SELECT 'text search configuration', cfgname::text, 'pg_ts_config'::regclass, oid FROM pg_ts_config
    UNION ALL SELECT 'text search dictionary', dictname::text, 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
    UNION ALL SELECT 'extended statistics', stxname::text, 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext
    UNION ALL SELECT 'foreign-data wrapper', fdwname::text, 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'foreign server', srvname::text, 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
    UNION ALL SELECT 'language', lanname::text, 'pg_language'::regclass, oid FROM pg_language
    UNION ALL SELECT 'base type', oid::regtype::text, 'pg_type'::regclass, oid FROM pg_type WHERE typtype = 'b' AND typcategory <> 'A'
    UNION ALL SELECT 'comment on constraint', conname::text, 'pg_constraint'::regclass, c.oid FROM pg_constraint c
        JOIN pg_description d ON d.classoid = 'pg_constraint'::regclass AND d.objoid = c.oid
    UNION ALL SELECT 'comment on trigger', tgname::text, 'pg_trigger'::regclass, t.oid FROM pg_trigger t
        JOIN pg_description d ON d.classoid = 'pg_trigger'::regclass AND d.objoid = t.oid
    UNION ALL SELECT 'comment on policy', polname::text, 'pg_policy'::regclass, p.oid FROM pg_policy p
        JOIN pg_description d ON d.classoid = 'pg_policy'::regclass AND d.objoid = p.oid
) AS found
WHERE oid >= 16384 AND NOT EXISTS (
    SELECT FROM pg_depend WHERE classid = found.of AND objid = found.oid AND deptype = 'e'
)
ORDER BY 1, 2";

const MYSQL: &str = "\
SELECT 'event', event_name FROM information_schema.events WHERE event_schema = DATABASE()
UNION ALL SELECT LOWER(routine_type), routine_name FROM information_schema.routines
    WHERE routine_schema = DATABASE() AND routine_type NOT IN ('FUNCTION', 'PROCEDURE')
ORDER BY 1, 2";

const SQLITE: &str = "\
SELECT 'pragma user_version', CAST(user_version AS TEXT) FROM pragma_user_version WHERE user_version <> 0
UNION ALL SELECT 'pragma application_id', CAST(application_id AS TEXT) FROM pragma_application_id WHERE application_id <> 0";

/// Names what the database has that a schema does not hold, such as ``event `nightly` ``. Rights
/// and owners are no part of it.
pub(crate) async fn unread(database: &Database) -> Result<Vec<String>, CommandError> {
    let sql = match database.dialect() {
        Dialect::Postgres => POSTGRES,
        Dialect::MySql => MYSQL,
        Dialect::Sqlite => SQLITE,
    };
    let found = rows(database, sql)
        .await
        .map_err(migrate_sqlx::Error::Database)?;
    let told = found.into_iter().map(|row| {
        let mut row = row.into_iter().map(Option::unwrap_or_default);
        let (kind, name) = (
            row.next().unwrap_or_default(),
            row.next().unwrap_or_default(),
        );
        format!("{kind} `{name}`")
    });
    Ok(told.collect())
}
