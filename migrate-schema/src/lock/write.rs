//! From schemas to the text of schema.lock.

use super::SchemaLock;
use super::line::Line;
use crate::{
    Action, Check, Column, Deferrable, ForeignKey, Identity, Index, Key, Schema, Sequence, Table,
    View,
};

pub(super) fn render(lock: &SchemaLock) -> String {
    let mut text = format!(
        "# Written by cargo migrate: commit it, do not edit it.\nversion {}\n",
        SchemaLock::VERSION
    );
    for head in &lock.heads {
        text.push_str("head ");
        text.push_str(&head.to_string());
        text.push('\n');
    }
    for (dialect, schema) in &lock.schemas {
        text.push_str("\n[");
        text.push_str(dialect.as_str());
        text.push_str("]\n");
        let mut lines = Vec::new();
        write(schema, &mut |line| lines.push(line.finish()));
        lines.sort_unstable();
        for line in lines {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

type Push<'a> = &'a mut dyn FnMut(Line);

fn write(schema: &Schema, push: Push<'_>) {
    for (name, comment) in &schema.schemas {
        push(Line::new(&["schema", name]).maybe("comment", comment.as_deref()));
    }
    for (name, extension) in &schema.extensions {
        push(
            Line::new(&["extension", name])
                .maybe("schema", extension.schema.as_deref())
                .each("requires", &extension.requires),
        );
    }
    for (name, own) in &schema.enums {
        let line = Line::new(&["enum", &name.to_string()]);
        push(
            line.each("value", &own.values)
                .maybe("comment", own.comment.as_deref()),
        );
    }
    for (name, domain) in &schema.domains {
        let name = name.to_string();
        push(
            Line::new(&["domain", &name])
                .pair("type", &domain.sql_type)
                .flag(domain.nullable, "null")
                .maybe("default", domain.default.as_deref())
                .maybe("collation", domain.collation.as_deref())
                .maybe("comment", domain.comment.as_deref()),
        );
        for own in &domain.checks {
            push(check(Line::new(&["domain", &name, "check"]), own));
        }
    }
    for (word, all) in [
        ("collation", &schema.collations),
        ("dictionary", &schema.dictionaries),
        ("configuration", &schema.configurations),
        ("type", &schema.types),
    ] {
        for (name, own) in all {
            push(
                Line::new(&[word, &name.to_string()])
                    .pair("definition", &own.definition)
                    .maybe("comment", own.comment.as_deref()),
            );
        }
    }
    for (signature, routine) in &schema.routines {
        push(
            Line::new(&["routine", &signature.to_string()])
                .maybe("definition", routine.definition.as_deref())
                .maybe("comment", routine.comment.as_deref()),
        );
    }
    for (name, own) in &schema.sequences {
        push(sequence(Line::new(&["sequence", &name.to_string()]), own));
    }
    for (name, own) in &schema.tables {
        table(&name.to_string(), own, push);
    }
    for (name, own) in &schema.views {
        view(&name.to_string(), own, push);
    }
}

fn table(name: &str, table: &Table, push: Push<'_>) {
    let mut line = Line::new(&["table", name]);
    if let Some(of) = &table.partition_of {
        line = line
            .pair("partition-of", &of.table.to_string())
            .pair("bounds", &of.bounds);
    }
    for parent in &table.inherits {
        line = line.pair("inherits", &parent.to_string());
    }
    push(
        line.map("option", &table.options)
            .maybe("comment", table.comment.as_deref()),
    );
    for (position, own) in table.columns.iter().enumerate() {
        push(column(name, position + 1, own));
        if let Some(numbering) = &own.numbering {
            push(sequence(
                Line::new(&["table", name, "numbering", &own.name]),
                numbering,
            ));
        }
    }
    if let Some(own) = &table.primary_key {
        push(key(Line::new(&["table", name, "primary-key"]), own));
    }
    for own in &table.uniques {
        push(key(Line::new(&["table", name, "unique"]), own));
    }
    for own in &table.foreign_keys {
        push(foreign_key(Line::new(&["table", name, "foreign-key"]), own));
    }
    for own in &table.checks {
        push(check(Line::new(&["table", name, "check"]), own));
    }
    for (own, definition) in &table.indexes {
        push(index(Line::new(&["table", name, "index", own]), definition));
    }
    let defined = [
        ("exclusion", &table.exclusions),
        ("trigger", &table.triggers),
        ("policy", &table.policies),
        ("rule", &table.rules),
    ];
    for (word, objects) in defined {
        for (own, definition) in objects {
            push(Line::new(&["table", name, word, own]).pair("definition", definition));
        }
    }
}

fn view(name: &str, view: &View, push: Push<'_>) {
    push(
        Line::new(&["view", name])
            .flag(view.materialized, "materialized")
            .each("column", &view.columns)
            .map("option", &view.options)
            .map("column-comment", &view.column_comments)
            .maybe("comment", view.comment.as_deref())
            .pair("definition", &view.definition),
    );
    for (own, definition) in &view.indexes {
        push(index(Line::new(&["view", name, "index", own]), definition));
    }
    for (word, objects) in [("trigger", &view.triggers), ("rule", &view.rules)] {
        for (own, definition) in objects {
            push(Line::new(&["view", name, word, own]).pair("definition", definition));
        }
    }
}

fn column(table: &str, position: usize, column: &Column) -> Line {
    let mut line = Line::new(&["table", table, "column", &column.name])
        .pair("at", &position.to_string())
        .pair("type", &column.sql_type)
        .flag(column.nullable, "null")
        .maybe("default", column.default.as_deref());
    if let Some(generated) = &column.generated {
        line = line
            .pair("generated", &generated.expression)
            .flag(generated.stored, "stored");
    }
    line.maybe("identity", column.identity.map(identity))
        .maybe("collation", column.collation.as_deref())
        .maybe("on-update", column.on_update.as_deref())
        .map("option", &column.options)
        .maybe("comment", column.comment.as_deref())
}

fn key(line: Line, key: &Key) -> Line {
    line.each("column", &key.columns)
        .maybe("name", key.name.as_deref())
        .each("include", &key.include)
        .flag(key.nulls_not_distinct, "nulls-not-distinct")
        .maybe("deferrable", deferrable(key.deferrable))
        .map("qualifier", &key.qualifiers)
        .map("option", &key.options)
}

fn foreign_key(line: Line, key: &ForeignKey) -> Line {
    let action = |action: Action| (action != Action::NoAction).then(|| action.as_sql());
    line.each("column", &key.columns)
        .pair("table", &key.table.to_string())
        .each("references", &key.references)
        .maybe("on-delete", action(key.on_delete))
        .maybe("on-update", action(key.on_update))
        .maybe("deferrable", deferrable(key.deferrable))
        .maybe("name", key.name.as_deref())
        .map("option", &key.options)
}

fn check(line: Line, check: &Check) -> Line {
    line.pair("expression", &check.expression)
        .maybe("name", check.name.as_deref())
        .map("option", &check.options)
}

fn index(line: Line, index: &Index) -> Line {
    let line = index.parts.iter().fold(line, |line, part| {
        let nulls = part.nulls_first.map(|first| match first {
            true => "first",
            false => "last",
        });
        line.pair("part", &part.over)
            .flag(part.expression, "expression")
            .flag(part.descending, "descending")
            .maybe("nulls", nulls)
            .maybe("collation", part.collation.as_deref())
            .maybe("class", part.operator_class.as_deref())
            .maybe(
                "prefix",
                part.prefix.map(|most| most.to_string()).as_deref(),
            )
    });
    line.flag(index.unique, "unique")
        .maybe("method", index.method.as_deref())
        .maybe("where", index.predicate.as_deref())
        .each("include", &index.include)
        .flag(index.nulls_not_distinct, "nulls-not-distinct")
        .map("option", &index.options)
        .maybe("comment", index.comment.as_deref())
}

fn sequence(line: Line, own: &Sequence) -> Line {
    let mut line = line
        .pair("type", &own.sql_type)
        .pair("start", &own.start.to_string())
        .pair("increment", &own.increment.to_string())
        .pair("min", &own.min.to_string())
        .pair("max", &own.max.to_string())
        .flag(own.cycle, "cycle")
        .pair("cache", &own.cache.to_string());
    if let Some((table, column)) = &own.owned_by {
        line = line
            .pair("owner", &table.to_string())
            .pair("owner-column", column);
    }
    line.maybe("comment", own.comment.as_deref())
}

pub(super) const IDENTITIES: [(&str, Identity); 4] = [
    ("always", Identity::Always),
    ("by-default", Identity::ByDefault),
    ("serial", Identity::Serial),
    ("auto-increment", Identity::AutoIncrement),
];

fn identity(of: Identity) -> &'static str {
    let found = IDENTITIES.iter().find(|(_, identity)| *identity == of);
    found.map_or("", |(word, _)| word)
}

const fn deferrable(of: Deferrable) -> Option<&'static str> {
    match of {
        Deferrable::No => None,
        Deferrable::Immediate => Some("immediate"),
        Deferrable::Deferred => Some("deferred"),
    }
}
