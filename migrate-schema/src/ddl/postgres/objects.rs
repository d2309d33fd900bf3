//! Views, routines, types, sequences, and what else is no table.

use std::collections::{BTreeMap, BTreeSet};

use super::affected::only_adds;
use super::nodes::{
    Node, Spoken, order as order_of, words_of_all, words_of_routines, words_of_table,
};
use super::views::{create_head, kind};
use super::{DIALECT, Plan, comment, each, free_name, speaks_of_view};
use crate::ddl::tables::{views_to_create, views_to_drop};
use crate::ddl::{Ddl, clause, definition};
use crate::diff::change::{Change, Object};
use crate::diff::order;
use crate::diff::view_order;
use crate::schema::text::Words;
use crate::schema::{Enum, Index, Name, ObjectKind, ObjectRef, Schema, Sequence, Signature, View};

impl<'a> Plan<'a> {
    /// Creates and changes what types and tables may need.
    pub(super) fn create_prerequisites(&mut self) {
        let transition = self.transition;
        let order = definition::extension_order(transition.to);
        let mut changes: Vec<&Change> = transition.changes.iter().collect();
        changes.sort_by_key(|change| match change {
            Change::Create(Object::Extension { name, .. }) => (1, order.get(&**name)),
            Change::Alter {
                to: Object::Extension { .. },
                ..
            } => (1, None),
            Change::Create(Object::Schema { .. })
            | Change::Alter {
                to: Object::Schema { .. },
                ..
            } => (0, None),
            _ => (2, None),
        });
        for change in changes {
            match change {
                Change::Create(object) if is_prerequisite(object) => self.define(object),
                Change::Alter {
                    to: Object::Schema { name, value },
                    ..
                } => {
                    let name = DIALECT.quote(name);
                    self.out.add(comment("SCHEMA", &name, value.as_deref()));
                }
                Change::Alter {
                    to: Object::Extension { name, value },
                    ..
                } => {
                    let schema = value.schema.as_deref();
                    let schema =
                        schema.map_or_else(|| "CURRENT_SCHEMA".to_owned(), |it| DIALECT.quote(it));
                    self.out.add(format!(
                        "ALTER EXTENSION {} SET SCHEMA {schema}",
                        DIALECT.quote(name)
                    ));
                }
                Change::Alter { from, to } if is_prerequisite(to) => {
                    self.drop_definition(from);
                    self.define(to);
                }
                _ => {}
            }
        }
    }

    /// Creates an object that is created by a single text.
    fn define(&mut self, object: &Object) {
        let sql = object
            .as_ref()
            .and_then(|object| definition::create(DIALECT, object));
        for statement in sql.iter().flat_map(|sql| each(sql)) {
            self.out.add(statement);
        }
    }

    fn drop_definition(&mut self, object: &Object) {
        if let Some(object) = object.as_ref() {
            self.out.add(definition::drop(DIALECT, object));
        }
    }

    /// Drops the views that are dropped or block other changes, and the routines that mention one;
    /// returns the existing views that are to be created again or changed.
    pub(super) fn drop_views(&mut self) -> Vec<Name> {
        let (from, to) = (self.transition.from, self.transition.to);
        let mut gone = views_to_drop(from, |name, words| {
            !self.stays(name) || self.affected.view(words) || self.groups_by_key(words)
        });
        let routines = self.speaking_routines(from, &gone);
        for signature in routines {
            if self.affected.routines.contains(signature) {
                self.drop_routine(signature);
            }
        }
        for name in &gone {
            let kind = kind(&from.views[name]);
            self.out
                .add(format!("DROP {kind} {}", name.quoted(DIALECT)));
        }
        let changed = |(name, view): &(&Name, &View)| {
            from.views.get(*name).is_some_and(|before| before != *view) && !gone.contains(name)
        };
        let changed = to.views.iter().filter(changed);
        self.replaced = changed.map(|(name, _)| name.clone()).collect();
        gone.extend(self.replaced.iter().cloned());
        gone
    }

