//! Composite types that change: their values are carried over by the names of the attributes.

use super::{DIALECT, Plan};
use crate::ddl::Ddl;
use crate::diff::change::{Change, Object};
use crate::schema::composite::{Attribute, attributes, with_comments};
use crate::schema::{Name, Table, types};

/// Returns the statements that alter a composite type in place, as far as that is possible while
/// columns are of it: attributes go, and others come after the last
/// (<https://www.postgresql.org/docs/current/sql-altertype.html>).
pub(super) fn alter(name: &Name, from: &str, to: &str) -> Option<Vec<Ddl>> {
    let ((_, old_comments), (_, comments)) = (with_comments(from), with_comments(to));
    let (from, to) = (attributes(from)?, attributes(to)?);
    let mut left: Vec<&Attribute> = from.iter().filter(|it| to.contains(it)).collect();
    let is_new = |attribute: &&Attribute| !left.contains(attribute);
    let new: Vec<&Attribute> = to.iter().filter(is_new).collect();
    let is_retyped = new
        .iter()
        .any(|it| from.iter().any(|old| old.name == it.name));
    left.extend(&new);
    if is_retyped || !left.iter().copied().eq(&to) {
        return None;
    }
    let quoted = name.quoted(DIALECT);
    let dropped = from.iter().filter(|it| !to.contains(it)).map(|it| {
        let sql = format!(
            "ALTER TYPE {quoted} DROP ATTRIBUTE {}",
            DIALECT.quote(&it.name)
        );
        Ddl::new(sql).with_data_loss(format!("the values of `{name}.{}`", it.name))
    });
    let added = new.iter().map(|it| {
        let attribute = DIALECT.quote(&it.name);
        Ddl::new(format!(
            "ALTER TYPE {quoted} ADD ATTRIBUTE {attribute} {}",
            it.sql_type
        ))
    });
    let kept = |place: &str| {
        to.iter()
            .any(|it| place.ends_with(&format!(".{}", spelled_part(&it.name))))
    };
    let place = |comment: &str| comment.split(" IS ").next().unwrap_or_default().to_owned();
    let gone = old_comments.iter().map(|it| place(it));
    let gone = gone.filter(|old| kept(old) && comments.iter().all(|it| place(it) != *old));
    let gone = gone.map(|place| format!("{place} IS NULL"));
    let new = comments.iter().filter(|it| !old_comments.contains(it));
    let comments = gone.chain(new.map(|it| (*it).to_owned()));
    let comments: Vec<Ddl> = comments
        .map(|it| Ddl::new(format!("COMMENT ON COLUMN {it}")))
        .collect();
    Some(dropped.chain(added).chain(comments).collect())
}

impl<'a> Plan<'a> {
    /// Creates functions that make a value of each recreated composite type from one of the old: by
    /// the names of the attributes, for one value and for an array.
    pub(super) fn create_conversions(&mut self) {
        let (renamed, to) = (self.renamed(), self.transition.to);
        for (name, old) in &self.displaced {
            let (Some(before), Some(after)) = (renamed.types.get(name), to.types.get(name)) else {
                continue;
            };
            let before = attributes(&before.definition).unwrap_or_default();
            let Some(after) = attributes(&after.definition) else {
                continue;
            };
            let values: Vec<String> = after
                .iter()
                .map(|attribute| {
                    let old = before.iter().find(|it| it.name == attribute.name);
                    let value = format!("($1).{}", DIALECT.quote(&attribute.name));
                    match old {
                        None => "NULL".to_owned(),
                        Some(old) => self.converted(&value, &old.sql_type, &attribute.sql_type),
                    }
                })
                .collect();
            let (old, new) = (old.quoted(DIALECT), name.quoted(DIALECT));
            let function = conversion(name);
            let row = values.join(", ");
            self.conversions.push(format!(
                "CREATE FUNCTION {function}({old}) RETURNS {new} LANGUAGE plpgsql STRICT AS $convert$ BEGIN RETURN ROW({row})::{new}; END $convert$"
            ));
            self.conversions.push(format!(
                "CREATE FUNCTION {function}({old}[]) RETURNS {new}[] LANGUAGE plpgsql STRICT AS $convert$ BEGIN IF array_ndims($1) > 1 THEN RAISE 'an array of {new} has several dimensions'; END IF; RETURN ARRAY(SELECT {function}($1[i]) FROM generate_subscripts($1, 1) i ORDER BY i); END $convert$"
            ));
        }
        for sql in self.conversions.clone() {
            self.out.add(sql);
        }
    }

    /// Drops the functions that [`Self::create_conversions`] created.
    pub(super) fn drop_conversions(&mut self) {
        if self.conversions.is_empty() {
            return;
        }
        for (name, old) in self.displaced.clone() {
            if self.is_converted(&name) {
                let (function, old) = (conversion(&name), old.quoted(DIALECT));
                self.out.add(format!(
                    "DROP FUNCTION {function}({old}[]), {function}({old})"
                ));
            }
        }
    }

    /// Returns whether values of a type are made from the old ones by a function.
    fn is_converted(&self, name: &Name) -> bool {
        let is_composite = |types: &std::collections::BTreeMap<Name, crate::Definition>| {
            let definition = types.get(name).map(|of| attributes(&of.definition));
            definition.flatten().is_some()
        };
        self.displaced.contains_key(name)
            && is_composite(&self.renamed().types)
            && is_composite(&self.transition.to.types)
    }

