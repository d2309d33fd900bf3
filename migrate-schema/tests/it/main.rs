//! What is found between two schemas, and the SQL that leads from one to the other.

mod alembic;
mod build;
mod ddl;
mod destructive;
mod lock;
mod order;
mod renames;
