//! schema.lock holds any schema, and any text is either read or refused.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::SchemaHead;
use migrate_core::{Dialect, Hash};
use migrate_schema::lock::SchemaLock;
use migrate_schema::{
    Action, Check, Column, ColumnState, Deferrable, Definition, Domain, Enum, Extension,
    ForeignKey, Generated, Identity, Index, IndexPart, Inherited, Key, Name, OptionValue, Options,
    PartitionOf, Routine, RoutineKind, Schema, Sequence, Signature, Table, View,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// Texts that a database could say, and some that it hardly would.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "",
            "id",
            "users",
            "a b",
            "\"",
            "\\",
            "\\n",
            "=",
            "a=b",
            "[x]",
            "# no",
            "é\n\t\r",
            "now()",
            "is",
            "null",
            "column",
            "table",
            "-",
            "'it''s'",
            "materialized",
            "version 1",
        ])
        .prop_map(str::to_owned),
        "[a-z_]{1,8}",
        any::<String>(),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    (of(text()), text()).prop_map(|(schema, name)| Name { schema, name })
}

fn texts() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(text(), text(), 0..3)
}

fn options() -> impl Strategy<Value = Options> {
    let value = prop_oneof![Just(OptionValue::Set), text().prop_map(OptionValue::Value)];
    btree_map(text(), value, 0..3).prop_map(|options| options.into_iter().collect())
}

fn deferrable() -> impl Strategy<Value = Deferrable> {
    select(vec![
        Deferrable::No,
        Deferrable::Immediate,
        Deferrable::Deferred,
    ])
}

fn action() -> impl Strategy<Value = Action> {
    select(vec![
        Action::NoAction,
        Action::Restrict,
        Action::Cascade,
        Action::SetNull,
        Action::SetDefault,
    ])
}

prop_compose! {
    fn key()(columns in vec(text(), 0..3), name in of(text()), include in vec(text(), 0..2),
             nulls_not_distinct: bool, deferrable in deferrable(), qualifiers in texts(),
             options in options()) -> Key {
        Key { columns, name, include, nulls_not_distinct, deferrable, qualifiers, options }
    }
}

prop_compose! {
    fn foreign_key()(columns in vec(text(), 0..3), table in name(), references in vec(text(), 0..3),
                     on_delete in action(), on_update in action(), deferrable in deferrable(),
                     name in of(text()), options in options()) -> ForeignKey {
        ForeignKey { columns, table, references, on_delete, on_update, deferrable, name, options }
    }
}

prop_compose! {
    fn check()(expression in text(), name in of(text()), options in options()) -> Check {
        Check { expression, name, options }
    }
}

prop_compose! {
    fn part()(over in text(), expression: bool, descending: bool, nulls_first: Option<bool>,
              collation in of(text()), operator_class in of(text()), prefix: Option<u32>) -> IndexPart {
        IndexPart { over, expression, descending, nulls_first, collation, operator_class, prefix }
    }
}

prop_compose! {
    fn index()(parts in vec(part(), 0..3), unique: bool, method in of(text()), predicate in of(text()),
               include in vec(text(), 0..2), nulls_not_distinct: bool, comment in of(text()),
               options in options()) -> Index {
        Index { parts, unique, method, predicate, include, nulls_not_distinct, comment, options }
    }
}

prop_compose! {
    fn sequence()(sql_type in text(), (start, increment, min, max, cache) in any::<(i64, i64, i64, i64, i64)>(),
                  cycle: bool, owned_by in of((name(), text())), comment in of(text())) -> Sequence {
        Sequence { sql_type, start, increment, min, max, cycle, cache, owned_by, comment }
    }
}

prop_compose! {
    fn column()(sql_type in text(), nullable: bool, default in of(text()),
                generated in of((text(), any::<bool>())),
                identity in of(select(vec![Identity::Always, Identity::ByDefault, Identity::Serial,
                                           Identity::AutoIncrement])),
                sequence_options in of(sequence()), collation in of(text()), on_update in of(text()),
                comment in of(text()), options in options(), inherited: bool,
                not_null_inherited: bool, not_null_name in of(text()), sequence_name in of(text())) -> Column {
        Column {
            name: String::new(), sql_type, nullable, default,
            generated: generated.map(|(expression, stored)| Generated { expression, stored }),
            identity, sequence_options, collation, on_update, comment, options,
            inherited: Inherited(inherited), state: ColumnState { is_not_null_inherited: not_null_inherited, not_null_name, sequence_name },
        }
    }
}

fn columns() -> impl Strategy<Value = Vec<Column>> {
    let named = btree_map(text(), column().boxed(), 0..5).prop_map(|columns: BTreeMap<_, _>| {
        let named = |(name, column)| Column { name, ..column };
        columns.into_iter().map(named).collect::<Vec<_>>()
    });
    named.prop_shuffle()
}

fn sorted<T: Ord>(of: BTreeSet<T>) -> Vec<T> {
    of.into_iter().collect()
}

