//! Resumes an unfinished revision, if that is certain to be right.

use migrate_core::{Dialect, Direction, Revision};
use migrate_sql::{Lexer, TokenKind, resume_session, tokens};

use super::{Engine, InDoubt, LOOK, Step};
use crate::applied_revision::{AppliedRevision, parse};
use crate::chain_state::statement_label;
use crate::error::Error;
use crate::literal::literal;
use crate::sleep::Sleeper;

/// What an earlier run has done of a revision, and what is needed to resume.
#[derive(Debug, Default)]
pub(super) struct Resumed {
    /// Which finished statements run again, because they only set something for their session.
    pub(super) again: Vec<usize>,
    /// The statement that was begun and is not finished, as it was then.
    pub(super) begun: Option<String>,
}

/// The state of an index that is built concurrently.
enum Built {
    Whole,
    /// It is invalid; its name as SQL writes it.
    Half(String),
    Missing,
}

impl Engine<'_> {
    /// Compares what was finished with what the ledger has kept of it, and finds what the rest
    /// needs of the session.
    pub(super) fn resumed(
        &self,
        revision: &Revision,
        direction: Direction,
        row: &AppliedRevision,
    ) -> Result<Resumed, Error> {
        let dialect = self.session.dialect();
        let now = revision.statements(direction, dialect);
        let was = parse(row)?;
        let was_statements = was.statements(direction, dialect);
        let finished = row.statements as usize;
        let done = match row.is_in_doubt() && self.options.in_doubt == InDoubt::Done {
            true => finished + 1,
            false => finished,
        };
        let same = |number: &usize| {
            let now = now
                .get(*number)
                .map(|it| tokens(dialect, revision.sql(*it)));
            let then = was_statements.get(*number);
            now == then.map(|it| tokens(dialect, was.sql(*it)))
        };
        if let Some(number) = (0..done).find(|number| !same(number)) {
            let sql = was_statements
                .get(number)
                .map(|it| was.sql(*it).to_string());
            return Err(Error::ResumeEdited {
                revision: revision.id.to_string(),
                number: number + 1,
                of: done,
                was: sql.unwrap_or_default(),
                label: Box::new(statement_label(revision, now, number)),
                reverting: direction == Direction::Down,
            });
        }
        let texts: Vec<String> = now.iter().map(|it| revision.sql(*it).to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let again =
            resume_session(dialect, &texts, done).map_err(|number| Error::ResumeSession {
                revision: revision.id.to_string(),
                number: number + 1,
                label: Box::new(statement_label(revision, now, number)),
                reverting: direction == Direction::Down,
            })?;
        let begun = row.error.as_ref().and(was_statements.get(finished));
        Ok(Resumed {
            again,
            begun: begun.map(|it| was.sql(*it).to_string()),
        })
    }

    /// Returns where to resume: after the finished statements, once the session state is restored.
    pub(super) async fn resume(&mut self, step: &Step<'_>) -> Result<usize, Error> {
        let Some(resumed) = &step.resumed else {
            return Ok(0);
        };
        let first = self.first_statement(step, resumed).await?;
        let statements = step.statements(self.session.dialect());
        for number in resumed.again.iter().filter(|number| **number < first) {
            let sql = step.revision.sql(statements[*number]).to_string();
            if let Err(failure) = self.session.execute(sql).await {
                return Err(self.statement_error(step, *number, failure, false));
            }
        }
        if step.other_text {
            // From here on, it is what is finished of this text that counts.
            self.commit(&self.tables.rewrite(&step.revision)).await?;
        }
        Ok(first)
    }

    async fn first_statement(
        &mut self,
        step: &Step<'_>,
        resumed: &Resumed,
    ) -> Result<usize, Error> {
        let dialect = self.session.dialect();
        let statements = step.statements(dialect);
        if let Some(begun) = &resumed.begun
            && dialect == Dialect::Postgres
            && let Some(index) = concurrent_index(begun)
        {
            let statement = statements
                .get(step.finished)
                .map(|it| step.revision.sql(*it));
            let same = statement.is_some_and(|now| tokens(dialect, now) == tokens(dialect, begun));
            match self.built(&index).await? {
                // The database itself says that it is done.
                Built::Whole if step.in_doubt && same => {
                    return self.count_as_done(step).await;
                }
                Built::Half(name) => {
                    self.run(format!("DROP INDEX CONCURRENTLY {name}")).await?;
                    return Ok(step.finished);
                }
                Built::Missing if step.in_doubt => return Ok(step.finished),
                Built::Whole | Built::Missing => {}
            }
        }
        if !step.in_doubt || step.finished >= statements.len() {
            return Ok(step.finished);
        }
        match self.options.in_doubt {
            InDoubt::Again => Ok(step.finished),
            InDoubt::Done => self.count_as_done(step).await,
            InDoubt::Refuse => Err(Error::InDoubt {
                revision: step.revision.id.to_string(),
                number: step.finished + 1,
                of: statements.len(),
                label: Box::new(statement_label(&step.revision, statements, step.finished)),
                reverting: step.direction == Direction::Down,
            }),
        }
    }

    async fn count_as_done(&mut self, step: &Step<'_>) -> Result<usize, Error> {
        let done = step.finished + 1;
        let id = step.revision.id.as_str();
        let state = step.unfinished_state();
        self.commit(&[self.tables.progress(id, state, done, None)])
            .await?;
        Ok(done)
    }

    /// Reads the state of an index; waits while some session still builds it.
    async fn built(&mut self, index: &ConcurrentIndex) -> Result<Built, Error> {
        let [name, table] =
            [&index.name, &index.table].map(|text| literal(Dialect::Postgres, text));
        let sql = format!(
            "SELECT c.oid::regclass::text, i.indisvalid, EXISTS (SELECT 1 FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid) \
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = {name} AND i.indrelid = to_regclass({table})"
        );
        let mut sleeper = Sleeper::default();
        loop {
            self.stop.check()?;
            let rows = self.session.query(sql.clone()).await;
            let row = rows.map_err(Error::from)?.into_iter().next();
            let Some(row) = row else {
                return Ok(Built::Missing);
            };
            match row.as_slice() {
                [_, _, Some(builds)] if builds == "t" => sleeper.sleep(LOOK).await,
                [_, Some(valid), _] if valid == "t" => return Ok(Built::Whole),
                [Some(name), ..] => return Ok(Built::Half(name.clone())),
                _ => return Ok(Built::Missing),
            }
        }
    }
}

