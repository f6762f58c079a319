//! The command line, as clap reads it. `docs/cli.md` is generated from here.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use qiao::filter::Expression;
use qiao::model::Precision;
use serde::Serialize;

/// Ask your own documents by meaning, offline, with quotations checked against their page.
#[derive(Debug, Parser)]
#[command(name = "qiao", version, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// The knowledge base, one file; made where it is not there yet [default: default.qiao in the platform's data folder].
    #[arg(long, global = true, value_name = "PATH", env = "QIAO_KB")]
    pub(crate) kb: Option<PathBuf>,
    /// A model's name (`qiao model list`) or a sentence-transformers directory [default: the knowledge base's own, else multilingual-e5-small].
    #[arg(long, global = true, value_name = "NAME|DIR", env = "QIAO_MODEL")]
    pub(crate) model: Option<String>,
    /// The numbers in which the model computes [default: the knowledge base's own, what is fastest for a new one; f32 for verbs without one].
    #[arg(long, global = true, value_enum, value_name = "PRECISION")]
    pub(crate) compute: Option<Compute>,
    /// Print JSON: one object, or one a line for lists.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress and no notes on standard error; errors only.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// How to show progress on standard error.
    #[arg(long, global = true, value_enum, default_value_t = Progress::Auto)]
    pub(crate) progress: Progress,
    /// Seconds to wait for another process that writes to the knowledge base.
    #[arg(long, global = true, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..86_400))]
    pub(crate) wait: u64,
    /// Seconds that reading one file may take.
    #[arg(long, global = true, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..86_400))]
    pub(crate) parse_seconds: u64,
    /// Mebibytes of memory that reading one file may take.
    #[arg(long, global = true, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(16..1_048_576))]
    pub(crate) parse_mebibytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// Bars at a terminal, lines elsewhere.
    Auto,
    /// One JSON object a line for each event.
    Json,
}

/// [`Precision`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compute {
    /// Single precision: the numbers of Python's sentence-transformers.
    F32,
    /// Matrices in bytes: faster and smaller; cosines to single precision are about 0.999.
    Int8,
}

