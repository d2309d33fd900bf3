//! A chain as Rust source.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use migrate_core::{Chain, Config, Dialect, LedgerNames, Name, SessionSettings, embedded};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The names of a schema's tables, by dialect.
pub(crate) type Tables = [(Dialect, Vec<Name>)];

/// Writes an expression of type `Migrations`.
///
/// `tracked` are files that are not embedded but whose change recompiles the crate; the revisions'
/// texts are included by `include_str!`, which tracks them. `crlf` names the files whose checkout
/// has other line ends than the chain: their texts are written into the source.
pub(crate) fn chain(
    home: &TokenStream,
    chain: &Chain,
    dir: &Path,
    tracked: &[PathBuf],
    crlf: &BTreeSet<&str>,
    config: &Config,
    lock: Option<(&Path, &Tables)>,
) -> Result<TokenStream, String> {
    // Large parts are built as text, not as tokens: rustc's own lexer is optimised, while this
    // crate runs unoptimised in a debug build and pays for every token.
    let mut texts = String::new();
    for revision in chain.revisions() {
        let path = dir.join(&*revision.file);
        let path = utf8(&path)?;
        let _infallible = match crlf.contains(&*revision.file) {
            false => write!(texts, "::core::include_str!({path:?}),"),
            true => write!(
                texts,
                "{{ const _: &str = ::core::include_str!({path:?}); {:?} }},",
                revision.text
            ),
        };
    }
    let texts: TokenStream = texts
        .parse()
        .map_err(|error| format!("the texts make no Rust: {error}"))?;
    let tracked = tracked
        .iter()
        .map(|path| utf8(path))
        .collect::<Result<Vec<_>, _>>()?;
    let table = Literal::byte_string(&embedded::encode(chain));
    let heads = chain.heads().into_iter().map(|(id, hash)| {
        let (id, hash) = (id.as_str(), Literal::byte_string(hash.as_bytes()));
        quote!((RevisionId::from_checked(#id), Hash::from_bytes(*#hash)))
    });
    let LedgerNames { prefix, schema } = &config.ledger;
    let schema = optional(schema.as_deref());
    let session = match &config.session {
        session if *session == SessionSettings::NONE => TokenStream::new(),
        SessionSettings {
            sql_mode,
            time_zone,
        } => {
            let sql_mode = optional(sql_mode.as_deref());
            let time_zone = optional(time_zone.as_deref());
            quote!(.with_session(SessionSettings { sql_mode: #sql_mode, time_zone: #time_zone }))
        }
    };
    let lock = match lock {
        None => TokenStream::new(),
        Some((path, names)) => {
            let path = utf8(path)?;
            let tables = tables(names);
            quote!(.with_schema(::core::include_str!(#path)).with_tables(#tables))
        }
    };
    Ok(quote! {
        use #home::__private::{Borrowed, Dialect, Hash, LedgerNames, Migrations, RevisionId, SessionSettings};
        #(const _: &[u8] = ::core::include_bytes!(#tracked);)*
        static TEXTS: &[&str] = &[#texts];
        static HEADS: &[(RevisionId, Hash)] = &[#(#heads),*];
        Migrations::embedded(TEXTS, #table, HEADS, LedgerNames {
            prefix: Borrowed(#prefix),
            schema: #schema,
        })#lock #session
    })
}

/// Writes an optional text.
fn optional(text: Option<&str>) -> TokenStream {
    match text {
        None => quote!(::core::option::Option::None),
        Some(text) => quote!(::core::option::Option::Some(Borrowed(#text))),
    }
}

/// Writes the tables that an application checks for at startup.
fn tables(tables: &Tables) -> TokenStream {
    let dialects = tables.iter().map(|(dialect, names)| {
        let dialect = match dialect {
            Dialect::Sqlite => quote!(Sqlite),
            Dialect::Postgres => quote!(Postgres),
            Dialect::MySql => quote!(MySql),
        };
        let names = names.iter().map(|name| {
            let schema = name.schema.as_deref().unwrap_or_default();
            let name = &name.name;
            quote!((#schema, #name))
        });
        quote!((Dialect::#dialect, &[#(#names),*]))
    });
    quote!(&[#(#dialects),*])
}

/// Returns a path in a form that Rust source can contain.
pub(crate) fn utf8(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| {
        format!(
            "the path `{}` is not UTF-8, so it cannot be used in Rust source",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use migrate_core::{Config, File, Folder, Survey};

    use super::*;

    /// Statement places refer to the text with LF, which `include_str!` of a file with CRLF is not.
    #[test]
    fn a_file_with_crlf_is_baked_in_with_lf() {
        let file = |name: &str, text: &str| File {
            name: name.to_owned(),
            text: text.to_owned().into(),
        };
        let folder = Folder {
            shown: "migrations".to_owned(),
            files: vec![
                file(
                    "a.sql",
                    "-- revision: a\r\n-- migrate: up\r\nSELECT 'x\r\ny\\\"';\r\n-- migrate: irreversible so\r\n",
                ),
                file(
                    "b.sql",
                    "-- revision: b\n-- parents: a\n-- migrate: up\nSELECT 1;\n-- migrate: irreversible so\n",
                ),
            ],
            lock: Some("version 1\na - draft\nb a draft\n".to_owned()),
            ..Folder::default()
        };
        let made = Survey::new(&folder, &Config::default())
            .into_chain()
            .unwrap();
        let crlf = BTreeSet::from(["a.sql"]);
        let home = quote!(::migrate_sqlx);
        let tokens = chain(
            &home,
            &made,
            Path::new("/m"),
            &[],
            &crlf,
            &Config::default(),
            None,
        )
        .unwrap();
        let source = tokens.to_string();
        let text = format!("{:?}", made.revisions()[0].text);
        assert!(!text.contains("\\r"), "{text}");
        assert!(source.contains(&text), "{source}");
        for path in ["/m/a.sql", "/m/b.sql"] {
            assert_eq!(
                source.matches(path).count(),
                1,
                "both are tracked: {source}"
            );
        }
        assert!(!source.contains("SELECT 1;"), "{source}");
    }
}
