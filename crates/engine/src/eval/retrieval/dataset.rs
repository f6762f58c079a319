//! Passages, questions, and which passages are right for which.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Kind};

/// A labelled set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataSet {
    /// The file's or folder's name.
    pub name: String,
    /// What is searched.
    pub passages: Vec<Passage>,
    /// What is asked; each has at least one passage that is right.
    pub queries: Vec<Question>,
    /// Questions that were left out: blank ones, and those for which no passage is right.
    pub left_out: usize,
}

/// Something that may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// As the set calls it.
    pub id: String,
    /// Its text.
    pub text: String,
    /// The article that it is of, counted from 0; where there are no articles, each passage is its own.
    pub article: usize,
}

/// Something that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// As the set calls it.
    pub id: String,
    /// Its text.
    pub text: String,
    /// The passages that were judged for it, by their places, ascending, with their grades: greater is better, 0 is wrong.
    pub judged: Vec<(usize, i64)>,
    /// What answers it, as it stands in a passage that is right; none where the set does not say.
    pub answers: Vec<String>,
}

#[derive(Deserialize)]
struct Squad {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
    #[serde(default)]
    qas: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    id: String,
    question: String,
    #[serde(default)]
    is_impossible: bool,
    #[serde(default)]
    answers: Vec<GoldAnswer>,
}

#[derive(Deserialize)]
struct GoldAnswer {
    text: String,
}

impl Asked {
    fn of(self, place: usize, answers: Option<Vec<GoldAnswer>>) -> Question {
        let answers = answers.unwrap_or(self.answers).into_iter().map(|answer| answer.text).collect();
        Question { id: self.id, text: self.question, judged: vec![(place, 1)], answers }
    }
}

#[derive(Deserialize)]
struct BeirText {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

impl DataSet {
    /// A SQuAD file, or a BEIR folder.
    ///
    /// # Errors
    /// When it cannot be read, or is neither.
    pub fn read(data: &Path) -> Result<Self, Error> {
        match data.is_dir() {
            true => Self::beir(data),
            false => Self::squad(data),
        }
    }

    /// SQuAD's JSON: a question's passage is the paragraph that it stands under. Paragraphs of equal text are one passage.
    ///
    /// # Errors
    /// When the file cannot be read, or is something else.
    pub fn squad(file: &Path) -> Result<Self, Error> {
        let mut set = Self { name: name_of(file), ..Self::default() };
        let mut places: HashMap<String, usize> = HashMap::new();
        for (article, paragraph) in paragraphs(file)? {
            let place = set.place(&mut places, article, paragraph.context);
            for asked in paragraph.qas {
                match asked.is_impossible || asked.question.trim().is_empty() {
                    true => set.left_out += 1,
                    false => set.queries.push(asked.of(place, None)),
                }
            }
        }
        set.checked(file)
    }

    /// Questions of one SQuAD file over the passages of another, whose n-th paragraph says the same in another language.
    ///
    /// # Errors
    /// When one cannot be read, or they have not as many paragraphs, with as many questions each.
    pub fn across(queries: &Path, passages: &Path) -> Result<Self, Error> {
        let failed = |why: String| {
            Error::new(Kind::BadInput, format!("cannot ask {} of {}", queries.display(), passages.display()), why)
        };
        let (asked, searched) = (paragraphs(queries)?, paragraphs(passages)?);
        if asked.len() != searched.len() {
            return Err(failed(format!(
                "one has {} paragraphs, the other {}; they must be parallel",
                asked.len(),
                searched.len()
            )));
        }
        let mut set = Self { name: format!("{} of {}", name_of(queries), name_of(passages)), ..Self::default() };
        let mut places: HashMap<String, usize> = HashMap::new();
        for (n, ((_, asked), (article, searched))) in asked.into_iter().zip(searched).enumerate() {
            if asked.qas.len() != searched.qas.len() {
                return Err(failed(format!("paragraph {} has other questions in each; they must be parallel", n + 1)));
            }
            let place = set.place(&mut places, article, searched.context);
            for (asked, twin) in asked.qas.into_iter().zip(searched.qas) {
                match asked.is_impossible || asked.question.trim().is_empty() {
                    true => set.left_out += 1,
                    false => set.queries.push(asked.of(place, Some(twin.answers))),
                }
            }
        }
        set.checked(queries)
    }

