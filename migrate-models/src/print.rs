//! Models for tables that have none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use migrate_core::Dialect;
use migrate_schema::{
    Action, Affinity, Column, Enum, ForeignKey, Index, Key, Name, Schema, Table, mentions,
};

use super::Models;

impl Models {
    /// Writes structs for the tables of a schema that no model describes, with what sqlx reads from
    /// each column. A partition or a virtual table gets none.
    ///
    /// They say the keys and the plain indexes; what else the schema has stays as it is.
    #[must_use]
    pub fn print_missing(&self, schema: &Schema) -> Vec<(Name, String)> {
        let known: BTreeSet<&Name> = self.models().iter().map(|model| &model.table).collect();
        let mut printer = Printer {
            schema,
            names: self
                .models()
                .iter()
                .map(|it| it.rust_name.clone())
                .collect(),
            enums: BTreeMap::new(),
        };
        let missing = schema.tables.iter().filter(|(name, table)| {
            !known.contains(name) && table.partition_of.is_none() && !table.options.has("USING")
        });
        missing
            .map(|(name, table)| (name.clone(), printer.table(name, table)))
            .collect()
    }
}

struct Printer<'a> {
    schema: &'a Schema,
    /// The names that are taken.
    names: BTreeSet<String>,
    /// The Rust names of the enums that are written.
    enums: BTreeMap<&'a Name, String>,
}

/// A field's type in Rust.
enum Rust {
    Known(String),
    /// None that is known here: its column's type is said.
    Unknown,
}

impl<'a> Printer<'a> {
    fn table(&mut self, name: &Name, table: &'a Table) -> String {
        let struct_name = self.free(&name.name);
        let mut parts = vec![format!("name = {:?}", name.to_string())];
        let key = table.primary_key.as_ref().map(|key| &key.columns);
        match key.map(Vec::as_slice) {
            Some([id]) if id == "id" => {}
            Some([_]) => {}
            Some(columns) => parts.push(format!("primary_key({})", listed(columns))),
            None if table.column("id").is_some() => parts.push("primary_key()".to_owned()),
            None => {}
        }
        let several = |key: &&Key| key.columns.len() > 1;
        for key in table.uniques.iter().filter(several) {
            parts.push(format!("unique({})", listed(&key.columns)));
        }
        for key in &table.foreign_keys {
            if key.columns.len() > 1 {
                let columns = listed(&key.columns);
                let target = target(key);
                let actions = actions(key);
                parts.push(format!(
                    "foreign_key(columns({columns}), references = {target}{actions})"
                ));
            }
        }
        for (index_name, index) in &table.indexes {
            parts.extend(of_index(index_name, index));
        }
        let mut fields = String::new();
        let mut enums = String::new();
        for column in &table.columns {
            self.field(table, column, &mut fields, &mut enums);
        }
        let list = match parts.len() {
            1 => parts.concat(),
            _ => format!("\n    {},\n", parts.join(",\n    ")),
        };
        format!(
            "{enums}#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]\n#[table({list})]\npub struct {struct_name} {{\n{fields}}}\n"
        )
    }

    fn field(&mut self, table: &Table, column: &Column, out: &mut String, enums: &mut String) {
        let mut said = Vec::new();
        let key = table.primary_key.as_ref().map(|key| key.columns.as_slice());
        if let Some([only]) = key
            && *only == column.name
            && only != "id"
        {
            said.push("primary_key".to_owned());
        }
        if table
            .uniques
            .iter()
            .any(|key| key.columns == [column.name.as_str()])
        {
            said.push("unique".to_owned());
        }
        let keys = table.foreign_keys.iter();
        for key in keys
            .filter(|key| key.columns == [column.name.as_str()])
            .take(1)
        {
            said.push(format!("references = {}{}", target(key), actions(key)));
        }
        let mut of = match self.rust(table, column, enums) {
            Rust::Known(of) => of,
            Rust::Unknown => {
                let _infallible = writeln!(
                    out,
                    "    // sqlx has no type for `{}`: select it as text.",
                    column.sql_type
                );
                said.push(format!("type = {:?}", column.sql_type));
                "String".to_owned()
            }
        };
        let in_key = key.is_some_and(|key| key.contains(&column.name));
        if column.nullable && !in_key {
            of = format!("Option<{of}>");
        }
        if !said.is_empty() {
            let _infallible = writeln!(out, "    #[column({})]", said.join(", "));
        }
        let name = identifier(&column.name);
        if name.trim_start_matches("r#") != column.name {
            let _infallible = writeln!(out, "    #[sqlx(rename = {:?})]", column.name);
        }
        let _infallible = writeln!(out, "    pub {name}: {of},");
    }

