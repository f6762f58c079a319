use qiao_model::{Role, Trace, Watched};

use crate::embed::ModelEncoder;
use crate::error::Error;
use crate::inspect::{SharedWord, shared_words};

/// One word in three sentences, of which the second and third mean the same by it.
#[derive(Debug, Clone, PartialEq)]
pub struct Meanings {
    /// Each sentence's way through the model.
    pub traces: Vec<Trace>,
    /// The word's vector in each sentence after the last step; none where the model has no token for it.
    pub vectors: Vec<Vec<f32>>,
    /// The word in the first and second sentence: two meanings.
    pub apart: Option<SharedWord>,
    /// The word in the second and third: one meaning.
    pub alike: Option<SharedWord>,
}

/// Follows `word` through three sentences.
///
/// # Errors
/// When a sentence cannot be tokenised.
pub fn meanings(encoder: &ModelEncoder, word: &str, sentences: &[&str; 3]) -> Result<Meanings, Error> {
    let trace = |sentence: &&str| encoder.model().trace(Role::Passage, sentence, Watched::Last);
    let traces = sentences.iter().map(trace).collect::<Result<Vec<_>, _>>()?;
    let pair = |a: usize, b: usize| {
        shared_words([sentences[a], sentences[b]], [&traces[a], &traces[b]], Some(word)).into_iter().next()
    };
    let (apart, alike) = (pair(0, 1), pair(1, 2));
    let spans = [
        apart.as_ref().map(|word| word.spans[0]),
        apart.as_ref().map(|word| word.spans[1]),
        alike.as_ref().map(|word| word.spans[1]),
    ];
    let vector = |(trace, span): (&Trace, Option<(usize, usize)>)| trace.of_span(trace.steps.last()?, span?);
    let vectors = traces.iter().zip(spans).filter_map(vector).collect();
    Ok(Meanings { traces, vectors, apart, alike })
}
