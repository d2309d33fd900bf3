//! `#[derive(Table)]`: turns a struct into a table description and reports its problems.

use std::path::{Path, PathBuf};

use migrate_core::{ChainLock, Config, Severity};
use migrate_models::{Derived, Model, Problem};
use migrate_schema::lock::SchemaLock;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::embed::told as compile_error;
use crate::literal::utf8;
use crate::warning::warning;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let derived = match Derived::read(input) {
        Ok(derived) => derived,
        Err(error) => return error.into_compile_error(),
    };
    let mut output: TokenStream = derived
        .problems
        .iter()
        .map(|found| report(&derived, found))
        .collect();
    let Some(model) = &derived.model else {
        return output;
    };
    output.extend(table(&derived, model));
    // A problem in an attribute would only be reported a second time.
    if !derived.problems.is_empty() || model.ignored || model.unchecked {
        return output;
    }
    let Some(package) = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from) else {
        return output;
    };
    match check(&package, model) {
        Ok(Checked { problems, tracked }) => {
            output.extend(problems.iter().map(|found| report(&derived, found)));
            output.extend(
                quote!(const _: () = { #(const _: &[u8] = ::core::include_bytes!(#tracked);)* };),
            );
        }
        Err(messages) => {
            let span = derived.item.ident.span();
            output.extend(messages.iter().map(|message| error(span, message)));
        }
    }
    output
}

/// The result of comparing a model with the schema at the head.
#[derive(Default)]
struct Checked {
    problems: Vec<Problem>,
    /// The files whose change makes the result invalid.
    tracked: Vec<String>,
}

/// Compares a model with schema.lock, if it exists.
fn check(package: &Path, model: &Model) -> Result<Checked, Vec<String>> {
    let config = Config::read(package).map_err(|found| compile_error(&found))?;
    let dir = package.join(&config.dir);
    let shown = format!("{}/{}", config.dir.trim_end_matches('/'), SchemaLock::FILE);
    // chain.lock tells when one of the others appears: what is not there cannot be tracked.
    let files = [
        package.join(Config::FILE),
        dir.join(SchemaLock::FILE),
        dir.join(ChainLock::FILE),
    ];
    let tracked = files.iter().filter(|path| path.is_file());
    let tracked = tracked
        .map(|path| utf8(path).map(str::to_owned))
        .collect::<Result<_, _>>()
        .map_err(|error| vec![error])?;
    let text = match config.check_models {
        true => SchemaLock::read(&dir, &shown).map_err(|found| compile_error(&[*found]))?,
        false => None,
    };
    let problems = match text {
        Some(text) => {
            let tables = SchemaLock::parse_table(&shown, &text, &model.table);
            model.check(&tables.map_err(|found| compile_error(&found))?)
        }
        None => Vec::new(),
    };
    Ok(Checked { problems, tracked })
}

/// Writes the table description.
fn table(derived: &Derived, model: &Model) -> TokenStream {
    let name = &derived.item.ident;
    let (before, generics, conditions) = derived.item.generics.split_for_impl();
    let table = &model.table.name;
    let schema = match &model.table.schema {
        None => quote!(::core::option::Option::None),
        Some(schema) => quote!(::core::option::Option::Some(#schema)),
    };
    let columns = model.columns();
    let home = match model.home.as_deref().map(syn::parse_str::<syn::Path>) {
        None => quote!(::migrate_sqlx),
        Some(Ok(home)) => quote!(#home),
        Some(Err(_)) => {
            let message = "`crate` is the path of the crate migrate-sqlx, such as `crate = \"shop::migrate_sqlx\"`";
            return error(name.span(), message);
        }
    };
    quote! {
        #[automatically_derived]
        impl #before #home::Table for #name #generics #conditions {
            const NAME: &'static str = #table;
            const SCHEMA: ::core::option::Option<&'static str> = #schema;
            const COLUMNS: &'static [&'static str] = &[#(#columns),*];
        }
    }
}

fn report(derived: &Derived, found: &Problem) -> TokenStream {
    let span = derived.span(found.site);
    let message = found.render_for_rustc();
    match found.severity {
        Severity::Error => error(span, &message),
        Severity::Warning => {
            let warning = warning(span, found.code, &message);
            quote!(const _: () = { #warning };)
        }
    }
}

fn error(span: Span, message: &str) -> TokenStream {
    quote_spanned!(span=> ::core::compile_error!(#message);)
}
