//! Questions out of a person's own documents.

use std::collections::{BTreeMap, HashMap};

use super::dataset::{DataSet, Passage, Question};
use crate::engine::Engine;
use crate::error::Error;
use crate::language::{is_mostly_cjk, is_whole, sentences};
use crate::types::Span;

/// A set of at most `wanted` questions about all documents of a knowledge base: a sentence asks for its chunk, out of which it
/// is taken. Sentences are whole, neither short nor long, stand in a chunk that says more, and in no other; they are spread
/// over the chunks. The same documents give the same set.
///
/// # Errors
/// When the knowledge base cannot be read.
pub fn from_documents(engine: &Engine, wanted: usize) -> Result<DataSet, Error> {
    let mut set = DataSet { name: "own documents".to_owned(), ..DataSet::default() };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut choices: BTreeMap<usize, Span> = BTreeMap::new();
    for (id, text, headings) in engine.chunk_texts()? {
        let place = set.passages.len();
        let cut = sentences(&text);
        for sentence in &cut {
            *seen.entry(text[sentence.range()].trim().to_owned()).or_default() += 1;
        }
        let asks = |sentence: &&Span| cut.len() > 2 && asks(&text[sentence.range()], &headings);
        // of those that could, the longest says most
        if let Some(sentence) =
            cut.iter().filter(asks).max_by_key(|sentence| (sentence.len(), std::cmp::Reverse(sentence.start)))
        {
            choices.insert(place, *sentence);
        }
        set.passages.push(Passage { id: id.to_string(), text, article: place });
    }
    choices.retain(|place, sentence| seen.get(set.passages[*place].text[sentence.range()].trim()) == Some(&1));
    let all: Vec<(usize, Span)> = choices.into_iter().collect();
    let taken = wanted.min(all.len());
    for (place, sentence) in (0..taken).map(|i| all[i * all.len() / taken]) {
        let Passage { id, text, .. } = &mut set.passages[place];
        let asked = text[sentence.range()].trim().to_owned();
        text.replace_range(sentence.range(), " ");
        set.queries.push(Question { id: id.clone(), text: asked, judged: vec![(place, 1)], answers: Vec::new() });
    }
    Ok(set)
}

/// Whether a sentence can stand for a question.
fn asks(sentence: &str, headings: &[String]) -> bool {
    let sentence = sentence.trim();
    let length = if is_mostly_cjk(sentence) { 15..=100 } else { 40..=300 };
    length.contains(&sentence.chars().count())
        && is_whole(sentence)
        && !headings.iter().any(|heading| heading == sentence)
        && sentence.chars().filter(|c| c.is_alphabetic()).count() * 2 > sentence.chars().count()
}
