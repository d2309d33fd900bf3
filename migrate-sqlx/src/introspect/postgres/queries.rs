//! What is asked of PostgreSQL's catalogue: <https://www.postgresql.org/docs/current/catalogs.html>.
//!
//! Each row begins with a word that says what it is about, as all queries are one message. Names
//! come apart from their schemas; types, expressions and definitions come as PostgreSQL writes
//! them where only the connection's own schema is on the search path.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use migrate_core::Dialect;

use crate::literal::literal;

/// What the queries depend on: the server's version, and whether a user's settings would show.
pub(super) const VERSION: &str = "SHOW server_version_num";

/// The settings that the texts of defaults and definitions depend on; they end with the
/// transaction. Temporary tables come last, or they would hide others.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL DateStyle = ISO; SET LOCAL IntervalStyle = postgres; SET LOCAL TimeZone = 'UTC';
SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = hex; SET LOCAL quote_all_identifiers = off;
SET LOCAL standard_conforming_strings = on; SET LOCAL lc_monetary = 'C';
SELECT 'own', current_schema(), set_config('search_path', coalesce(quote_ident(current_schema()) || ', pg_temp', ''), true);
";

/// Writes all queries for a server of this version.
pub(super) fn all(version: u32, schemas: Option<&BTreeSet<String>>, with_state: bool) -> String {
    let scope = Scope { version, schemas };
    let mut queries = vec![
        scope.schemas(),
        scope.extensions(),
        scope.relations(),
        scope.columns(),
        scope.sequences(),
        scope.constraints(),
        scope.indexes(),
        scope.index_parts(),
        scope.inheritance(),
        scope.triggers(),
        scope.rules(),
        scope.policies(),
        scope.enums(),
        scope.domains(),
        scope.types(),
        scope.routines(),
        scope.aggregates(),
        scope.collations(),
        scope.dictionaries(),
        scope.configurations(),
        scope.statistics(),
        scope.wrappers(),
        scope.servers(),
        scope.operators(),
        scope.casts(),
        scope.publications(),
        scope.event_triggers(),
        scope.not_carried(),
    ];
    if with_state {
        queries.extend([
            scope.owners(),
            scope.grants(),
            scope.closed(),
            scope.dependencies(),
        ]);
    }
    let mut sql = BEGIN.to_owned();
    for query in queries {
        let _infallible = writeln!(sql, "{query};");
    }
    sql.push_str("COMMIT");
    sql
}

pub(super) struct Scope<'a> {
    pub(super) version: u32,
    schemas: Option<&'a BTreeSet<String>>,
}

