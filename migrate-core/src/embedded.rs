//! The chain as it is embedded in an application's binary: the files' texts, and a small table with
//! the places of all parts in them.
//!
//! Structs with pointers would cost an application a relocation each, and rustc a second for a
//! thousand revisions; a table of numbers costs neither. It is read only when there is work to do.

use std::borrow::Cow;
use std::time::Duration;

use crate::{
    Chain, Dialects, Direction, Hash, Limits, Phase, Revision, RevisionId, Script, Section,
    Statement,
};

/// Writes the table of a chain; its texts are those of the revisions, in the same order.
#[doc(hidden)]
#[must_use]
pub fn encode(chain: &Chain) -> Vec<u8> {
    let mut table = Writer(Vec::with_capacity(chain.revisions().len() * 128));
    for revision in chain.revisions() {
        table.revision(revision);
    }
    table.0
}

/// Reads the revisions of a table that [`encode`] wrote; they borrow from the texts.
///
/// # Panics
///
/// If the table does not belong to these texts, which cannot happen for `embed_migrations!`,
/// because it writes both.
#[doc(hidden)]
#[must_use]
pub fn decode(texts: &'static [&'static str], table: &'static [u8]) -> Vec<Revision> {
    let mut reader = Reader(table);
    texts.iter().map(|text| reader.revision(text)).collect()
}

struct Writer(Vec<u8>);

