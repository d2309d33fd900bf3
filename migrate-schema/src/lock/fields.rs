//! The fields of each object, said once for both directions.

use super::attribute::{Fields, Visit};
use crate::schema::{
    Check, Column, Definition, Domain, Enum, Event, Extension, ForeignKey, Generated, Index,
    IndexPart, Key, PartitionOf, Routine, Sequence, Table, View,
};

impl Fields for Table {
    fn fields(&mut self, field: Visit<'_>) {
        let partition = self.partition_of.take();
        let (mut table, mut bounds) = partition.map(|it| (it.table, it.bounds)).unzip();
        field("partition-of", &mut table);
        field("bounds", &mut bounds);
        if table.is_some() || bounds.is_some() {
            self.partition_of = Some(PartitionOf {
                table: table.unwrap_or_default(),
                bounds: bounds.unwrap_or_default(),
            });
        }
        field("inherits", &mut self.inherits);
        field("option", &mut self.options);
        field("comment", &mut self.comment);
    }
}

/// A column, and its place in its table.
#[derive(Default)]
pub(super) struct PlacedColumn {
    pub(super) at: Option<u32>,
    pub(super) column: Column,
}

impl Fields for PlacedColumn {
    fn fields(&mut self, field: Visit<'_>) {
        let column = &mut self.column;
        field("at", &mut self.at);
        field("type", &mut column.sql_type);
        field("null", &mut column.nullable);
        field("default", &mut column.default);
        let generated = column.generated.take();
        let mut stored = generated.as_ref().is_some_and(|it| it.stored);
        let mut expression = generated.map(|it| it.expression);
        field("generated", &mut expression);
        field("stored", &mut stored);
        if stored || expression.is_some() {
            column.generated = Some(Generated {
                expression: expression.unwrap_or_default(),
                stored,
            });
        }
        field("identity", &mut column.identity);
        field("collation", &mut column.collation);
        field("on-update", &mut column.on_update);
        field("option", &mut column.options);
        field("comment", &mut column.comment);
        field("inherited", &mut column.inherited.0);
        field(
            "not-null-inherited",
            &mut column.state.is_not_null_inherited,
        );
        field("not-null-name", &mut column.state.not_null_name);
        field("sequence", &mut column.state.sequence_name);
    }
}

impl Fields for Key {
    fn fields(&mut self, field: Visit<'_>) {
        field("column", &mut self.columns);
        field("name", &mut self.name);
        field("include", &mut self.include);
        field("nulls-not-distinct", &mut self.nulls_not_distinct);
        field("deferrable", &mut self.deferrable);
        field("qualifier", &mut self.qualifiers);
        field("option", &mut self.options);
    }
}

impl Fields for ForeignKey {
    fn fields(&mut self, field: Visit<'_>) {
        field("column", &mut self.columns);
        field("table", &mut self.table);
        field("references", &mut self.references);
        field("on-delete", &mut self.on_delete);
        field("on-update", &mut self.on_update);
        field("deferrable", &mut self.deferrable);
        field("name", &mut self.name);
        field("option", &mut self.options);
    }
}

impl Fields for Check {
    fn fields(&mut self, field: Visit<'_>) {
        field("expression", &mut self.expression);
        field("name", &mut self.name);
        field("option", &mut self.options);
    }
}

impl Fields for Index {
    fn fields(&mut self, field: Visit<'_>) {
        field("part", &mut self.parts);
        field("unique", &mut self.unique);
        field("method", &mut self.method);
        field("where", &mut self.predicate);
        field("include", &mut self.include);
        field("nulls-not-distinct", &mut self.nulls_not_distinct);
        field("option", &mut self.options);
        field("comment", &mut self.comment);
    }
}

impl Fields for IndexPart {
    fn fields(&mut self, field: Visit<'_>) {
        field("expression", &mut self.expression);
        field("descending", &mut self.descending);
        field("nulls", &mut self.nulls_first);
        field("collation", &mut self.collation);
        field("class", &mut self.operator_class);
        field("prefix", &mut self.prefix);
    }
}

/// The statement of a trigger, policy, rule or exclusion constraint.
impl Fields for String {
    fn fields(&mut self, field: Visit<'_>) {
        field("definition", self);
    }
}

impl Fields for View {
    fn fields(&mut self, field: Visit<'_>) {
        field("materialized", &mut self.materialized);
        field("column", &mut self.columns);
        field("option", &mut self.options);
        field("column-comment", &mut self.column_comments);
        field("column-default", &mut self.column_defaults);
        field("comment", &mut self.comment);
        field("definition", &mut self.definition);
    }
}

impl Fields for Sequence {
    fn fields(&mut self, field: Visit<'_>) {
        field("type", &mut self.sql_type);
        field("start", &mut self.start);
        field("increment", &mut self.increment);
        field("min", &mut self.min);
        field("max", &mut self.max);
        field("cycle", &mut self.cycle);
        field("cache", &mut self.cache);
        let (mut table, mut column) = self.owned_by.take().unzip();
        field("owner", &mut table);
        field("owner-column", &mut column);
        if table.is_some() || column.is_some() {
            self.owned_by = Some((table.unwrap_or_default(), column.unwrap_or_default()));
        }
        field("comment", &mut self.comment);
    }
}

impl Fields for Enum {
    fn fields(&mut self, field: Visit<'_>) {
        field("value", &mut self.values);
        field("comment", &mut self.comment);
    }
}

impl Fields for Domain {
    fn fields(&mut self, field: Visit<'_>) {
        field("type", &mut self.sql_type);
        field("null", &mut self.nullable);
        field("not-null-name", &mut self.not_null_name);
        field("default", &mut self.default);
        field("collation", &mut self.collation);
        field("constraint-comment", &mut self.constraint_comments);
        field("comment", &mut self.comment);
    }
}

impl Fields for Definition {
    fn fields(&mut self, field: Visit<'_>) {
        field("definition", &mut self.definition);
        field("comment", &mut self.comment);
    }
}

impl Fields for Routine {
    fn fields(&mut self, field: Visit<'_>) {
        field("definition", &mut self.definition);
        field("comment", &mut self.comment);
    }
}

impl Fields for Event {
    fn fields(&mut self, field: Visit<'_>) {
        field("definition", &mut self.definition);
    }
}

impl Fields for Extension {
    fn fields(&mut self, field: Visit<'_>) {
        field("schema", &mut self.schema);
        field("requires", &mut self.requires);
    }
}

/// The comment of a named schema.
impl Fields for Option<String> {
    fn fields(&mut self, field: Visit<'_>) {
        field("comment", self);
    }
}
