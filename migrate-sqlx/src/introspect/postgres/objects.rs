//! Triggers, policies, types and routines: mostly the statement that makes them.

use migrate_core::Dialect;
use migrate_schema::{
    Check, Definition, Domain, Enum, Grant, Name, NotCarried, ObjectKind, Options, Part, Routine,
    RoutineKind, Signature,
};

use super::super::record::Record;
use super::Reading;
use super::spelling::{expression, normalized};
use crate::error::Error;

impl Reading {
    pub(super) fn trigger(&mut self, mut row: Record) -> Result<(), Error> {
        let Some(relation) = self.relations.get(&row.number()?).cloned() else {
            return Ok(());
        };
        let (name, definition, enabled) = (row.text(), normalized(row.text()), row.text());
        let statement = switched(definition, "TRIGGER", &relation, &name, &enabled);
        let statement = commented(statement, "TRIGGER", &relation, &name, row.option());
        if let Some(table) = self.schema.tables.get_mut(&relation) {
            table.triggers.insert(name, statement);
        } else if let Some(view) = self.schema.views.get_mut(&relation) {
            view.triggers.insert(name, statement);
        }
        Ok(())
    }

    pub(super) fn rule(&mut self, mut row: Record) -> Result<(), Error> {
        let Some(relation) = self.relations.get(&row.number()?).cloned() else {
            return Ok(());
        };
        let (name, definition, enabled) = (row.text(), normalized(row.text()), row.text());
        let definition = definition.trim_end_matches(';').to_owned();
        let statement = switched(definition, "RULE", &relation, &name, &enabled);
        let statement = commented(statement, "RULE", &relation, &name, row.option());
        if let Some(table) = self.schema.tables.get_mut(&relation) {
            table.rules.insert(name, statement);
        } else if let Some(view) = self.schema.views.get_mut(&relation) {
            view.rules.insert(name, statement);
        }
        Ok(())
    }

    pub(super) fn policy(&mut self, mut row: Record) -> Result<(), Error> {
        let Some(relation) = self.relations.get(&row.number()?).cloned() else {
            return Ok(());
        };
        let name = row.text();
        let permissive = row.flag();
        let (command, roles) = (row.text(), row.text());
        let mut statement = format!(
            "CREATE POLICY {} ON {}{} FOR {command} TO {roles}",
            Dialect::Postgres.quote(&name),
            relation.quoted(Dialect::Postgres),
            if permissive { "" } else { " AS RESTRICTIVE" }
        );
        for word in ["USING", "WITH CHECK"] {
            if let Some(expression) = expression(&mut row) {
                statement.extend([" ", word, " (", &expression, ")"]);
            }
        }
        let statement = commented(statement, "POLICY", &relation, &name, row.option());
        if let Some(table) = self.schema.tables.get_mut(&relation) {
            table.policies.insert(name, statement);
        }
        Ok(())
    }

    /// Reads the number and the name of a type or routine.
    fn numbered(&mut self, row: &mut Record) -> Result<(u32, Name), Error> {
        let number = row.number()?;
        Ok((number, self.name(row)))
    }

    fn is_known_as(&mut self, catalogue: &str, number: u32, object: (ObjectKind, String)) {
        self.objects.insert((catalogue.to_owned(), number), object);
    }

    pub(super) fn enumeration(&mut self, mut row: Record) -> Result<(), Error> {
        let (number, name) = self.numbered(&mut row)?;
        self.types.insert(number, name.clone());
        self.is_known_as("type", number, (ObjectKind::Enum, name.to_string()));
        let comment = row.option();
        let of_type = self.schema.enums.entry(name).or_insert_with(|| Enum {
            comment,
            ..Enum::default()
        });
        of_type.values.extend(row.nullable());
        Ok(())
    }

