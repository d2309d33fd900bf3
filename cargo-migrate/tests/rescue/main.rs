//! Broken projects and databases: what `doctor` says, and what `repair` leaves behind.

mod database;
mod doctor;
mod patient;
