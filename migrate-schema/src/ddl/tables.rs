//! Helpers for tables and views that the dialects share.

use std::collections::{BTreeMap, BTreeSet};

use crate::ddl::{Ddl, Out};
use crate::diff::change::{Change, Object};
use crate::diff::{Transition, view_order};
use crate::schema::text::Words;
use crate::schema::{Name, Schema, Table};
use migrate_core::Dialect;

/// Returns the views to drop before objects that they may reference are altered, dependents first.
///
/// `touched` says it of a view by its own name and words, with those of its triggers and rules,
/// which go and come with it; what is over such a view goes as well.
pub(super) fn views_to_drop(schema: &Schema, touched: impl Fn(&Name, &Words) -> bool) -> Vec<Name> {
    let order = view_order(schema);
    let mut views: Vec<(&Name, usize)> = order.iter().map(|(name, place)| (name, *place)).collect();
    views.sort_by_key(|(_, place)| *place);
    let mut gone: Vec<Name> = Vec::new();
    for (name, _) in views {
        let view = &schema.views[name];
        let with = view.triggers.values().chain(view.rules.values());
        let texts: Vec<&str> = [&view.definition]
            .into_iter()
            .chain(with)
            .map(String::as_str)
            .collect();
        let words = Words::of(&texts.join(" "));
        if touched(name, &words) || gone.iter().any(|below| words.mention(&below.name)) {
            gone.push(name.clone());
        }
    }
    gone.reverse();
    gone
}

/// Returns the views to drop: those that change, and those whose words `touched` returns true for.
pub(super) fn views_that_change(
    transition: &Transition<'_>,
    touched: impl Fn(&Words) -> bool,
) -> Vec<Name> {
    let (from, to) = (transition.from, transition.to);
    views_to_drop(from, |name, words| {
        to.views.get(name) != from.views.get(name) || touched(words)
    })
}

/// Drops the views, in this order.
pub(super) fn drop_views(out: &mut Out, dialect: Dialect, views: &[Name]) {
    for name in views {
        out.add(format!("DROP VIEW {}", name.quoted(dialect)));
    }
}

/// Drops the tables that a transition drops, and says that their rows are lost.
pub(super) fn drop_tables(out: &mut Out, transition: &Transition<'_>) {
    let dialect = transition.to.dialect;
    for change in &transition.changes {
        if let Change::Drop(Object::Table { name, .. }) = change {
            let drop = Ddl::new(format!("DROP TABLE {}", name.quoted(dialect)));
            out.push(drop.with_data_loss(format!("the rows of `{name}`")));
        }
    }
}

/// Returns the views to create, new ones and dropped ones, in an order in which they can be created.
pub(super) fn views_to_create(renamed: &Schema, to: &Schema, gone: &[Name]) -> Vec<Name> {
    let order: BTreeMap<Name, usize> = view_order(to);
    let gone: BTreeSet<&Name> = gone.iter().collect();
    let mut views: Vec<(&Name, usize)> = order
        .iter()
        .filter(|(name, _)| !renamed.views.contains_key(*name) || gone.contains(name))
        .map(|(name, place)| (name, *place))
        .collect();
    views.sort_by_key(|(_, place)| *place);
    views.into_iter().map(|(name, _)| name.clone()).collect()
}

/// Returns the columns that two tables have in common, by their names.
pub(super) fn shared<'a>(before: &'a Table, after: &'a Table) -> impl Iterator<Item = &'a str> {
    let names = after.columns.iter().map(|column| column.name.as_str());
    names.filter(|name| before.column(name).is_some())
}
