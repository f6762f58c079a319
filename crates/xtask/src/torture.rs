//! Kills the program while it writes, and looks whether anything is lost or half.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{qiao, root};

/// Small and quick; the tests pull it.
const MODEL: &str = "all-MiniLM-L6-v2";
/// Of a hundred kills, how many must come while something is still to be written.
const LEAST_PENDING: usize = 80;
/// Copies with a shortened log that are opened after each kill.
const CUTS: usize = 3;

/// What is done while the program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Add,
    Replace,
    Remove,
    Import,
}

const DEEDS: [Deed; 4] = [Deed::Add, Deed::Replace, Deed::Remove, Deed::Import];

/// Origins with the hashes of their bytes.
type State = BTreeMap<String, String>;

/// A deed done once without a kill.
struct Rehearsal {
    /// How many events it told of.
    events: usize,
    after: State,
}

/// Random numbers that a seed repeats (xorshift64*; Vigna 2016).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}

/// Runs `rounds` rounds, each a deed over a copy of one knowledge base, killed at one of its own events.
pub(crate) fn run(rounds: usize, seed: Option<u64>) -> Result<()> {
    let seed =
        seed.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |d| d.as_nanos() as u64)) | 1;
    println!("torture: {rounds} rounds, seed {seed}");
    let mut random = Random(seed);
    let folder = tempfile::tempdir()?;
    let bench = Bench::new(folder.path())?;
    let rehearsals =
        DEEDS.into_iter().map(|deed| Ok((deed, bench.rehearse(deed)?))).collect::<Result<BTreeMap<_, _>>>()?;
    let (mut pending, mut cut, mut done) = (BTreeMap::<Deed, usize>::new(), 0, 0);
    let hit_of = |pending: &BTreeMap<Deed, usize>| pending.values().sum::<usize>();
    // of few rounds, some may come late by chance alone: then as many more decide
    for round in 0..2 * rounds {
        if round == rounds && hit_of(&pending) * 100 >= rounds * LEAST_PENDING {
            break;
        }
        done += 1;
        let deed = DEEDS[round % DEEDS.len()];
        let ended = bench.round(deed, &rehearsals[&deed], &mut random);
        let ended = ended.with_context(|| format!("round {round}, {deed:?}, of seed {seed}"))?;
        *pending.entry(deed).or_default() += usize::from(ended.pending);
        cut += ended.cut;
    }
    let hit = hit_of(&pending);
    println!(
        "torture: {hit} of {done} kills hit pending writes {pending:?}; {cut} copies with a log cut short were opened"
    );
    ensure!(hit * 100 >= done * LEAST_PENDING, "only {hit} of {done} kills hit pending writes");
    ensure!(cut > 0 || rounds < 10, "no log was there to be cut");
    Ok(())
}

/// How a round ended.
struct Ended {
    /// Whether something was still to be written when the program was killed.
    pending: bool,
    /// Copies with a log cut short.
    cut: usize,
}

/// What all rounds begin with.
struct Bench {
    folder: PathBuf,
    before: State,
}

impl Bench {
    /// A knowledge base of a note and a book, an export of another one, and the files of both.
    fn new(folder: &Path) -> Result<Self> {
        let bench = Self { folder: folder.to_path_buf(), before: State::new() };
        let examples = root().join("examples");
        for (from, to) in [("bridge-en.pdf", "book.pdf"), ("bridge-zh.pdf", "new.pdf"), ("README.md", "note.md")] {
            fs::copy(examples.join(from), bench.path(to))?;
        }
        fs::create_dir(bench.path("there"))?;
        fs::copy(examples.join("bridge-zh.pdf"), bench.path("there/zh.pdf"))?;
        fs::copy(root().join("ARCHITECTURE.md"), bench.path("there/house.md"))?;
        bench.done(&bench.path("base.qiao"), &["add", "book.pdf", "note.md"])?;
        bench.done(&bench.path("there.qiao"), &["add", "there"])?;
        bench.done(&bench.path("there.qiao"), &["export", "there.qx"])?;
        let before = bench.state(&bench.path("base.qiao"))?;
        Ok(Self { before, ..bench })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn command(&self, kb: &Path, arguments: &[&str]) -> Result<Command> {
        let mut command = qiao()?;
        command
            .current_dir(&self.folder)
            .env("QIAO_OFFLINE", "1")
            .args(["--model", MODEL, "--kb"])
            .arg(kb)
            .args(arguments);
        Ok(command)
    }

    fn output(&self, kb: &Path, arguments: &[&str]) -> Result<Output> {
        self.command(kb, arguments)?.output().context("cannot run qiao")
    }

    /// Runs to the end, and well.
    fn done(&self, kb: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = self.output(kb, arguments)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "qiao {arguments:?}: {}: {said}", output.status);
        Ok(output.stdout)
    }

    fn state(&self, kb: &Path) -> Result<State> {
        let lines = self.done(kb, &["list", "--json"])?;
        let document = |line: &[u8]| {
            let value: Value = serde_json::from_slice(line)?;
            let part = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            Ok((part("origin"), part("content_hash")))
        };
        lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(document).collect()
    }

