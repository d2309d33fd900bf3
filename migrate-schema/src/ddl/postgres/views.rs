//! Views that stay while they change.

use std::collections::BTreeMap;

use super::{DIALECT, Plan, comment};
use crate::diff::Transition;
use crate::schema::{Name, View};

/// Returns whether an existing view can stay: it is the same, or `CREATE OR REPLACE VIEW` changes
/// it. So it keeps its owner and privileges, and views over it can stay.
pub(super) fn stays(transition: &Transition<'_>, name: &Name) -> bool {
    let (Some(before), Some(after)) = (
        transition.after_renames.schema.views.get(name),
        transition.to.views.get(name),
    ) else {
        return false;
    };
    if before == after {
        return true;
    }
    // Only comments and defaults.
    let bare = |view: &View| View {
        comment: None,
        column_comments: BTreeMap::new(),
        column_defaults: BTreeMap::new(),
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

impl Plan<'_> {
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
        self.set_defaults(name, &before.column_defaults);
    }

    /// Gives the columns of a view their defaults, where they had others.
    pub(super) fn set_defaults(&mut self, name: &Name, before: &BTreeMap<String, String>) {
        let after = &self.transition.to.views[name].column_defaults;
        let gone = before.keys().filter(|column| !after.contains_key(*column));
        let gone = gone.map(|column| (column, "DROP DEFAULT".to_owned()));
        let new = after
            .iter()
            .filter(|(column, default)| before.get(*column) != Some(default));
        let new = new.map(|(column, default)| (column, format!("SET DEFAULT {default}")));
        for (column, what) in gone.chain(new) {
            self.out.add(format!(
                "ALTER VIEW {} ALTER COLUMN {} {what}",
                name.quoted(DIALECT),
                DIALECT.quote(column)
            ));
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
