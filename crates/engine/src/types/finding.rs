use super::{ContentHash, Media};

/// Something in a knowledge base that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The origin of the document that has it, where it is one's; of several that share the text, the first.
    pub origin: Option<String>,
    /// What is wrong, for a person.
    pub what: String,
    /// What mends it.
    pub remedy: Remedy,
}

/// What mends a [`Finding`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// To make an index again from its table.
    Reindex,
    /// To make an index beside the file again.
    Rebuild,
    /// To delete rows that nothing uses.
    Sweep,
    /// To let go of what waits for documents on their way in.
    Unstage,
    /// To cut a text and embed it again: of these bytes, read as this.
    Embed(ContentHash, Media),
    /// To read the original again, if it still has these bytes, then to cut and embed it.
    Read(ContentHash, Media),
    /// To write the file anew, without what was deleted.
    Rewrite,
    /// Nothing that is in the file.
    Backup,
}

impl Remedy {
    /// What `qiao verify --repair` does about it, for a person.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Reindex => "--repair makes the index again",
            Self::Rebuild => "--repair makes it again; until then, searches may miss what stands in it",
            Self::Sweep => "--repair deletes it",
            Self::Unstage => "--repair deletes what is staged; the next `qiao add` embeds it again",
            Self::Embed(..) => "--repair cuts the text and embeds it again",
            Self::Read(..) => "--repair reads the original again, if it is still there and unchanged",
            Self::Rewrite => "--repair writes the file anew",
            Self::Backup => {
                "it cannot be repaired: move the file away, with -wal and -shm beside it, then import a backup (qiao import) or add the documents again"
            }
        }
    }
}
