//! Compiler warnings.

use migrate_core::Code;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

/// Writes a statement about which rustc warns. Stable Rust warns only of deprecated items, so it
/// uses one.
pub(crate) fn warning(span: Span, code: Code, note: &str) -> TokenStream {
    let name = Ident::new(&code.as_str().replace('-', "_"), span);
    quote_spanned!(span=> {
        #[deprecated(note = #note)]
        #[allow(non_upper_case_globals)]
        const #name: () = ();
        #name
    };)
}
