//! What `pg_dump` writes and a [`Schema`](migrate_schema::Schema) does not hold: the one list of it,
//! so that it is at least named.
//!
//! Left out of the list too, as documented: owners and privileges, tablespaces, security labels, and
//! what a role that is no superuser cannot see.

use super::queries::Scope;

/// A kind of object, or a property of one, that is only named.
struct NotCarried {
    /// The kind in lower case, in SQL.
    kind: &'static str,
    /// Where it is found: the catalogue, and what is joined to it as `n` if it is in a schema.
    from: &'static str,
    /// The catalogue whose dependencies say whether an extension has created it, and its number.
    of: Option<(&'static str, &'static str)>,
    /// The name, in SQL.
    name: &'static str,
    /// Which rows are meant; what PostgreSQL brings along without a schema has a number below 16384
    /// (`FirstNormalObjectId`).
    only: &'static str,
    /// The first version of the server that has it.
    since: u32,
}

const COLUMN: &str = "pg_attribute o JOIN pg_class c ON c.oid = o.attrelid AND o.attnum > 0 AND NOT o.attisdropped JOIN pg_namespace n ON n.oid = c.relnamespace";
const INDEX: &str = "pg_index o JOIN pg_class c ON c.oid = o.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace";

const fn in_schema(
    kind: &'static str,
    from: &'static str,
    catalogue: &'static str,
    name: &'static str,
    only: &'static str,
) -> NotCarried {
    NotCarried {
        kind,
        from,
        of: Some((catalogue, "o.oid")),
        name,
        only,
        since: 0,
    }
}

