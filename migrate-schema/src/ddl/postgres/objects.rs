//! Views, routines, types, sequences, and what else is no table.

use std::collections::{BTreeMap, BTreeSet};

use super::affected::only_adds;
use super::composite;
use super::graph::{Graph, Node};
use super::views::{create_head, kind};
use super::{DIALECT, Plan, comment, each, free_name};
use crate::ddl::definition::domain_not_null;
use crate::ddl::tables::views_to_create;
use crate::ddl::{Ddl, clause, definition};
use crate::diff::change::{Change, Constraint, Object};
use crate::schema::composite::lost;
use crate::schema::dependencies::Part;
use crate::schema::text::Words;
use crate::schema::types;
use crate::schema::{
    Check, Definition, Domain, Enum, Index, Name, ObjectKind, ObjectRef, Schema, Sequence,
    Signature, View,
};

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
                Change::Alter {
                    from: Object::Server { value: from, .. },
                    to: Object::Server { name, value: to },
                } => self.alter_server(name, from, to),
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

    /// Returns the existing views that are to be created again or changed.
    pub(super) fn changed_views(&mut self) -> Vec<Name> {
        let (from, to) = (self.renamed(), self.transition.to);
        let changed = |(name, view): &(&Name, &View)| {
            let before = from.views.get(*name);
            before.is_some_and(|before| before != *view) && !self.affected.views.contains(*name)
        };
        let changed = to.views.iter().filter(changed);
        self.replaced = changed.map(|(name, _)| name.clone()).collect();
        self.affected
            .views
            .iter()
            .chain(&self.replaced)
            .cloned()
            .collect()
    }

    /// Drops constraints, columns, views, tables and routines that are dropped or block other
    /// changes, dependents first.
    pub(super) fn drop_in_order(&mut self) {
        let renamed = self.renamed();
        let views = renamed.views.keys();
        let mut others: Vec<Node<'a>> = views
            .filter(|name| self.affected.views.contains(*name))
            .map(Node::View)
            .collect();
        let columns = self.columns_to_drop();
        others.extend(
            columns
                .iter()
                .map(|(table, column)| Node::Column(table, &column.name)),
        );
        let tables = renamed.tables.keys();
        let tables = tables.filter(|name| self.affected.tables.contains(name));
        others.extend(tables.map(Node::Table));
        let routines = renamed.routines.keys();
        let routines = routines.filter(|it| self.affected.routines.contains(*it));
        others.extend(routines.map(Node::Routine));
        others.extend(self.types_to_drop_early());
        let code = operators_and_casts(renamed).into_iter();
        others.extend(code.filter(|node| self.affected.code.contains(&node.part())));
        let order = self.drop_graph(others.clone());
        let constraints = self.constraints_to_drop(&order);
        let constraints = constraints
            .into_iter()
            .map(|(table, it)| Node::Constraint(table, it));
        let nodes = constraints.chain(others).collect();
        for node in self.drop_graph(nodes) {
            match node {
                Node::View(name) => {
                    let kind = kind(&renamed.views[name]);
                    self.out
                        .add(format!("DROP {kind} {}", name.quoted(DIALECT)));
                }
                Node::Constraint(table, constraint) => {
                    if let Some(name) = constraint.name() {
                        self.out.add(format!(
                            "ALTER TABLE {} DROP CONSTRAINT {}",
                            table.quoted(DIALECT),
                            DIALECT.quote(name)
                        ));
                    }
                }
                Node::Column(table, column) => self.drop_column(table, column),
                Node::Table(name) => {
                    let foreign = renamed.tables[name].options.has("SERVER");
                    let kind = if foreign { "FOREIGN TABLE" } else { "TABLE" };
                    self.out.push(
                        Ddl::new(format!("DROP {kind} {}", name.quoted(DIALECT)))
                            .with_data_loss(format!("the rows of `{name}`")),
                    );
                }
                Node::Routine(signature) => self.drop_routine(signature),
                Node::Type(object) => {
                    if let Part::Type(name) = node.part() {
                        if self.affected.is_recreated_range(&name) {
                            self.ranges_to_texts(&name);
                        }
                        self.dropped_types.insert(name);
                    }
                    self.out.add(definition::drop(DIALECT, object));
                }
                Node::Code(object) => self.out.add(definition::drop(DIALECT, object)),
                Node::Sequence(_) | Node::Index(..) => {}
            }
        }
    }

    /// Returns the ranges that are recreated, and the dropped types that contain a row of a dropped
    /// table or view, which is dropped after them.
    fn types_to_drop_early(&self) -> Vec<Node<'a>> {
        let (renamed, to) = (self.renamed(), self.transition.to);
        let is_gone = |part: &Part| match part {
            Part::Relation(name) => {
                self.affected.views.contains(name) || self.affected.tables.contains(name)
            }
            _ => false,
        };
        let types = renamed.types.iter().filter(|(name, _)| {
            let needed = self.affected.needs.get(&Part::Type((*name).clone()));
            let has_gone_row = needed.is_some_and(|it| it.iter().any(is_gone));
            self.affected.is_recreated_range(name) || !to.types.contains_key(*name) && has_gone_row
        });
        types
            .map(|(name, of)| Node::Type(ObjectRef::Type(name, of)))
            .collect()
    }

    /// Makes texts of the values of a type that is dropped before it is created again.
    fn ranges_to_texts(&mut self, range: &Name) {
        let range = Part::Type(range.clone());
        for (name, table) in self.affected.surviving() {
            for column in &table.columns {
                let is_retyped = |table: &Name| self.affected.is_retyped(table, &column.name);
                let part = Part::Column(name.clone(), column.name.clone());
                let needed = self.affected.needs.get(&part);
                if needed.is_some_and(|needed| needed.contains(&range))
                    && is_retyped(name)
                    && !self
                        .inheritance
                        .is_typed_above(name, &column.name, is_retyped)
                {
                    let (table, column) = (name.quoted(DIALECT), DIALECT.quote(&column.name));
                    self.out.add(format!(
                        "ALTER TABLE {table} ALTER COLUMN {column} TYPE text USING {column}::text"
                    ));
                }
            }
        }
    }

    fn drop_graph(&self, nodes: Vec<Node<'a>>) -> Vec<Node<'a>> {
        let is_left_out = |part: &Part| self.dropped_parts.contains(part);
        let graph = Graph::new(self.renamed(), &self.affected.needs, nodes, is_left_out);
        let order = graph.drop_order();
        order
            .into_iter()
            .map(|at| graph.nodes[at].clone())
            .collect()
    }

    /// Drops a routine. One that a type depends on, which is dropped at the end, gets another name
    /// until then.
    fn drop_routine(&mut self, signature: &'a Signature) {
        let renamed = self.renamed();
        let object = ObjectRef::Routine(signature, &renamed.routines[signature]);
        let part = Part::Routine(signature.clone());
        let mut needs = self.affected.needs.iter();
        let waits = needs.any(|(of, needed)| match of {
            Part::Type(name) => needed.contains(&part) && !self.dropped_types.contains(name),
            _ => false,
        });
        if !waits {
            self.out.add(definition::drop(DIALECT, object));
            return;
        }
        let taken = |name: &str| {
            let mut routines = renamed
                .routines
                .keys()
                .chain(self.transition.to.routines.keys());
            routines.any(|other| other.name.name == name)
        };
        let displaced = Name {
            name: free_name(&signature.name.name, taken),
            ..signature.name.clone()
        };
        self.out.add(format!(
            "ALTER {} {} RENAME TO {}",
            definition::keyword(object),
            definition::quoted(DIALECT, object),
            DIALECT.quote(&displaced.name)
        ));
        self.displaced_routines.insert(signature, displaced);
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

    /// Renames the types that are recreated, until nothing uses them.
    pub(super) fn displace_types(&mut self) {
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
            if self.dropped_types.contains(&name) {
                continue;
            }
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
            if let (Some(before), Some(after)) = (from.domains.get(&old), to.domains.get(&old)) {
                ddl = restricted(ddl, &old, before, after);
            }
            if let (Some(before), Some(after)) = (from.types.get(&old), to.types.get(&old)) {
                let lost = lost(&old, &before.definition, &after.definition);
                ddl.destructive = lost.or(ddl.destructive);
            }
            self.out.push(ddl);
            self.displaced.insert(name, displaced);
        }
    }

    /// Returns the domains that are altered in place, before and after.
    fn altered_domains(&self) -> Vec<(&'a Name, &'a Domain, &'a Domain)> {
        let changes = self.transition.changes.iter();
        let altered = changes.filter_map(|change| match change {
            Change::Alter {
                from: Object::Domain { value: from, .. },
                to: Object::Domain { name, value: to },
            } if !self.affected.types.contains(name) => Some((name, &**from, &**to)),
            _ => None,
        });
        altered.collect()
    }

    /// Drops what domains that stay do not have any more.
    pub(super) fn free_domains(&mut self) {
        for (name, from, to) in self.altered_domains() {
            let domain = format!("ALTER DOMAIN {}", name.quoted(DIALECT));
            for check in from
                .checks
                .iter()
                .filter(|check| !to.checks.contains(check))
            {
                if let Some(check) = &check.name {
                    let check = DIALECT.quote(check);
                    self.out.add(format!("{domain} DROP CONSTRAINT {check}"));
                }
            }
            if from.default.is_some() && from.default != to.default {
                self.out.add(format!("{domain} DROP DEFAULT"));
            }
            if !from.nullable && to.nullable {
                self.out.add(format!("{domain} DROP NOT NULL"));
            }
        }
    }

    /// Adds to domains that stay what they have from now on.
    pub(super) fn restrict_domains(&mut self) {
        for (name, from, to) in self.altered_domains() {
            let quoted = name.quoted(DIALECT);
            let domain = format!("ALTER DOMAIN {quoted}");
            let review = format!("rows with a value that `{name}` does not accept make this fail");
            for check in to
                .checks
                .iter()
                .filter(|check| !from.checks.contains(check))
            {
                let check = clause::constraint(DIALECT, &Constraint::Check(check.clone()));
                let add = Ddl::new(format!("{domain} ADD {check}"));
                self.out.push(add.with_review(review.clone()));
            }
            if let Some(default) = to.default.as_ref().filter(|_| from.default != to.default) {
                self.out.add(format!("{domain} SET DEFAULT {default}"));
            }
            let (old, new) = (from.not_null_name(name), to.not_null_name(name));
            if from.nullable && !to.nullable {
                let verb = match to.not_null_name {
                    Some(_) => "ADD",
                    None => "SET",
                };
                let not_null = domain_not_null(to);
                let set = Ddl::new(format!("{domain} {verb} {not_null}"));
                self.out.push(set.with_review(review));
            } else if !to.nullable && old != new {
                let (old, new) = (DIALECT.quote(&old), DIALECT.quote(&new));
                self.out
                    .add(format!("{domain} RENAME CONSTRAINT {old} TO {new}"));
            }
            // A constraint that was dropped has lost its comment, and a renamed one has kept it.
            let kept = |constraint: &String| match *constraint == new {
                true => !from.nullable,
                false => to.checks.iter().any(|check| {
                    check.name.as_ref() == Some(constraint) && from.checks.contains(check)
                }),
            };
            let before = |constraint: &String| {
                let name = if *constraint == new { &old } else { constraint };
                from.constraint_comments
                    .get(name)
                    .filter(|_| kept(constraint))
            };
            let checks = to.checks.iter().filter_map(|check| check.name.as_ref());
            for constraint in checks.chain(Some(&new).filter(|_| !to.nullable)) {
                let after = to.constraint_comments.get(constraint);
                if before(constraint) != after {
                    let on = format!("{} ON DOMAIN {quoted}", DIALECT.quote(constraint));
                    self.out
                        .add(comment("CONSTRAINT", &on, after.map(String::as_str)));
                }
            }
            if from.comment != to.comment {
                self.out
                    .add(comment("DOMAIN", &quoted, to.comment.as_deref()));
            }
        }
    }

    /// Alters the composite types whose attributes can come and go in place.
    pub(super) fn alter_types(&mut self) {
        for change in &self.transition.changes {
            let Change::Alter {
                from: Object::Type { value: from, .. },
                to: Object::Type { name, value: to },
            } = change
            else {
                continue;
            };
            if self.displaced.contains_key(name) {
                continue;
            }
            let ddl = composite::alter(name, &from.definition, &to.definition);
            for ddl in ddl.into_iter().flatten() {
                self.out.push(ddl);
            }
            if from.comment != to.comment {
                let quoted = name.quoted(DIALECT);
                self.out
                    .add(comment("TYPE", &quoted, to.comment.as_deref()));
            }
        }
    }

    /// Returns the types to create, and adds values to the enums that stay.
    fn types_to_create(&mut self) -> Vec<Node<'a>> {
        let (from, to) = (self.renamed(), self.transition.to);
        let enums = to.enums.iter();
        let enums = enums.map(|(name, of)| (name, ObjectRef::Enum(name, of)));
        let types = to.types.iter();
        let types = types.map(|(name, of)| (name, ObjectRef::Type(name, of)));
        let domains = to.domains.iter();
        let domains = domains.map(|(name, of)| (name, ObjectRef::Domain(name, of)));
        let mut all = Vec::new();
        for (name, object) in enums.chain(types).chain(domains) {
            match from.find(object) {
                Some(before)
                    if !self.displaced.contains_key(name) && !self.dropped_types.contains(name) =>
                {
                    if let (ObjectRef::Enum(_, before), ObjectRef::Enum(_, after)) =
                        (before, object)
                    {
                        self.add_values(name, before, after);
                    }
                }
                _ => all.push(Node::Type(object)),
            }
        }
        all
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

    fn alter_sequences(&mut self) {
        for change in &self.transition.changes {
            if let Change::Alter {
                from: Object::Sequence { value: from, .. },
                to: Object::Sequence { name, value: to },
            } = change
            {
                self.sequence(name, Some(from), to);
            }
        }
    }

    fn sequence(&mut self, name: &Name, from: Option<&Sequence>, to: &Sequence) {
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

    /// Creates types, sequences, tables and routines, and returns those that depend on what is
    /// created or altered later.
    pub(super) fn create_early(&mut self, views: &[Name]) -> Vec<Node<'a>> {
        let (renamed, to) = (self.renamed(), self.transition.to);
        self.alter_sequences();
        let mut nodes = self.types_to_create();
        nodes.extend(
            self.transition
                .changes
                .iter()
                .filter_map(|change| match change {
                    Change::Create(Object::Sequence { name, .. }) => Some(Node::Sequence(name)),
                    _ => None,
                }),
        );
        let tables = to.tables.keys().filter(|name| {
            !renamed.tables.contains_key(*name) || self.affected.tables.contains(name)
        });
        nodes.extend(tables.map(Node::Table));
        let changed = |signature: &&Signature| {
            let routine = ObjectRef::Routine(signature, &to.routines[*signature]);
            let before = renamed.find(routine);
            !before.is_some_and(|before| before.is_same(DIALECT, routine))
                || self.affected.routines.contains(*signature)
        };
        nodes.extend(to.routines.keys().filter(changed).map(Node::Routine));
        for node in operators_and_casts(to) {
            let Node::Code(object) = node else { continue };
            match renamed.find(object) {
                Some(before) if !self.affected.code.contains(&node.part()) => {
                    self.comment_on_code(before, object);
                }
                _ => nodes.push(node),
            }
        }
        self.existing = self.affected.surviving().map(|(name, _)| name).collect();
        let sql = |node: &Node<'_>| match node {
            Node::Routine(signature) => {
                let definition = to.routines[*signature].definition.as_deref();
                let definition = definition.unwrap_or_default().to_lowercase();
                definition.contains("language sql")
            }
            _ => false,
        };
        if nodes.iter().any(sql) {
            // A body may mention objects that are created later.
            self.out.add("SET LOCAL check_function_bodies = off");
        }
        let new_views: BTreeSet<Name> = views_to_create(renamed, to, views).into_iter().collect();
        let graph = Graph::new(to, &self.needs, nodes, |part| is_created_apart(to, part));
        let late = graph.late(|part| match part {
            Part::Relation(name) => new_views.contains(name),
            Part::Column(table, column) => {
                new_views.contains(table) || self.is_altered(table, column)
            }
            _ => false,
        });
        self.late = late.iter().map(|at| graph.nodes[*at].part()).collect();
        for at in graph.creation_order() {
            if !late.contains(&at) {
                self.create(graph.nodes[at].clone());
            }
        }
        late.into_iter().map(|at| graph.nodes[at].clone()).collect()
    }

    /// Returns whether a column of an existing table is altered or added.
    fn is_altered(&self, table: &Name, column: &str) -> bool {
        let before = self.renamed().tables.get(table);
        let exists = before.is_some() && !self.affected.tables.contains(table);
        let before = before.and_then(|table| table.column(column));
        let after = self.transition.to.tables.get(table);
        let after = after.and_then(|table| table.column(column));
        exists
            && (before != after
                || self.affected.is_retyped(table, column)
                || self.affected.is_rebuilt(table, column))
    }

    /// Creates constraints, indexes and views, and what waited for one; returns the foreign keys,
    /// which come after the indexes, as one may be what they reference.
    pub(super) fn create_late(
        &mut self,
        late: Vec<Node<'a>>,
        views: &[Name],
        indexes: &BTreeSet<(&'a Name, &'a str)>,
    ) -> Vec<(&'a Name, Constraint)> {
        let to = self.transition.to;
        let is_key = |(_, it): &(&Name, Constraint)| matches!(it, Constraint::ForeignKey(_));
        let constraints = std::mem::take(&mut self.to_recreate);
        let (mut keys, others): (Vec<_>, Vec<_>) = constraints.into_iter().partition(is_key);
        let others = others
            .into_iter()
            .map(|(table, it)| Node::Constraint(table, it));
        let mut nodes: Vec<Node<'a>> = others.collect();
        nodes.extend(self.indexes_to_create(indexes));
        let views = views_to_create(self.renamed(), to, views);
        let views = views.iter().filter_map(|name| to.views.get_key_value(name));
        nodes.extend(views.map(|(name, _)| Node::View(name)));
        nodes.extend(late);
        let graph = Graph::new(to, &self.needs, nodes, |part| is_created_apart(to, part));
        for at in graph.creation_order() {
            self.create(graph.nodes[at].clone());
        }
        // Of tables that waited.
        let more = std::mem::take(&mut self.to_recreate);
        let (more, others): (Vec<_>, Vec<_>) = more.into_iter().partition(is_key);
        self.add_all(&others);
        keys.extend(more);
        keys
    }

    fn create(&mut self, node: Node<'a>) {
        let to = self.transition.to;
        match node {
            Node::Code(object) => self.define(&Object::from(object)),
            Node::Type(object) => {
                self.recreated(object);
                let sql = definition::create(DIALECT, object).unwrap_or_default();
                for statement in each(&sql) {
                    self.out.add(statement);
                }
            }
            Node::Sequence(name) => self.sequence(name, None, &to.sequences[name]),
            Node::Table(name) => self.create_table(name, &to.tables[name]),
            Node::Routine(signature) => self.create_routine(signature),
            Node::Constraint(table, constraint) => self.add_all(&[(table, constraint)]),
            Node::Index(table, name) => {
                self.create_index(table, name, &to.tables[table].indexes[name]);
            }
            Node::View(name) => self.create_view(name),
            Node::Column(..) => {}
        }
    }

    fn create_routine(&mut self, signature: &'a Signature) {
        let routine = &self.transition.to.routines[signature];
        for statement in each(&definition::routine(DIALECT, signature, routine)) {
            self.out.add(statement);
        }
        let existed = self.renamed().routines.contains_key(signature);
        if !existed || self.affected.routines.contains(signature) {
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
        self.drop_types();
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

impl Plan<'_> {
    /// Returns the extended statistics, publications and event triggers that are dropped before and
    /// created after the other changes: they are not the same on both sides, or what they are on is
    /// dropped or changed meanwhile.
    fn changed_apart<'s>(&self, of: &'s Schema, other: &Schema) -> Vec<ObjectRef<'s>> {
        let is_of_column = |words: &Words, columns: &BTreeMap<&Name, BTreeSet<&str>>| {
            let mut all = columns
                .iter()
                .flat_map(|(table, all)| all.iter().map(move |it| (table, it)));
            all.any(|(table, it)| words.mention(&table.name) && words.mention(it))
        };
        let is_lost = |object: ObjectRef<'_>| match object {
            ObjectRef::Statistics(_, of) | ObjectRef::Publication(_, of) => {
                let words = Words::of(&of.definition);
                let mut tables = self.affected.tables.iter();
                tables.any(|table| words.mention(&table.name))
                    || is_of_column(&words, &self.affected.rebuilt)
                    || matches!(object, ObjectRef::Publication(..))
                        && (is_of_column(&words, &self.affected.retyped)
                            || is_of_column(&words, &self.affected.dropped))
            }
            ObjectRef::EventTrigger(_, of) => {
                let words = Words::of(&of.definition);
                let mut routines = self.affected.routines.iter();
                routines.any(|signature| words.mention(&signature.name.name))
            }
            _ => false,
        };
        let is_apart = |object: &ObjectRef<'_>| {
            matches!(
                object.kind(),
                ObjectKind::Statistics | ObjectKind::Publication | ObjectKind::EventTrigger
            )
        };
        let all = of.objects().filter(is_apart);
        all.filter(|object| other.find(*object) != Some(*object) || is_lost(*object))
            .collect()
    }

    pub(super) fn drop_apart(&mut self) {
        for object in self.changed_apart(self.renamed(), self.transition.to) {
            self.out.add(definition::drop(DIALECT, object));
        }
    }

    pub(super) fn create_apart(&mut self) {
        for object in self.changed_apart(self.transition.to, self.renamed()) {
            self.define(&Object::from(object));
        }
    }

    fn comment_on_code(&mut self, before: ObjectRef<'_>, after: ObjectRef<'_>) {
        let text = |object| match object {
            ObjectRef::Operator(_, of) | ObjectRef::Cast(_, of) => of.comment.as_deref(),
            _ => None,
        };
        if text(before) != text(after) {
            let quoted = definition::quoted(DIALECT, after);
            let kind = definition::keyword(after);
            self.out.add(comment(&kind, &quoted, text(after)));
        }
    }

    /// Changes a server in place, as far as there is a statement for it.
    fn alter_server(&mut self, name: &str, from: &Definition, to: &Definition) {
        let quoted = DIALECT.quote(name);
        let ((head, old), (new_head, new)) = (
            server_options(&from.definition),
            server_options(&to.definition),
        );
        if head != new_head {
            self.out.add(format!("DROP SERVER {quoted}"));
            let server = name.to_owned();
            return self.define(&Object::from(ObjectRef::Server(&server, to)));
        }
        let set = new
            .iter()
            .filter_map(|(option, value)| match old.get(option) {
                Some(before) if before == value => None,
                Some(_) => Some(format!("SET {option} {value}")),
                None => Some(format!("ADD {option} {value}")),
            });
        let gone = old.keys().filter(|option| !new.contains_key(*option));
        let all: Vec<String> = set
            .chain(gone.map(|option| format!("DROP {option}")))
            .collect();
        if !all.is_empty() {
            let all = all.join(", ");
            self.out
                .add(format!("ALTER SERVER {quoted} OPTIONS ({all})"));
        }
        if from.comment != to.comment {
            self.out
                .add(comment("SERVER", &quoted, to.comment.as_deref()));
        }
    }
}

