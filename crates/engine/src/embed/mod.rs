//! Texts into embeddings, through whatever [`Encoder`] is there.

#[cfg(test)]
mod hashing;
mod sentence;

#[cfg(test)]
pub(crate) use hashing::HashingEncoder;
pub use sentence::ModelEncoder;

use std::collections::{BTreeMap, BTreeSet};

use qiao_model::{Long, Receipt, Role};

use crate::error::Error;
use crate::seams::{Encoder, Staged, Store};
use crate::types::ContentHash;

/// Texts encoded and staged at once: a few seconds of work, which is all that an interruption can lose.
const BATCH: usize = 32;

/// Encodes those of `texts` whose vectors the store lacks, and stages them for `origin` in small commits. `done` is told how many of
/// the texts have their vectors, first of all those that had them before. Returns what became of the tokens of all.
///
/// # Errors
/// When a text cannot be encoded, or the store cannot be written; what was staged until then stays.
pub fn stage(
    store: &mut dyn Store,
    encoder: &dyn Encoder,
    origin: &str,
    texts: &[(ContentHash, &str)],
    done: &mut dyn FnMut(usize),
) -> Result<Receipt, Error> {
    let hashes: Vec<ContentHash> = texts.iter().map(|(hash, _)| hash.clone()).collect();
    let mut staged = store.keep(origin, &encoder.id(), &hashes)?;
    let mut seen = BTreeSet::new();
    let mut todo: Vec<&(ContentHash, &str)> =
        texts.iter().filter(|(hash, _)| !staged.contains_key(hash) && seen.insert(hash)).collect();
    let mut times: BTreeMap<&ContentHash, usize> = BTreeMap::new();
    hashes.iter().for_each(|hash| *times.entry(hash).or_default() += 1);
    let mut have = hashes.iter().filter(|hash| staged.contains_key(*hash)).count();
    done(have);
    // neighbours in length fill a batch evenly
    todo.sort_by_key(|(_, text)| text.len());
    for batch in todo.chunks(BATCH) {
        let batch_texts: Vec<&str> = batch.iter().map(|(_, text)| *text).collect();
        let embedded = encoder.embed(Role::Passage, &batch_texts, Long::Error)?;
        let one = |((hash, _), (embedding, receipt)): (&&(ContentHash, &str), _)| Staged {
            text_hash: hash.clone(),
            embedding,
            receipt,
        };
        let vectors: Vec<Staged> = batch.iter().zip(embedded).map(one).collect();
        store.stage(origin, &vectors)?;
        have += vectors.iter().filter_map(|one| times.get(&one.text_hash)).sum::<usize>();
        staged.extend(vectors.into_iter().map(|one| (one.text_hash, one.receipt)));
        done(have);
    }
    Ok(hashes.iter().filter_map(|hash| staged.get(hash)).copied().sum())
}