    /// Returns a name of a type that is not taken.
    fn free(&mut self, name: &str) -> String {
        let mut name = name.to_upper_camel_case();
        if name.is_empty() || name.starts_with(|sign: char| sign.is_ascii_digit()) {
            name.insert(0, 'T');
        }
        if syn::parse_str::<syn::Ident>(&name).is_err() {
            name.push_str("Row");
        }
        let mut free = name.clone();
        let mut number = 2;
        while !self.names.insert(free.clone()) {
            free = format!("{name}{number}");
            number += 1;
        }
        free
    }

    fn rust(&mut self, table: &Table, column: &Column, enums: &mut String) -> Rust {
        let sql_type = column.sql_type.to_lowercase();
        let known = match self.schema.dialect {
            Dialect::Sqlite => Some(sqlite(table, column)),
            Dialect::MySql => mysql(table, column),
            Dialect::Postgres => return self.postgres(&sql_type, &column.sql_type, enums),
        };
        known.map_or(Rust::Unknown, |known| Rust::Known(known.to_owned()))
    }

    fn postgres(&mut self, small: &str, sql_type: &str, enums: &mut String) -> Rust {
        if let (Some(small), Some(of)) = (small.strip_suffix("[]"), sql_type.strip_suffix("[]")) {
            return match self.postgres(small, of, enums) {
                Rust::Known(of) => Rust::Known(format!("Vec<{of}>")),
                Rust::Unknown => Rust::Unknown,
            };
        }
        // PostgreSQL quotes a part only where it must.
        let plain = sql_type.replace('"', "");
        let is_of = |name: &&Name| name.to_string() == plain;
        if let Some(name) = self.schema.enums.keys().find(is_of) {
            return Rust::Known(self.enumeration(name, &self.schema.enums[name], enums));
        }
        if let Some(name) = self.schema.domains.keys().find(is_of) {
            let of = self.schema.domains[name].sql_type.clone();
            return self.postgres(&of.to_lowercase(), &of, enums);
        }
        let bare = small.split_once('(').map_or_else(
            || small.to_owned(),
            |(name, rest)| {
                let tail = rest.split_once(')').map_or("", |(_, tail)| tail);
                format!("{}{tail}", name.trim())
            },
        );
        Rust::Known(
            match bare.as_str() {
                "boolean" => "bool",
                "smallint" => "i16",
                "integer" => "i32",
                "bigint" => "i64",
                "real" => "f32",
                "double precision" => "f64",
                "numeric" => "rust_decimal::Decimal",
                "text" | "character varying" | "character" | "name" | "citext" => "String",
                "bytea" => "Vec<u8>",
                "uuid" => "uuid::Uuid",
                "timestamp without time zone" => "chrono::NaiveDateTime",
                "timestamp with time zone" => "chrono::DateTime<chrono::Utc>",
                "date" => "chrono::NaiveDate",
                "time without time zone" => "chrono::NaiveTime",
                "interval" => "sqlx::postgres::types::PgInterval",
                "money" => "sqlx::postgres::types::PgMoney",
                "json" | "jsonb" => "serde_json::Value",
                "inet" | "cidr" => "sqlx::types::ipnetwork::IpNetwork",
                "\"char\"" => "i8",
                "time with time zone" => "sqlx::postgres::types::PgTimeTz",
                "macaddr" => "sqlx::types::mac_address::MacAddress",
                "bit" | "bit varying" => "sqlx::types::BitVec",
                "oid" => "sqlx::postgres::types::Oid",
                "point" => "sqlx::postgres::types::PgPoint",
                "line" => "sqlx::postgres::types::PgLine",
                "lseg" => "sqlx::postgres::types::PgLSeg",
                "box" => "sqlx::postgres::types::PgBox",
                "path" => "sqlx::postgres::types::PgPath",
                "polygon" => "sqlx::postgres::types::PgPolygon",
                "circle" => "sqlx::postgres::types::PgCircle",
                "hstore" => "sqlx::postgres::types::PgHstore",
                "ltree" => "sqlx::postgres::types::PgLTree",
                "lquery" => "sqlx::postgres::types::PgLQuery",
                "cube" => "sqlx::postgres::types::PgCube",
                "int4range" => "sqlx::postgres::types::PgRange<i32>",
                "int8range" => "sqlx::postgres::types::PgRange<i64>",
                "numrange" => "sqlx::postgres::types::PgRange<rust_decimal::Decimal>",
                "daterange" => "sqlx::postgres::types::PgRange<chrono::NaiveDate>",
                "tsrange" => "sqlx::postgres::types::PgRange<chrono::NaiveDateTime>",
                "tstzrange" => "sqlx::postgres::types::PgRange<chrono::DateTime<chrono::Utc>>",
                _ => return Rust::Unknown,
            }
            .to_owned(),
        )
    }