/// The index of a `CREATE INDEX CONCURRENTLY` that names it.
#[derive(Debug, PartialEq, Eq)]
struct ConcurrentIndex {
    name: String,
    /// The table, as SQL writes it.
    table: String,
}

fn concurrent_index(sql: &str) -> Option<ConcurrentIndex> {
    let mut lexer = Lexer::new(Dialect::Postgres, sql);
    let mut words = Vec::new();
    while let Ok(Some(token)) = lexer.next_token() {
        if token.kind.matters() {
            words.push((token.kind, &sql[token.start..token.end]));
        }
        if words.last().is_some_and(|(_, text)| *text == "(") {
            break;
        }
    }
    let mut words = words.into_iter().peekable();
    let is = |word: &str, known: &str| word.eq_ignore_ascii_case(known);
    words.next().filter(|(_, word)| is(word, "CREATE"))?;
    words.next_if(|(_, word)| is(word, "UNIQUE"));
    words.next().filter(|(_, word)| is(word, "INDEX"))?;
    words.next().filter(|(_, word)| is(word, "CONCURRENTLY"))?;
    while words
        .next_if(|(_, word)| ["IF", "NOT", "EXISTS"].iter().any(|known| is(word, known)))
        .is_some()
    {}
    let name = match words.next()? {
        (TokenKind::Quoted, name) => name.trim_matches('"').replace("\"\"", "\""),
        (TokenKind::Word, name) if !is(name, "ON") => name.to_lowercase(),
        _ => return None,
    };
    words.next().filter(|(_, word)| is(word, "ON"))?;
    words.next_if(|(_, word)| is(word, "ONLY"));
    let table: String = words
        .take_while(|(_, word)| *word != "(" && !is(word, "USING"))
        .map(|(_, word)| word)
        .collect();
    Some(ConcurrentIndex { name, table })
}

#[cfg(test)]
mod tests {
    use super::{ConcurrentIndex, concurrent_index};

    #[test]
    fn the_index_of_a_statement() {
        for (sql, found) in [
            ("CREATE INDEX CONCURRENTLY t_v ON t (v)", Some(("t_v", "t"))),
            (
                "create unique index concurrently if not exists \"T v\" on only shop . \"T\" using btree (v)",
                Some(("T v", "shop.\"T\"")),
            ),
            ("CREATE INDEX CONCURRENTLY ON t (v)", None),
            ("CREATE INDEX i ON t (v)", None),
        ] {
            let found = found.map(|(name, table)| ConcurrentIndex {
                name: name.to_owned(),
                table: table.to_owned(),
            });
            assert_eq!(concurrent_index(sql), found, "{sql}");
        }
    }
}