    /// A BEIR folder: `corpus.jsonl`, `queries.jsonl`, and `qrels/test.tsv`, or `dev.tsv` or `train.tsv` where that is not there.
    /// A passage's text is its title, if it has one, and its text. Judgements of passages that are not there do not count.
    ///
    /// # Errors
    /// When a file is missing or cannot be read, or a line is something else.
    pub fn beir(folder: &Path) -> Result<Self, Error> {
        let mut set = Self { name: name_of(folder), ..Self::default() };
        let mut places: HashMap<String, usize> = HashMap::new();
        each_line(&folder.join("corpus.jsonl"), &mut |line| {
            let BeirText { id, title, text } = serde_json::from_str(line).map_err(|e| e.to_string())?;
            let text = if title.trim().is_empty() { text } else { format!("{title}\n{text}") };
            places.insert(id.clone(), set.passages.len());
            let article = set.passages.len();
            set.passages.push(Passage { id, text, article });
            Ok(())
        })?;
        let splits = ["test", "dev", "train"].map(|split| folder.join("qrels").join(format!("{split}.tsv")));
        let judgements = splits.iter().find(|path| path.exists()).unwrap_or(&splits[0]);
        let mut judged: BTreeMap<String, BTreeMap<usize, i64>> = BTreeMap::new();
        let mut first = true;
        each_line(judgements, &mut |line| {
            let is_header = std::mem::take(&mut first) && line.starts_with("query-id");
            if !is_header {
                let (query, passage, grade) = judgement(line)?;
                if let Some(place) = places.get(passage) {
                    judged.entry(query.to_owned()).or_default().insert(*place, grade);
                }
            }
            Ok(())
        })?;
        each_line(&folder.join("queries.jsonl"), &mut |line| {
            let BeirText { id, text, .. } = serde_json::from_str(line).map_err(|e| e.to_string())?;
            match judged.remove(&id).filter(|judged| judged.values().any(|grade| *grade > 0)) {
                Some(judged) => {
                    let judged = judged.into_iter().collect();
                    set.queries.push(Question { id, text, judged, answers: Vec::new() });
                }
                None => set.left_out += 1,
            }
            Ok(())
        })?;
        set.checked(folder)
    }

    /// The place of a passage, which is taken in where its text is new.
    fn place(&mut self, places: &mut HashMap<String, usize>, article: usize, text: String) -> usize {
        let place = *places.entry(text.clone()).or_insert(self.passages.len());
        if place == self.passages.len() {
            self.passages.push(Passage { id: place.to_string(), text, article });
        }
        place
    }

