//! What is built beside the file for speed, in the folder `NAME-index`: a lexical index and, for many chunks, an index of
//! vectors. All of it may be deleted at any time. What an index lacks, since it came later, is searched without it; what went
//! since is passed over.

mod check;
mod state;
mod update;
mod vectors;
mod words;

use std::fs::{self, File};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use qiao_model::MappedFile;
use qiao_model::ivf::Index;
use rusqlite::{Connection, Error};

use state::{Entry, Moment, Part, State};
pub(super) use state::{joined, within};
pub(super) use words::{CONSTANTS, searchable};

use super::postings::Segment;

/// Chunks by their numbers.
pub(super) type Range = RangeInclusive<i64>;

/// The file that is locked by whoever builds.
const LOCK: &str = "lock";

/// The folder, and what of it is mapped.
#[derive(Debug, Default)]
pub(super) struct Derived {
    /// None beside a knowledge base in memory.
    folder: Option<PathBuf>,
    mapped: Mutex<Option<Arc<Mapped>>>,
    late: Mutex<Option<Arc<Late>>>,
}

/// The files that count, mapped.
#[derive(Debug, Default)]
struct Mapped {
    state: State,
    words: Vec<MappedFile>,
    vectors: Option<MappedFile>,
}

/// Words of chunks that came after the index, as a segment in memory.
#[derive(Debug)]
struct Late {
    moment: Moment,
    after: i64,
    segment: Vec<u8>,
}

/// What one reader sees of it.
#[derive(Debug)]
pub(super) struct View {
    mapped: Arc<Mapped>,
    late: Arc<Late>,
    gone: Vec<Range>,
    /// Of the index of vectors, if it is of this file: what it goes up to, and what of it is gone.
    vectors: Option<(i64, Vec<Range>)>,
}

/// An index of vectors, as far as it is of the file.
pub(super) struct Vectors<'v> {
    /// It.
    pub(super) index: Index<'v>,
    /// The last chunk that is in it.
    pub(super) through: i64,
    /// Chunks in it that are gone, sorted and disjoint.
    pub(super) gone: &'v [Range],
}

impl View {
    /// The segments of the lexical index, by ascending chunks.
    pub(super) fn segments(&self) -> Vec<Segment<'_>> {
        let known = self.mapped.words.iter().filter(|_| self.late.after > 0).map(MappedFile::bytes);
        known.chain([&self.late.segment[..]]).filter_map(|bytes| Segment::open(bytes).ok()).collect()
    }

    /// The index of vectors, where there is one.
    pub(super) fn vectors(&self) -> Option<Vectors<'_>> {
        let (through, gone) = self.vectors.as_ref()?;
        let index = Index::open(self.mapped.vectors.as_ref()?.bytes()).ok()?;
        Some(Vectors { index, through: *through, gone })
    }

    /// Chunks that are in segments and gone from the file, sorted and disjoint.
    pub(super) fn gone(&self) -> &[Range] {
        &self.gone
    }
}

impl Derived {
    /// Beside the file at `path`.
    pub(super) fn beside(path: &Path) -> Self {
        let folder = (path != Path::new(":memory:")).then(|| super::sqlite::beside(path, "-index"));
        Self { folder, ..Self::default() }
    }

    /// What a connection, in a transaction, sees.
    pub(super) fn view(&self, connection: &Connection) -> Result<View, Error> {
        let mapped = self.mapped();
        let moment = Moment::of(connection)?;
        let part = mapped.state.words.as_ref();
        let gone = part.map_or(Ok(None), |part| part.moment.gone_since(connection))?;
        let after = part.filter(|_| gone.is_some()).map_or(0, |part| part.through);
        let late = self.late(connection, moment, after)?;
        let part = mapped.state.vectors.as_ref();
        let vectors = part.map_or(Ok(None), |part| part.moment.gone_since(connection))?;
        let vectors = part.map(|part| part.through).zip(vectors);
        Ok(View { mapped, late, gone: gone.unwrap_or_default(), vectors })
    }

    /// The chunk up to which an index of this file goes; 0 where there is none.
    fn through(&self, connection: &Connection) -> Result<i64, Error> {
        match &self.mapped().state.words {
            Some(part) if part.moment.gone_since(connection)?.is_some() => Ok(part.through),
            _ => Ok(0),
        }
    }

    /// The files as they are now.
    fn mapped(&self) -> Arc<Mapped> {
        let mut known = lock(&self.mapped);
        let Some(folder) = &self.folder else { return Arc::default() };
        // another process may put others in their place between the reading and the mapping
        for _ in 0..3 {
            let state = State::read(folder);
            if let Some(known) = known.as_ref().filter(|known| known.state == state) {
                return known.clone();
            }
            if let Some(mapped) = Mapped::open(folder, state) {
                return known.insert(Arc::new(mapped)).clone();
            }
        }
        Arc::default()
    }

    fn late(&self, connection: &Connection, moment: Moment, after: i64) -> Result<Arc<Late>, Error> {
        let mut known = lock(&self.late);
        if let Some(known) = known.as_ref().filter(|known| known.moment == moment && known.after == after) {
            return Ok(known.clone());
        }
        let segment = words::in_memory(connection, after)?;
        Ok(known.insert(Arc::new(Late { moment, after, segment })).clone())
    }
}

impl Mapped {
    /// `None` where a file is not there, or not whole.
    fn open(folder: &Path, state: State) -> Option<Self> {
        let of = |part: &Option<Part>| {
            part.iter().flat_map(|part| &part.files).map(|entry| Self::map(folder, entry)).collect::<Option<Vec<_>>>()
        };
        let words = of(&state.words)?;
        let vectors = of(&state.vectors)?.pop();
        let sound = words.iter().all(|file| Segment::open(file.bytes()).is_ok())
            && vectors.iter().all(|file| Index::open(file.bytes()).is_ok());
        sound.then_some(Self { state, words, vectors })
    }

    fn map(folder: &Path, entry: &Entry) -> Option<MappedFile> {
        let file = MappedFile::open(&folder.join(&entry.name)).ok()?;
        (file.bytes().len() as u64 == entry.bytes).then_some(file)
    }
}

/// Held until it is let go; false is said where another process has it, or file systems know no locks.
fn try_lock(folder: &Path) -> std::io::Result<Option<File>> {
    fs::create_dir_all(folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        // without locks, one process at a time has to do
        Err(fs::TryLockError::Error(_)) => Ok(Some(file)),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
