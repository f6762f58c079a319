//! Texts into embeddings, through whatever [`Encoder`] is there.

#[cfg(test)]
mod hashing;
mod sentence;

#[cfg(test)]
pub(crate) use hashing::HashingEncoder;
pub use sentence::ModelEncoder;

use std::collections::BTreeSet;

use qiao_model::{Long, Role};

use crate::error::Error;
use crate::seams::{Encoder, Staged, Store};
use crate::types::ContentHash;

/// Texts encoded and staged at once: a few seconds of work, which is all that an interruption can lose.
const BATCH: usize = 32;

/// Encodes those of `texts` whose vectors the store lacks, and stages them in small commits. `done` is told how many of
/// the texts have their vectors, first of all those that had them before.
///
/// # Errors
/// When a text cannot be encoded, or the store cannot be written; what was staged until then stays.
pub fn stage(
    store: &mut dyn Store,
    encoder: &dyn Encoder,
    texts: &[(ContentHash, &str)],
    done: &mut dyn FnMut(usize),
) -> Result<(), Error> {
    let hashes: Vec<ContentHash> = texts.iter().map(|(hash, _)| hash.clone()).collect();
    let mut missing = store.missing(&encoder.id(), &hashes)?;
    let mut seen = BTreeSet::new();
    let mut todo: Vec<&(ContentHash, &str)> =
        texts.iter().filter(|(hash, _)| missing.contains(hash) && seen.insert(hash)).collect();
    let have = |missing: &BTreeSet<ContentHash>| hashes.iter().filter(|hash| !missing.contains(*hash)).count();
    done(have(&missing));
    // neighbours in length fill a batch evenly
    todo.sort_by_key(|(_, text)| text.len());
    for batch in todo.chunks(BATCH) {
        let batch_texts: Vec<&str> = batch.iter().map(|(_, text)| *text).collect();
        let embedded = encoder.embed(Role::Passage, &batch_texts, Long::Error)?;
        let staged = |((hash, _), (embedding, receipt)): (&&(ContentHash, &str), _)| Staged {
            text_hash: hash.clone(),
            embedding,
            receipt,
        };
        let staged: Vec<Staged> = batch.iter().zip(embedded).map(staged).collect();
        store.stage(&staged)?;
        batch.iter().for_each(|(hash, _)| {
            missing.remove(hash);
        });
        done(have(&missing));
    }
    Ok(())
}
