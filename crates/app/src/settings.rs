//! Arguments and environment into what the verbs need.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use etcetera::BaseStrategy;
use qiao::embed::ModelEncoder;
use qiao::error::{Error, Kind};
use qiao::model::fetch::{self, Fallback, FetchConfig, FetchError, ModelDir, Progress};
use qiao::model::{CrossEncoder, EncoderId, Precision, Provenance, registry};
use qiao::parse::WorkerParser;
use qiao::seams::{Encoder, Limits, Store};
use qiao::store::{SqliteStore, Wait};
use qiao::{EncoderSource, Engine};

use crate::args::{Chat, Global, Reranking};
use crate::golden::{compare, held};
use crate::out::{FetchProgress, IndexProgress, Printer};
use crate::writer::writer;

/// What every verb is told.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    kb: PathBuf,
    model: Option<String>,
    compute: Option<Precision>,
    limits: Limits,
    wait: Wait,
}

impl Settings {
    pub(crate) fn resolve(global: &Global, printer: &Printer) -> anyhow::Result<Self> {
        let limits =
            Limits { seconds: global.parse_seconds, memory: global.parse_mebibytes << 20, ..Limits::default() };
        let kb = global.kb.clone().map_or_else(default_kb, Ok)?;
        let compute = global.compute.map(Precision::from);
        let printer = printer.clone();
        let on_wait = move |path: &Path, most: Duration| {
            let (path, seconds) = (path.display(), most.as_secs());
            printer.note(&format!("another process is writing to {path}; waiting for it, {seconds} s at most"));
        };
        let wait = Wait { most: Duration::from_secs(global.wait), on_wait: Arc::new(on_wait) };
        Ok(Self { kb, model: global.model.clone(), compute, limits, wait })
    }

    /// The same, with another knowledge base.
    pub(crate) fn with_kb(&self, kb: &Path) -> Self {
        Self { kb: kb.to_path_buf(), ..self.clone() }
    }

    /// How to wait for another process.
    pub(crate) fn wait(&self) -> Wait {
        self.wait.clone()
    }

    /// The engine over the knowledge base, which is made where it is not there.
    pub(crate) fn engine(&self, printer: &Printer) -> anyhow::Result<Engine> {
        let store = SqliteStore::open(&self.kb, self.wait()).map_err(Error::from)?;
        self.over(store, printer)
    }

    /// The engine over the knowledge base, or `None` where there is no such file.
    pub(crate) fn existing_engine(&self, printer: &Printer) -> anyhow::Result<Option<Engine>> {
        self.store()?.map(|store| self.over(store, printer)).transpose()
    }

    /// The same, with what makes searches fast brought up to date, where it is long behind.
    pub(crate) fn searchable_engine(&self, printer: &Printer) -> anyhow::Result<Option<Engine>> {
        let engine = self.existing_engine(printer)?;
        if let Some(engine) = &engine {
            let progress = IndexProgress::new(printer);
            if let Err(e) = engine.index(&mut |done, total| progress.show(done, total)) {
                printer.warn(&format!("searches go on without an index, and slower: {}", e.reason()));
            }
        }
        Ok(engine)
    }

    /// The knowledge base, or `None` where there is no such file.
    pub(crate) fn store(&self) -> Result<Option<SqliteStore>, Error> {
        Ok(SqliteStore::open_existing(&self.kb, self.wait())?)
    }

    /// The same engine, with the reranker that was asked for.
    pub(crate) fn reranking(&self, engine: Engine, how: &Reranking) -> Result<Engine, Error> {
        Ok(match self.reranker(how)? {
            Some(reranker) => engine.with_reranker(Box::new(reranker)),
            None => engine,
        })
    }

    /// The same engine, with the language model that was asked for.
    pub(crate) fn writing(&self, engine: Engine, how: &Chat, printer: &Printer) -> Result<Engine, Error> {
        Ok(match writer(how, printer)? {
            Some(writer) => engine.with_writer(writer),
            None => engine,
        })
    }

    /// The reranker that was asked for.
    pub(crate) fn reranker(&self, how: &Reranking) -> Result<Option<CrossEncoder>, Error> {
        let load = |path: &PathBuf| {
            let broken = |e| Error::new(Kind::Model, format!("cannot load the reranker {}", path.display()), e);
            CrossEncoder::load(path).map_err(broken)
        };
        how.rerank.as_ref().map(load).transpose()
    }

    /// The model that serves a knowledge base: in the numbers that are fastest, unless others were named.
    pub(crate) fn serving_model(&self, printer: &Printer) -> Result<ModelEncoder, Error> {
        self.load((None, None), Precision::fastest(), printer)
    }

    /// An engine that keeps nothing, for the stages that are verbs of their own.
    pub(crate) fn stages(&self, printer: &Printer) -> anyhow::Result<Engine> {
        let nowhere = SqliteStore::in_memory().map_err(Error::from)?;
        self.over(nowhere, printer)
    }

