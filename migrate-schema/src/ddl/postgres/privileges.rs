//! What is restored to an object that was dropped and recreated, and is not part of its schema.

use super::{DIALECT, Plan};
use crate::ddl::definition::{keyword, quoted};
use crate::diff::change::{Change, Object};
use crate::schema::{Grant, Name, ObjectKind, ObjectRef, Privileges, Signature};

impl<'a> Plan<'a> {
    /// Remembers that an object is created; where one of its name was dropped, its owner and
    /// privileges are restored at the end.
    pub(super) fn recreated(&mut self, object: ObjectRef<'a>) {
        let before = self
            .renamed()
            .find(object)
            .or_else(|| self.relation_before(object))
            .or_else(|| self.successor_of(object));
        if let Some(before) = before {
            self.recreated.push((object, before.key()));
        }
    }

    /// Returns the view that a table of its name stands in for, or the reverse: what may be granted on
    /// them is the same.
    fn relation_before(&self, object: ObjectRef<'_>) -> Option<ObjectRef<'a>> {
        let renamed = self.renamed();
        match object {
            ObjectRef::Table(name, _) => {
                let (name, view) = renamed.views.get_key_value(name)?;
                Some(ObjectRef::View(name, view))
            }
            ObjectRef::View(name, _) => {
                let (name, table) = renamed.tables.get_key_value(name)?;
                Some(ObjectRef::Table(name, table))
            }
            _ => None,
        }
    }

    /// Returns the dropped routine that a new one of its name and kind stands in for, with other
    /// arguments, if there is one such pair.
    fn successor_of(&self, object: ObjectRef<'_>) -> Option<ObjectRef<'a>> {
        let ObjectRef::Routine(new, _) = object else {
            return None;
        };
        let (renamed, to) = (self.renamed(), self.transition.to);
        let is_same = |it: &&Signature| it.name == new.name && it.kind == new.kind;
        let gone = renamed.routines.keys().filter(is_same);
        let mut gone = gone.filter(|it| !to.routines.contains_key(*it));
        let come = to.routines.keys().filter(is_same);
        let come = come.filter(|it| !renamed.routines.contains_key(*it));
        let (old, None, 1) = (gone.next()?, gone.next(), come.count()) else {
            return None;
        };
        Some(ObjectRef::Routine(old, &renamed.routines[old]))
    }

    /// Restores who may use the recreated objects, and then, as only an owner may grant that, who
    /// owns them.
    pub(super) fn restore_privileges(&mut self) {
        for (object, before) in std::mem::take(&mut self.recreated) {
            // The reverse starts from a schema that may not have been read from a database.
            let now = self.transition.to.state.privileges.get(&object.key());
            let old = self.renamed().state.privileges.get(&before);
            let mut found = old.into_iter().chain(now);
            if let Some(privileges) = found.next() {
                self.grant(object, privileges);
            }
        }
        self.restore_privileges_of_columns();
    }

    /// Restores who may use the columns that were dropped and added again to a table that stayed.
    fn restore_privileges_of_columns(&mut self) {
        let mut statements = Vec::new();
        for (name, before) in self.affected.surviving() {
            let key = ObjectRef::Table(name, before).key();
            let old = self.renamed().state.privileges.get(&key);
            let now = self.transition.to.state.privileges.get(&key);
            let Some(privileges) = old.or(now) else {
                continue;
            };
            let after = ObjectRef::Table(name, &self.transition.to.tables[name]);
            let grants = privileges.grants.iter().filter(|grant| {
                let column = grant.column.as_deref();
                column.is_some_and(|column| self.is_column_recreated(name, column))
            });
            statements.extend(grants.filter_map(|grant| on_object(after, grant)));
        }
        for statement in statements {
            self.out.add(statement);
        }
    }

    fn is_column_recreated(&self, table: &Name, column: &str) -> bool {
        self.affected.is_rebuilt(table, column)
            || self.transition.changes.iter().any(|change| {
                matches!(change, Change::Drop(Object::Column { table: of, value })
                    if of == table && value.name == column)
            })
    }

    fn grant(&mut self, object: ObjectRef<'_>, privileges: &Privileges) {
        let (kind, name) = (keyword(object), quoted(DIALECT, object));
        if privileges.is_closed {
            let on = granted_on(object);
            self.out.add(format!("REVOKE ALL ON {on} FROM PUBLIC"));
        }
        for grant in &privileges.grants {
            if let Some(statement) = on_object(object, grant) {
                self.out.add(statement);
            }
        }
        if let Some(owner) = &privileges.owner {
            let kind = match object {
                ObjectRef::View(_, view) => super::views::kind(view).to_owned(),
                _ => kind,
            };
            self.out
                .add(format!("ALTER {kind} {name} OWNER TO {owner}"));
        }
    }
}

/// Writes an object as `GRANT` names it.
fn granted_on(object: ObjectRef<'_>) -> String {
    let (kind, name) = (keyword(object), quoted(DIALECT, object));
    match object.kind() {
        ObjectKind::Table | ObjectKind::View | ObjectKind::Sequence => name,
        ObjectKind::Domain => format!("TYPE {name}"),
        _ if kind == "AGGREGATE" => format!("FUNCTION {name}"),
        _ => format!("{kind} {name}"),
    }
}

/// Writes the statement of a grant, unless its column is gone.
fn on_object(object: ObjectRef<'_>, grant: &Grant) -> Option<String> {
    let option = match grant.grantable {
        true => " WITH GRANT OPTION",
        false => "",
    };
    let all = match &grant.column {
        None => grant.privileges.clone(),
        Some(column) if has_column(object, column) => {
            let column = DIALECT.quote(column);
            let each = grant.privileges.split(", ");
            let each: Vec<String> = each.map(|it| format!("{it} ({column})")).collect();
            each.join(", ")
        }
        Some(_) => return None,
    };
    let (on, grantee) = (granted_on(object), &grant.grantee);
    Some(format!("GRANT {all} ON {on} TO {grantee}{option}"))
}

/// Returns whether a table or view has a column of this name, as far as is known.
fn has_column(object: ObjectRef<'_>, column: &str) -> bool {
    match object {
        ObjectRef::Table(_, table) => table.column(column).is_some(),
        ObjectRef::View(_, view) => view.state.may_have(column),
        _ => false,
    }
}
