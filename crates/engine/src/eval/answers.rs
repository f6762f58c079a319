//! Does an answer rest on the right passage, and is a question without one refused? A labelled set, part of it in the knowledge
//! base, asked of the engine that all verbs use.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::retrieval::{DataSet, Question};
use crate::engine::Engine;
use crate::error::{Error, Kind};
use crate::retrieve::Request;
use crate::types::{Answer, Citation, Labels};

/// Which passages are in the knowledge base.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Split {
    /// Those of every second article: a question about another article is strange to all of the base.
    #[default]
    Article,
    /// Every second passage: a question about another passage may be near to what the base has of its article.
    Passage,
    /// All: no question is without an answer.
    None,
}

/// What has been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Questions asked.
    pub done: usize,
    /// Questions in all.
    pub of: usize,
}

/// How often answers were right; shares from 0 to 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// The set's name.
    pub set: String,
    /// Questions whose passage is in the base.
    pub in_base: usize,
    /// Questions whose passage is not.
    pub out_of_base: usize,
    /// Of those in the base, how many were answered.
    pub answered: f64,
    /// Of those in the base, how many had their passage cited.
    pub passage_right: f64,
    /// Of those in the base that the set answers, how many had a quotation with the answer in it.
    pub contains_gold: f64,
    /// Of all quotations, how many stand word for word in the passage, as the set has it, that they are said to be of.
    pub verbatim: f64,
    /// Of those not in the base, how many were answered all the same.
    pub out_of_base_answered: f64,
    /// Quotations in all.
    pub quotations: usize,
    /// What other thresholds of relevance would do, ascending; sentences that a model writes do not count here.
    pub curve: Vec<Point>,
}

/// What a threshold would do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The least relevance that is answered.
    pub threshold: f32,
    /// Of the questions in the base, the share that would be answered.
    pub answered: f64,
    /// Of the others.
    pub out_of_base_answered: f64,
}

/// Counts on the way.
#[derive(Default)]
struct Counts {
    answered: usize,
    passage_right: usize,
    with_gold: usize,
    contains_gold: usize,
    quotations: usize,
    verbatim: usize,
    others_answered: usize,
    /// Relevances of questions in the base, and of the others.
    relevances: [Vec<f32>; 2],
}

/// Adds part of `set` to an empty engine, a file a passage in `folder`, and asks all its questions.
///
/// # Errors
/// When a file cannot be written or added, or a question cannot be asked.
pub fn run(
    set: &DataSet,
    split: Split,
    engine: &mut Engine,
    folder: &Path,
    progress: &mut dyn FnMut(Asked),
) -> Result<Report, Error> {
    let inside: Vec<bool> = set.passages.iter().enumerate().map(|(i, p)| is_inside(split, i, p.article)).collect();
    let files = fill(set, &inside, engine, folder)?;
    let mut counts = Counts::default();
    let mut own = 0;
    for (i, question) in set.queries.iter().enumerate() {
        let answer = engine.ask(&question.text, &Request::default())?;
        let in_base = question.judged.iter().any(|(place, grade)| *grade > 0 && inside[*place]);
        own += usize::from(in_base);
        counts.take(&answer, question, in_base, &|citation| {
            let place = files.get(citation.origin()).copied()?;
            set.passages.get(place).map(|passage| (place, passage.text.as_str()))
        });
        progress(Asked { done: i + 1, of: set.queries.len() });
    }
    Ok(counts.report(set, own))
}

fn is_inside(split: Split, place: usize, article: usize) -> bool {
    match split {
        Split::Article => article.is_multiple_of(2),
        Split::Passage => place.is_multiple_of(2),
        Split::None => true,
    }
}

/// Adds the passages that are to be inside; says which file, by its origin, is which passage.
fn fill(set: &DataSet, inside: &[bool], engine: &mut Engine, folder: &Path) -> Result<BTreeMap<String, usize>, Error> {
    let mut paths = Vec::new();
    let mut places = Vec::new();
    for (place, passage) in set.passages.iter().enumerate().filter(|(place, _)| inside[*place]) {
        let path = folder.join(format!("{place:06}.txt"));
        let failed = |e| Error::new(Kind::BadInput, format!("cannot write {}", path.display()), e);
        std::fs::write(&path, &passage.text).map_err(failed)?;
        paths.push(path);
        places.push(place);
    }
    let report = engine.add(&paths, &Labels::default(), &mut |_| {})?;
    if let Some(failure) = report.first_failure() {
        return Err(failure);
    }
    let mut files = BTreeMap::new();
    for document in engine.documents()? {
        let place = document.name().strip_suffix(".txt").and_then(|name| name.parse().ok());
        files.extend(place.filter(|place| places.contains(place)).map(|place| (document.origin.clone(), place)));
    }
    Ok(files)
}

impl Counts {
    fn take<'s>(
        &mut self,
        answer: &Answer,
        question: &Question,
        in_base: bool,
        passage: &dyn Fn(&Citation) -> Option<(usize, &'s str)>,
    ) {
        let answered = answer.refusal.is_none();
        let relevance = answer.judgement.map_or(0.0, |judgement| judgement.relevance);
        self.relevances[usize::from(!in_base)].push(relevance);
        for citation in &answer.citations {
            self.quotations += 1;
            self.verbatim += usize::from(passage(citation).is_some_and(|(_, text)| text.contains(citation.quote())));
        }
        if !in_base {
            self.others_answered += usize::from(answered);
            return;
        }
        self.answered += usize::from(answered);
        let right = |citation: &Citation| {
            let place = passage(citation).map(|(place, _)| place);
            question.judged.iter().any(|(judged, grade)| *grade > 0 && Some(*judged) == place)
        };
        self.passage_right += usize::from(answer.citations.iter().any(right));
        let gold: Vec<String> = question.answers.iter().map(|gold| squeezed(gold)).collect();
        let has = |citation: &Citation| {
            let quote = squeezed(citation.quote());
            right(citation) && gold.iter().any(|gold| quote.contains(gold))
        };
        self.with_gold += usize::from(!gold.is_empty());
        self.contains_gold += usize::from(answer.citations.iter().any(has));
    }

    fn report(self, set: &DataSet, in_base: usize) -> Report {
        let out_of_base = set.queries.len() - in_base;
        let share = |count: usize, of: usize| if of == 0 { 0.0 } else { count as f64 / of as f64 };
        let over = |relevances: &[f32], threshold: f32| {
            share(relevances.iter().filter(|relevance| **relevance >= threshold).count(), relevances.len())
        };
        let point = |n: u8| {
            let threshold = f32::from(n) / 20.0;
            let [own, others] = &self.relevances;
            Point { threshold, answered: over(own, threshold), out_of_base_answered: over(others, threshold) }
        };
        Report {
            set: set.name.clone(),
            in_base,
            out_of_base,
            answered: share(self.answered, in_base),
            passage_right: share(self.passage_right, in_base),
            contains_gold: share(self.contains_gold, self.with_gold),
            verbatim: share(self.verbatim, self.quotations),
            out_of_base_answered: share(self.others_answered, out_of_base),
            quotations: self.quotations,
            curve: (1..20).map(point).collect(),
        }
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}
