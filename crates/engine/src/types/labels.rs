use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Values by key, each in its order; keys are lower case.
pub type Metadata = BTreeMap<String, Vec<String>>;

/// What a person says of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Whatever else, by key.
    pub metadata: Metadata,
}

impl Labels {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.metadata.is_empty()
    }

    /// Says what `more` says as well; a key that both have takes the values of `more`.
    pub fn extend(&mut self, more: &Self) {
        self.tags.extend(more.tags.iter().cloned());
        self.metadata.extend(more.metadata.iter().map(|(key, values)| (key.clone(), values.clone())));
    }
}
