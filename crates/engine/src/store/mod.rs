//! The knowledge base: one SQLite file.

mod derived;
#[cfg(test)]
mod memory;
mod migrate;
mod pages;
mod portable;
mod postings;
mod read;
mod rows;
mod sqlite;
#[cfg(test)]
mod tests;
mod verify;
mod whereabouts;
mod write;

#[cfg(test)]
pub(crate) use memory::MemoryStore;
pub use portable::Portable;
pub use sqlite::{OnWait, SqliteStore, Wait};