prop_compose! {
    fn table()(columns in columns(), primary_key in of(key()), uniques in btree_set(key(), 0..3),
               foreign_keys in btree_set(foreign_key(), 0..3), checks in btree_set(check(), 0..3),
               indexes in btree_map(text(), index(), 0..3),
               objects in [texts(), texts(), texts(), texts()],
               partition_of in of((name(), text())), inherits in vec(name(), 0..2),
               comment in of(text()), options in options()) -> Table {
        let [exclusions, triggers, policies, rules] = objects;
        Table {
            columns, primary_key, uniques: sorted(uniques), foreign_keys: sorted(foreign_keys),
            checks: sorted(checks), indexes, exclusions, triggers, policies, rules,
            partition_of: partition_of.map(|(table, bounds)| PartitionOf { table, bounds }),
            inherits, comment, options,
        }
    }
}

prop_compose! {
    fn view()(definition in text(), columns in vec(text(), 0..3), materialized: bool,
              indexes in btree_map(text(), index(), 0..2), triggers in texts(), rules in texts(),
              comment in of(text()), column_comments in texts(), column_defaults in texts(),
              options in options()) -> View {
        View { definition, columns, materialized, indexes, triggers, rules, comment, column_comments, column_defaults, options, ..View::default() }
    }
}

prop_compose! {
    fn domain()(sql_type in text(), nullable: bool, default in of(text()), collation in of(text()),
                checks in btree_set(check(), 0..3), comment in of(text()),
                not_null_name in of(text()), constraint_comments in texts()) -> Domain {
        Domain { sql_type, nullable, not_null_name, default, collation, checks: sorted(checks), constraint_comments, comment }
    }
}

fn routine() -> impl Strategy<Value = (Signature, Routine)> {
    let arguments = select(vec!["", "integer", "numeric(10,2), text", "\"x(\"[]"]);
    let signature = (select(RoutineKind::ALL.to_vec()), name(), arguments);
    let signature = signature.prop_map(|(kind, name, arguments)| Signature {
        kind,
        name,
        arguments: arguments.to_owned(),
    });
    let routine = (of(text()), of(text()));
    let routine = routine.prop_map(|(definition, comment)| Routine {
        definition,
        comment,
    });
    (signature, routine)
}

prop_compose! {
    fn schema(dialect: Dialect)(
        tables in btree_map(name(), table().boxed(), 0..4), views in btree_map(name(), view().boxed(), 0..2),
        sequences in btree_map(name(), sequence(), 0..2),
        enums in btree_map(name(), (vec(text(), 0..3), of(text())), 0..2),
        domains in btree_map(name(), domain().boxed(), 0..2),
        types in btree_map(name(), (text(), of(text())), 0..2),
        routines in vec(routine(), 0..3), extensions in btree_map(text(), of(text()), 0..2),
        schemas in btree_map(text(), of(text()), 0..2),
    ) -> Schema {
        let mut schema = Schema::empty(dialect);
        schema.tables = tables;
        schema.views = views;
        schema.sequences = sequences;
        schema.enums = enums.into_iter()
            .map(|(name, (values, comment))| (name, Enum { values, comment })).collect();
        schema.domains = domains;
        schema.types = types.into_iter()
            .map(|(name, (definition, comment))| (name, Definition { definition, comment })).collect();
        schema.routines = routines.into_iter().collect();
        schema.extensions = extensions.into_iter()
            .map(|(name, schema)| (name, Extension { schema, ..Extension::default() })).collect();
        schema.schemas = schemas;
        schema
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_schema_is_read_as_it_was_written(
        postgres in schema(Dialect::Postgres), sqlite in of(schema(Dialect::Sqlite)),
    ) {
        let mut lock = SchemaLock::default();
        lock.heads.insert(SchemaHead {
            id: "a".parse().expect("an id"),
            chain: Some(Hash::from_bytes([7; 32])),
        });
        lock.schemas.insert(Dialect::Postgres, postgres);
        lock.schemas.extend(sqlite.map(|schema| (Dialect::Sqlite, schema)));
        let text = lock.render();
        let read = SchemaLock::parse("schema.lock", &text);
        prop_assert_eq!(read.as_ref(), Ok(&lock), "{}", text);
        // The lines of a section are sorted, so that git merges them.
        for section in text.split("\n\n").skip(1) {
            let lines: Vec<_> = section.lines().skip(1).collect();
            prop_assert!(lines.is_sorted());
        }
        for (name, table) in &lock.schemas[&Dialect::Postgres].tables {
            let found = SchemaLock::parse_table("schema.lock", &text, name).expect("sound");
            prop_assert_eq!(found[&Dialect::Postgres].as_ref(), Some(table));
        }
    }

    #[test]
    fn a_damaged_lock_is_read_or_refused(schema in schema(Dialect::Postgres), cut: prop::sample::Index, with in text()) {
        let mut lock = SchemaLock::default();
        lock.schemas.insert(Dialect::Postgres, schema);
        let mut text = lock.render();
        let at = text.floor_char_boundary(cut.index(text.len() + 1));
        text.insert_str(at, &with);
        if let Ok(read) = SchemaLock::parse("schema.lock", &text) {
            let again = SchemaLock::parse("schema.lock", &read.render());
            prop_assert_eq!(again, Ok(read));
        }
    }
}
