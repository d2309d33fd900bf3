//! `repair --schema`.