    /// Writes an enum of PostgreSQL, and returns its name in Rust.
    fn enumeration(&mut self, name: &'a Name, of: &Enum, out: &mut String) -> String {
        if let Some(known) = self.enums.get(name) {
            return known.clone();
        }
        let rust_name = self.free(&name.name);
        self.enums.insert(name, rust_name.clone());
        let mut taken = BTreeSet::new();
        let mut variants = String::new();
        for value in &of.values {
            let mut variant = value.to_upper_camel_case();
            if syn::parse_str::<syn::Ident>(&variant).is_err() {
                variant.insert(0, 'V');
            }
            while !taken.insert(variant.clone()) {
                variant.push('_');
            }
            let _infallible = writeln!(variants, "    #[sqlx(rename = {value:?})]\n    {variant},");
        }
        let sql = name.quoted(Dialect::Postgres);
        let sql = match name.to_string() {
            plain if plain == plain.to_snake_case() => plain,
            _ => sql,
        };
        let _infallible = write!(
            out,
            "#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]\n#[sqlx(type_name = {sql:?})]\npub enum {rust_name} {{\n{variants}}}\n\n"
        );
        rust_name
    }
}

fn mysql(table: &Table, column: &Column) -> Option<&'static str> {
    let sql_type = column.sql_type.to_lowercase();
    let unsigned = sql_type.contains("unsigned");
    let is_json = |check: &migrate_schema::Check| {
        mentions(&check.expression, "json_valid") && mentions(&check.expression, &column.name)
    };
    if table.checks.iter().any(is_json) {
        return Some("serde_json::Value");
    }
    let name = sql_type.split(['(', ' ']).next().unwrap_or_default();
    Some(match (name, unsigned) {
        ("tinyint", _) if sql_type.starts_with("tinyint(1)") => "bool",
        ("tinyint", false) => "i8",
        ("tinyint", true) => "u8",
        ("smallint", false) => "i16",
        ("smallint", true) | ("year", _) => "u16",
        ("mediumint" | "int", false) => "i32",
        ("mediumint" | "int", true) => "u32",
        ("bigint", false) => "i64",
        ("bigint", true) => "u64",
        ("float", _) => "f32",
        ("double", _) => "f64",
        ("decimal", _) => "rust_decimal::Decimal",
        ("bit", _) if sql_type == "bit(1)" => "bool",
        ("bit", _) => "u64",
        ("char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext", _) => "String",
        ("enum" | "set" | "inet4" | "inet6" | "uuid", _) => "String",
        ("binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob", _) => "Vec<u8>",
        ("datetime", _) => "chrono::NaiveDateTime",
        ("timestamp", _) => "chrono::DateTime<chrono::Utc>",
        ("date", _) => "chrono::NaiveDate",
        ("time", _) => "chrono::NaiveTime",
        ("json", _) => "serde_json::Value",
        _ => return None,
    })
}

