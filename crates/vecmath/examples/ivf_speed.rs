//! The vector index at work, for `bench/retrieval/vectors.py`: one command a line on standard input, one line of JSON back.
//!
//! `ivf_speed VECTORS QUERIES DIMENSION INDEX`: files of little-endian floats, row after row, and where to write the index.
//! Row `i` has key `i`. Commands:
//!
//! - `build THREADS ROWS`: an index of the first ROWS rows
//! - `append THREADS ROWS`: that index and the rows from ROWS on
//! - `search K SHARE COMPARED RESCORED DEVIATIONS`: every query, one after another on one thread; a filter keeps about SHARE
//!   of the rows, in ranges of ten; three `-` for the usual effort

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use qiao_vecmath::ivf::{Asked, Effort, Found, Index, IvfError, Sample, Selection, Writer};
use qiao_vecmath::{MappedFile, dot, floats};

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Bench {
    vectors: MappedFile,
    queries: MappedFile,
    dimension: usize,
    index: PathBuf,
}

fn main() -> Outcome<()> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [vectors, queries, dimension, index] = given.as_slice() else {
        return Err("usage: ivf_speed VECTORS QUERIES DIMENSION INDEX".into());
    };
    let open = |path: &String| MappedFile::open(path.as_ref());
    let (vectors, queries) = (open(vectors)?, open(queries)?);
    let bench = Bench { vectors, queries, dimension: dimension.parse()?, index: index.into() };
    for line in std::io::stdin().lines() {
        println!("{}", bench.run(&line?.split_whitespace().collect::<Vec<_>>())?);
        std::io::stdout().flush()?;
    }
    Ok(())
}

impl Bench {
    fn run(&self, words: &[&str]) -> Outcome<String> {
        match words {
            ["build", threads, rows] => watched(|| self.build(threads.parse()?, rows.parse()?)),
            ["append", threads, rows] => watched(|| self.append(threads.parse()?, rows.parse()?)),
            ["search", k, share, effort @ ..] => self.search(k.parse()?, share.parse()?, effort),
            _ => Err(format!("unknown command: {words:?}").into()),
        }
    }

    fn rows(&self) -> Outcome<&[f32]> {
        floats(self.vectors.bytes()).ok_or_else(|| "not whole floats".into())
    }

    fn keyed(&self) -> Outcome<impl Iterator<Item = (i64, &[f32])>> {
        Ok((0i64..).zip(self.rows()?.chunks_exact(self.dimension)))
    }

    fn build(&self, threads: NonZeroUsize, rows: usize) -> Outcome<String> {
        let start = Instant::now();
        let mut sample = Sample::new(self.dimension, rows)?;
        for (key, vector) in self.keyed()?.take(rows) {
            if sample.wants(key) {
                sample.push(key, vector)?;
            }
        }
        let codebook = sample.train(threads);
        let trained = start.elapsed().as_secs_f64();
        let mut writer = Writer::new(codebook, threads);
        self.keyed()?.take(rows).try_for_each(|(key, vector)| writer.push(key, vector))?;
        writer.finish(&mut std::fs::File::create(&self.index)?)?;
        Ok(format!(r#""trained": {trained:.3}, "seconds": {:.3}"#, start.elapsed().as_secs_f64()))
    }

    fn append(&self, threads: NonZeroUsize, rows: usize) -> Outcome<String> {
        let start = Instant::now();
        let file = MappedFile::open(&self.index)?;
        let index = Index::open(file.bytes())?;
        let mut writer = Writer::onto(&index, &[], threads);
        self.keyed()?.skip(rows).try_for_each(|(key, vector)| writer.push(key, vector))?;
        let aside = self.index.with_extension("new");
        writer.finish(&mut std::fs::File::create(&aside)?)?;
        std::fs::rename(aside, &self.index)?;
        Ok(format!(r#""seconds": {:.3}"#, start.elapsed().as_secs_f64()))
    }

    fn search(&self, k: usize, share: f64, effort: &[&str]) -> Outcome<String> {
        let file = MappedFile::open(&self.index)?;
        let index = Index::open(file.bytes())?;
        let (rows, queries) = (self.rows()?, floats(self.queries.bytes()).ok_or("not whole floats")?);
        let usual = Effort::usual(index.len(), k);
        let effort = match effort {
            ["-", "-", "-"] => usual,
            [compared, rescored, deviations] => {
                Effort { compared: compared.parse()?, rescored: rescored.parse()?, deviations: deviations.parse()? }
            }
            _ => return Err("three words of effort".into()),
        };
        let only = (share < 1.0).then(|| ranges(index.len(), share));
        let asked = Asked { k, effort, selection: Selection { only: only.as_deref(), gone: &[] } };
        let mut out = Rounds::default();
        for query in queries.chunks_exact(self.dimension) {
            let start = Instant::now();
            let mut exact = |key: i64| -> Result<Option<f32>, IvfError> {
                let row = usize::try_from(key).ok().and_then(|row| rows.get(row * self.dimension..));
                Ok(row.and_then(|row| row.get(..self.dimension)).map(|row| dot(query, row)))
            };
            let found = index.search(query, &asked, &mut exact)?;
            out.add(start.elapsed(), &found)?;
        }
        Ok(out.json())
    }
}

/// Ranges of ten keys, evenly spread, that hold about `share` of all.
fn ranges(rows: usize, share: f64) -> Vec<RangeInclusive<i64>> {
    let step = (10.0 / share).round().max(10.0) as usize;
    (0..rows as i64).step_by(step).map(|from| from..=from + 9).collect()
}

#[derive(Default)]
struct Rounds {
    times: String,
    keys: String,
    compared: usize,
    rescored: usize,
}

impl Rounds {
    fn add(&mut self, took: Duration, found: &Found) -> Result<(), std::fmt::Error> {
        let comma = if self.times.is_empty() { "" } else { ", " };
        write!(self.times, "{comma}{:.2}", took.as_secs_f64() * 1e6)?;
        write!(self.keys, "{comma}{:?}", found.best.iter().map(|one| one.key).collect::<Vec<_>>())?;
        self.compared += found.compared;
        self.rescored += found.rescored;
        Ok(())
    }

    fn json(&self) -> String {
        let Self { times, keys, compared, rescored } = self;
        format!(r#"{{"us": [{times}], "keys": [{keys}], "compared": {compared}, "rescored": {rescored}}}"#)
    }
}

/// Runs `work` and tells the most memory that the process held meanwhile beyond what it maps, in MB (Linux).
fn watched(work: impl FnOnce() -> Outcome<String>) -> Outcome<String> {
    let (done, most) = (AtomicBool::new(false), AtomicUsize::new(0));
    let text = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(own_memory(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let text = work();
        done.store(true, Ordering::Relaxed);
        text
    })?;
    Ok(format!(r#"{{{text}, "memory_mb": {}}}"#, most.into_inner() / 1024))
}

/// Of this process, in KB.
fn own_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