impl Scope<'_> {
    /// The condition on a schema `n`. Names that begin with `pg_` are the system's
    /// (manual, 5.9 "Schemas").
    pub(super) fn is_meant(&self) -> String {
        match self.schemas {
            None => "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'".to_owned(),
            Some(names) => {
                let names: Vec<String> = names
                    .iter()
                    .map(|name| literal(Dialect::Postgres, name))
                    .collect();
                format!(
                    "n.nspname::text = ANY (ARRAY[{}]::text[])",
                    names.join(", ")
                )
            }
        }
    }

    /// The condition that an object belongs to no extension, and is not made by another object.
    pub(super) fn is_free(catalogue: &str, oid: &str) -> String {
        format!(
            "NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_catalog.{catalogue}'::regclass AND x.objid = {oid} AND x.objsubid = 0 AND x.deptype IN ('e', 'i'))"
        )
    }

    /// The tables and views that are meant, as `c`.
    fn of_relations(&self) -> String {
        format!(
            "JOIN pg_class c ON c.oid = {{relation}} JOIN pg_namespace n ON n.oid = c.relnamespace AND {}",
            self.is_meant()
        )
    }

    fn join(&self, relation: &str) -> String {
        self.of_relations().replace("{relation}", relation)
    }

    fn schemas(&self) -> String {
        format!(
            "SELECT 'schema', n.nspname, obj_description(n.oid, 'pg_namespace') FROM pg_namespace n WHERE {} AND {}",
            self.is_meant(),
            Self::is_free("pg_namespace", "n.oid")
        )
    }

    fn extensions(&self) -> String {
        "SELECT 'extension', e.extname, n.nspname, (SELECT array_agg(r.extname ORDER BY r.extname) FROM pg_depend d JOIN pg_extension r ON r.oid = d.refobjid WHERE d.classid = 'pg_catalog.pg_extension'::regclass AND d.objid = e.oid AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND r.extname <> 'plpgsql')::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'".to_owned()
    }

    fn relations(&self) -> String {
        format!(
            "SELECT 'relation', c.oid, n.nspname, c.relname, c.relkind, c.relpersistence = 'u', c.reloptions::text, t.reloptions::text,
 c.relrowsecurity, c.relforcerowsecurity, CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
 CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
 CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, w.description,
 CASE WHEN a.amname <> 'heap' OR c.relkind = 'p' THEN quote_ident(a.amname) END, CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
 CASE WHEN c.relkind IN ('r', 'p') THEN CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' WHEN 'i' THEN 'USING INDEX ' || (SELECT quote_ident(r.relname) FROM pg_index i JOIN pg_class r ON r.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisreplident) END END,
 quote_ident(s.srvname), {},
 CASE WHEN c.relkind = 'r' THEN (SELECT quote_ident(r.relname) FROM pg_index i JOIN pg_class r ON r.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisclustered) END
 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {}
 LEFT JOIN pg_description w ON w.classoid = 'pg_catalog.pg_class'::regclass AND w.objoid = c.oid AND w.objsubid = 0
 LEFT JOIN pg_class t ON t.oid = c.reltoastrelid LEFT JOIN pg_am a ON a.oid = c.relam
 LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
 WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relpersistence <> 't' AND {}",
            options("f.ftoptions"),
            self.is_meant(),
            Self::is_free("pg_class", "c.oid")
        )
    }

    fn columns(&self) -> String {
        let compression = match self.version >= 14_00_00 {
            true => "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END",
            false => "NULL",
        };
        let (not_null, join) = match self.version >= 18_00_00 {
            true => (NOT_NULL, NOT_NULL_CONSTRAINT),
            false => (
                "NULL, NULL, false, true, NOT a.attislocal OR c.relispartition",
                "",
            ),
        };
        format!(
            "SELECT 'column', a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
 pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, {},
 CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' WHEN 'x' THEN 'EXTENDED' END END,
 {compression}, CASE WHEN c.relkind IN ('r', 'p', 'f') AND a.attstattarget >= 0 THEN a.attstattarget END, w.description, NOT a.attislocal AND NOT c.relispartition, {not_null}
 FROM pg_attribute a {} JOIN pg_type t ON t.oid = a.atttypid
 LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 LEFT JOIN pg_description w ON w.classoid = 'pg_catalog.pg_class'::regclass AND w.objoid = a.attrelid AND w.objsubid = a.attnum{join}
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v', 'm') ORDER BY a.attrelid, a.attnum",
            collation("a.attcollation", "t.typcollation"),
            self.join("a.attrelid")
        )
    }

    /// The objects that have an owner and privileges: the catalogue's word, number, owner, and
    /// privileges, and the column that they are on.
    fn owned(&self) -> String {
        let meant = self.is_meant();
        format!(
            "(SELECT 'relation' AS catalogue, c.oid, c.relowner AS owner, NULL AS place, c.relacl AS acl FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {meant} WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
 UNION ALL SELECT 'relation', c.oid, c.relowner, a.attname::text, a.attacl FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace AND {meant} WHERE a.attacl IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
 UNION ALL SELECT 'routine', p.oid, p.proowner, NULL, p.proacl FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND {meant}
 UNION ALL SELECT 'type', t.oid, t.typowner, NULL, t.typacl FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {meant} WHERE t.typtype IN ('e', 'd', 'r', 'c')) o"
        )
    }

    /// The owners that are not the connected user.
    fn owners(&self) -> String {
        format!(
            "SELECT 'owner', o.catalogue, o.oid, quote_ident(pg_get_userbyid(o.owner)) FROM {} WHERE o.place IS NULL AND pg_get_userbyid(o.owner) <> current_user",
            self.owned()
        )
    }

    /// What others than the owners may do with objects and columns: one row for each role and place,
    /// and for what it may pass on.
    fn grants(&self) -> String {
        format!(
            "SELECT 'grant', g.catalogue, g.oid, string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), g.place, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END, g.is_grantable
 FROM (SELECT DISTINCT o.catalogue, o.oid, o.place, x.grantee, x.privilege_type, x.is_grantable FROM {} CROSS JOIN LATERAL aclexplode(o.acl) x WHERE x.grantee <> o.owner AND NOT (x.grantee = 0 AND o.catalogue <> 'relation')) g
 GROUP BY g.catalogue, g.oid, g.place, g.grantee, g.is_grantable",
            self.owned()
        )
    }

    /// The routines and types that `PUBLIC` may not use.
    fn closed(&self) -> String {
        format!(
            "SELECT 'closed', o.catalogue, o.oid FROM {} WHERE o.catalogue <> 'relation' AND o.acl IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(o.acl) x WHERE x.grantee = 0)",
            self.owned()
        )
    }

    fn dependencies(&self) -> String {
        DEPENDENCIES.replace(
            "{multirange}",
            match self.version >= 14_00_00 {
                true => "pg_range r ON r.rngmultitypid = t.oid",
                false => "pg_range r ON false",
            },
        )
    }

    /// Sequences with the column they belong to, and whether it is that one's identity.
    fn sequences(&self) -> String {
        format!(
            "SELECT 'sequence', c.oid, n.nspname, c.relname, c.oid::regclass, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle, s.seqcache,
 obj_description(c.oid, 'pg_class'), d.refobjid, d.refobjsubid, d.deptype = 'i'
 FROM pg_sequence s {} LEFT JOIN pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
 WHERE c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e')",
            self.join("s.seqrelid")
        )
    }

    /// Constraints of tables; those that a partition or a child only inherits are not its own.
    fn constraints(&self) -> String {
        let columns = |relation: &str, numbers: &str| {
            format!(
                "CASE WHEN {numbers} IS NOT NULL THEN (SELECT array_agg(a.attname ORDER BY u.place) FROM unnest({numbers}) WITH ORDINALITY u(number, place) JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = u.number)::text END"
            )
        };
        let set_columns = match self.version >= 15_00_00 {
            true => columns("k.conrelid", "k.confdelsetcols"),
            false => "NULL".to_owned(),
        };
        let nulls_not_distinct = self.nulls_not_distinct();
        let period = match self.version >= 18_00_00 {
            true => "k.conperiod",
            false => "false",
        };
        let enforced = match self.version >= 18_00_00 {
            true => "k.conenforced",
            false => "true",
        };
        format!(
            "SELECT 'constraint', k.conrelid, k.conname, k.contype, k.condeferrable, k.condeferred, k.convalidated, {enforced}, k.connoinherit, {},
 fn.nspname, fc.relname, {}, k.confupdtype, k.confdeltype, k.confmatchtype = 'f', {set_columns},
 CASE k.contype WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid) WHEN 'x' THEN pg_get_constraintdef(k.oid) END,
 CASE WHEN i.indnatts > i.indnkeyatts THEN (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attnum > i.indnkeyatts)::text END, {nulls_not_distinct}, {period}, obj_description(k.oid, 'pg_constraint'), CASE WHEN k.contype IN ('p', 'u', 'x') THEN obj_description(k.conindid, 'pg_class') END
 FROM pg_constraint k {} LEFT JOIN pg_class fc ON fc.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
 LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u')
 WHERE (k.contype IN ('p', 'u', 'f', 'c', 'x') OR k.contype = 'n' AND obj_description(k.oid, 'pg_constraint') IS NOT NULL) AND k.conparentid = 0 AND (k.contype NOT IN ('c', 'n') OR k.conislocal)",
            "k.conkey::text",
            columns("k.confrelid", "k.confkey"),
            self.join("k.conrelid")
        )
    }

    fn nulls_not_distinct(&self) -> &'static str {
        match self.version >= 15_00_00 {
            true => "i.indnullsnotdistinct",
            false => "false",
        }
    }

    /// Indexes that neither a constraint nor a partitioned table's index made.
    fn is_own_index() -> &'static str {
        "NOT ic.relispartition AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))"
    }

    fn indexes(&self) -> String {
        format!(
            "SELECT 'index', i.indrelid, i.indexrelid, ic.relname, i.indisunique, {}, CASE WHEN m.amname <> 'btree' THEN quote_ident(m.amname) END,
 pg_get_expr(i.indpred, i.indrelid), i.indisvalid OR c.relkind = 'p', ic.reloptions::text, w.description,
 CASE WHEN i.indnatts > i.indnkeyatts THEN (SELECT array_agg(coalesce(ta.attname, a.attname) ORDER BY a.attnum) FROM pg_attribute a LEFT JOIN pg_attribute ta ON ta.attrelid = i.indrelid AND ta.attnum = i.indkey[a.attnum - 1] WHERE a.attrelid = i.indexrelid AND a.attnum > i.indnkeyatts)::text END
 FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am m ON m.oid = ic.relam {}
 LEFT JOIN pg_description w ON w.classoid = 'pg_catalog.pg_class'::regclass AND w.objoid = i.indexrelid AND w.objsubid = 0 WHERE {}",
            self.nulls_not_distinct(),
            self.join("i.indrelid"),
            Self::is_own_index()
        )
    }

    fn index_parts(&self) -> String {
        let options = match self.version >= 13_00_00 {
            true => "array_to_string(a.attoptions, ', ')",
            false => "NULL",
        };
        format!(
            "SELECT 'part', a.attrelid, i.indkey[a.attnum - 1] = 0, CASE i.indkey[a.attnum - 1] WHEN 0 THEN pg_get_indexdef(i.indexrelid, a.attnum, false) ELSE ta.attname::text END,
 i.indoption[a.attnum - 1] & 1 = 1, i.indoption[a.attnum - 1] & 2 = 2, {},
 CASE WHEN NOT o.opcdefault OR {options} IS NOT NULL THEN CASE WHEN pg_opclass_is_visible(o.oid) THEN '' ELSE quote_ident(onsp.nspname) || '.' END || quote_ident(o.opcname) END, {options}
 FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid {} JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum <= i.indnkeyatts
 JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attribute ta ON ta.attrelid = i.indrelid AND ta.attnum = i.indkey[a.attnum - 1]
 JOIN pg_opclass o ON o.oid = i.indclass[a.attnum - 1] JOIN pg_namespace onsp ON onsp.oid = o.opcnamespace
 WHERE {} ORDER BY a.attrelid, a.attnum",
            collation(
                "i.indcollation[a.attnum - 1]",
                "CASE i.indkey[a.attnum - 1] WHEN 0 THEN t.typcollation ELSE ta.attcollation END"
            ),
            self.join("i.indrelid"),
            Self::is_own_index()
        )
    }

    fn inheritance(&self) -> String {
        format!(
            "SELECT 'inherits', h.inhrelid, pn.nspname, p.relname FROM pg_inherits h {} JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
 WHERE c.relkind IN ('r', 'p', 'f') ORDER BY h.inhrelid, h.inhseqno",
            self.join("h.inhrelid")
        )
    }

    /// Triggers; before PostgreSQL 13 those that a partition got from its table are internal.
    fn triggers(&self) -> String {
        let own = match self.version >= 13_00_00 {
            true => " AND t.tgparentid = 0",
            false => "",
        };
        format!(
            "SELECT 'trigger', t.tgrelid, t.tgname, pg_get_triggerdef(t.oid, true), t.tgenabled, obj_description(t.oid, 'pg_trigger') FROM pg_trigger t {} WHERE NOT t.tgisinternal{own}",
            self.join("t.tgrelid")
        )
    }

    fn rules(&self) -> String {
        format!(
            "SELECT 'rule', r.ev_class, r.rulename, pg_get_ruledef(r.oid, true), r.ev_enabled, obj_description(r.oid, 'pg_rewrite') FROM pg_rewrite r {} WHERE r.rulename <> '_RETURN'",
            self.join("r.ev_class")
        )
    }

    fn policies(&self) -> String {
        format!(
            "SELECT 'policy', p.polrelid, p.polname, p.polpermissive, CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
 (SELECT string_agg(CASE u.role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(u.role)) END, ', ' ORDER BY pg_get_userbyid(u.role)) FROM unnest(p.polroles) u(role)),
 pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy') FROM pg_policy p {}",
            self.join("p.polrelid")
        )
    }

    fn enums(&self) -> String {
        format!(
            "SELECT 'enum', t.oid, n.nspname, t.typname, obj_description(t.oid, 'pg_type'), e.enumlabel FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {}
 LEFT JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typtype = 'e' AND {} ORDER BY n.nspname, t.typname, e.enumsortorder",
            self.is_meant(),
            Self::is_free("pg_type", "t.oid")
        )
    }

    /// Domains, a row for each constraint; that of `NOT NULL` is one since PostgreSQL 17.
    fn domains(&self) -> String {
        format!(
            "SELECT 'domain', t.oid, n.nspname, t.typname, obj_description(t.oid, 'pg_type'), format_type(t.typbasetype, t.typtypmod), NOT t.typnotnull, pg_get_expr(t.typdefaultbin, 0), {},
 k.contype, k.conname, pg_get_expr(k.conbin, 0), k.convalidated, obj_description(k.oid, 'pg_constraint') FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {} JOIN pg_type b ON b.oid = t.typbasetype
 LEFT JOIN pg_constraint k ON k.contypid = t.oid AND k.contype IN ('c', 'n') WHERE t.typtype = 'd' AND {}",
            collation("t.typcollation", "b.typcollation"),
            self.is_meant(),
            Self::is_free("pg_type", "t.oid")
        )
    }

    /// Composite types that are no table's, and ranges.
    fn types(&self) -> String {
        let multirange = match self.version >= 14_00_00 {
            true => "'MULTIRANGE_TYPE_NAME = ' || format_type(r.rngmultitypid, NULL)",
            false => "NULL",
        };
        format!(
            "SELECT 'type', t.oid, n.nspname, t.typname, obj_description(t.oid, 'pg_type'),
 CASE t.typtype WHEN 'r' THEN 'AS RANGE (' || concat_ws(', ', 'SUBTYPE = ' || format_type(r.rngsubtype, NULL),
   CASE WHEN NOT o.opcdefault THEN 'SUBTYPE_OPCLASS = ' || CASE WHEN pg_opclass_is_visible(o.oid) THEN '' ELSE quote_ident(onsp.nspname) || '.' END || quote_ident(o.opcname) END,
   'COLLATION = ' || {}, CASE WHEN r.rngcanonical <> 0 THEN 'CANONICAL = ' || r.rngcanonical END, CASE WHEN r.rngsubdiff <> 0 THEN 'SUBTYPE_DIFF = ' || r.rngsubdiff END, {multirange}) || ')'
 ELSE 'AS (' || coalesce((SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), 'COLLATE ' || {}), ', ' ORDER BY a.attnum) FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '') || ')' || coalesce((SELECT string_agg(E';\nCOMMENT ON COLUMN ' || CASE WHEN n.nspname = current_schema() THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(t.typname) || '.' || quote_ident(a.attname) || ' IS ' || quote_literal(col_description(a.attrelid, a.attnum)), '' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped AND col_description(a.attrelid, a.attnum) IS NOT NULL), '') END
 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {} LEFT JOIN pg_class c ON c.oid = t.typrelid
 LEFT JOIN pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_type st ON st.oid = r.rngsubtype LEFT JOIN pg_opclass o ON o.oid = r.rngsubopc LEFT JOIN pg_namespace onsp ON onsp.oid = o.opcnamespace
 WHERE (t.typtype = 'r' OR (t.typtype = 'c' AND c.relkind = 'c')) AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_catalog.pg_type'::regclass AND x.objid = t.oid AND x.deptype = 'e')",
            collation("r.rngcollation", "st.typcollation"),
            collation("a.attcollation", "at.typcollation"),
            self.is_meant()
        )
    }

    /// Functions and procedures; the name of the schema comes quoted too, as it is in the
    /// definition.
    fn routines(&self) -> String {
        format!(
            "SELECT 'routine', p.oid, n.nspname, p.proname, p.prokind, oidvectortypes(p.proargtypes), obj_description(p.oid, 'pg_proc'), quote_ident(n.nspname) || '.', pg_get_functiondef(p.oid)
 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND {} WHERE p.prokind <> 'a' AND {}",
            self.is_meant(),
            Self::is_free("pg_proc", "p.oid")
        )
    }

    /// Aggregates, in the words of `CREATE AGGREGATE`.
    fn aggregates(&self) -> String {
        let function = |word: &str, column: &str| {
            format!("CASE WHEN g.{column} <> 0 THEN '{word} = ' || g.{column} END")
        };
        let parts = [
            "'SFUNC = ' || g.aggtransfn".to_owned(),
            "'STYPE = ' || format_type(g.aggtranstype, NULL)".to_owned(),
            "CASE WHEN g.aggtransspace <> 0 THEN 'SSPACE = ' || g.aggtransspace END".to_owned(),
            function("FINALFUNC", "aggfinalfn"),
            "CASE WHEN g.aggfinalextra THEN 'FINALFUNC_EXTRA' END".to_owned(),
            function("COMBINEFUNC", "aggcombinefn"),
            function("SERIALFUNC", "aggserialfn"),
            function("DESERIALFUNC", "aggdeserialfn"),
            "'INITCOND = ' || quote_literal(g.agginitval)".to_owned(),
            function("MSFUNC", "aggmtransfn"),
            function("MINVFUNC", "aggminvtransfn"),
            "CASE WHEN g.aggmtranstype <> 0 THEN 'MSTYPE = ' || format_type(g.aggmtranstype, NULL) END".to_owned(),
            "CASE WHEN g.aggmtransspace <> 0 THEN 'MSSPACE = ' || g.aggmtransspace END".to_owned(),
            function("MFINALFUNC", "aggmfinalfn"),
            "CASE WHEN g.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END".to_owned(),
            "'MINITCOND = ' || quote_literal(g.aggminitval)".to_owned(),
            "CASE WHEN g.aggsortop <> 0 THEN 'SORTOP = OPERATOR(' || (SELECT quote_ident(on_.nspname) || '.' || op.oprname FROM pg_operator op JOIN pg_namespace on_ ON on_.oid = op.oprnamespace WHERE op.oid = g.aggsortop) || ')' END".to_owned(),
            "CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END".to_owned(),
            "CASE WHEN g.aggkind = 'h' THEN 'HYPOTHETICAL' END".to_owned(),
        ];
        format!(
            "SELECT 'routine', p.oid, n.nspname, p.proname, p.prokind, oidvectortypes(p.proargtypes), obj_description(p.oid, 'pg_proc'), '',
 'CREATE AGGREGATE ' || CASE WHEN n.nspname = current_schema() THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(p.proname) || '(' || CASE WHEN p.pronargs = 0 THEN '*' ELSE pg_get_function_arguments(p.oid) END || ') (' || concat_ws(', ', {}) || ')'
 FROM pg_proc p JOIN pg_aggregate g ON g.aggfnoid = p.oid JOIN pg_namespace n ON n.oid = p.pronamespace AND {} WHERE {}",
            parts.join(", "),
            self.is_meant(),
            Self::is_free("pg_proc", "p.oid")
        )
    }
}

