//! Hits into an answer that can be checked: quotations alone, or what a language model writes, sentence by sentence.

pub mod check;
mod evidence;
mod extract;
mod instructions;
mod judge;
mod passages;
mod prompt;
mod proof;
mod relevance;
mod reply;
mod write;

pub use evidence::Asked;
pub use passages::Passage;
pub use prompt::{Prompt, PromptError};
pub use proof::faults;
pub use write::{Writer, laid_out};

use crate::error::Error;
use crate::seams::{Encoder, Snapshot};
use crate::types::{Answer, Found, Hit, Judgement, Refusal, Usage};
use evidence::Evidence;
use relevance::judge;

/// What answers are made with.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// What says how near sentences are.
    pub encoder: &'a dyn Encoder,
    /// What is quoted.
    pub snapshot: &'a dyn Snapshot,
}

/// Answers from what was found, or refuses where nothing bears on the question; then the language model is not asked. Without a
/// `writer`, the answer consists of quotations.
///
/// # Errors
/// When a sentence cannot be encoded, the store cannot be read, or the language model gives no reply.
pub fn answer(
    question: &Asked<'_>,
    found: Found,
    ground: Ground<'_>,
    writer: Option<&Writer>,
) -> Result<Answer, Error> {
    let evidence = Evidence::weigh(question, &found, ground)?;
    let usage = Usage {
        chunks_searched: found.searched,
        sentences_weighed: evidence.candidates.len(),
        tokens_encoded: evidence.tokens,
        chat: None,
    };
    let some = !evidence.candidates.is_empty();
    let judgement = some.then(|| judge(&ground.encoder.id(), evidence.features));
    let refusal = refusal(judgement, &found.hits);
    let bare = Answer { judgement, refusal, usage, ..Answer::default() };
    let answer = match (refusal, writer) {
        (Some(_), _) => bare,
        (None, None) => extract::extract(&evidence, ground.snapshot, bare)?,
        (None, Some(writer)) => write::write(question, &found.hits, &evidence, (ground, writer), bare)?,
    };
    Ok(Answer { hits: found.hits, ..answer })
}

fn refusal(judgement: Option<Judgement>, hits: &[Hit]) -> Option<Refusal> {
    match judgement {
        None if hits.is_empty() => Some(Refusal::NothingToSearch),
        None => Some(Refusal::NothingRelevant),
        Some(j) => (j.relevance < j.threshold).then_some(Refusal::NothingRelevant),
    }
}

#[cfg(test)]
mod tests;
