//! One question to the server, and its answer as it comes.
//!
//! A thread reads the answer, since the time up to the first token and the time between two differ, and no timeout of the
//! HTTP library tells a token from a comment that keeps the connection alive. Whoever drops the answer ends the thread,
//! and with it the connection, as soon as something comes or a timeout of the library passes.

use std::io::{self, Read as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderValue, Response};
use ureq::{Agent, Body, Error};

use super::settings::{Address, OpenAiSettings, SettingsError};

const USER_AGENT: &str = concat!("qiao/", env!("CARGO_PKG_VERSION"));
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const PIECE: usize = 8 * 1024;
/// Pieces that are read ahead.
const AHEAD: usize = 8;

/// What the server is asked.
pub(super) struct Question {
    pub(super) url: String,
    pub(super) bearer: Option<HeaderValue>,
    /// JSON to post; without it the address is read.
    pub(super) body: Option<Vec<u8>>,
}

/// The head of an answer, and its body unread.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    pub(super) location: Option<String>,
    pub(super) body: Incoming,
}

/// A body on its way.
#[derive(Debug)]
pub(super) struct Incoming(Receiver<io::Result<Vec<u8>>>);

/// What comes of a body.
pub(super) enum Next {
    /// Some of its bytes.
    Bytes(Vec<u8>),
    /// Its end.
    End,
    /// The connection broke.
    Broken(io::Error),
    /// Nothing in time.
    Late,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// None came in time.
    Late,
    /// It could not be asked.
    Http(Error),
    /// The system gives no thread.
    Thread(io::Error),
}

/// An agent that asks the server at `address`: redirects are not followed, since the key would go with them; this machine
/// is asked without a proxy.
pub(super) fn agent(settings: &OpenAiSettings, address: &Address) -> Result<Agent, SettingsError> {
    let connect = CONNECT_WITHIN.min(settings.first_token_within / 2);
    let mut builder = Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(USER_AGENT)
        .timeout_resolve(Some(connect))
        .timeout_connect(Some(connect))
        .timeout_recv_response(Some(settings.first_token_within))
        .timeout_per_write(Some(settings.stall))
        .timeout_per_read(Some(settings.first_token_within.max(settings.stall)));
    if address.loopback {
        builder = builder.proxy(None);
    }
    if let Some(tls) = settings.trusted()? {
        builder = builder.tls_config(tls);
    }
    Ok(builder.build().new_agent())
}

/// Asks, and returns once the head of the answer is there.
pub(super) fn ask(agent: &Agent, question: Question, until: Instant) -> Result<Answer, Unanswered> {
    let (heads, head) = sync_channel(1);
    let (pieces, body) = sync_channel(AHEAD);
    let agent = agent.clone();
    let read = move || match send(&agent, question) {
        Err(error) => drop(heads.send(Err(error))),
        // nobody listens any more where the answer came too late
        Ok(response) => {
            let (head, body) = response.into_parts();
            if heads.send(Ok(head)).is_ok() {
                pump(body, &pieces);
            }
        }
    };
    thread::Builder::new().spawn(read).map_err(Unanswered::Thread)?;
    let wait = until.saturating_duration_since(Instant::now());
    match head.recv_timeout(wait) {
        Ok(Ok(head)) => {
            let text = |name: HeaderName| Some(head.headers.get(name)?.to_str().ok()?.to_owned());
            let (retry_after, location) = (text(RETRY_AFTER), text(LOCATION));
            Ok(Answer { status: head.status.as_u16(), retry_after, location, body: Incoming(body) })
        }
        Ok(Err(Error::Timeout(phase))) if is_answer(phase) => Err(Unanswered::Late),
        Ok(Err(error)) => Err(Unanswered::Http(error)),
        Err(_) => Err(Unanswered::Late),
    }
}

fn is_answer(phase: ureq::Timeout) -> bool {
    matches!(phase, ureq::Timeout::RecvResponse | ureq::Timeout::PerRead)
}

fn send(agent: &Agent, question: Question) -> Result<Response<Body>, Error> {
    // a compressed stream comes in lumps, and may unpack to any size
    let plain = (ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let headers = [Some(plain), question.bearer.map(|bearer| (AUTHORIZATION, bearer))];
    let headers = headers.into_iter().flatten();
    match question.body {
        None => headers.fold(agent.get(&question.url), |request, (name, value)| request.header(name, value)).call(),
        Some(body) => headers
            .fold(agent.post(&question.url), |request, (name, value)| request.header(name, value))
            .header(CONTENT_TYPE, "application/json")
            .send(&body),
    }
}

/// Reads `body` to its end, or until nobody listens.
fn pump(body: Body, pieces: &SyncSender<io::Result<Vec<u8>>>) {
    let mut reader = body.into_reader();
    loop {
        let mut piece = vec![0; PIECE];
        let sent = match reader.read(&mut piece) {
            Ok(0) => return,
            Ok(length) => {
                piece.truncate(length);
                pieces.send(Ok(piece))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return drop(pieces.send(Err(error))),
        };
        if sent.is_err() {
            return;
        }
    }
}

impl Incoming {
    /// What comes next, before `until`.
    pub(super) fn next(&self, until: Instant) -> Next {
        match self.0.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Ok(bytes)) => Next::Bytes(bytes),
            Ok(Err(error)) if is_timeout(&error) => Next::Late,
            Ok(Err(error)) => Next::Broken(error),
            Err(RecvTimeoutError::Timeout) => Next::Late,
            Err(RecvTimeoutError::Disconnected) => Next::End,
        }
    }

    /// The bytes that come before `until`, `most` of them at most. Where there are more, the last word is left out: what is
    /// cut from it could be half of a key.
    pub(super) fn beginning(&self, most: usize, until: Instant) -> Vec<u8> {
        let mut all = Vec::new();
        while let Next::Bytes(bytes) = self.next(until) {
            all.extend(bytes);
            if all.len() > most {
                all.truncate(most);
                let last = all.iter().rposition(u8::is_ascii_whitespace);
                all.truncate(last.unwrap_or(0));
                break;
            }
        }
        all
    }
}

fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    error.kind() == io::ErrorKind::TimedOut || matches!(inner, Some(Error::Timeout(_)))
}
