//! Broken projects and databases: what `doctor` says, and what `repair` leaves behind.

mod cases;
mod database;
mod doctor;
mod patient;