    /// Returns the routines that mention a view, and are created after it.
    fn speaking_routines<'s>(&self, schema: &'s Schema, views: &[Name]) -> Vec<&'s Signature> {
        let speaks =
            |(_, routine): &(&&Signature, &Spoken)| speaks_of_view(&routine.head, views.iter());
        let routines = words_of_routines(schema);
        routines
            .iter()
            .filter(speaks)
            .map(|(signature, _)| *signature)
            .collect()
    }

    fn drop_routine(&mut self, signature: &Signature) {
        let routine = ObjectRef::Routine(signature, &self.renamed().routines[signature]);
        self.out.add(definition::drop(DIALECT, routine));
    }

    /// Returns the tables and routines to drop, except those dropped with a view, dependents first.
    pub(super) fn drop_order(&self) -> Vec<Node<'a>> {
        let renamed = self.renamed();
        let gone_views: Vec<Name> = self.transition.from.views.keys().cloned().collect();
        let dropped_before: BTreeSet<&Signature> = self
            .speaking_routines(self.transition.from, &gone_views)
            .into_iter()
            .collect();
        let tables = renamed
            .tables
            .keys()
            .filter(|name| self.affected.tables.contains(name));
        let routines = renamed.routines.keys().filter(|signature| {
            self.affected.routines.contains(signature) && !dropped_before.contains(signature)
        });
        let nodes: Vec<Node<'a>> = tables
            .map(Node::Table)
            .chain(routines.map(Node::Routine))
            .collect();
        let places = order_of(renamed, &nodes, words_of_all);
        places.into_iter().rev().map(|at| nodes[at]).collect()
    }

    pub(super) fn drop_tables_and_routines(&mut self) {
        let renamed = self.renamed();
        for node in self.drop_order() {
            match node {
                Node::Routine(signature) => self.drop_routine(signature),
                Node::Table(name) => {
                    let foreign = renamed.tables[name].options.has("SERVER");
                    let kind = if foreign { "FOREIGN TABLE" } else { "TABLE" };
                    self.out.push(
                        Ddl::new(format!("DROP {kind} {}", name.quoted(DIALECT)))
                            .with_data_loss(format!("the rows of `{name}`")),
                    );
                }
            }
        }
    }

    pub(super) fn drop_sequences(&mut self) {
        for change in &self.transition.changes {
            if let Change::Drop(Object::Sequence { name, .. }) = change {
                self.out.push(
                    Ddl::new(format!("DROP SEQUENCE {}", name.quoted(DIALECT)))
                        .with_data_loss(format!("the counter of `{name}`")),
                );
            }
        }
    }

    /// Creates types; renames those that are recreated, until nothing uses them.
    pub(super) fn types(&mut self) {
        let (from, to) = (self.renamed(), self.transition.to);
        let taken = |name: &str| {
            from.enums
                .keys()
                .chain(from.domains.keys())
                .chain(from.types.keys())
                .chain(to.tables.keys())
                .any(|other| other.name == name)
        };
        for name in self.affected.types.clone() {
            let old = name.clone();
            let kind = if from.domains.contains_key(&old) {
                "DOMAIN"
            } else {
                "TYPE"
            };
            let displaced = Name {
                name: free_name(&old.name, taken),
                ..old.clone()
            };
            let mut ddl = Ddl::new(format!(
                "ALTER {kind} {} RENAME TO {}",
                old.quoted(DIALECT),
                DIALECT.quote(&displaced.name)
            ));
            if let (Some(before), Some(after)) = (from.enums.get(&old), to.enums.get(&old)) {
                let lost = before
                    .values
                    .iter()
                    .filter(|value| !after.values.contains(value));
                let lost: Vec<String> = lost.map(|value| format!("`{value}`")).collect();
                if !lost.is_empty() {
                    let lost = lost.join(", ");
                    ddl = ddl
                        .with_data_loss(format!("{lost} of `{old}`"))
                        .with_review(format!(
                            "rows that have {lost} make this fail; give them another value first"
                        ));
                }
            }
            self.out.push(ddl);
            self.displaced.insert(name, displaced);
        }
        let mut made: Vec<(Name, String)> = Vec::new();
        let enums = to
            .enums
            .iter()
            .map(|(name, of)| (name, ObjectRef::Enum(name, of)));
        let types = to
            .types
            .iter()
            .map(|(name, of)| (name, ObjectRef::Type(name, of)));
        let domains = to.domains.iter();
        let domains = domains.map(|(name, of)| (name, ObjectRef::Domain(name, of)));
        for (name, object) in enums.chain(types).chain(domains) {
            match from.find(object) {
                Some(before) if !self.displaced.contains_key(name) => {
                    if let (ObjectRef::Enum(_, before), ObjectRef::Enum(_, after)) =
                        (before, object)
                    {
                        self.add_values(name, before, after);
                    }
                }
                _ => {
                    self.recreated(object);
                    let sql = definition::create(DIALECT, object);
                    made.extend(sql.map(|sql| (name.clone(), sql)));
                }
            }
        }
        let items: Vec<order::Item<()>> = made
            .iter()
            .map(|(name, sql)| order::Item {
                key: (),
                name: name.name.clone(),
                words: Words::of(sql),
            })
            .collect();
        for at in order::by_mention(&items) {
            for statement in each(&made[at].1) {
                self.out.add(statement);
            }
        }
    }

    fn add_values(&mut self, name: &Name, before: &Enum, after: &Enum) {
        let quoted = name.quoted(DIALECT);
        let mut last: Option<&String> = None;
        for value in &after.values {
            if !before.values.contains(value) {
                let place = match (last, before.values.first()) {
                    (Some(last), _) => format!(" AFTER {}", DIALECT.literal(last)),
                    (None, Some(first)) => format!(" BEFORE {}", DIALECT.literal(first)),
                    (None, None) => String::new(),
                };
                self.out.add(format!(
                    "ALTER TYPE {quoted} ADD VALUE {}{place}",
                    DIALECT.literal(value)
                ));
            }
            last = Some(value);
        }
        debug_assert!(only_adds(before, after), "anything else is recreated");
        if before.comment != after.comment {
            self.out
                .add(comment("TYPE", &quoted, after.comment.as_deref()));
        }
    }

    pub(super) fn sequences(&mut self) {
        for change in &self.transition.changes {
            let (name, from, to) = match change {
                Change::Create(Object::Sequence {
                    name,
                    value: sequence,
                }) => (name, None, sequence),
                Change::Alter {
                    from: Object::Sequence { value: from, .. },
                    to: Object::Sequence { name, value: to },
                } => (name, Some(from), to),
                _ => continue,
            };
            let quoted = name.quoted(DIALECT);
            let bare = |sequence: &Sequence| Sequence {
                comment: None,
                owned_by: None,
                ..sequence.clone()
            };
            if from.is_none_or(|from| bare(from) != bare(to)) {
                let word = if from.is_some() { "ALTER" } else { "CREATE" };
                self.out.add(format!(
                    "{word} SEQUENCE {quoted} {}",
                    clause::sequence(to, true)
                ));
            }
            let before = from.and_then(|from| from.comment.as_ref());
            if before != to.comment.as_ref() {
                self.out
                    .add(comment("SEQUENCE", &quoted, to.comment.as_deref()));
            }
        }
    }

    /// Creates tables, and routines that mention no view; returns those that do.
    pub(super) fn create_tables_and_routines(&mut self, gone: &[Name]) -> Vec<&'a Signature> {
        let to = self.transition.to;
        let new_views: Vec<Name> = views_to_create(self.renamed(), to, gone);
        let words = words_of_routines(to);
        let renamed = self.renamed();
        let changed = |signature: &&Signature| {
            let routine = ObjectRef::Routine(signature, &to.routines[*signature]);
            let before = renamed.find(routine);
            !before.is_some_and(|before| before.is_same(DIALECT, routine))
                || self.affected.routines.contains(*signature)
        };
        let (late, early): (Vec<&Signature>, Vec<&Signature>) = to
            .routines
            .keys()
            .filter(changed)
            .partition(|signature| speaks_of_view(&words[*signature].head, new_views.iter()));
        let tables = to.tables.keys().filter(|name| {
            !self.renamed().tables.contains_key(*name) || self.affected.tables.contains(name)
        });
        let nodes: Vec<Node<'a>> = tables
            .map(Node::Table)
            .chain(early.into_iter().map(Node::Routine))
            .collect();
        self.existing = self.affected.surviving().map(|(name, _)| name).collect();
        let sql = |signature: &Signature| {
            let definition = to.routines[signature]
                .definition
                .as_deref()
                .unwrap_or_default();
            definition.to_lowercase().contains("language sql")
        };
        if late.iter().any(|it| sql(it))
            || nodes
                .iter()
                .any(|node| matches!(node, Node::Routine(it) if sql(it)))
        {
            // A body may mention objects that are created later.
            self.out.add("SET LOCAL check_function_bodies = off");
        }
        for at in order_of(to, &nodes, words_of_table) {
            match nodes[at] {
                Node::Routine(signature) => self.create_routine(signature),
                Node::Table(name) => self.create_table(name, &to.tables[name]),
            }
        }
        late
    }

    fn create_routine(&mut self, signature: &'a Signature) {
        let routine = &self.transition.to.routines[signature];
        for statement in each(&definition::routine(DIALECT, signature, routine)) {
            self.out.add(statement);
        }
        if self.affected.routines.contains(signature) {
            self.recreated(ObjectRef::Routine(signature, routine));
        }
    }

    pub(super) fn create_index(&mut self, table: &Name, name: &str, index: &Index) {
        self.out
            .add(clause::create_index(DIALECT, table, name, index));
        if let Some(text) = &index.comment {
            let index = Name {
                name: name.to_owned(),
                ..table.clone()
            };
            self.out
                .add(comment("INDEX", &index.quoted(DIALECT), Some(text)));
        }
    }

    /// Creates the views and the routines that mention one, each after what it needs.
    pub(super) fn create_views(&mut self, gone: &[Name], late: &[&'a Signature]) {
        let to = self.transition.to;
        let views = views_to_create(self.renamed(), to, gone);
        let words = words_of_routines(to);
        let place = view_order(to);
        let last_spoken = |signature: &&Signature| {
            let spoken = views
                .iter()
                .filter(|view| words[*signature].head.mention(&view.name));
            spoken.map(|view| place[view]).max()
        };
        let mut waiting: Vec<(Option<usize>, &'a Signature)> =
            late.iter().map(|it| (last_spoken(it), *it)).collect();
        waiting.sort();
        let mut waiting = waiting.into_iter().peekable();
        for name in &views {
            while let Some((_, signature)) = waiting.next_if(|(at, _)| *at < Some(place[name])) {
                self.create_routine(signature);
            }
            self.create_view(name);
        }
        for (_, signature) in waiting {
            self.create_routine(signature);
        }
    }

    fn create_view(&mut self, name: &Name) {
        let (name, view) = self
            .transition
            .to
            .views
            .get_key_value(name)
            .expect("it is there");
        if self.replaced.contains(name) {
            return self.replace_view(name);
        }
        let quoted = name.quoted(DIALECT);
        let kind = kind(view);
        let head = create_head("CREATE", &quoted, view);
        self.out.add(format!("{head} AS {}", view.definition));
        for (index_name, index) in &view.indexes {
            self.create_index(name, index_name, index);
        }
        for definition in view.triggers.values().chain(view.rules.values()) {
            for statement in each(definition) {
                self.out.add(statement);
            }
        }
        if let Some(text) = &view.comment {
            self.out.add(comment(kind, &quoted, Some(text)));
        }
        for (column, text) in &view.column_comments {
            let column = format!("{quoted}.{}", DIALECT.quote(column));
            self.out.add(comment("COLUMN", &column, Some(text)));
        }
        self.set_defaults(name, &BTreeMap::new());
        self.recreated(ObjectRef::View(name, view));
    }

    /// Drops what nothing needs any more.
    pub(super) fn finish(&mut self) {
        for (name, sequence) in &self.transition.to.sequences {
            let before = self
                .renamed()
                .sequences
                .get(name)
                .and_then(|before| before.owned_by.as_ref());
            let Some((table, column)) = &sequence.owned_by else {
                if before.is_some() {
                    self.out.add(format!(
                        "ALTER SEQUENCE {} OWNED BY NONE",
                        name.quoted(DIALECT)
                    ));
                }
                continue;
            };
            if before != sequence.owned_by.as_ref()
                || self.affected.is_rebuilt(table, column)
                || self.affected.tables.contains(table)
            {
                self.out.add(format!(
                    "ALTER SEQUENCE {} OWNED BY {}.{}",
                    name.quoted(DIALECT),
                    table.quoted(DIALECT),
                    DIALECT.quote(column)
                ));
            }
        }
        let mut gone: BTreeMap<&Name, (&str, Name, Words)> = BTreeMap::new();
        let renamed = self.renamed();
        let to = self.transition.to;
        for object in renamed.objects() {
            let (keyword, name) = match object {
                ObjectRef::Domain(name, _) => ("DOMAIN", name),
                ObjectRef::Enum(name, _) | ObjectRef::Type(name, _) => ("TYPE", name),
                _ => continue,
            };
            let stays = to.domains.contains_key(name)
                || to.types.contains_key(name)
                || to.enums.contains_key(name);
            let now = self.displaced.get(name).cloned();
            if now.is_some() || !stays {
                let words = match object {
                    // The values of an enum are no names.
                    ObjectRef::Enum(..) => Words::default(),
                    object => Words::of(&definition::create(DIALECT, object).unwrap_or_default()),
                };
                let now = now.unwrap_or_else(|| name.clone());
                gone.insert(name, (keyword, now, words));
            }
        }
        let items: Vec<order::Item<&(&str, Name, Words)>> = gone
            .iter()
            .map(|(name, of)| order::Item {
                key: of,
                name: name.name.clone(),
                words: of.2.clone(),
            })
            .collect();
        for at in order::by_mention(&items).into_iter().rev() {
            let (kind, name, _) = items[at].key;
            self.out
                .add(format!("DROP {kind} {}", name.quoted(DIALECT)));
        }
        let transition = self.transition;
        let mut changes: Vec<&Change> = transition.changes.iter().collect();
        let order = definition::extension_order(transition.from);
        // Extensions in reverse order, before the schemas that they are in.
        changes.sort_by_key(|change| match change {
            Change::Drop(Object::Extension { name, .. }) => {
                (1, std::cmp::Reverse(order.get(&**name)))
            }
            Change::Drop(Object::Schema { .. }) => (2, std::cmp::Reverse(None)),
            _ => (0, std::cmp::Reverse(None)),
        });
        for change in changes {
            if let Change::Drop(object) = change
                && is_prerequisite(object)
            {
                self.drop_definition(object);
            }
        }
    }
}

/// Returns whether an object is created before types and tables, and dropped after them.
fn is_prerequisite(object: &Object) -> bool {
    let kind = object.as_ref().map(ObjectRef::kind);
    kind.is_some_and(|kind| match kind {
        ObjectKind::Schema
        | ObjectKind::Extension
        | ObjectKind::Collation
        | ObjectKind::Dictionary
        | ObjectKind::Configuration => true,
        ObjectKind::Enum
        | ObjectKind::Domain
        | ObjectKind::Type
        | ObjectKind::Sequence
        | ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::Routine
        | ObjectKind::Event => false,
    })
}
