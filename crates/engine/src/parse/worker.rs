//! A parser in a process of its own: what a hostile file does there stays there.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::AllParsers;
use crate::error::ParseError;
use crate::seams::{Limits, Parser};
use crate::types::{Content, Media};

/// Runs a program as worker, once a file, under limits of time, memory and output.
///
/// The worker gets the file on its standard input, and four arguments after those given here: media, seconds, bytes of
/// memory, bytes of text; it hands them to [`run_worker`]. Limits of memory are enforced by the kernel on Linux and other
/// Unix systems; elsewhere only time and output are limited.
#[derive(Debug, Clone)]
pub struct WorkerParser {
    program: PathBuf,
    arguments: Vec<OsString>,
}

/// What the worker says on its standard output.
type Verdict = Result<Content, ParseError>;

impl WorkerParser {
    /// A worker started as `program arguments…`.
    pub fn new(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { program, arguments }
    }

    fn start(&self, media: Media, limits: &Limits) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .arg(media.name())
            .args([limits.seconds, limits.memory, limits.text].map(|n| n.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

impl Parser for WorkerParser {
    fn accepts(&self, media: Media) -> bool {
        AllParsers.accepts(media)
    }

    fn parse(&self, media: Media, bytes: &[u8], limits: &Limits) -> Verdict {
        let lost = |e: std::io::Error| ParseError::Worker { reason: e.to_string() };
        let mut child = self.start(media, limits).map_err(lost)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // anchors and JSON's own marks take a few times the room of the text
        let most = limits.text.saturating_mul(4).saturating_add(1 << 26);
        let outcome = std::thread::scope(|scope| {
            let (send, receive) = mpsc::channel();
            scope.spawn(move || stdin.map(|mut pipe| pipe.write_all(bytes)));
            let complaints = scope.spawn(move || read_all(stderr, 1 << 16));
            scope.spawn(move || send.send(read_all(stdout, most)));
            let output = receive.recv_timeout(Duration::from_secs(limits.seconds));
            if output.is_err() || output.as_ref().is_ok_and(|o| o.len() as u64 >= most) {
                // the threads end when the pipes close
                let _ = child.kill();
            }
            let status = child.wait().map_err(lost)?;
            let complaints = complaints.join().unwrap_or_default();
            Ok((output.ok(), status, complaints))
        });
        let (output, status, complaints) = outcome?;
        let Some(output) = output else { return Err(ParseError::Timeout { seconds: limits.seconds }) };
        if output.len() as u64 >= most {
            return Err(ParseError::TooMuchText { mebibytes: limits.text >> 20 });
        }
        verdict(&output, status, &complaints, limits)
    }
}

fn read_all(pipe: Option<impl Read>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // a pipe that breaks ends the output; the exit status tells why
        let _ = pipe.take(most).read_to_end(&mut bytes);
    }
    bytes
}

fn verdict(output: &[u8], status: ExitStatus, complaints: &[u8], limits: &Limits) -> Verdict {
    if status.success() {
        let verdict: Verdict = serde_json::from_slice(output)
            .map_err(|e| ParseError::Crashed { how: format!("its answer cannot be read: {e}") })?;
        let content = verdict?;
        content.check().map_err(|broken| ParseError::Crashed { how: broken.to_string() })?;
        return Ok(content);
    }
    let complaints = String::from_utf8_lossy(complaints);
    if complaints.contains("memory allocation of") || complaints.contains("out of memory") {
        return Err(ParseError::Memory { mebibytes: limits.memory >> 20 });
    }
    if killed_for_time(status) {
        return Err(ParseError::Timeout { seconds: limits.seconds });
    }
    let last = complaints.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let how = if last.is_empty() { status.to_string() } else { format!("{status}: {}", last.trim()) };
    Err(ParseError::Crashed { how })
}

#[cfg(unix)]
fn killed_for_time(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

#[cfg(not(unix))]
fn killed_for_time(_status: ExitStatus) -> bool {
    false
}

/// The worker's own main: limits itself, reads the file from `input`, parses it, writes the verdict to `output`.
///
/// # Errors
/// When a limit cannot be set, or a pipe breaks.
pub fn run_worker(media: Media, limits: &Limits, mut input: impl Read, output: impl Write) -> std::io::Result<()> {
    confine(limits)?;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let verdict: Verdict = AllParsers.parse(media, &bytes, limits);
    let mut output = std::io::BufWriter::new(output);
    serde_json::to_writer(&mut output, &verdict)?;
    output.flush()
}

/// Limits of this process for good: address space, processor time, no core file; ended with its parent on Linux.
#[cfg(unix)]
fn confine(limits: &Limits) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // a limit that the caller's own is already below cannot be raised, and need not be
    let limit = |resource, soft: u64, hard: u64| {
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        setrlimit(resource, Rlimit { current: Some(soft.min(most)), maximum: Some(hard.min(most)) })
    };
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Cpu, limits.seconds + 1, limits.seconds + 2)?;
    #[cfg(not(target_os = "macos"))]
    limit(Resource::As, limits.memory, limits.memory)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

#[cfg(not(unix))]
fn confine(_limits: &Limits) -> std::io::Result<()> {
    Ok(())
}