impl From<Compute> for Precision {
    fn from(compute: Compute) -> Self {
        match compute {
            Compute::F32 => Self::F32,
            Compute::Int8 => Self::Int8,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer a question with one to three quotations, each with document, page and heading.
    Ask(Ask),
    /// Find passages, by meaning and by words.
    Search(Search),
    /// Read files and folders into the knowledge base.
    Add(Add),
    /// Remove documents, with all that only they used.
    Remove(Remove),
    /// List the documents.
    List(List),
    /// Show a document's text, as it was indexed.
    Show(Show),
    /// Check the knowledge base: its structure, texts, places, vectors, and that nothing deleted is left in it.
    Verify(Verify),
    /// Write the knowledge base into one file to carry or keep, as it is now, while it may be in use.
    Export(Export),
    /// Take the documents of another knowledge base, without reading or embedding them again.
    Import(Import),
    /// Read one file into text with places; keep nothing.
    Parse(File),
    /// Read one file and cut it into chunks; keep nothing.
    Chunk(File),
    /// Turn texts into vectors.
    Embed(Embed),
    /// Compare a text with others: the cosine of their vectors.
    Similarity(Similarity),
    /// Follow texts through the model: tokens, rows of the table, layers, attention, the vector.
    Inspect(Inspect),
    /// See how meaning becomes numbers, step by step, computed here and now; or on a table of your own.
    Tour(Tour),
    /// Measure over labelled data.
    #[command(subcommand)]
    Eval(EvalCommand),
    /// List models, fetch one, or hold one against Python.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Read one file from standard input under limits; qiao runs itself so.
    #[command(hide = true)]
    ParseWorker(ParseWorker),
    /// Print docs/cli.md.
    #[command(hide = true)]
    Docs,
}

#[derive(Debug, Group)]
pub(crate) struct Ask {
    /// The question, in any language the model knows.
    pub(crate) question: String,
    /// Files and folders to add where they are new, and to answer from alone [default: the whole knowledge base].
    pub(crate) sources: Vec<PathBuf>,
    /// Passages to list as hits; the sentences of the best four are weighed for quotation.
    #[arg(long, short = 'k', value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) hits: u32,
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) chat: Chat,
    /// Print what the language model was sent, too.
    #[arg(long, requires = "chat")]
    pub(crate) show_prompt: bool,
}

/// Who writes answers, and how.
#[derive(Debug, Group)]
#[command(next_help_heading = "Answers that a language model writes")]
#[group(skip)]
pub(crate) struct Chat {
    /// Have a language model write the answer, each sentence checked: `openai` for a server that speaks OpenAI's API, else a local model's name (`qiao model list`) or a .gguf file [default: no model; the answer consists of quotations].
    #[arg(long, value_name = "openai|NAME|FILE", env = "QIAO_CHAT")]
    pub(crate) chat: Option<String>,
    /// The server's address, up to what `/chat/completions` follows.
    #[arg(long, value_name = "URL", env = "OPENAI_BASE_URL", default_value = "https://api.openai.com/v1")]
    pub(crate) base_url: String,
    /// The model's name, as the server calls it.
    #[arg(long, value_name = "NAME", env = "QIAO_CHAT_MODEL")]
    pub(crate) chat_model: Option<String>,
    /// The environment variable that holds the server's key; left unset where it wants none.
    #[arg(long, value_name = "VARIABLE", default_value = "OPENAI_API_KEY")]
    pub(crate) key_env: String,
    /// A file that holds the key and nothing else, in place of the variable.
    #[arg(long, value_name = "FILE", env = "QIAO_CHAT_KEY_FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Tokens of the prompt and the answer at most [default: what the model takes; 8192 where it does not say].
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(256..))]
    pub(crate) context: Option<u32>,
    /// Tokens of the answer at most.
    #[arg(long, value_name = "TOKENS", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) answer_tokens: u32,
    /// How freely the model writes: 0 always takes the likeliest word.
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = temperature)]
    pub(crate) temperature: f32,
    /// What the drawing of words starts from; the same seed gives the same answer, as far as the model keeps to it.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Seconds to wait for the first word of a server's answer.
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..86_400))]
    pub(crate) chat_seconds: u64,
    /// A prompt of your own in place of qiao's (docs/prompts.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) prompt: Option<PathBuf>,
    /// Leave out sentences that the passages do not bear out, in place of marking them.
    #[arg(long)]
    pub(crate) strict: bool,
}

fn temperature(text: &str) -> Result<f32, String> {
    let number: f32 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if (0.0..=2.0).contains(&number) { Ok(number) } else { Err("it goes from 0 to 2".to_owned()) }
}

/// Which documents.
#[derive(Debug, Group)]
pub(crate) struct Selection {
    /// Only documents that this selects, such as 'tag = contract and added >= 2026' (docs/filter.md).
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Option<Expression>,
}

#[derive(Debug, Group)]
pub(crate) struct Search {
    /// What to look for; what stands in double quotes must stand in the text word for word.
    pub(crate) query: String,
    /// Hits to show.
    #[arg(long, short = 'k', value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) hits: u32,
    /// Look only in this document (number, name or path); may be given again.
    #[arg(long = "in", value_name = "DOCUMENT")]
    pub(crate) documents: Vec<String>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// By meaning alone.
    #[arg(long, conflicts_with = "lexical")]
    pub(crate) dense: bool,
    /// By words alone; no model is needed.
    #[arg(long)]
    pub(crate) lexical: bool,
    #[command(flatten)]
    pub(crate) reranking: Reranking,
    /// Only hits of this score and better.
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(crate) min_score: Option<f32>,
    /// Hits of one document at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) per_document: Option<u32>,
    /// Hits that say different things: how much they are to differ, from 0 to 1 [if not said: 0.5].
    #[arg(long, value_name = "HOW-MUCH", num_args = 0..=1, default_missing_value = "0.5", require_equals = true, value_parser = share)]
    pub(crate) mmr: Option<f32>,
    /// Make one hit of those that follow one another in their document.
    #[arg(long)]
    pub(crate) join: bool,
    /// Say at which step this document (number, name or path) or text was lost.
    #[arg(long, value_name = "TEXT|DOCUMENT")]
    pub(crate) why_not: Option<String>,
}

