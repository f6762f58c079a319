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

use std::ops::ControlFlow;

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

/// What is given the text of an answer part by part, each as soon as it is checked, and may end the writing. The parts together
/// are [`Answer::text`], which may have a last sentence more where it was ended so.
pub type Listener<'a> = dyn FnMut(&str) -> ControlFlow<()> + 'a;

/// Answers from what was found, or refuses where nothing bears on the question; then the language model is not asked. Without a
/// `writer`, the answer consists of quotations. Where `on_text` ends the writing, the answer is what was written so far.
///
/// # Errors
/// When a sentence cannot be encoded, the store cannot be read, or the language model gives no reply.
pub fn answer(
    question: &Asked<'_>,
    found: Found,
    ground: Ground<'_>,
    writer: Option<&Writer>,
    on_text: &mut Listener<'_>,
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
    let bare = Answer { judgement, refusal, usage, hits: found.hits.clone(), ..Answer::default() };
    match (refusal, writer) {
        (Some(_), _) => Ok(bare),
        (None, None) => {
            let answer = extract::extract(&evidence, ground.snapshot, bare)?;
            let _ = on_text(&answer.text);
            Ok(answer)
        }
        (None, Some(writer)) => write::write(question, &evidence, (ground, writer), on_text, bare),
    }
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
