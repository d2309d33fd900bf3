//! What the fuzz targets share.

#[path = "../../migrate-core/tests/it/invariants.rs"]
pub mod invariants;

use migrate_core::Chain;
use migrate_core::embedded::{decode, encode};

/// A chain that was baked into a binary is the same chain; unlike [`invariants::embedded`], it
/// gives the memory back, as a fuzzer runs for hours.
pub fn embedded(chain: &Chain) {
    let texts: Vec<*mut str> = chain
        .revisions()
        .iter()
        .map(|revision| Box::into_raw(revision.text.to_string().into_boxed_str()))
        .collect();
    let table = Box::into_raw(encode(chain).into_boxed_slice());
    // SAFETY: they come from the boxes above, and live until `decoded` is gone.
    let borrowed: Vec<&'static str> = texts.iter().map(|text| unsafe { &**text }).collect();
    let borrowed = Box::into_raw(borrowed.into_boxed_slice());
    let decoded = unsafe { decode(&*borrowed, &*table) };
    assert_eq!(decoded, chain.revisions());
    drop(decoded);
    // SAFETY: each was a box, and nothing borrows from it any more.
    unsafe {
        drop(Box::from_raw(borrowed));
        drop(Box::from_raw(table));
        texts.into_iter().for_each(|text| drop(Box::from_raw(text)));
    }
}