/// Judging hits again.
#[derive(Debug, Group)]
pub(crate) struct Reranking {
    /// Judge the best hits again by this cross-encoder, a sentence-transformers directory: it reads question and passage together, which is better and slow.
    #[arg(long, value_name = "DIR")]
    pub(crate) rerank: Option<PathBuf>,
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f32, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "give a number from 0 to 1".to_owned())
}

#[derive(Debug, Group)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) selection: Selection,
}

#[derive(Debug, Group)]
pub(crate) struct Add {
    /// Files and folders; folders are walked.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// A tag for all of them, besides those that they have; may be given again.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Metadata for all of them; a key given again has several values.
    #[arg(long = "meta", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) metadata: Vec<(String, String)>,
}

/// `KEY=VALUE`, the key in lower case.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=').map(|(key, value)| (key.trim().to_lowercase(), value.trim())) {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key, value.to_owned())),
        _ => Err("write KEY=VALUE, for example client=Acme".to_owned()),
    }
}

#[derive(Debug, Group)]
pub(crate) struct Verify {
    /// Mend what can be mended, and check again.
    #[arg(long)]
    pub(crate) repair: bool,
}

#[derive(Debug, Group)]
pub(crate) struct Export {
    /// The file to write; it must not be there yet.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Group)]
pub(crate) struct Import {
    /// What `qiao export` wrote, or another knowledge base.
    pub(crate) file: PathBuf,
    /// The knowledge base to take the documents into; made as a copy where it is not there yet [default: --kb].
    #[arg(long, value_name = "KB")]
    pub(crate) into: Option<PathBuf>,
    /// Where the other's vectors are of another model: embed its documents again.
    #[arg(long)]
    pub(crate) embed_again: bool,
}

#[derive(Debug, Group)]
pub(crate) struct Remove {
    /// Documents: number, name or path; or the path of a file that was tried and is no document.
    #[arg(required = true)]
    pub(crate) documents: Vec<String>,
}

#[derive(Debug, Group)]
pub(crate) struct Show {
    /// Document: number, name or path.
    pub(crate) document: String,
}

#[derive(Debug, Group)]
pub(crate) struct File {
    /// A PDF, Markdown or plain text file.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Group)]
pub(crate) struct Embed {
    /// Texts, one vector each.
    #[arg(required_unless_present = "files", conflicts_with = "files")]
    pub(crate) texts: Vec<String>,
    /// A file with a text a line; a .jsonl file with a `text` an object; `-` for standard input; may be given again.
    #[arg(long = "file", value_name = "TEXTS")]
    pub(crate) files: Vec<PathBuf>,
    /// What the texts are to the model: some models put other words before each.
    #[arg(long, value_enum, default_value_t = Role::Passage)]
    pub(crate) role: Role,
    /// Words to put before each text in place of the model's own.
    #[arg(long, value_name = "WORDS")]
    pub(crate) prompt: Option<String>,
    /// What to do with a text of more tokens than the model takes.
    #[arg(long, value_enum, default_value_t = Long::Window)]
    pub(crate) long: Long,
    /// Bring each vector to unit length, where the model does not do so itself.
    #[arg(long)]
    pub(crate) normalize: bool,
    /// Only the first N numbers of each vector, at unit length again where the whole is; for models trained so (Matryoshka).
    #[arg(long, value_name = "N", conflicts_with = "tokens")]
    pub(crate) dim: Option<usize>,
    /// The numbers in which vectors are written, whatever they are computed in (--compute).
    #[arg(long, value_enum, default_value_t = Written::F32)]
    pub(crate) precision: Written,
    /// The vector of each token, before pooling, in place of one a text.
    #[arg(long)]
    pub(crate) tokens: bool,
    /// How to write the vectors.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    pub(crate) format: Format,
    /// Where to write them [default: standard output].
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    Query,
    Passage,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Long {
    /// Encode overlapping windows and average them by their tokens.
    Window,
    /// Encode the first tokens; `dropped` counts the others.
    Truncate,
    /// Refuse.
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Written {
    /// Single precision.
    F32,
    /// Signed bytes, each vector with a scale of its own: the greatest number becomes 127.
    Int8,
    /// A bit for each number, set where it is above zero; eight a byte, the first in the highest place.
    Ubinary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One object a line: embedding, tokens, dropped, unknown.
    Jsonl,
    /// NumPy's format: one array [texts, dimension].
    Npy,
    /// Named tensors: embeddings and what became of each text's tokens; the encoder's identity in the metadata.
    Safetensors,
}

#[derive(Debug, Group)]
pub(crate) struct Similarity {
    /// The text to compare with; encoded as a query.
    pub(crate) query: String,
    /// The others; encoded as passages.
    #[arg(required = true)]
    pub(crate) texts: Vec<String>,
}

#[derive(Debug, Group)]
pub(crate) struct Inspect {
    /// Texts; of several, the words that the first shares with the others are compared.
    #[arg(required = true)]
    pub(crate) texts: Vec<String>,
    /// What the texts are to the model: some models put other words before each.
    #[arg(long, value_enum, default_value_t = Role::Passage)]
    pub(crate) role: Role,
    /// The layer whose attention is shown, from 1 [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) layer: Option<usize>,
    /// The head whose attention is shown, from 1 [default: all on average].
    #[arg(long, value_name = "N")]
    pub(crate) head: Option<usize>,
    /// A word that the texts share, to compare it alone [default: all that they share].
    #[arg(long, value_name = "WORD")]
    pub(crate) word: Option<String>,
    /// Write all of it as one page for a browser, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Debug, Group)]
pub(crate) struct Tour {
    /// The language to tell it in [default: Chinese where LC_ALL, LC_MESSAGES or LANG says so, else English].
    #[arg(long, value_enum)]
    pub(crate) lang: Option<Language>,
    /// Write it as one page for a browser, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Learn vectors for the categories of this table (comma-separated, UTF-8, a first line of names), in place of the tour.
    #[arg(long, value_name = "FILE", requires = "target")]
    pub(crate) csv: Option<PathBuf>,
    /// The column of the table that is to be predicted from the others.
    #[arg(long, value_name = "COLUMN", requires = "csv")]
    pub(crate) target: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    /// English.
    En,
    /// 简体中文.
    Zh,
}

impl Language {
    /// What the environment asks for, as gettext looks it up: the first of LC_ALL, LC_MESSAGES and LANG that is set.
    pub(crate) fn of_environment() -> Self {
        let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set).unwrap_or_default();
        if locale.starts_with("zh") { Self::Zh } else { Self::En }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvalCommand {
    /// Whether cosines order pairs of sentences as people do: Spearman's correlation, a file a line.
    Sts(Sts),
    /// Whether a search finds the right passages: by meaning, by words, by both.
    Retrieval(Retrieval),
    /// Whether answers rest on the right passages, and questions without an answer are refused.
    Answers(Answers),
}

#[derive(Debug, Group)]
#[group(skip)]
pub(crate) struct Answers {
    /// A SQuAD file.
    #[arg(long, value_name = "SET", required_unless_present = "passages")]
    pub(crate) data: Option<PathBuf>,
    /// A SQuAD file whose questions are asked of the passages of another, parallel one: across languages.
    #[arg(long, value_name = "FILE", requires = "passages", conflicts_with = "data")]
    pub(crate) queries: Option<PathBuf>,
    /// The file whose passages are in the base.
    #[arg(long, value_name = "FILE", requires = "queries")]
    pub(crate) passages: Option<PathBuf>,
    /// Which passages are in the base.
    #[arg(long, value_enum, default_value_t = Split::Article)]
    pub(crate) split: Split,
    #[command(flatten)]
    pub(crate) chat: Chat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Split {
    /// Those of every second article; the questions of the others have no answer there.
    Article,
    /// Every second passage, so that the base knows of the article that a question is about.
    Passage,
    /// All of them.
    None,
}

#[derive(Debug, Group)]
#[group(skip)]
pub(crate) struct Retrieval {
    /// A SQuAD file, or a BEIR folder (corpus.jsonl, queries.jsonl, qrels/).
    #[arg(long, value_name = "SET", required_unless_present_any = ["passages", "compare", "questions_from_documents", "rerank"])]
    pub(crate) data: Option<PathBuf>,
    /// A SQuAD file whose questions are asked of the passages of another, parallel one: across languages.
    #[arg(long, value_name = "FILE", requires = "passages", conflicts_with = "data")]
    pub(crate) queries: Option<PathBuf>,
    /// The file whose passages are searched for them.
    #[arg(long, value_name = "FILE", requires = "queries")]
    pub(crate) passages: Option<PathBuf>,
    /// Ask the knowledge base: so many sentences of its documents each ask for their chunk, out of which they are taken.
    #[arg(long, value_name = "N", conflicts_with_all = ["data", "queries"], value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) questions_from_documents: Option<u32>,
    #[command(flatten)]
    pub(crate) reranking: Reranking,
    /// Tell whether two evaluations, written with --json, differ by more than chance.
    #[arg(long, num_args = 2, value_names = ["A.json", "B.json"], conflicts_with_all = ["data", "queries", "questions_from_documents"])]
    pub(crate) compare: Option<Vec<PathBuf>>,
}

#[derive(Debug, Group)]
pub(crate) struct Sts {
    /// A folder of .tsv files, or one: a line each, score, tab, sentence, tab, sentence.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// What both sentences are to the model; E5 asks for queries where the task is symmetric.
    #[arg(long, value_enum, default_value_t = Role::Query)]
    pub(crate) role: Role,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// List the models that have a name, and which are here.
    List,
    /// Fetch a model, verify it by hash and by its numbers, and keep it.
    Pull(Pull),
    /// Show all that decides a model's numbers: its encoder's identity, as every knowledge base keeps it.
    Show(Named),
    /// Encode golden texts and hold them against what Python's sentence-transformers gives for them.
    Verify(VerifyModel),
}

#[derive(Debug, Group)]
pub(crate) struct Named {
    /// A name from `qiao model list`, or a sentence-transformers directory [default: --model, else the knowledge base's own, else multilingual-e5-small].
    #[arg(value_name = "NAME|DIR")]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Group)]
pub(crate) struct VerifyModel {
    #[command(flatten)]
    pub(crate) model: Named,
    /// Other golden texts than the stored ones, as crates/model/golden/make_references.py writes them.
    #[arg(long, value_name = "JSON")]
    pub(crate) reference: Option<PathBuf>,
}

#[derive(Debug, Group)]
pub(crate) struct Pull {
    /// A name from `qiao model list`.
    #[arg(default_value = qiao::model::registry::DEFAULT)]
    pub(crate) name: String,
}

#[derive(Debug, Group)]
pub(crate) struct ParseWorker {
    pub(crate) media: String,
    pub(crate) seconds: u64,
    pub(crate) memory: u64,
    pub(crate) text: u64,
}
