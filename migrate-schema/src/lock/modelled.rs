//! The lines of what the models had said.

use std::collections::{BTreeMap, BTreeSet};

use super::attribute::{Fields, Tokens, Visit};
use super::line::{Line, Token, tokens};
use super::objects::{Push, line, part};
use super::read::heading;
use crate::{Modelled, ModelledColumn, ModelledTable, Name};
use migrate_core::Dialect;

impl Fields for ModelledTable {
    fn fields(&mut self, field: Visit<'_>) {
        field("primary-key", &mut self.primary_key);
        field("option", &mut self.options);
        field("comment", &mut self.comment);
    }
}

impl Fields for ModelledColumn {
    fn fields(&mut self, field: Visit<'_>) {
        field("type", &mut self.sql_type);
        field("value", &mut self.values);
        field("not-null", &mut self.not_null);
        field("default", &mut self.default);
        field("generated", &mut self.generated);
        field("identity", &mut self.identity);
        field("collation", &mut self.collation);
        field("on-update", &mut self.on_update);
        field("comment", &mut self.comment);
    }
}

/// A key, and which of its properties are said.
#[derive(Default)]
struct SaidKey {
    columns: Vec<String>,
    table: Option<Name>,
    says: BTreeSet<String>,
}

impl Fields for SaidKey {
    fn fields(&mut self, field: Visit<'_>) {
        field("column", &mut self.columns);
        field("table", &mut self.table);
        field("says", &mut self.says);
    }
}

impl Fields for Vec<String> {
    fn fields(&mut self, field: Visit<'_>) {
        field("value", self);
    }
}

pub(super) fn write(models: &Modelled, push: Push<'_>) {
    for (name, values) in &models.enums {
        line(
            &["model-enum", &name.to_string()],
            &[],
            values.clone(),
            push,
        );
    }
    for (name, table) in &models.tables {
        let name = name.to_string();
        let heading = ["model", name.as_str()];
        line(&heading, &[], table.clone(), push);
        for (column, said) in &table.columns {
            line(&heading, &["column", column], said.clone(), push);
        }
        for (columns, says) in &table.uniques {
            let key = SaidKey {
                columns: columns.clone(),
                says: says.clone(),
                ..SaidKey::default()
            };
            line(&heading, &["unique"], key, push);
        }
        for ((columns, references), says) in &table.foreign_keys {
            let key = SaidKey {
                columns: columns.clone(),
                table: Some(references.clone()),
                says: says.clone(),
            };
            line(&heading, &["foreign-key"], key, push);
        }
        for check in &table.checks {
            let mut line = Line::new(&["model", &name, "check"]);
            line.pair("expression", check);
            push(line);
        }
        for index in &table.indexes {
            push(Line::new(&["model", &name, "index", index]));
        }
    }
}

/// Reads a line into what it is about; `None` if it is invalid.
pub(super) fn read(head: &[&str], rest: Tokens, models: &mut Modelled) -> Option<()> {
    let name = Name::from(*head.get(1)?);
    if head[0] == "model-enum" {
        return models.enums.entry(name).or_default().read(rest);
    }
    let table = models.tables.entry(name).or_default();
    match head.get(2..)? {
        [] => return table.read(rest),
        ["column", column] => {
            let said = part(rest)?;
            table.columns.insert((*column).to_owned(), said);
        }
        ["unique"] => {
            let key: SaidKey = part(rest)?;
            table
                .uniques
                .entry(key.columns)
                .or_default()
                .extend(key.says);
        }
        ["foreign-key"] => {
            let key: SaidKey = part(rest)?;
            let keys = &mut table.foreign_keys;
            keys.entry((key.columns, key.table?))
                .or_default()
                .extend(key.says);
        }
        ["check"] => {
            let check: crate::Check = part(rest)?;
            table.checks.insert(check.expression);
        }
        ["index", index] => drop(table.indexes.insert((*index).to_owned())),
        _ => return None,
    }
    Some(())
}

/// Reads the lines of all models, and skips what it cannot read.
pub(super) fn read_all(text: &str) -> BTreeMap<Dialect, Modelled> {
    let mut models: BTreeMap<Dialect, Modelled> = BTreeMap::new();
    let mut section = None;
    for line in text.lines().map(str::trim_end) {
        let word = line.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        if let Some(word) = word {
            section = word.parse().ok();
        }
        let of_models = line.starts_with("model ") || line.starts_with("model-enum ");
        let (Some(dialect), true) = (section, of_models) else {
            continue;
        };
        let one = |tokens: Vec<Token>| {
            let words = tokens.iter().take_while(|token| token.value.is_none());
            let words: Vec<String> = words.map(|token| token.word.clone()).collect();
            let head: Vec<&str> = heading(&words)?.iter().map(String::as_str).collect();
            let rest: Vec<Token> = tokens.into_iter().skip(head.len()).collect();
            let rest = rest.into_iter().peekable();
            read(&head, rest, models.entry(dialect).or_default())
        };
        let _unreadable = tokens(line).and_then(one);
    }
    models
}
