//! Projects that people have broken, and what `repair` leaves behind.

mod cases;