const LIST: &[NotCarried] = &[
    in_schema(
        "'base type'",
        "pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace",
        "pg_type",
        "o.typname",
        "(o.typtype = 'b' AND o.typelem = 0 OR NOT o.typisdefined)",
    ),
    in_schema(
        "'conversion'",
        "pg_conversion o JOIN pg_namespace n ON n.oid = o.connamespace",
        "pg_conversion",
        "o.conname",
        "true",
    ),
    in_schema(
        "'operator class'",
        "pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace",
        "pg_opclass",
        "o.opcname",
        "true",
    ),
    // `CREATE OPERATOR CLASS` creates one of its own name.
    in_schema(
        "'operator family'",
        "pg_opfamily o JOIN pg_namespace n ON n.oid = o.opfnamespace",
        "pg_opfamily",
        "o.opfname",
        "NOT EXISTS (SELECT FROM pg_opclass k WHERE k.opcfamily = o.oid AND k.opcname = o.opfname)",
    ),
    in_schema(
        "'text search parser'",
        "pg_ts_parser o JOIN pg_namespace n ON n.oid = o.prsnamespace",
        "pg_ts_parser",
        "o.prsname",
        "true",
    ),
    in_schema(
        "'text search template'",
        "pg_ts_template o JOIN pg_namespace n ON n.oid = o.tmplnamespace",
        "pg_ts_template",
        "o.tmplname",
        "true",
    ),
    // Usually that of a column is like the table.
    NotCarried {
        kind: "CASE o.relpersistence WHEN 'u' THEN 'unlogged sequence' ELSE 'logged sequence of an unlogged table' END",
        from: "pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace",
        of: Some(("pg_class", "o.oid")),
        name: "o.relname",
        only: "o.relkind = 'S' AND o.relpersistence <> 't' AND o.relpersistence <> coalesce((SELECT t.relpersistence FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = o.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'a'), 'p')",
        since: 15_00_00,
    },
    NotCarried {
        kind: "'statistics target of statistics'",
        from: "pg_statistic_ext o JOIN pg_namespace n ON n.oid = o.stxnamespace",
        of: Some(("pg_statistic_ext", "o.oid")),
        name: "o.stxname",
        only: "o.stxstattarget >= 0",
        since: 13_00_00,
    },
    // The own schema has no entry of its own.
    NotCarried {
        kind: "'comment on schema'",
        from: "pg_namespace n",
        of: None,
        name: "n.nspname",
        only: "n.nspname = current_schema() AND obj_description(n.oid, 'pg_namespace') <> 'standard public schema'",
        since: 0,
    },
    NotCarried {
        kind: "'access method'",
        from: "pg_am o",
        of: Some(("pg_am", "o.oid")),
        name: "o.amname",
        only: "o.oid >= 16384",
        since: 0,
    },
    NotCarried {
        kind: "'language'",
        from: "pg_language o",
        of: Some(("pg_language", "o.oid")),
        name: "o.lanname",
        only: "o.oid >= 16384",
        since: 0,
    },
    NotCarried {
        kind: "'transform'",
        from: "pg_transform o JOIN pg_language l ON l.oid = o.trflang",
        of: Some(("pg_transform", "o.oid")),
        name: "format_type(o.trftype, NULL) || ' of ' || l.lanname",
        only: "o.oid >= 16384",
        since: 0,
    },
    // Their options are secrets.
    NotCarried {
        kind: "'user mapping'",
        from: "pg_user_mappings o",
        of: None,
        name: "o.usename || ' at ' || o.srvname",
        only: "true",
        since: 0,
    },
    NotCarried {
        kind: "'subscription'",
        from: "pg_subscription o JOIN pg_database d ON d.oid = o.subdbid",
        of: None,
        name: "o.subname",
        only: "d.datname = current_database()",
        since: 0,
    },
    NotCarried {
        kind: "'settings of column'",
        from: COLUMN,
        of: Some(("pg_class", "c.oid")),
        name: "c.relname || '.' || o.attname",
        only: "c.relkind IN ('r', 'p', 'f', 'm') AND (o.attoptions IS NOT NULL OR o.attfdwoptions IS NOT NULL)",
        since: 0,
    },
    NotCarried {
        kind: "'statistics target of ' || CASE c.relkind WHEN 'm' THEN 'view column' ELSE 'index column' END",
        from: COLUMN,
        of: Some(("pg_class", "c.oid")),
        name: "c.relname || '.' || o.attname",
        only: "c.relkind IN ('i', 'I', 'm') AND o.attstattarget >= 0",
        since: 0,
    },
    NotCarried {
        kind: "'storage of view column'",
        from: COLUMN,
        of: Some(("pg_class", "c.oid")),
        name: "c.relname || '.' || o.attname",
        only: "c.relkind = 'm' AND o.attstorage <> (SELECT t.typstorage FROM pg_type t WHERE t.oid = o.atttypid)",
        since: 0,
    },
    NotCarried {
        kind: "'view clustered on'",
        from: INDEX,
        of: Some(("pg_class", "o.indrelid")),
        name: "c.relname",
        only: "o.indisclustered AND EXISTS (SELECT FROM pg_class t WHERE t.oid = o.indrelid AND t.relkind = 'm')",
        since: 0,
    },
    NotCarried {
        kind: "'settings of constraint'",
        from: INDEX,
        of: Some(("pg_class", "o.indrelid")),
        name: "c.relname",
        only: "c.reloptions IS NOT NULL AND EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u'))",
        since: 0,
    },
    // `CREATE INDEX … ON ONLY`: those of the partitions are not attached.
    NotCarried {
        kind: "'index of a partitioned table alone'",
        from: INDEX,
        of: Some(("pg_class", "o.indrelid")),
        name: "c.relname",
        only: "c.relkind = 'I' AND NOT o.indisvalid",
        since: 0,
    },
    NotCarried {
        kind: "'state of trigger in partition'",
        from: "pg_trigger o JOIN pg_trigger above ON above.oid = o.tgparentid JOIN pg_class c ON c.oid = o.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace",
        of: Some(("pg_class", "c.oid")),
        name: "c.relname || '.' || o.tgname",
        only: "o.tgenabled <> above.tgenabled",
        since: 13_00_00,
    },
];

impl Scope<'_> {
    /// What is only named: the kind, the schema and the name of each.
    pub(super) fn not_carried(&self) -> String {
        let there = LIST.iter().filter(|it| it.since <= self.version);
        let parts: Vec<String> = there.map(|it| self.named(it)).collect();
        format!(
            "SELECT 'not carried', x.* FROM ({}) x",
            parts.join(" UNION ALL ")
        )
    }

    fn named(&self, it: &NotCarried) -> String {
        let (namespace, is_meant) = match it.from.contains("pg_namespace n") {
            true => ("n.nspname::text", self.is_meant()),
            false => ("NULL", "true".to_owned()),
        };
        let is_free = match it.of {
            Some((catalogue, number)) => Self::is_free(catalogue, number),
            None => "true".to_owned(),
        };
        format!(
            "SELECT {}, {namespace}, ({})::text FROM {} WHERE {is_meant} AND ({}) AND {is_free}",
            it.kind, it.name, it.from, it.only
        )
    }
}