/// Splits the text of a server into what comes before its options, and the options with their values.
fn server_options(definition: &str) -> (&str, BTreeMap<&str, &str>) {
    let Some((head, options)) = definition.split_once(" OPTIONS (") else {
        return (definition, BTreeMap::new());
    };
    let options = options.strip_suffix(')').unwrap_or(options);
    let mut is_text = false;
    let parts = options.split(move |sign| {
        is_text ^= sign == '\'';
        sign == ',' && !is_text
    });
    let pairs = parts.filter_map(|part| part.trim().split_once(' '));
    (head, pairs.collect())
}

/// Returns the operators and casts of a schema.
fn operators_and_casts(schema: &Schema) -> Vec<Node<'_>> {
    let operators = schema.operators.iter();
    let casts = schema.casts.iter();
    operators
        .map(|(name, of)| ObjectRef::Operator(name, of))
        .chain(casts.map(|(name, of)| ObjectRef::Cast(name, of)))
        .map(Node::Code)
        .collect()
}

impl<'a> Plan<'a> {
    /// Drops the types that are gone or displaced, and the routines that waited for them.
    fn drop_types(&mut self) {
        let (renamed, to) = (self.renamed(), self.transition.to);
        let types = renamed.objects().filter(|object| match object {
            ObjectRef::Domain(name, _) | ObjectRef::Enum(name, _) | ObjectRef::Type(name, _) => {
                let stays = to.domains.contains_key(*name)
                    || to.types.contains_key(*name)
                    || to.enums.contains_key(*name);
                let is_dropped = self.dropped_types.contains(*name);
                self.displaced.contains_key(*name) || !stays && !is_dropped
            }
            _ => false,
        });
        let mut nodes: Vec<Node<'a>> = types.map(Node::Type).collect();
        nodes.extend(self.displaced_routines.keys().map(|it| Node::Routine(it)));
        for node in self.drop_graph(nodes) {
            let (kind, now) = match node {
                Node::Type(object) => {
                    let Part::Type(name) = node.part() else {
                        continue;
                    };
                    let now = self.displaced.get(&name).cloned();
                    (
                        definition::keyword(object),
                        now.unwrap_or(name).quoted(DIALECT),
                    )
                }
                Node::Routine(signature) => {
                    let routine = ObjectRef::Routine(signature, &renamed.routines[signature]);
                    let now = self.displaced_routines[signature].quoted(DIALECT);
                    let kind = definition::keyword(routine);
                    (kind, format!("{now}({})", signature.arguments))
                }
                _ => continue,
            };
            self.out.add(format!("DROP {kind} {now}"));
        }
    }
}