    /// Puts the files as they are before the deed, but for the book that is to be replaced.
    fn arrange(&self, deed: Deed, kb: &Path) -> Result<Vec<&'static str>> {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(with_suffix(kb, suffix));
        }
        fs::copy(self.path("base.qiao"), kb)?;
        let book = if deed == Deed::Replace { "bridge-zh.pdf" } else { "bridge-en.pdf" };
        fs::copy(root().join("examples").join(book), self.path("book.pdf"))?;
        Ok(match deed {
            Deed::Add => vec!["add", "new.pdf"],
            Deed::Replace => vec!["add", "book.pdf"],
            Deed::Remove => vec!["remove", "book.pdf"],
            Deed::Import => vec!["import", "there.qx"],
        })
    }

    fn rehearse(&self, deed: Deed) -> Result<Rehearsal> {
        let kb = self.path("rehearsal.qiao");
        let mut arguments = self.arrange(deed, &kb)?;
        arguments.extend(["--progress", "json"]);
        let output = self.output(&kb, &arguments)?;
        ensure!(output.status.success(), "{deed:?}: {}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let events = said.lines().filter(|line| event(line).is_some()).count();
        ensure!(events > 0, "{deed:?} told of no event: {said}");
        Ok(Rehearsal { events, after: self.state(&kb)? })
    }

    fn round(&self, deed: Deed, rehearsal: &Rehearsal, random: &mut Random) -> Result<Ended> {
        let kb = self.path("round.qiao");
        let arguments = self.arrange(deed, &kb)?;
        let staged = self.kill(&kb, &arguments, random.below(rehearsal.events), random)?;
        let cut = self.open_cut_copies(&kb, rehearsal, random)?;
        let unfinished = self.check(&kb, rehearsal)?;
        let state = self.state(&kb)?;
        let again = self.output(&kb, &[&arguments[..], &["--progress", "json"]].concat())?;
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        let gone = deed == Deed::Remove && state == rehearsal.after && again.status.code() == Some(1);
        ensure!(again.status.success() || gone, "the same command again: {}: {said}", again.status);
        // what was staged when it was killed is not embedded again
        if state != rehearsal.after {
            let first = said.lines().filter_map(event).find(|event| event["event"] == "embedding");
            let kept = first.map_or(staged, |event| event["done"].as_u64().unwrap_or(0));
            ensure!(kept >= staged, "{staged} vectors were staged, and {kept} of them found again");
        }
        ensure!(self.state(&kb)? == rehearsal.after, "the same command again did not finish");
        if gone {
            self.output(&kb, &["verify", "--repair"])?;
        }
        self.done(&kb, &["verify"]).context("when all was done")?;
        Ok(Ended { pending: state != rehearsal.after || unfinished, cut })
    }

    /// Starts the deed and kills it once it has told of event `at`; returns how many vectors it said were staged.
    fn kill(&self, kb: &Path, arguments: &[&str], at: usize, random: &mut Random) -> Result<u64> {
        let mut command = self.command(kb, arguments)?;
        let mut child = command.args(["--progress", "json"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let (mut seen, mut staged) = (0, 0);
        for line in BufReader::new(child.stderr.take().context("no standard error")?).lines() {
            let Some(event) = event(&line?) else { continue };
            staged = event["done"].as_u64().unwrap_or(staged);
            if seen == at {
                break;
            }
            seen += 1;
        }
        // sometimes at once, sometimes in the midst of what comes next
        std::thread::sleep(Duration::from_micros([0, 0, 300, 1000][random.below(4)]));
        child.kill()?;
        child.wait()?;
        Ok(staged)
    }

    /// Opens copies whose log ends at a random byte, as a disk may leave it.
    fn open_cut_copies(&self, kb: &Path, rehearsal: &Rehearsal, random: &mut Random) -> Result<usize> {
        let log = fs::read(with_suffix(kb, "-wal")).unwrap_or_default();
        // once pages go from the log to the file, the log is on the disk for certain: SQLite has seen to that
        if log.is_empty() || fs::read(kb)? != fs::read(self.path("base.qiao"))? {
            return Ok(0);
        }
        let copy = self.path("copy.qiao");
        for _ in 0..CUTS {
            for suffix in ["", "-wal", "-shm"] {
                let _ = fs::remove_file(with_suffix(&copy, suffix));
            }
            let length = random.below(log.len() + 1);
            fs::copy(kb, &copy)?;
            fs::write(with_suffix(&copy, "-wal"), &log[..length])?;
            self.check(&copy, rehearsal).with_context(|| format!("a log of {length} of {} bytes", log.len()))?;
        }
        Ok(CUTS)
    }

    /// The file opens, nothing is wrong in it, and every document is whole in its old or new version. Returns whether there is
    /// still something to overwrite.
    fn check(&self, kb: &Path, rehearsal: &Rehearsal) -> Result<bool> {
        let output = self.output(kb, &["verify", "--json"])?;
        let (found, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(matches!(output.status.code(), Some(0 | 5)), "verify: {}: {said}", output.status);
        ensure!(output.status.success() || !found.is_empty(), "verify: {said}");
        for line in found.lines() {
            let finding: Value = serde_json::from_str(line)?;
            ensure!(finding["remedy"] == "rewrite", "verify found: {line}");
        }
        let state = self.state(kb)?;
        let origins: BTreeSet<&String> = self.before.keys().chain(rehearsal.after.keys()).chain(state.keys()).collect();
        for origin in origins {
            let versions = [self.before.get(origin), rehearsal.after.get(origin)];
            if !versions.contains(&state.get(origin)) {
                bail!("{origin} is neither as it was nor as it was to be");
            }
        }
        Ok(!found.is_empty())
    }
}

/// An event of the program's own, if that is what a line tells; what it says to people is none.
fn event(line: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(line).ok()?;
    let name = value["event"].as_str()?;
    (!["note", "finished", "skipped"].contains(&name)).then_some(value)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
