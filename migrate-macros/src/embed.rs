//! `embed_migrations!()`: from a folder to an expression.

use std::path::{Path, PathBuf};

use migrate_core::{
    Chain, ChainLock, Config, Diagnostic, File, Folder, SchemaHead, SchemaLines, Survey,
};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::LitStr;

use crate::literal::{self, Tables};
use crate::warning::warning;

/// Expands the arguments behind `($crate)`, which says how the runtime's crate is called where the macro
/// is used: a dependency may be renamed, or exported by another crate.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut input = input.into_iter();
    let home = match input.next() {
        Some(TokenTree::Group(home)) => home.stream(),
        _ => {
            let message = "use `migrate_sqlx::embed_migrations!`, not the macro of this crate";
            return errors(Span::call_site(), &[message.to_owned()]);
        }
    };
    let folder = match syn::parse2::<Option<LitStr>>(input.collect()) {
        Ok(folder) => folder,
        Err(error) => {
            let message = "embed_migrations! takes nothing, or a folder in quotes: embed_migrations!(\"migrations\")";
            return errors(error.span(), &[message.to_owned()]);
        }
    };
    let span = folder.as_ref().map_or_else(Span::call_site, LitStr::span);
    let folder = folder.map(|folder| folder.value());
    let Some(package) = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from) else {
        return errors(
            span,
            &["embed_migrations! needs cargo, which says where the package is".to_owned()],
        );
    };
    match embed(&home, &package, folder.as_deref()) {
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
    home: &TokenStream,
    package: &Path,
    folder: Option<&str>,
) -> Result<(TokenStream, Vec<Diagnostic>), Vec<String>> {
    let config = Config::read(package).map_err(|found| told(&found))?;
    let shown = folder.unwrap_or(&config.dir);
    let dir = package.join(shown);
    let folder = Folder::read(&dir, shown).map_err(|error| {
        vec![format!(
            "the migrations folder `{shown}` cannot be read: {error}\n  = help: create it with `cargo migrate init`, or name another in migrate.toml: `dir = \"…\"`"
        )]
    })?;
    let tracked = [
        package.join(Config::FILE),
        dir.join(ChainLock::FILE),
        dir.join(Folder::SCHEMA_LOCK),
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
    let path = dir.join(Folder::SCHEMA_LOCK);
    let tables = tables_at_head(&folder, &chain)?;
    let lock = tables.as_deref().map(|tables| (&*path, tables));
    let has_crlf = |file: &&File| file.text.contains("\r\n");
    let crlf = folder.files.iter().filter(has_crlf);
    let crlf = crlf.map(|file| &*file.name).collect();
    let chain = literal::chain(home, &chain, &dir, &tracked, &crlf, &config, lock)
        .map_err(|error| vec![error])?;
    Ok((chain, warnings))
}

/// Reads the names of the tables of schema.lock; `None` if it was taken at another head than the
/// chain's, as it says nothing then of the database that the application is to start on.
fn tables_at_head(folder: &Folder, chain: &Chain) -> Result<Option<Box<Tables>>, Vec<String>> {
    let Some(text) = &folder.schema_lock else {
        return Ok(None);
    };
    let lines = SchemaLines::read(Folder::SCHEMA_LOCK, text, |_| true);
    let is_of_chain = SchemaHead::are_of(&lines.heads, chain.revisions(), chain.graph());
    let tables = lines.tables().map_err(|found| told(&found))?;
    Ok(is_of_chain.then(|| tables.into()))
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
