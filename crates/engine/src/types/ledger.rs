use serde::{Deserialize, Serialize};

/// What became of a file that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Read for the first time.
    Added,
    /// Read again, since it had changed.
    Replaced,
    /// Could not be read.
    Failed,
    /// Taken over from another knowledge base.
    Imported,
    /// Taken out; the line names no file.
    Removed,
}

impl Outcome {
    /// The name in the knowledge base.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Failed => "failed",
            Self::Imported => "imported",
            Self::Removed => "removed",
        }
    }
}

/// A line of the ledger: what was read, and how it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// The file; empty for a removal, which leaves no trace of what it removed.
    pub origin: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where it failed; what gave no text, where some did not.
    pub detail: String,
}