    pub(super) fn domain(&mut self, mut row: Record) -> Result<(), Error> {
        let (number, name) = self.numbered(&mut row)?;
        self.types.insert(number, name.clone());
        self.is_known_as("type", number, (ObjectKind::Domain, name.to_string()));
        let comment = row.option();
        let domain = Domain {
            sql_type: row.text(),
            nullable: row.flag(),
            default: expression(&mut row),
            collation: row.option(),
            comment,
            ..Domain::default()
        };
        let of_not_null = format!("{}_not_null", name.name);
        let domain = self.schema.domains.entry(name).or_insert(domain);
        let kind = row.option();
        if let Some(name) = row.option() {
            let expression = row.option().map(normalized);
            let mut options = Options::new();
            if !row.flag() {
                options.set("NOT VALID");
            }
            if let Some(comment) = row.option() {
                domain.constraint_comments.insert(name.clone(), comment);
            }
            if kind.as_deref() == Some("n") {
                domain.not_null_name = (name != of_not_null).then_some(name);
            } else {
                domain.checks.push(Check {
                    expression: expression.unwrap_or_default(),
                    name: Some(name),
                    options,
                });
            }
        }
        Ok(())
    }

    pub(super) fn composite_or_range(&mut self, mut row: Record) -> Result<(), Error> {
        let (number, name) = self.numbered(&mut row)?;
        self.types.insert(number, name.clone());
        self.is_known_as("type", number, (ObjectKind::Type, name.to_string()));
        self.schema.types.insert(name, definition(row));
        Ok(())
    }

    /// Reads what is created from one text: a collation, a text search dictionary or configuration,
    /// or extended statistics.
    pub(super) fn of_one_text(&mut self, kind: &str, mut row: Record) {
        let name = self.name(&mut row);
        let all = match kind {
            "collation" => &mut self.schema.collations,
            "dictionary" => &mut self.schema.dictionaries,
            "statistics" => &mut self.schema.statistics,
            _ => &mut self.schema.configurations,
        };
        all.insert(name, definition(row));
    }

    /// Reads what is in no schema and is created from one text.
    pub(super) fn global(&mut self, mut row: Record) -> Result<(), Error> {
        let kind = row.text();
        let (number, name) = (row.number()?, row.text());
        let all = match kind.as_str() {
            "wrapper" => &mut self.schema.wrappers,
            "server" => &mut self.schema.servers,
            "publication" => &mut self.schema.publications,
            "event trigger" => &mut self.schema.event_triggers,
            _ => &mut self.schema.casts,
        };
        all.insert(name.clone(), definition(row));
        if kind == "cast" {
            self.code.insert((kind, number), Part::Cast(name));
        }
        Ok(())
    }

    pub(super) fn operator(&mut self, mut row: Record) -> Result<(), Error> {
        let (number, name) = self.numbered(&mut row)?;
        let part = Part::Operator(name.clone());
        self.code.insert(("operator".to_owned(), number), part);
        self.schema.operators.insert(name, definition(row));
        Ok(())
    }

    /// Reads an owner, a grant, or that `PUBLIC` lacks what it usually has.
    pub(super) fn privilege(&mut self, what: &str, mut row: Record) -> Result<(), Error> {
        let catalogue = row.text();
        let Some(object) = self.objects.get(&(catalogue, row.number()?)) else {
            return Ok(());
        };
        let all = &mut self.schema.state.privileges;
        let privileges = all.entry(object.clone()).or_default();
        match what {
            "owner" => privileges.owner = row.option(),
            "closed" => privileges.is_closed = true,
            _ => {
                privileges.grants.push(Grant {
                    privileges: row.text(),
                    column: row.option(),
                    grantee: row.text(),
                    grantable: row.flag(),
                });
                privileges.grants.sort();
            }
        }
        Ok(())
    }

    pub(super) fn not_carried(&mut self, mut row: Record) {
        let kind = row.text();
        let schema = row.option().and_then(|name| self.schema_name(name));
        let name = row.text();
        self.schema.not_carried.insert(NotCarried {
            kind,
            name: Name { schema, name },
        });
    }

