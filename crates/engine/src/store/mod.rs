//! The knowledge base: one SQLite file.

#[cfg(test)]
mod memory;
mod read;
mod sqlite;
#[cfg(test)]
mod tests;
mod write;

#[cfg(test)]
pub(crate) use memory::MemoryStore;
pub use sqlite::SqliteStore;