impl Scope<'_> {
    fn collations(&self) -> String {
        let locale = match self.version {
            17_00_00.. => "o.colllocale",
            15_00_00.. => "o.colliculocale",
            _ => "o.collcollate",
        };
        let rules = match self.version >= 16_00_00 {
            true => ", 'rules = ' || quote_literal(o.collicurules)",
            false => "",
        };
        format!(
            "SELECT 'collation', n.nspname, o.collname, obj_description(o.oid, 'pg_collation'), '(' || concat_ws(', ', 'provider = ' || CASE o.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
 CASE WHEN o.collprovider = 'c' THEN 'lc_collate = ' || quote_literal(o.collcollate) || ', lc_ctype = ' || quote_literal(o.collctype) ELSE 'locale = ' || quote_literal({locale}) END,
 CASE WHEN NOT o.collisdeterministic THEN 'deterministic = false' END{rules}) || ')'
 FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace AND {} WHERE {}",
            self.is_meant(),
            Self::is_free("pg_collation", "o.oid")
        )
    }

    fn dictionaries(&self) -> String {
        format!(
            "SELECT 'dictionary', n.nspname, o.dictname, obj_description(o.oid, 'pg_ts_dict'), '(' || concat_ws(', ', 'TEMPLATE = ' || quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname), o.dictinitoption) || ')'
 FROM pg_ts_dict o JOIN pg_ts_template t ON t.oid = o.dicttemplate JOIN pg_namespace tn ON tn.oid = t.tmplnamespace JOIN pg_namespace n ON n.oid = o.dictnamespace AND {} WHERE {}",
            self.is_meant(),
            Self::is_free("pg_ts_dict", "o.oid")
        )
    }

    /// Text search configurations, with the statements that add their mappings.
    fn configurations(&self) -> String {
        format!(
            "SELECT 'configuration', n.nspname, o.cfgname, obj_description(o.oid, 'pg_ts_config'), '(PARSER = ' || quote_ident(pn.nspname) || '.' || quote_ident(p.prsname) || ')' || coalesce((
 SELECT string_agg(E';\nALTER TEXT SEARCH CONFIGURATION ' || CASE WHEN n.nspname = current_schema() THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(o.cfgname) || ' ADD MAPPING FOR ' || m.alias || ' WITH ' || m.dictionaries, '' ORDER BY m.alias)
 FROM (SELECT k.alias, string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno) AS dictionaries FROM pg_ts_config_map m JOIN ts_token_type(o.cfgparser) k ON k.tokid = m.maptokentype WHERE m.mapcfg = o.oid GROUP BY k.alias) m), '')
 FROM pg_ts_config o JOIN pg_ts_parser p ON p.oid = o.cfgparser JOIN pg_namespace pn ON pn.oid = p.prsnamespace JOIN pg_namespace n ON n.oid = o.cfgnamespace AND {} WHERE {}",
            self.is_meant(),
            Self::is_free("pg_ts_config", "o.oid")
        )
    }

    fn wrappers(&self) -> String {
        format!(
            "SELECT 'of one text', 'wrapper', o.oid, o.fdwname, obj_description(o.oid, 'pg_foreign_data_wrapper'), concat_ws(' ', CASE o.fdwhandler WHEN 0 THEN 'NO HANDLER' ELSE 'HANDLER ' || o.fdwhandler::regproc END, CASE o.fdwvalidator WHEN 0 THEN 'NO VALIDATOR' ELSE 'VALIDATOR ' || o.fdwvalidator::regproc END, 'OPTIONS (' || {} || ')')
 FROM pg_foreign_data_wrapper o WHERE o.oid >= 16384 AND {}",
            options("o.fdwoptions"),
            Self::is_free("pg_foreign_data_wrapper", "o.oid")
        )
    }

    fn servers(&self) -> String {
        format!(
            "SELECT 'of one text', 'server', o.oid, o.srvname, obj_description(o.oid, 'pg_foreign_server'), concat_ws(' ', 'TYPE ' || quote_literal(o.srvtype), 'VERSION ' || quote_literal(o.srvversion), 'FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname), 'OPTIONS (' || {} || ')')
 FROM pg_foreign_server o JOIN pg_foreign_data_wrapper w ON w.oid = o.srvfdw WHERE {}",
            options("o.srvoptions"),
            Self::is_free("pg_foreign_server", "o.oid")
        )
    }

    /// Operators, but for those that another one only announces.
    fn operators(&self) -> String {
        let function = |word: &str, column: &str| {
            format!("CASE WHEN o.{column} <> 0 THEN '{word} = ' || o.{column}::regproc END")
        };
        let side = |word: &str, column: &str| {
            format!(
                "CASE WHEN o.{column} <> 0 THEN '{word} = ' || format_type(o.{column}, NULL) END"
            )
        };
        let other = |word: &str, column: &str| {
            format!(
                "CASE WHEN o.{column} <> 0 THEN (SELECT '{word} = OPERATOR(' || CASE WHEN xn.nspname = current_schema() THEN '' ELSE quote_ident(xn.nspname) || '.' END || x.oprname || ')' FROM pg_operator x JOIN pg_namespace xn ON xn.oid = x.oprnamespace WHERE x.oid = o.{column}) END"
            )
        };
        let parts = [
            function("FUNCTION", "oprcode"),
            side("LEFTARG", "oprleft"),
            side("RIGHTARG", "oprright"),
            other("COMMUTATOR", "oprcom"),
            other("NEGATOR", "oprnegate"),
            function("RESTRICT", "oprrest"),
            function("JOIN", "oprjoin"),
            "CASE WHEN o.oprcanhash THEN 'HASHES' END".to_owned(),
            "CASE WHEN o.oprcanmerge THEN 'MERGES' END".to_owned(),
        ];
        format!(
            "SELECT 'operator', o.oid, n.nspname, o.oprname || ' (' || CASE o.oprleft WHEN 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END || ', ' || CASE o.oprright WHEN 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END || ')', obj_description(o.oid, 'pg_operator'), '(' || concat_ws(', ', {}) || ')'
 FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace AND {} WHERE o.oprcode <> 0 AND {}",
            parts.join(", "),
            self.is_meant(),
            Self::is_free("pg_operator", "o.oid")
        )
    }

    fn casts(&self) -> String {
        format!(
            "SELECT 'of one text', 'cast', o.oid, format_type(o.castsource, NULL) || ' AS ' || format_type(o.casttarget, NULL), obj_description(o.oid, 'pg_cast'), CASE o.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || o.castfunc::regprocedure WHEN 'i' THEN 'WITH INOUT' ELSE 'WITHOUT FUNCTION' END || CASE o.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END
 FROM pg_cast o WHERE o.oid >= 16384 AND {}",
            Self::is_free("pg_cast", "o.oid")
        )
    }

    fn publications(&self) -> String {
        let of_table = match self.version >= 15_00_00 {
            true => {
                "coalesce((SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) || ')' FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), '') || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')"
            }
            false => "''",
        };
        let schemas = match self.version >= 15_00_00 {
            true => {
                "(SELECT string_agg('TABLES IN SCHEMA ' || CASE WHEN n.nspname = current_schema() THEN 'CURRENT_SCHEMA' ELSE quote_ident(n.nspname) END, ', ' ORDER BY n.nspname) FROM pg_publication_namespace r JOIN pg_namespace n ON n.oid = r.pnnspid WHERE r.pnpubid = o.oid)"
            }
            false => "NULL::text",
        };
        let via_root = match self.version >= 13_00_00 {
            true => "CASE WHEN o.pubviaroot THEN 'publish_via_partition_root = true' END",
            false => "NULL::text",
        };
        let generated = match self.version >= 18_00_00 {
            true => "CASE o.pubgencols WHEN 's' THEN 'publish_generated_columns = stored' END",
            false => "NULL::text",
        };
        format!(
            "SELECT 'of one text', 'publication', o.oid, o.pubname, obj_description(o.oid, 'pg_publication'), concat_ws(' ', CASE WHEN o.puballtables THEN 'FOR ALL TABLES' ELSE 'FOR ' || nullif(concat_ws(', ', (SELECT string_agg('TABLE ONLY ' || r.prrelid::regclass || {of_table}, ', ' ORDER BY r.prrelid::regclass::text) FROM pg_publication_rel r WHERE r.prpubid = o.oid), {schemas}), '') END,
 'WITH (' || nullif(concat_ws(', ', CASE WHEN NOT (o.pubinsert AND o.pubupdate AND o.pubdelete AND o.pubtruncate) THEN 'publish = ' || quote_literal(concat_ws(', ', CASE WHEN o.pubinsert THEN 'insert' END, CASE WHEN o.pubupdate THEN 'update' END, CASE WHEN o.pubdelete THEN 'delete' END, CASE WHEN o.pubtruncate THEN 'truncate' END)) END, {via_root}, {generated}), '') || ')')
 FROM pg_publication o WHERE {}",
            Self::is_free("pg_publication", "o.oid")
        )
    }

    fn event_triggers(&self) -> String {
        format!(
            "SELECT 'of one text', 'event trigger', o.oid, o.evtname, obj_description(o.oid, 'pg_event_trigger'), 'ON ' || o.evtevent || coalesce(' WHEN TAG IN (' || (SELECT string_agg(quote_literal(t.tag), ', ' ORDER BY t.tag) FROM unnest(o.evttags) t(tag)) || ')', '') || ' EXECUTE FUNCTION ' || o.evtfoid::regproc || '()' || CASE o.evtenabled WHEN 'O' THEN '' ELSE E';\nALTER EVENT TRIGGER ' || quote_ident(o.evtname) || CASE o.evtenabled WHEN 'D' THEN ' DISABLE' WHEN 'R' THEN ' ENABLE REPLICA' ELSE ' ENABLE ALWAYS' END END
 FROM pg_event_trigger o WHERE {}",
            Self::is_free("pg_event_trigger", "o.oid")
        )
    }

    /// Extended statistics: what follows the name in `CREATE STATISTICS`.
    fn statistics(&self) -> String {
        format!(
            "SELECT 'statistics', n.nspname, o.stxname, obj_description(o.oid, 'pg_statistic_ext'), substr(pg_get_statisticsobjdef(o.oid), length('CREATE STATISTICS ' || quote_ident(n.nspname) || '.' || quote_ident(o.stxname)) + 2)
 FROM pg_statistic_ext o JOIN pg_namespace n ON n.oid = o.stxnamespace AND {} WHERE {}",
            self.is_meant(),
            Self::is_free("pg_statistic_ext", "o.oid")
        )
    }
}

