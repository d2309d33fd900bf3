//! Models.
#![allow(dead_code)]

mod models;
mod missing;