    /// Reads that one part depends on another, where both are read.
    pub(super) fn depends(&mut self, mut row: Record) -> Result<(), Error> {
        let (part, needed) = (self.part(&mut row)?, self.part(&mut row)?);
        if let (Some(part), Some(needed)) = (part, needed)
            && part != needed
        {
            self.dependencies.push((part, needed));
        }
        Ok(())
    }

    fn part(&self, row: &mut Record) -> Result<Option<Part>, Error> {
        let (catalogue, number) = (row.text(), row.number()?);
        let (part, name) = (row.text(), row.text());
        Ok(match catalogue.as_str() {
            "type" => self.types.get(&number).cloned().map(Part::Type),
            "routine" => self.routines.get(&number).cloned().map(Part::Routine),
            "operator" | "cast" => self.code.get(&(catalogue, number)).cloned(),
            _ => match (self.relations.get(&number), self.numbered.get(&number)) {
                (Some(relation), _) => {
                    let relation = relation.clone();
                    Some(match part.as_str() {
                        "column" => Part::Column(relation, name),
                        "default" => Part::Default(relation, name),
                        "constraint" => Part::Constraint(relation, name),
                        "index" => Part::Index(relation, name),
                        "rule" => Part::Rule(relation, name),
                        "trigger" => Part::Trigger(relation, name),
                        "policy" => Part::Policy(relation, name),
                        _ => Part::Relation(relation),
                    })
                }
                (None, Some((table, column))) => Some(Part::Column(table.clone(), column.clone())),
                (None, None) => None,
            },
        })
    }

    pub(super) fn routine(&mut self, mut row: Record) -> Result<(), Error> {
        let (number, name) = self.numbered(&mut row)?;
        let kind = match row.text().as_str() {
            "p" => RoutineKind::Procedure,
            "a" => RoutineKind::Aggregate,
            _ => RoutineKind::Function,
        };
        let signature = Signature {
            kind,
            arguments: row.text(),
            name,
        };
        let comment = row.option();
        let (place, mut definition) = (row.text(), row.text());
        if signature.name.schema.is_none() {
            // PostgreSQL names the schema always, and only here.
            for word in [
                "CREATE OR REPLACE FUNCTION ",
                "CREATE OR REPLACE PROCEDURE ",
            ] {
                let begin = format!("{word}{place}");
                if let Some(rest) = definition.strip_prefix(&begin) {
                    definition = format!("{word}{rest}");
                }
            }
        }
        let definition = Some(definition.trim_end().to_owned());
        let routine = Routine {
            definition,
            comment,
        };
        self.routines.insert(number, signature.clone());
        self.is_known_as(
            "routine",
            number,
            (ObjectKind::Routine, signature.to_string()),
        );
        self.schema.routines.insert(signature, routine);
        Ok(())
    }
}

/// Reads a comment, and the text after the name.
fn definition(mut row: Record) -> Definition {
    let comment = row.option();
    Definition {
        definition: row.text(),
        comment,
    }
}

/// A definition, and the statement that sets the comment.
fn commented(
    definition: String,
    word: &str,
    relation: &Name,
    name: &str,
    comment: Option<String>,
) -> String {
    let Some(comment) = comment else {
        return definition;
    };
    let (relation, name) = (
        relation.quoted(Dialect::Postgres),
        Dialect::Postgres.quote(name),
    );
    let comment = Dialect::Postgres.literal(&comment);
    format!("{definition};\nCOMMENT ON {word} {name} ON {relation} IS {comment}")
}

/// A definition, and what switches it where it is not on as usual.
fn switched(
    definition: String,
    word: &str,
    relation: &migrate_schema::Name,
    name: &str,
    enabled: &str,
) -> String {
    let how = match enabled {
        "D" => "DISABLE",
        "R" => "ENABLE REPLICA",
        "A" => "ENABLE ALWAYS",
        _ => return definition,
    };
    let (relation, name) = (
        relation.quoted(Dialect::Postgres),
        Dialect::Postgres.quote(name),
    );
    format!("{definition};\nALTER TABLE {relation} {how} {word} {name}")
}