/// What depends on what, except on what PostgreSQL brings along (`FirstNormalObjectId`): on each side
/// the catalogue's word and number of an object, and the part of it. A row type stands for its
/// relation, an array type for that of its elements, a multirange for its range, and what implements
/// a view for the view.
const DEPENDENCIES: &str = "WITH address AS (
 SELECT 'pg_class'::regclass::oid AS class, c.oid AS number, 0 AS sub, CASE c.relkind WHEN 'c' THEN 'type' ELSE 'relation' END AS catalogue, CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END AS oid, 'relation' AS part, NULL::text AS name
  FROM pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
 UNION ALL SELECT 'pg_class'::regclass, c.oid, a.attnum, CASE c.relkind WHEN 'c' THEN 'type' ELSE 'relation' END, CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END, 'column', a.attname::text
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.oid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
 UNION ALL SELECT 'pg_class'::regclass, i.indexrelid, 0, 'relation', i.indrelid, CASE WHEN k.oid IS NULL THEN 'index' ELSE 'constraint' END, coalesce(k.conname, c.relname)::text
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x') WHERE i.indexrelid >= 16384
 UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, 0, 'relation', d.adrelid, 'default', a.attname::text FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
 UNION ALL SELECT 'pg_constraint'::regclass, k.oid, 0, CASE k.conrelid WHEN 0 THEN 'type' ELSE 'relation' END, CASE k.conrelid WHEN 0 THEN k.contypid ELSE k.conrelid END, 'constraint', k.conname::text FROM pg_constraint k
 UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, 0, 'relation', r.ev_class, CASE r.rulename WHEN '_RETURN' THEN 'relation' ELSE 'rule' END, r.rulename::text FROM pg_rewrite r WHERE r.oid >= 16384
 UNION ALL SELECT 'pg_trigger'::regclass, t.oid, 0, 'relation', t.tgrelid, 'trigger', t.tgname::text FROM pg_trigger t WHERE NOT t.tgisinternal
 UNION ALL SELECT 'pg_policy'::regclass, p.oid, 0, 'relation', p.polrelid, 'policy', p.polname::text FROM pg_policy p
 UNION ALL SELECT 'pg_proc'::regclass, p.oid, 0, 'routine', p.oid, 'routine', NULL FROM pg_proc p WHERE p.oid >= 16384
 UNION ALL SELECT 'pg_operator'::regclass, o.oid, 0, 'operator', o.oid, 'operator', NULL FROM pg_operator o WHERE o.oid >= 16384
 UNION ALL SELECT 'pg_cast'::regclass, o.oid, 0, 'cast', o.oid, 'cast', NULL FROM pg_cast o WHERE o.oid >= 16384
 UNION ALL SELECT 'pg_type'::regclass, x.oid, 0, CASE WHEN c.relkind <> 'c' THEN 'relation' ELSE 'type' END, CASE WHEN c.relkind <> 'c' THEN c.oid ELSE coalesce(r.rngtypid, t.oid) END, 'relation', NULL
  FROM pg_type x JOIN pg_type t ON t.oid = CASE WHEN x.typcategory = 'A' AND x.typelem <> 0 THEN x.typelem ELSE x.oid END LEFT JOIN pg_class c ON c.oid = t.typrelid LEFT JOIN {multirange} WHERE x.oid >= 16384
) SELECT DISTINCT 'depends', s.catalogue, s.oid, s.part, s.name, t.catalogue, t.oid, t.part, t.name
 FROM pg_depend d JOIN address s ON s.class = d.classid AND s.number = d.objid AND s.sub = d.objsubid JOIN address t ON t.class = d.refclassid AND t.number = d.refobjid AND t.sub = d.refobjsubid
 WHERE d.deptype IN ('n', 'a') AND d.objid >= 16384 AND d.refobjid >= 16384";

