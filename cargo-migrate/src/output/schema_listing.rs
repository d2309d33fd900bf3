//! A schema as a listing for people.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use migrate_schema::{
    Action, Check, Column, Deferrable, ForeignKey, Identity, Index, IndexPart, Key, ObjectRef,
    Options, Schema, Sequence, Table, View,
};

use crate::output::style::{self, styled};

/// Writes everything, a paragraph for each table and view; `verbose` with the texts of what is
/// code.
pub(crate) fn listing(schema: &Schema, verbose: bool) -> String {
    let mut listing = Listing {
        text: String::new(),
        verbose,
    };
    for object in schema.objects() {
        listing.object(object);
    }
    listing.text
}

struct Listing {
    text: String,
    verbose: bool,
}

impl Listing {
    fn head(&mut self, kind: &str, name: impl Display, comment: Option<&String>) {
        // Only what has lines below it is a paragraph.
        let follows = self
            .text
            .lines()
            .next_back()
            .is_some_and(|last| !last.is_empty());
        if follows {
            self.text.push('\n');
        }
        let name = styled(style::ID, name);
        let _infallible = write!(self.text, "{} {name}", styled(style::GOOD, kind));
        if let Some(comment) = comment {
            let comment = comment.replace('\n', " ");
            let _infallible = write!(self.text, "  {}", styled(style::DIM, comment));
        }
        self.text.push('\n');
    }

    fn line(&mut self, line: impl Display) {
        let _infallible = writeln!(self.text, "    {line}");
    }

    /// Lines of code, for those who want to see them.
    fn code(&mut self, text: &str) {
        if self.verbose {
            for line in text.lines() {
                let _infallible = writeln!(self.text, "        {line}");
            }
        }
    }

    fn object(&mut self, object: ObjectRef<'_>) {
        let kind = object.kind().as_str();
        match object {
            ObjectRef::Table(name, table) => self.table(&name.to_string(), table),
            ObjectRef::View(name, view) => self.view(&name.to_string(), view),
            ObjectRef::Sequence(name, sequence) => {
                self.head(kind, name, sequence.comment.as_ref());
                self.line(numbers(sequence));
            }
            ObjectRef::Enum(name, values) => {
                self.head(kind, name, values.comment.as_ref());
                let values = values.values.iter().map(|value| format!("'{value}'"));
                self.line(values.collect::<Vec<_>>().join(", "));
            }
            ObjectRef::Domain(name, domain) => {
                self.head(kind, name, domain.comment.as_ref());
                let mut line = domain.sql_type.clone();
                if !domain.nullable {
                    line.push_str(" not null");
                }
                if let Some(default) = &domain.default {
                    line.extend([" default ", default]);
                }
                self.line(line);
                for check in &domain.checks {
                    self.line(of_check(check));
                }
            }
            ObjectRef::Type(name, of)
            | ObjectRef::Collation(name, of)
            | ObjectRef::Dictionary(name, of)
            | ObjectRef::Configuration(name, of)
            | ObjectRef::Operator(name, of)
            | ObjectRef::Statistics(name, of) => {
                self.head(kind, name, of.comment.as_ref());
                of.definition.lines().for_each(|line| self.line(line));
            }
            ObjectRef::Wrapper(name, of)
            | ObjectRef::Server(name, of)
            | ObjectRef::Publication(name, of)
            | ObjectRef::EventTrigger(name, of)
            | ObjectRef::Cast(name, of) => {
                self.head(kind, name, of.comment.as_ref());
                of.definition.lines().for_each(|line| self.line(line));
            }
            ObjectRef::Routine(signature, routine) => {
                let head = format!("{}({})", signature.name, signature.arguments);
                self.head(signature.kind.as_str(), head, routine.comment.as_ref());
                let definition = routine.definition.as_deref();
                self.code(definition.unwrap_or("-- its text may not be seen"));
            }
            ObjectRef::Event(name, event) => {
                self.head(kind, name, None);
                self.code(&event.definition);
            }
            ObjectRef::Extension(name, _) => self.head(kind, name, None),
            ObjectRef::Schema(name, comment) => self.head(kind, name, comment.as_ref()),
        }
    }

    fn table(&mut self, name: &str, table: &Table) {
        self.head("table", name, table.comment.as_ref());
        let width = |of: fn(&Column) -> &str| {
            let widths = table
                .columns
                .iter()
                .map(|column| of(column).chars().count());
            widths.max().unwrap_or(0)
        };
        let (names, types) = (width(|it| &it.name), width(|it| &it.sql_type));
        for column in &table.columns {
            let line = format!(
                "{:names$}  {:types$}{}",
                column.name,
                column.sql_type,
                of_column(column)
            );
            self.line(line.trim_end());
        }
        if let Some(key) = &table.primary_key {
            self.line(of_key("primary key", key));
        }
        for key in &table.uniques {
            self.line(of_key("unique", key));
        }
        for key in &table.foreign_keys {
            self.line(of_foreign_key(key));
        }
        for check in &table.checks {
            self.line(of_check(check));
        }
        for (name, text) in &table.exclusions {
            self.line(format!("constraint {name} {text}"));
        }
        self.indexes(&table.indexes);
        self.triggers("trigger", &table.triggers);
        self.triggers("policy", &table.policies);
        self.triggers("rule", &table.rules);
        if let Some(partition) = &table.partition_of {
            self.line(format!(
                "partition of {} {}",
                partition.table, partition.bounds
            ));
        }
        for parent in &table.inherits {
            self.line(format!("inherits {parent}"));
        }
        table.options.words().for_each(|option| self.line(option));
    }