    /// Writes an expression of a type that is displaced, or of another one, as one of the new type.
    pub(super) fn converted(&self, value: &str, from: &str, to: &str) -> String {
        let base = to.trim_end_matches("[]");
        let of = self.recreated_type(base);
        if let Some(name) = of
            && let Some(inner) = self.converted_domain(value, name, &to[base.len()..])
        {
            return format!("{inner}::{to}");
        }
        match of {
            Some(name) if self.is_converted(name) => format!("{}({value})", conversion(name)),
            Some(_) => format!("{value}::text::{to}"),
            None if from == to => value.to_owned(),
            None => types::cast(value, from, to).unwrap_or_else(|| value.to_owned()),
        }
    }

    /// Finds the recreated type that a text names.
    fn recreated_type(&self, text: &str) -> Option<&Name> {
        let mut recreated = self.affected.types.iter();
        recreated.find(|name| is_named(name, text))
    }

    /// Writes an expression of a displaced domain over a composite type, or of an array of it, as one
    /// of what the new domain is over: its text is of the old attributes.
    fn converted_domain(&self, value: &str, domain: &Name, array: &str) -> Option<String> {
        let before = self.renamed().domains.get(domain)?;
        let after = self.transition.to.domains.get(domain)?;
        let of = self.recreated_type(&after.sql_type)?;
        let is_same = is_named(of, &before.sql_type) && self.is_converted(of);
        let old = self.displaced.get(of).filter(|_| is_same)?;
        let (function, old) = (conversion(of), old.quoted(DIALECT));
        Some(format!("{function}({value}::{old}{array})"))
    }

    /// Returns whether a table is of a composite type that changes.
    fn is_of_changed_type(&self, of: &str) -> bool {
        let mut changes = self.transition.changes.iter();
        self.recreated_type(of).is_some()
            || changes.any(|change| match change {
                Change::Alter {
                    to: Object::Type { name, .. },
                    ..
                } => is_named(name, of),
                _ => false,
            })
    }

    /// Returns the tables that are of a type after the changes, or before them, and cannot be so
    /// meanwhile.
    fn retyped_tables(&self, before: bool) -> Vec<(String, String)> {
        let of = |table: &'a Table| table.options.value("OF");
        let surviving = self.affected.surviving();
        let tables = surviving.filter_map(|(name, old)| {
            let new = &self.transition.to.tables[name];
            let this = of(if before { old } else { new })?;
            let stays = of(old) == of(new) && !self.is_of_changed_type(this);
            (!stays).then(|| (name.quoted(DIALECT), this.to_owned()))
        });
        tables.collect()
    }

    /// Takes tables out of their types, which rule over their columns.
    pub(super) fn leave_types(&mut self) {
        for (table, _) in self.retyped_tables(true) {
            self.out.add(format!("ALTER TABLE {table} NOT OF"));
        }
    }

    /// Makes tables those of their types, when the columns are like the attributes.
    pub(super) fn enter_types(&mut self) {
        for (table, of) in self.retyped_tables(false) {
            self.out.add(format!("ALTER TABLE {table} OF {of}"));
        }
    }
}

/// Returns whether a text is the name of a type, as SQL or `format_type` writes it.
fn is_named(name: &Name, text: &str) -> bool {
    text == name.quoted(DIALECT) || text == name.to_string() || text == spelled(name)
}

/// Returns a name as `format_type` writes it: with quotes where it needs them.
fn spelled(name: &Name) -> String {
    let schema = name.schema.as_deref().map(spelled_part);
    let schema = schema.map_or_else(String::new, |schema| format!("{schema}."));
    format!("{schema}{}", spelled_part(&name.name))
}

fn spelled_part(text: &str) -> String {
    match crate::schema::text::is_plain(text) {
        true => text.to_owned(),
        false => DIALECT.quote(text),
    }
}

/// Returns the name of the function that makes a value of a type from one of the displaced type.
fn conversion(name: &Name) -> String {
    format!("pg_temp.{}", DIALECT.quote(&format!("to {name}")))
}

#[cfg(test)]
mod tests {
    use super::alter;
    use crate::schema::Name;
    use crate::schema::composite::lost;

    #[test]
    fn a_type_is_altered_in_place_where_that_keeps_the_order() {
        let name = Name::plain("t");
        let sql = |to: &str| {
            let ddl = alter(&name, "AS (a integer, b integer)", to);
            ddl.map(|all| {
                all.into_iter()
                    .map(|it| it.sql)
                    .collect::<Vec<_>>()
                    .join("; ")
            })
        };
        assert_eq!(
            sql("AS (a integer, c text)").as_deref(),
            Some(
                "ALTER TYPE \"t\" DROP ATTRIBUTE \"b\"; ALTER TYPE \"t\" ADD ATTRIBUTE \"c\" text"
            )
        );
        assert_eq!(sql("AS (b integer, a integer)"), None);
        assert_eq!(sql("AS (c text, a integer, b integer)"), None);
        assert_eq!(sql("AS (a integer, b text)"), None);
        let of = |to: &str| lost(&name, "AS (a bigint, b integer)", to);
        assert_eq!(of("AS (b integer, a bigint)"), None);
        assert_eq!(
            of("AS (a integer)").as_deref(),
            Some("the values of `t.a`, `t.b`")
        );
    }
}
