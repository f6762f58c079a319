//! The knowledge base: one SQLite file.

#[cfg(test)]
mod memory;
mod migrate;
mod pages;
mod portable;
mod read;
mod rows;
mod sqlite;
#[cfg(test)]
mod tests;
mod verify;
mod write;

#[cfg(test)]
pub(crate) use memory::MemoryStore;
pub use portable::Portable;
pub use sqlite::{OnWait, SqliteStore, Wait};