/// The constraint `k` that makes a column not null: PostgreSQL 18 and later.
const NOT_NULL_CONSTRAINT: &str = "
 LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum";

/// Its name where it is not the usual one: first of one that is the table's own, then of one that a
/// table above has too. That of a partition, and of one that only comes from above, is usually the
/// name there; else `pg_dump` counts the same as usual (`determineNotNullFlags`). Then whether it is
/// not inherited by others, is valid, and only comes from above.
const NOT_NULL: &str = "CASE WHEN k.coninhcount = 0 AND k.conname <> c.relname || '_' || a.attname || '_not_null' THEN k.conname END,
 CASE WHEN k.coninhcount > 0 AND k.conname <> CASE WHEN c.relispartition OR NOT k.conislocal THEN (SELECT pk.conname::text FROM pg_inherits h JOIN pg_attribute pa ON pa.attrelid = h.inhparent AND pa.attname = a.attname JOIN pg_constraint pk ON pk.conrelid = h.inhparent AND pk.contype = 'n' AND NOT pk.connoinherit AND pk.conkey[1] = pa.attnum WHERE h.inhrelid = a.attrelid ORDER BY h.inhseqno LIMIT 1) ELSE c.relname || '_' || a.attname || '_not_null' END THEN k.conname END,
 coalesce(k.connoinherit, false), coalesce(k.convalidated, true), NOT coalesce(k.conislocal, true)";

/// The options of what is foreign, as SQL writes them.
fn options(of: &str) -> String {
    format!(
        "(SELECT string_agg(quote_ident(x.option_name) || ' ' || quote_literal(x.option_value), ', ' ORDER BY x.option_name) FROM pg_options_to_table({of}) x)"
    )
}

/// A collation as SQL writes it, where it is not the usual one.
fn collation(oid: &str, usual: &str) -> String {
    format!(
        "CASE WHEN {oid} <> {usual} THEN (SELECT CASE WHEN pg_collation_is_visible(l.oid) THEN '' ELSE quote_ident(ln.nspname) || '.' END || quote_ident(l.collname) FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace WHERE l.oid = {oid}) END"
    )
}
