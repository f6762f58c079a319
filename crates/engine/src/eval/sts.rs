//! Semantic textual similarity (SemEval): do cosines order pairs of sentences as people do?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use qiao_model::{Long, Role};
use serde::Serialize;

use super::spearman;
use crate::error::{Error, Kind};
use crate::seams::Encoder;

/// Sentences encoded at once.
const BATCH: usize = 256;

/// Two sentences, and how alike people found them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// From 0 to 5 in SemEval; only the order counts.
    pub score: f64,
    /// The two.
    pub sentences: [String; 2],
}

/// One file's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Correlation {
    /// The file's name.
    pub file: String,
    /// Pairs in it.
    pub pairs: usize,
    /// Spearman's rank correlation of cosine and score, from -1 to 1; `None` where it is not defined.
    pub spearman: Option<f64>,
}

/// The `.tsv` files of a folder by their names, or the one file that `data` is.
///
/// # Errors
/// When there is none, or the folder cannot be read.
pub fn files(data: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |e: std::io::Error| Error::new(Kind::BadInput, format!("cannot read {}", data.display()), e);
    if !std::fs::metadata(data).map_err(failed)?.is_dir() {
        return Ok(vec![data.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(data).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|e| e == "tsv") {
            files.push(path);
        }
    }
    files.sort();
    match files.is_empty() {
        true => Err(Error::new(Kind::BadInput, format!("cannot evaluate {}", data.display()), "it has no .tsv file")),
        false => Ok(files),
    }
}

/// The pairs of a file: a line each, score, tab, sentence, tab, sentence.
///
/// # Errors
/// When it cannot be read, or a line is something else.
pub fn read(file: &Path) -> Result<Vec<Pair>, Error> {
    let doing = || format!("cannot read pairs of sentences from {}", file.display());
    let text = std::fs::read_to_string(file).map_err(|e| Error::new(Kind::BadInput, doing(), e))?;
    let wrong = |i: usize| format!("line {} is not a score, a tab, a sentence, a tab, a sentence", i + 1);
    let lines = text.lines().enumerate();
    lines.map(|(i, line)| pair(line).ok_or_else(|| Error::new(Kind::BadInput, doing(), wrong(i)))).collect()
}

fn pair(line: &str) -> Option<Pair> {
    let mut fields = line.split('\t');
    let (score, first, second) = (fields.next()?, fields.next()?, fields.next()?);
    let score = score.trim().parse().ok().filter(|score: &f64| score.is_finite())?;
    fields.next().is_none().then(|| Pair { score, sentences: [first.to_owned(), second.to_owned()] })
}

/// Encodes all sentences of `pairs` in `role` and correlates cosines with scores. `done` is told how many sentences have
/// been encoded.
///
/// # Errors
/// When a sentence cannot be encoded.
pub fn correlate(
    encoder: &dyn Encoder,
    role: Role,
    pairs: &[Pair],
    done: &mut dyn FnMut(usize),
) -> Result<Option<f64>, Error> {
    let mut vectors: BTreeMap<&str, Vec<f32>> =
        pairs.iter().flat_map(|pair| &pair.sentences).map(|sentence| (sentence.as_str(), Vec::new())).collect();
    let sentences: Vec<&str> = vectors.keys().copied().collect();
    for batch in sentences.chunks(BATCH) {
        let encoded = encoder.encode(role, batch, Long::Truncate)?;
        vectors.extend(batch.iter().copied().zip(encoded.into_iter().map(|one| one.vector)));
        done(batch.len());
    }
    let cosines: Vec<f64> =
        pairs.iter().map(|pair| cosine(pair.sentences.each_ref().map(|s| &vectors[s.as_str()][..]))).collect();
    Ok(spearman(&cosines, &pairs.iter().map(|pair| pair.score).collect::<Vec<_>>()))
}

/// The cosine of two vectors; 0 where one has no length, as sentence-transformers has it: a static model may know no token
/// of a sentence.
fn cosine([a, b]: [&[f32]; 2]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::HashingEncoder;

    #[test]
    fn pairs_are_read_line_by_line_and_a_wrong_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.tsv");
        std::fs::write(&file, "4.5\tA cat sits.\tA cat is sitting.\n0\tA cat.\tRain falls.\n").unwrap();
        let pairs = read(&file).unwrap();
        assert_eq!((pairs.len(), pairs[0].score, pairs[1].sentences[1].as_str()), (2, 4.5, "Rain falls."));
        std::fs::write(&file, "1\ta\tb\nhigh\ta\tb\n").unwrap();
        assert!(read(&file).unwrap_err().reason().contains("line 2"));
        assert_eq!(files(folder.path()).unwrap(), std::slice::from_ref(&file));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(files(folder.path()).unwrap_err().kind(), Kind::BadInput);
    }

    #[test]
    fn words_shared_order_the_pairs() {
        let pair = |score, a: &str, b: &str| Pair { score, sentences: [a.to_owned(), b.to_owned()] };
        let pairs = [
            pair(5.0, "otters eat sea urchins", "otters eat sea urchins"),
            pair(3.0, "otters eat sea urchins", "otters eat crabs daily"),
            pair(0.0, "otters eat sea urchins", "bridges span wide rivers"),
        ];
        let mut encoded = 0;
        let found = correlate(&HashingEncoder::default(), Role::Query, &pairs, &mut |n| encoded += n).unwrap();
        assert_eq!((found, encoded), (Some(1.0), 3));
    }
}