/// Returns whether a part of a table is not created with the table.
fn is_created_apart(schema: &Schema, part: &Part) -> bool {
    let table = part.relation().and_then(|name| schema.tables.get(name));
    table.is_some_and(|table| match part {
        Part::Index(..) | Part::Trigger(..) | Part::Policy(..) | Part::Rule(..) => true,
        Part::Constraint(_, name) => {
            let mut keys = table.foreign_keys.iter();
            keys.any(|key| key.name.as_ref() == Some(name))
        }
        _ => false,
    })
}

/// Says what values of a domain can be lost or refused when it is recreated.
fn restricted(ddl: Ddl, name: &Name, from: &Domain, to: &Domain) -> Ddl {
    if types::loses(DIALECT, &from.sql_type, &to.sql_type) {
        let now = &to.sql_type;
        return ddl
            .with_data_loss(format!(
                "the values of `{name}` that `{now}` does not accept"
            ))
            .with_review(format!(
                "rows with a `{name}` that is no `{now}` make this fail, or are rounded"
            ));
    }
    let is_new = |check: &&Check| {
        from.checks
            .iter()
            .all(|it| it.expression != check.expression)
    };
    match to.checks.iter().any(|it| is_new(&it)) || from.nullable && !to.nullable {
        true => ddl.with_review(format!(
            "rows with a value that `{name}` does not accept any more make this fail"
        )),
        false => ddl,
    }
}

/// Returns whether an object is created before types and tables, and dropped after them.
fn is_prerequisite(object: &Object) -> bool {
    let kind = object.as_ref().map(ObjectRef::kind);
    kind.is_some_and(|kind| match kind {
        ObjectKind::Schema
        | ObjectKind::Extension
        | ObjectKind::Wrapper
        | ObjectKind::Server
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
        | ObjectKind::Operator
        | ObjectKind::Cast
        | ObjectKind::Statistics
        | ObjectKind::Publication
        | ObjectKind::EventTrigger
        | ObjectKind::Event => false,
    })
}