impl Writer {
    /// Writes a number with seven bits per byte, the lowest first.
    fn number(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// Writes a piece of the file's text as its place, or another text as its bytes.
    fn piece(&mut self, text: &str, piece: &str) {
        match text.find(piece) {
            Some(start) => self.number(start + 1),
            None => self.number(0),
        }
        self.number(piece.len());
        if !text.contains(piece) {
            self.0.extend_from_slice(piece.as_bytes());
        }
    }

    fn pieces<T: AsRef<str>>(&mut self, text: &str, pieces: &[T]) {
        self.number(pieces.len());
        for piece in pieces {
            self.piece(text, piece.as_ref());
        }
    }

    fn revision(&mut self, revision: &Revision) {
        let text = &revision.text;
        self.piece(text, revision.id.as_str());
        self.pieces(text, &revision.parents);
        self.pieces(text, &revision.depends_on);
        self.pieces(text, &revision.labels);
        for piece in [&revision.message, &revision.created, &revision.file] {
            self.piece(text, piece);
        }
        self.0.extend_from_slice(revision.hash.as_bytes());
        self.0.extend_from_slice(revision.chain_hash.as_bytes());
        // Here it costs a build some time, and not each start.
        self.0.push(u8::from(revision.phase() == Phase::Contract));
        self.number(revision.sections.len());
        for section in revision.sections.iter() {
            self.section(text, section);
        }
    }

    fn section(&mut self, text: &str, section: &Section) {
        let up = usize::from(section.direction == Direction::Up);
        let irreversible = usize::from(section.irreversible.is_some());
        let limited = usize::from(section.limits != Limits::NONE);
        self.number(up | usize::from(section.transaction) << 1 | irreversible << 2 | limited << 3);
        self.0.push(section.dialects.bits());
        if section.limits != Limits::NONE {
            for limit in [section.limits.lock, section.limits.statement] {
                self.number(limit.map_or(0, |limit| limit.as_millis() as usize + 1));
            }
        }
        if let Some(reason) = &section.irreversible {
            self.piece(text, reason);
        }
        self.number(section.scripts.len());
        for script in section.scripts.iter() {
            self.0.push(script.dialects.bits());
            self.number(script.statements.len());
            let mut last = 0;
            for statement in script.statements.iter() {
                self.number((statement.start - last) as usize);
                self.number((statement.end - statement.start) as usize);
                last = statement.end;
            }
        }
    }
}

struct Reader(&'static [u8]);

impl Reader {
    fn bytes(&mut self, count: usize) -> &'static [u8] {
        let (bytes, rest) = self.0.split_at(count);
        self.0 = rest;
        bytes
    }

    fn byte(&mut self) -> u8 {
        self.bytes(1)[0]
    }

    fn number(&mut self) -> usize {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = self.byte();
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }

    fn piece(&mut self, text: &'static str) -> &'static str {
        let (start, length) = (self.number(), self.number());
        match start.checked_sub(1) {
            Some(start) => &text[start..start + length],
            None => str::from_utf8(self.bytes(length)).expect("embed_migrations! wrote text"),
        }
    }

    fn list<T: Clone>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Cow<'static, [T]> {
        let count = self.number();
        (0..count).map(|_| item(self)).collect()
    }

    fn hash(&mut self) -> Hash {
        let bytes = self.bytes(32).try_into().expect("32 bytes were asked for");
        Hash::from_bytes(bytes)
    }

    fn revision(&mut self, text: &'static str) -> Revision {
        let id = RevisionId::from_checked(self.piece(text));
        let parents = self.list(|table| RevisionId::from_checked(table.piece(text)));
        let depends_on = self.list(|table| Cow::Borrowed(table.piece(text)));
        let labels = self.list(|table| Cow::Borrowed(table.piece(text)));
        Revision {
            id,
            parents,
            depends_on,
            labels,
            message: Cow::Borrowed(self.piece(text)),
            created: Cow::Borrowed(self.piece(text)),
            file: Cow::Borrowed(self.piece(text)),
            text: Cow::Borrowed(text),
            hash: self.hash(),
            chain_hash: self.hash(),
            stated_phase: Some(match self.byte() {
                0 => Phase::Expand,
                _ => Phase::Contract,
            }),
            sections: self.list(|table| table.section(text)),
        }
    }

    fn section(&mut self, text: &'static str) -> Section {
        let flags = self.number();
        let dialects = Dialects::from_bits(self.byte());
        let mut limits = Limits::NONE;
        if flags & 8 == 8 {
            for limit in [&mut limits.lock, &mut limits.statement] {
                let millis = self.number().checked_sub(1);
                *limit = millis.map(|millis| Duration::from_millis(millis as u64));
            }
        }
        Section {
            direction: if flags & 1 == 1 {
                Direction::Up
            } else {
                Direction::Down
            },
            transaction: flags & 2 == 2,
            dialects,
            limits,
            irreversible: (flags & 4 == 4).then(|| Cow::Borrowed(self.piece(text))),
            scripts: self.list(|table| Script {
                dialects: Dialects::from_bits(table.byte()),
                statements: table.statements(),
            }),
        }
    }

    fn statements(&mut self) -> Cow<'static, [Statement]> {
        let mut last = 0;
        self.list(|table| {
            let start = last + table.number() as u32;
            last = start + table.number() as u32;
            Statement { start, end: last }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, File, Folder, Survey};

    #[test]
    fn what_is_baked_in_is_read_back() {
        let file = |name: &str, text: &str| File {
            name: name.to_owned(),
            text: text.to_owned().into(),
        };
        let folder = Folder {
            shown: "migrations".to_owned(),
            files: vec![
                file(
                    "a.sql",
                    "\u{feff}-- revision: a\r\n-- labels: l1, l2\r\n-- message: été\r\n-- created: 2026-11-20T14:32:05Z\r\n-- migrate: up sqlite\r\nSELECT 'é;'; SELECT 2;\r\n-- migrate: up\r\nSELECT 3\r\n-- migrate: irreversible no way back\r\n",
                ),
                file(
                    "b.sql",
                    "-- revision: b\n-- parents: a\n-- depends-on: l1\n-- migrate: up no-transaction lock-timeout=5s statement-timeout=none\nSELECT 1;\n-- migrate: down\nSELECT 1;",
                ),
            ],
            lock: Some("version 1\na - draft\nb a draft\n".to_owned()),
            ..Folder::default()
        };
        let chain = Survey::new(&folder, &Config::default())
            .into_chain()
            .unwrap();
        let texts: Vec<&'static str> = chain
            .revisions()
            .iter()
            .map(|revision| &*revision.text.clone().into_owned().leak())
            .collect();
        let table = encode(&chain).leak();
        let mut expected = chain.revisions().to_vec();
        for revision in &mut expected {
            revision.stated_phase = Some(revision.phase());
        }
        assert_eq!(decode(texts.leak(), table), expected);
    }
}