fn sqlite(table: &Table, column: &Column) -> &'static str {
    let sql_type = column.sql_type.to_uppercase();
    let name = sql_type.split('(').next().unwrap_or_default().trim();
    let strict = table.options.has("STRICT");
    match name {
        "BOOLEAN" | "BOOL" => return "bool",
        "DATETIME" | "TIMESTAMP" => return "chrono::NaiveDateTime",
        "DATE" => return "chrono::NaiveDate",
        "TIME" => return "chrono::NaiveTime",
        _ if name.starts_with("JSON") => return "serde_json::Value",
        _ => {}
    }
    match Affinity::of(&column.sql_type, strict) {
        Affinity::Integer => "i64",
        Affinity::Real | Affinity::Numeric => "f64",
        Affinity::Text => "String",
        Affinity::Blob => "Vec<u8>",
    }
}

/// Returns a name as a field.
fn identifier(column: &str) -> String {
    let name = match syn::parse_str::<syn::Ident>(&format!("r#{column}")) {
        Ok(_) => column.to_owned(),
        Err(_) => {
            let name = column.to_snake_case();
            match syn::parse_str::<syn::Ident>(&format!("r#{name}")) {
                Ok(_) => name,
                Err(_) => format!("column_{name}"),
            }
        }
    };
    match syn::parse_str::<syn::Ident>(&name) {
        Ok(_) => name,
        Err(_) => format!("r#{name}"),
    }
}

/// Writes names in an attribute.
fn listed(names: &[String]) -> String {
    let quoted = names
        .iter()
        .map(|name| match syn::parse_str::<syn::Ident>(name) {
            Ok(_) => name.clone(),
            Err(_) => format!("{name:?}"),
        });
    quoted.collect::<Vec<_>>().join(", ")
}

fn target(key: &ForeignKey) -> String {
    let table = key.table.to_string();
    match key.references.is_empty() {
        true => format!("{table:?}"),
        false => format!("{:?}", format!("{table}({})", key.references.join(", "))),
    }
}

fn actions(key: &ForeignKey) -> String {
    let mut text = String::new();
    for (word, action) in [("on_delete", key.on_delete), ("on_update", key.on_update)] {
        if action != Action::NoAction {
            let action = action.as_sql().to_lowercase();
            let _infallible = write!(text, ", {word} = {action:?}");
        }
    }
    text
}

/// Writes an index over whole columns; another one stays without being said.
fn of_index(name: &str, index: &Index) -> Option<String> {
    let is_plain = index.parts.iter().all(|part| {
        !part.expression
            && part.nulls_first.is_none()
            && part.collation.is_none()
            && part.operator_class.is_none()
            && part.prefix.is_none()
    });
    if !is_plain || index.predicate.is_some() || index.method.is_some() || !index.include.is_empty()
    {
        return None;
    }
    let parts = index.parts.iter().map(|part| {
        let end = if part.descending { " desc" } else { "" };
        format!("{}{end}", listed(std::slice::from_ref(&part.over)))
    });
    let parts = parts.collect::<Vec<_>>().join(", ");
    let unique = if index.unique { ", unique" } else { "" };
    let nulls = match index.nulls_not_distinct {
        true => ", nulls_not_distinct",
        false => "",
    };
    Some(format!(
        "index(columns({parts}), name = {name:?}{unique}{nulls})"
    ))
}
