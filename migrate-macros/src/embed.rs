//! `embed_migrations!()`: from a folder to an expression.

use std::path::{Path, PathBuf};

use migrate_core::{Chain, ChainLock, Config, Diagnostic, File, Folder, Survey};
use migrate_schema::lock::SchemaLock;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::LitStr;
use syn::parse::{ParseStream, Parser as _};

use crate::literal;
use crate::warning::warning;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let argument = |input: ParseStream<'_>| -> syn::Result<Option<LitStr>> {
        if input.is_empty() {
            return Ok(None);
        }
        input.parse().map(Some)
    };
    let folder = match argument.parse2(input) {
        Ok(folder) => folder,
        Err(error) => {
            let mut error = error;
            error.combine(syn::Error::new(
                error.span(),
                "embed_migrations! takes nothing, or a folder in quotes: embed_migrations!(\"migrations\")",
            ));
            return failed(&error.to_compile_error());
        }
    };
    let span = folder.as_ref().map_or_else(Span::call_site, LitStr::span);
    let Some(package) = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from) else {
        return errors(
            span,
            &["embed_migrations! needs cargo, which says where the package is".to_owned()],
        );
    };
    match embed(&package, folder.map(|folder| folder.value()).as_deref()) {
        Ok((chain, warnings)) => {
            let warnings: TokenStream = {
                let notes = warnings.iter();
                let notes = notes.map(|found| warning(span, found.code, &found.render_for_rustc()));
                notes.collect()
            };
            quote_spanned!(span=> { #warnings #chain })
        }
        Err(messages) => errors(span, &messages),
    }
}

/// Reads and judges the folder; gives the chain as an expression and the warnings, or the errors.
fn embed(
    package: &Path,
    folder: Option<&str>,
) -> Result<(TokenStream, Vec<Diagnostic>), Vec<String>> {
    let config = Config::read(package).map_err(|found| told(&found))?;
    let shown = folder.unwrap_or(&config.dir);
    let dir = package.join(shown);
    let folder = Folder::read(&dir, shown).map_err(|error| {
        vec![format!(
            "the migrations folder `{shown}` cannot be read: {error}\n  = help: make it with `cargo migrate init`, or name another in migrate.toml: `dir = \"…\"`"
        )]
    })?;
    let tracked = [
        package.join(Config::FILE),
        dir.join(ChainLock::FILE),
        dir.join(SchemaLock::FILE),
    ];
    let survey = Survey::new(&folder, &config);
    if survey.has_errors() {
        // Warnings would only stand between the errors.
        let errors = survey.diagnostics.into_iter().filter(Diagnostic::is_error);
        return Err(told(&errors.collect::<Vec<_>>()));
    }
    let warnings = survey.diagnostics.clone();
    let chain = survey.into_chain().map_err(|found| told(&found))?;
    let tracked: Vec<_> = tracked.into_iter().filter(|path| path.is_file()).collect();
    let path = dir.join(SchemaLock::FILE);
    let schemas = tables_at_head(&path, &chain)?;
    let lock = schemas.as_ref().map(|lock| (&*path, lock));
    let has_crlf = |file: &&File| file.text.contains("\r\n");
    let crlf = folder.files.iter().filter(has_crlf);
    let crlf = crlf.map(|file| &*file.name).collect();
    let chain = literal::chain(&chain, &dir, &tracked, &crlf, &config, lock)
        .map_err(|error| vec![error])?;
    Ok((chain, warnings))
}

/// Reads the tables of schema.lock; where it is of another head than the chain's, it says nothing of
/// the database that the application is to start on.
fn tables_at_head(path: &Path, chain: &Chain) -> Result<Option<SchemaLock>, Vec<String>> {
    let Ok(text) = std::fs::read_to_string(path) else {
        return Ok(None);
    };
    let lock =
        SchemaLock::parse_table_names(SchemaLock::FILE, &text).map_err(|found| told(&found))?;
    let is_of_this_chain = lock.is_of(chain.revisions(), chain.graph());
    Ok(is_of_this_chain.then_some(lock))
}

/// Writes what was found for `compile_error!`.
pub(crate) fn told(found: &[Diagnostic]) -> Vec<String> {
    found.iter().map(Diagnostic::render_for_rustc).collect()
}

/// One `compile_error!` a message, in a block that fits an expression.
fn errors(span: Span, messages: &[String]) -> TokenStream {
    failed(
        &messages
            .iter()
            .map(|message| quote_spanned!(span=> ::core::compile_error!(#message);))
            .collect(),
    )
}

fn failed(errors: &TokenStream) -> TokenStream {
    quote_spanned!(Span::call_site()=> { #errors ::core::unreachable!() })
}