    /// As [`Settings::stages`], with an encoder that is there already.
    pub(crate) fn stages_with(&self, encoder: Arc<dyn Encoder>) -> anyhow::Result<Engine> {
        let nowhere = SqliteStore::in_memory().map_err(Error::from)?;
        self.put_together(nowhere, Box::new(move |_| Ok(encoder.clone())))
    }

    fn over(&self, store: SqliteStore, printer: &Printer) -> anyhow::Result<Engine> {
        self.put_together(store, self.encoder_source(printer))
    }

    fn put_together(&self, store: SqliteStore, source: EncoderSource) -> anyhow::Result<Engine> {
        let program = std::env::current_exe()
            .context("cannot find qiao's own program file, which reads documents as a worker")?;
        let parser = WorkerParser::new(program, vec!["parse-worker".into()]);
        let settings = qiao::Settings { limits: self.limits };
        Ok(Engine::new(Box::new(store), Box::new(parser), source, settings))
    }

    /// Finds and loads the model for a knowledge base: the one that was named, else the one it was made with, else the default;
    /// and computes in what was named, else in what it was made with, else in what is fastest: bytes lose
    /// hardly a passage (`bench/encoder`).
    pub(crate) fn encoder_source(&self, printer: &Printer) -> EncoderSource {
        let (settings, printer) = (self.clone(), printer.clone());
        Box::new(move |stored: Option<&EncoderId>| {
            let own = stored.map_or_else(Precision::fastest, |stored| stored.passage_precision);
            let encoder: Arc<dyn Encoder> = Arc::new(settings.load((None, stored), own, &printer)?);
            Ok(encoder)
        })
    }

    /// The model called `name`, else as [`Settings::encoder_source`]; in single precision, unless another was named.
    pub(crate) fn model(&self, name: Option<&str>, printer: &Printer) -> Result<ModelEncoder, Error> {
        self.load((name, None), Precision::F32, printer)
    }

    /// The model called `name`, else the one the person named, else the one `stored`, else the knowledge base's, else the
    /// default; to compute in `own`, unless the person named another precision.
    fn load(
        &self,
        (name, stored): (Option<&str>, Option<&EncoderId>),
        own: Precision,
        printer: &Printer,
    ) -> Result<ModelEncoder, Error> {
        let named = name.or(self.model.as_deref());
        let kept = match (named, stored) {
            (None, None) => self.store()?.map_or(Ok(None), |store| store.encoder())?,
            _ => None,
        };
        let (name, fallback) = match (named, stored.or(kept.as_ref())) {
            (Some(named), _) => (named, Fallback::Allowed),
            (None, Some(stored)) => (stored.model.as_str(), Fallback::Never),
            (None, None) => (registry::DEFAULT, Fallback::Allowed),
        };
        load(name, fallback, self.compute.unwrap_or(own), printer)
    }

    /// In what to compute, where the person said so.
    pub(crate) fn compute(&self) -> Option<Precision> {
        self.compute
    }

    pub(crate) fn kb(&self) -> &Path {
        &self.kb
    }
}

fn default_kb() -> anyhow::Result<PathBuf> {
    let platform = etcetera::choose_base_strategy()
        .context("the system names no home folder to keep the knowledge base in; name a file with --kb")?;
    Ok(platform.data_dir().join("qiao").join("default.qiao"))
}

/// The files of the model called `name`, which are fetched where they are not here; and whether they were.
pub(crate) fn fetched(name: &str, fallback: Fallback, printer: &Printer) -> Result<(ModelDir, bool), Error> {
    let failed = |e: FetchError| {
        let kind = match e {
            FetchError::UnknownModel { .. } | FetchError::NoDirectory { .. } => Kind::Usage,
            _ => Kind::Model,
        };
        Error::new(kind, format!("cannot get the model {name}"), e)
    };
    let config = FetchConfig::from_env().map_err(failed)?;
    let mut progress = FetchProgress::new(printer);
    let mut fetched = false;
    let mut on_event = |event: Progress| {
        fetched |= matches!(event, Progress::Ready { .. });
        progress.show(&event);
    };
    let found = fetch::resolve(name, fallback, &config, &mut on_event).map_err(failed)?;
    Ok((found, fetched))
}

fn load(name: &str, fallback: Fallback, precision: Precision, printer: &Printer) -> Result<ModelEncoder, Error> {
    let (found, fetched) = fetched(name, fallback, printer)?;
    let config =
        FetchConfig::from_env().map_err(|e| Error::new(Kind::Model, "cannot tell where models are kept", e))?;
    let broken = |e| Error::new(Kind::Model, format!("cannot load the model {}", found.path.display()), e);
    let load = |precision| ModelEncoder::load(&found.path, Provenance::of(&found, &config), precision).map_err(broken);
    if fetched {
        // Python's numbers are of single precision
        let exact = load(Precision::F32)?;
        compare(&exact, None)?.map_or(Ok(()), |compared| held(&exact, &compared))?;
    }
    let encoder = load(precision)?;
    encoder.model().notes().iter().for_each(|note| printer.note(&note.to_string()));
    Ok(encoder)
}
