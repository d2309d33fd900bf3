//! Helpers for tables and views that the dialects share.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::view_order;
use crate::schema::text::Words;
use crate::schema::{Name, Schema, Table};

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