    fn view(&mut self, name: &str, view: &View) {
        let kind = if view.materialized {
            "materialized view"
        } else {
            "view"
        };
        self.head(kind, name, view.comment.as_ref());
        self.code(&view.definition);
        self.indexes(&view.indexes);
        self.triggers("trigger", &view.triggers);
        self.triggers("rule", &view.rules);
        view.options.words().for_each(|option| self.line(option));
    }

    fn indexes(&mut self, indexes: &BTreeMap<String, Index>) {
        for (name, index) in indexes {
            self.line(of_index(name, index));
        }
    }

    fn triggers(&mut self, kind: &str, statements: &BTreeMap<String, String>) {
        for (name, statement) in statements {
            self.line(format!("{kind} {name}"));
            self.code(statement);
        }
    }
}

/// A check; some databases write its parentheses, some do not.
fn of_check(check: &Check) -> String {
    let (name, options) = (named(check.name.as_ref()), of_options(&check.options));
    match check.expression.starts_with('(') {
        true => format!("check{name} {}{options}", check.expression),
        false => format!("check{name} ({}){options}", check.expression),
    }
}

/// A name, if there is one, with the space before it.
fn named(name: Option<&String>) -> String {
    name.map(|name| format!(" {name}")).unwrap_or_default()
}

fn of_options(options: &Options) -> String {
    options.words().map(|option| format!(" {option}")).collect()
}

fn of_column(column: &Column) -> String {
    let mut text = String::new();
    if !column.nullable {
        text.push_str("  not null");
    }
    if let Some(identity) = column.identity {
        text.push_str(match identity {
            Identity::Always => "  always identity",
            Identity::ByDefault => "  identity",
            Identity::Serial => "  serial",
            Identity::AutoIncrement => "  auto increment",
        });
    }
    if let Some(sequence) = &column.sequence_options {
        let _infallible = write!(text, " ({})", numbers(sequence));
    }
    if let Some(default) = &column.default {
        text.extend(["  default ", default]);
    }
    if let Some(generated) = &column.generated {
        let kept = if generated.stored { " stored" } else { "" };
        text.extend(["  as ", &generated.expression, kept]);
    }
    if let Some(on_update) = &column.on_update {
        text.extend(["  on update ", on_update]);
    }
    if let Some(collation) = &column.collation {
        text.extend(["  collate ", collation]);
    }
    if !column.options.is_empty() {
        text.extend([" ", &of_options(&column.options)]);
    }
    if let Some(comment) = &column.comment {
        let comment = styled(style::DIM, comment.replace('\n', " "));
        text.extend(["  ", &comment]);
    }
    text
}

fn of_key(kind: &str, key: &Key) -> String {
    let columns = key
        .columns
        .iter()
        .map(|column| match key.qualifiers.get(column) {
            Some(qualifier) => format!("{column} {qualifier}"),
            None => column.clone(),
        });
    let columns = columns.collect::<Vec<_>>().join(", ");
    let mut text = format!("{kind}{} ({columns})", named(key.name.as_ref()));
    if key.nulls_not_distinct {
        text.push_str(" nulls not distinct");
    }
    if !key.include.is_empty() {
        text.extend([" include (", &key.include.join(", "), ")"]);
    }
    text.extend([of_deferrable(key.deferrable), &of_options(&key.options)]);
    text
}

const fn of_deferrable(deferrable: Deferrable) -> &'static str {
    match deferrable {
        Deferrable::No => "",
        Deferrable::Immediate => " deferrable",
        Deferrable::Deferred => " deferrable initially deferred",
    }
}

fn of_foreign_key(key: &ForeignKey) -> String {
    let mut text = format!(
        "foreign key{} ({}) references {} ({})",
        named(key.name.as_ref()),
        key.columns.join(", "),
        key.table,
        key.references.join(", ")
    );
    for (word, action) in [("delete", key.on_delete), ("update", key.on_update)] {
        if action != Action::NoAction {
            text.extend([" on ", word, " ", &action.as_sql().to_ascii_lowercase()]);
        }
    }
    text.extend([of_deferrable(key.deferrable), &of_options(&key.options)]);
    text
}

fn of_part(part: &IndexPart) -> String {
    let mut text = part.over.clone();
    if let Some(prefix) = part.prefix {
        let _infallible = write!(text, "({prefix})");
    }
    if let Some(collation) = &part.collation {
        text.extend([" collate ", collation]);
    }
    if let Some(class) = &part.operator_class {
        text.extend([" ", class]);
    }
    if part.descending {
        text.push_str(" desc");
    }
    match part.nulls_first {
        Some(true) => text.push_str(" nulls first"),
        Some(false) => text.push_str(" nulls last"),
        None => {}
    }
    text
}

fn of_index(name: &str, index: &Index) -> String {
    let unique = if index.unique { "unique " } else { "" };
    let parts = index
        .parts
        .iter()
        .map(of_part)
        .collect::<Vec<_>>()
        .join(", ");
    let mut text = format!("{unique}index {name}");
    if let Some(method) = &index.method {
        text.extend([" using ", method]);
    }
    text.extend([" (", &parts, ")"]);
    if !index.include.is_empty() {
        text.extend([" include (", &index.include.join(", "), ")"]);
    }
    if index.nulls_not_distinct {
        text.push_str(" nulls not distinct");
    }
    if let Some(predicate) = &index.predicate {
        text.extend([" where ", predicate]);
    }
    text.push_str(&of_options(&index.options));
    text
}

fn numbers(sequence: &Sequence) -> String {
    let mut text = format!(
        "{} from {} by {}, {} to {}",
        sequence.sql_type, sequence.start, sequence.increment, sequence.min, sequence.max
    );
    if sequence.cycle {
        text.push_str(", then again");
    }
    if let Some((table, column)) = &sequence.owned_by {
        let _infallible = write!(text, ", owned by {table}.{column}");
    }
    text
}
