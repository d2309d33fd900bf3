//! A chain as Rust source.
//!
//! Text, not tokens: rustc's own lexer, which is optimised, reads it in one go, while this crate
//! runs unoptimised in a debug build and pays for every token it makes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use migrate_core::{Chain, Direction, Hash, Revision, Section};

/// Writes an expression of type `Migrations`.
///
/// `tracked` are files that do not go into the binary but whose change compiles the crate again.
pub(crate) fn chain(
    chain: &Chain,
    dir: &Path,
    tracked: &[PathBuf],
    prefix: &str,
    schema: Option<&str>,
) -> String {
    let mut source = Source(String::with_capacity(chain.revisions().len() * 512));
    source.push("use ::migrate_sqlx::__private::*;");
    for path in tracked {
        source.push("const _: &[u8] = ::core::include_bytes!(");
        source.text(&path.to_string_lossy());
        source.push(");");
    }
    source.push("static REVISIONS: &[Revision] = &[");
    for revision in chain.revisions() {
        source.revision(revision, dir);
    }
    source.push("]; static HEADS: &[Hash] = &[");
    for hash in chain.head_hashes() {
        source.hash(&hash);
        source.push(",");
    }
    source.push("]; Migrations::embedded(REVISIONS, HEADS, LedgerNames { prefix: B(");
    source.text(prefix);
    source.push("), schema: ");
    match schema {
        None => source.push("None"),
        Some(schema) => {
            source.push("Some(B(");
            source.text(schema);
            source.push("))");
        }
    }
    source.push("})");
    source.0
}

struct Source(String);

impl Source {
    fn push(&mut self, source: &str) {
        self.0.push_str(source);
    }

    /// A text in quotes.
    fn text(&mut self, text: &str) {
        self.write(format_args!("{text:?}"));
    }

    fn write(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.0
            .write_fmt(arguments)
            .expect("a String takes any text");
    }

    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.push("B(&[");
        for item in items {
            each(self, item);
            self.push(",");
        }
        self.push("])");
    }

    fn hash(&mut self, hash: &Hash) {
        self.push("Hash::from_bytes(*b\"");
        for byte in hash.as_bytes() {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            self.push("\\x");
            self.0.push(DIGITS[usize::from(byte >> 4)].into());
            self.0.push(DIGITS[usize::from(byte & 15)].into());
        }
        self.push("\")");
    }

    fn name(&mut self, name: &str) {
        self.push("B(");
        self.text(name);
        self.push(")");
    }

    fn revision(&mut self, revision: &Revision, dir: &Path) {
        let path = dir.join(&*revision.file);
        self.write(format_args!(
            "Revision{{id:I({:?}),parents:",
            revision.id.as_str()
        ));
        self.list(revision.parents.iter(), |source, id| {
            source.write(format_args!("I({:?})", id.as_str()));
        });
        self.push(",depends_on:");
        self.list(revision.depends_on.iter(), |source, name| source.name(name));
        self.push(",labels:");
        self.list(revision.labels.iter(), |source, name| source.name(name));
        self.write(format_args!(
            ",message:B({:?}),created:B({:?}),file:B({:?}),text:B(::core::include_str!({:?})),sections:",
            revision.message,
            revision.created,
            revision.file,
            path.to_string_lossy(),
        ));
        self.list(revision.sections.iter(), Self::section);
        self.push(",hash:");
        self.hash(&revision.hash);
        self.push(",chain_hash:");
        self.hash(&revision.chain_hash);
        self.push("},");
    }

    fn section(&mut self, section: &Section) {
        let direction = match section.direction {
            Direction::Up => "Up",
            Direction::Down => "Down",
        };
        self.write(format_args!(
            "Section{{direction:Direction::{direction},dialects:Dialects::from_bits({}),transaction:{},scripts:",
            section.dialects.bits(),
            section.transaction,
        ));
        self.list(section.scripts.iter(), |source, script| {
            source.write(format_args!(
                "Script{{dialects:Dialects::from_bits({}),statements:",
                script.dialects.bits()
            ));
            source.list(script.statements.iter(), |source, statement| {
                source.write(format_args!(
                    "Statement{{start:{},end:{}}}",
                    statement.start, statement.end
                ));
            });
            source.push("}");
        });
        self.push(",irreversible:");
        match &section.irreversible {
            None => self.push("None"),
            Some(reason) => {
                self.push("Some(");
                self.name(reason);
                self.push(")");
            }
        }
        self.push("}");
    }
}
