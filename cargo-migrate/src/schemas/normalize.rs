//! Normalizes texts that a database writes in two forms.
//! PostgreSQL prints a view differently after a dump is reloaded: an unnamed column has a name
//! then. If only such texts differ, both schemas are recreated in scratch databases, and what is
//! equal there counts as equal.

use std::collections::BTreeMap;

use migrate_core::{Dialect, LedgerNames};
use migrate_schema::{Check, Index, Name, Schema};

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::scratch::schema_of_script;

/// Copies the texts of `from` to `to` if both mean the same. If a schema cannot be recreated, or no
/// scratch database can be created, the texts stay as they are.
pub(crate) async fn normalize_definitions(
    from: &Schema,
    to: &mut Schema,
    server: &Chosen,
    ledger: &LedgerNames,
) -> Result<(), CommandError> {
    let all = [from.dialect, to.dialect].map(Some);
    let of_server = Dialect::from_url(server.url());
    if all != [Some(Dialect::Postgres); 2] || of_server != all[0] || !differ(from, to) {
        return Ok(());
    }
    let mut normalized = Vec::new();
    for schema in [from, &*to] {
        match schema_of_script(server, ledger, &migrate_schema::dump(schema)).await {
            Ok(Some(schema)) => normalized.push(texts(&schema)),
            Ok(None) => return Ok(()),
            Err(error) if error.is(Failure::Scratch) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    let before = texts(from);
    each(to, &mut |place, text| {
        let same = normalized[0].contains_key(&place)
            && normalized[0].get(&place) == normalized[1].get(&place);
        if let (true, Some(before)) = (same, before.get(&place)) {
            text.clone_from(before);
        }
    });
    for table in to.tables.values_mut() {
        table.checks.sort();
    }
    for domain in to.domains.values_mut() {
        domain.checks.sort();
    }
    Ok(())
}

/// The place of a text: its kind, its object, and which of its kind it is.
type Place = (&'static str, Name, String);

fn differ(from: &Schema, to: &Schema) -> bool {
    let before = texts(from);
    let differs = |(place, text)| before.get(place).is_some_and(|before| before != text);
    texts(to).iter().any(differs)
}

fn texts(schema: &Schema) -> BTreeMap<Place, String> {
    let mut texts = BTreeMap::new();
    each(&mut schema.clone(), &mut |place, text| {
        texts.insert(place, text.clone());
    });
    texts
}

/// Visits each text that has a name of its own.
fn each(schema: &mut Schema, see: &mut impl FnMut(Place, &mut String)) {
    for (name, view) in &mut schema.views {
        see(("view", name.clone(), String::new()), &mut view.definition);
        for (kind, texts) in [("rule", &mut view.rules), ("trigger", &mut view.triggers)] {
            for (own, text) in texts {
                see((kind, name.clone(), own.clone()), text);
            }
        }
        of_indexes(name, &mut view.indexes, see);
    }
    for (name, table) in &mut schema.tables {
        for column in &mut table.columns {
            let place = ("column", name.clone(), column.name.clone());
            let generated = column.generated.as_mut().map(|it| &mut it.expression);
            if let Some(text) = generated.or(column.default.as_mut()) {
                see(place, text);
            }
        }
        let named = [
            ("rule", &mut table.rules),
            ("trigger", &mut table.triggers),
            ("policy", &mut table.policies),
            ("exclusion", &mut table.exclusions),
        ];
        for (kind, texts) in named {
            for (own, text) in texts {
                see((kind, name.clone(), own.clone()), text);
            }
        }
        of_checks("check", name, &mut table.checks, see);
        of_indexes(name, &mut table.indexes, see);
    }
    for (name, domain) in &mut schema.domains {
        of_checks("domain check", name, &mut domain.checks, see);
    }
}

fn of_checks(
    kind: &'static str,
    name: &Name,
    checks: &mut [Check],
    see: &mut impl FnMut(Place, &mut String),
) {
    for check in checks {
        if let Some(own) = &check.name {
            see((kind, name.clone(), own.clone()), &mut check.expression);
        }
    }
}

fn of_indexes(
    name: &Name,
    indexes: &mut BTreeMap<String, Index>,
    see: &mut impl FnMut(Place, &mut String),
) {
    for (own, index) in indexes {
        if let Some(predicate) = &mut index.predicate {
            see(("predicate", name.clone(), own.clone()), predicate);
        }
        for (at, part) in index.parts.iter_mut().enumerate() {
            if part.expression {
                let place = format!("{own}.{at}");
                see(("index", name.clone(), place), &mut part.over);
            }
        }
    }
}
