//! Views that stay while they change, and what is given back to one that cannot.

use std::collections::BTreeMap;

use super::{DIALECT, Plan, comment};
use crate::diff::change::{Change, Constraint, Object};
use crate::schema::text::Words;
use crate::schema::{Name, View};

impl Plan<'_> {
    /// Returns whether an existing view can stay: it is the same, or `CREATE OR REPLACE VIEW` changes
    /// it. So it keeps its owner and privileges, and views over it can stay.
    pub(super) fn stays(&self, name: &Name) -> bool {
        let (Some(before), Some(after)) = (
            self.renamed().views.get(name),
            self.transition.to.views.get(name),
        ) else {
            return false;
        };
        if before == after {
            return true;
        }
        // Only comments.
        let bare = |view: &View| View {
            comment: None,
            column_comments: BTreeMap::new(),
            ..view.clone()
        };
        if bare(before) == bare(after) {
            return true;
        }
        !before.materialized
            && !after.materialized
            && before.triggers == after.triggers
            && before.rules == after.rules
            && before.state.is_replaceable_by(&after.state)
    }

    /// Returns whether a constraint is dropped that a view may group by: the view depends on it
    /// (<https://www.postgresql.org/docs/current/sql-select.html#SQL-GROUPBY>).
    pub(super) fn groups_by_key(&self, words: &Words) -> bool {
        words.mention("group")
            && self.transition.changes.iter().any(|change| match change {
                Change::Drop(Object::Constraint {
                    table,
                    value: Constraint::PrimaryKey(_),
                }) => words.mention(&table.name),
                _ => false,
            })
    }

    /// Changes a view in place.
    pub(super) fn replace_view(&mut self, name: &Name) {
        let (before, after) = (&self.renamed().views[name], &self.transition.to.views[name]);
        let quoted = name.quoted(DIALECT);
        if before.definition != after.definition || before.options != after.options {
            let head = create_head("CREATE OR REPLACE", &quoted, after);
            self.out.add(format!("{head} AS {}", after.definition));
        }
        let kind = kind(after);
        if before.comment != after.comment {
            self.out
                .add(comment(kind, &quoted, after.comment.as_deref()));
        }
        let columns = before.column_comments.keys();
        let gone = columns.filter(|column| !after.column_comments.contains_key(*column));
        let gone = gone.map(|column| (column, None));
        let all = after.column_comments.iter();
        let now = all.filter(|(column, text)| before.column_comments.get(*column) != Some(text));
        for (column, text) in gone.chain(now.map(|(column, text)| (column, Some(&**text)))) {
            let column = format!("{quoted}.{}", DIALECT.quote(column));
            self.out.add(comment("COLUMN", &column, text));
        }
    }

    /// Gives a view that was dropped and recreated what is not part of its schema: who may use it,
    /// and then, as only an owner may give that, its owner.
    pub(super) fn give_back(&mut self, name: &Name) {
        let Some(before) = self.renamed().views.get(name) else {
            return;
        };
        let after = &self.transition.to.views[name];
        // The reverse starts from a schema that may not have been read from a database.
        let grants = match before.state.grants.is_empty() {
            true => &after.state.grants,
            false => &before.state.grants,
        };
        let quoted = name.quoted(DIALECT);
        for grant in grants {
            let option = match grant.grantable {
                true => " WITH GRANT OPTION",
                false => "",
            };
            let privileges = match &grant.column {
                None => grant.privileges.clone(),
                Some(column) if after.state.may_have(column) => {
                    let column = DIALECT.quote(column);
                    let each = grant.privileges.split(", ");
                    let each: Vec<String> = each.map(|it| format!("{it} ({column})")).collect();
                    each.join(", ")
                }
                Some(_) => continue,
            };
            self.out.add(format!(
                "GRANT {privileges} ON {quoted} TO {}{option}",
                grant.grantee
            ));
        }
        if let Some(owner) = before.state.owner.as_ref().or(after.state.owner.as_ref()) {
            let kind = kind(after);
            self.out
                .add(format!("ALTER {kind} {quoted} OWNER TO {owner}"));
        }
    }
}

pub(super) const fn kind(view: &View) -> &'static str {
    match view.materialized {
        true => "MATERIALIZED VIEW",
        false => "VIEW",
    }
}

/// Writes the statement up to `AS`.
pub(super) fn create_head(create: &str, quoted: &str, view: &View) -> String {
    let mut head = format!("{create} {} {quoted}", kind(view));
    if let Some(method) = view.options.value("USING") {
        head = format!("{head} USING {method}");
    }
    let storage: Vec<String> = view
        .options
        .values()
        .filter(|(word, _)| *word != "USING")
        .map(|(word, value)| format!("{word} = {value}"))
        .collect();
    if !storage.is_empty() {
        head = format!("{head} WITH ({})", storage.join(", "));
    }
    head
}
