//! Models.
#![allow(dead_code)]

include!("generated.rs");