    fn checked(self, data: &Path) -> Result<Self, Error> {
        match self.queries.is_empty() {
            true => Err(Error::new(
                Kind::BadInput,
                format!("cannot evaluate {}", data.display()),
                "it asks no question that has a passage",
            )),
            false => Ok(self),
        }
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The paragraphs of a SQuAD file, each with the place of its article.
fn paragraphs(file: &Path) -> Result<Vec<(usize, Paragraph)>, Error> {
    let articles = squad(file)?.data.into_iter().enumerate();
    Ok(articles.flat_map(|(i, article)| article.paragraphs.into_iter().map(move |paragraph| (i, paragraph))).collect())
}

fn squad(file: &Path) -> Result<Squad, Error> {
    let failed = |e: std::io::Error| Error::new(Kind::BadInput, format!("cannot read {}", file.display()), e);
    let bytes = std::fs::read(file).map_err(failed)?;
    serde_json::from_slice(&bytes).map_err(|e| {
        let doing = format!("cannot read {} as SQuAD's JSON (data, paragraphs, context, qas)", file.display());
        Error::new(Kind::BadInput, doing, e)
    })
}

/// Query, passage and grade: three columns of BEIR, or four of TREC, whose second says nothing.
fn judgement(line: &str) -> Result<(&str, &str, i64), String> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (query, passage, grade) = match columns[..] {
        [query, passage, grade] | [query, _, passage, grade] => (query, passage, grade),
        _ => return Err("it is not a query, a passage and a grade".to_owned()),
    };
    grade.parse().map(|grade| (query, passage, grade)).map_err(|_| format!("{grade} is no whole number"))
}

/// Calls `take` with each line that is not blank; what it says is wrong is told with the line's number.
fn each_line(file: &Path, take: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), Error> {
    let doing = || format!("cannot read {}", file.display());
    let open = File::open(file).map_err(|e| Error::new(Kind::BadInput, doing(), e))?;
    for (n, line) in BufReader::new(open).lines().enumerate() {
        let line = line.map_err(|e| Error::new(Kind::BadInput, doing(), e))?;
        if !line.trim().is_empty() {
            take(&line).map_err(|why| Error::new(Kind::BadInput, doing(), format!("line {}: {why}", n + 1)))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SQUAD: &str = r#"{"data": [
        {"title": "A", "paragraphs": [
            {"context": "One.", "qas": [{"id": "q1", "question": "one?"}, {"id": "q2", "question": "never?", "is_impossible": true}]},
            {"context": "Two.", "qas": [{"id": "q3", "question": "two?"}]}]},
        {"title": "B", "paragraphs": [{"context": "One.", "qas": [{"id": "q4", "question": "again?"}]}]}]}"#;

    fn write(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn a_squad_file_has_each_text_once() {
        let folder = tempfile::tempdir().unwrap();
        let set = DataSet::read(&write(folder.path(), "s.json", SQUAD)).unwrap();
        assert_eq!(set.passages.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(), ["One.", "Two."]);
        let asked: Vec<_> = set.queries.iter().map(|q| (q.id.as_str(), q.judged[0].0)).collect();
        assert_eq!((asked, set.left_out), (vec![("q1", 0), ("q3", 1), ("q4", 0)], 1));
    }

    #[test]
    fn questions_of_one_language_are_asked_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let queries = write(folder.path(), "zh.json", &SQUAD.replace("one?", "一？"));
        let passages = write(folder.path(), "en.json", SQUAD);
        let set = DataSet::across(&queries, &passages).unwrap();
        assert_eq!((set.queries[0].text.as_str(), set.passages.len()), ("一？", 2));
        let fewer = write(folder.path(), "few.json", r#"{"data": [{"paragraphs": []}]}"#);
        assert!(DataSet::across(&queries, &fewer).unwrap_err().to_string().contains("cannot ask"));
    }

    #[test]
    fn a_beir_folder_has_grades_and_titles() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        write(
            at,
            "corpus.jsonl",
            "{\"_id\": \"a\", \"title\": \"T\", \"text\": \"x\"}\n\n{\"_id\": \"b\", \"text\": \"y\"}\n",
        );
        write(at, "queries.jsonl", "{\"_id\": \"1\", \"text\": \"?\"}\n{\"_id\": \"2\", \"text\": \"no\"}\n");
        write(at, "qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\tb\t2\n1\ta\t0\n1\tgone\t1\n2\ta\t0\n");
        let set = DataSet::read(at).unwrap();
        assert_eq!((set.passages[0].text.as_str(), set.left_out), ("T\nx", 1));
        assert_eq!(
            set.queries,
            [Question { id: "1".into(), text: "?".into(), judged: vec![(0, 0), (1, 2)], answers: vec![] }]
        );
        write(at, "qrels/test.tsv", "1 b x\n");
        assert!(DataSet::read(at).unwrap_err().reason().contains("line 1: x is no whole number"));
        fs::remove_file(at.join("corpus.jsonl")).unwrap();
        assert!(DataSet::read(at).unwrap_err().to_string().contains("corpus.jsonl"));
    }
}
