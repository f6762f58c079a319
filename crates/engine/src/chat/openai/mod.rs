//! Replies of a model behind any server that speaks OpenAI's chat API
//! (<https://platform.openai.com/docs/api-reference/chat>): OpenAI, DeepSeek, DashScope, Ollama, llama.cpp, vLLM.
//!
//! The answer is read as it comes, over the blocking HTTP client that also fetches models; the crates for this API bring
//! an asynchronous runtime and a second HTTP client.
//!
//! The key goes to the server of the base URL alone, in a header: redirects are not followed, plain `http` is for this
//! machine and private networks, and no error shows it, whatever the server echoes.
//!
//! Servers understand different parts of the API. What one refuses is left out and the question asked again at once:
//! `stream_options`, `temperature`, `seed`, `stop` (the reply is then cut here) and `stream`; `max_tokens` becomes
//! `max_completion_tokens`. What was learned of a server is kept as long as its [`OpenAi`].

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;

use qiao_model::{ChatRequest, Reply};

mod ears;
mod error;
mod estimate;
mod exchange;
mod failure;
mod key;
mod request;
mod retry;
mod settings;
mod sse;
mod stream;
#[cfg(test)]
mod tests;

pub use error::{Cut, KnownModels, Said, ServerError};
pub use estimate::estimate_tokens;
pub use key::{Key, KeyError, KeyPlace};
pub use settings::{OpenAiSettings, SettingsError};

use ears::Ears;
use error::shown;
use exchange::{Answer, Question, Unanswered};
use failure::{Complaint, Failure, Reason, Refusal};
use request::Dialect;
use retry::{Clock, SystemClock};
use settings::Address;
use stream::Patience;

/// Bytes of an error's body that are read.
const LONGEST_ERROR: usize = 64 * 1024;
/// Bytes of a list of models that are read.
const LONGEST_LIST: usize = 4 << 20;
/// The longest that anything is waited for.
const LONGEST_TIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The time that a list of models may take where it only helps to explain an error.
const LIST_WITHIN: Duration = Duration::from_secs(5);
/// Letters of a foreign name that are shown.
const NAME: usize = 80;
/// Letters of a foreign address that are shown.
const LOCATION: usize = 200;

/// One model behind one server.
pub struct OpenAi {
    settings: OpenAiSettings,
    address: Address,
    agent: Agent,
    clock: Box<dyn Clock>,
    dialect: Mutex<Dialect>,
}

impl OpenAi {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// When the settings cannot be used: [`SettingsError`] says which.
    pub fn new(settings: OpenAiSettings) -> Result<Self, ServerError> {
        Self::with_clock(settings, Box::new(SystemClock))
    }

    fn with_clock(mut settings: OpenAiSettings, clock: Box<dyn Clock>) -> Result<Self, ServerError> {
        let address = settings.check()?;
        // times beyond what a clock can hold would panic where they are added to it
        settings.first_token_within = settings.first_token_within.min(LONGEST_TIME);
        settings.stall = settings.stall.min(LONGEST_TIME);
        let agent = exchange::agent(&settings, &address)?;
        Ok(Self { settings, address, agent, clock, dialect: Mutex::default() })
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.settings.model
    }

    /// The base URL, without a slash at its end.
    pub fn address(&self) -> &str {
        &self.address.base
    }

    /// Tokens that prompt and reply may have together, where the settings say it.
    pub fn window(&self) -> Option<usize> {
        self.settings.window
    }

    /// Asks for a reply, and hands its text on as it comes, never an empty piece; when `on_text` breaks, the connection is
    /// dropped and the reply is what was handed on. Thoughts that the server keeps apart (`reasoning_content`) are no part
    /// of the reply.
    ///
    /// Statuses 429, 500, 502, 503 and 504 and failed connections are tried again after 0.5, 1, 2, 4 … 16 s, or as long
    /// as `Retry-After` says if that is at most 60 s, but not once text was handed on.
    ///
    /// # Errors
    /// [`ServerError`] says what to do about each.
    pub fn complete(
        &self,
        request: &ChatRequest,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Reply, ServerError> {
        let mut ears = Ears::new(&request.stop, on_text);
        let mut dialect = *self.dialect.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tried = 0;
        loop {
            let failure = match self.attempt(dialect, request, &mut ears) {
                Ok(reply) => {
                    *self.dialect.lock().unwrap_or_else(PoisonError::into_inner) = dialect;
                    return Ok(reply);
                }
                Err(failure) => failure,
            };
            if !ears.is_silent() {
                return Err(self.explain(failure, ears.text().len()));
            } else if let Some(next) = reworded(dialect, request, &failure) {
                dialect = next;
            } else if let Some(time) = self.pause(&failure, tried) {
                self.clock.wait(time);
                tried += 1;
            } else {
                return Err(self.explain(failure, 0));
            }
        }
    }

    /// The names of the models that the server has, in its order, fit to be shown.
    ///
    /// # Errors
    /// As [`OpenAi::complete`], without any retry.
    pub fn models(&self) -> Result<Vec<String>, ServerError> {
        self.list(self.settings.first_token_within).map_err(|failure| self.explain(failure, 0))
    }

    fn attempt(&self, dialect: Dialect, request: &ChatRequest, ears: &mut Ears<'_>) -> Result<Reply, Failure> {
        let until = Instant::now() + self.settings.first_token_within;
        let answer = self.ask("/chat/completions", Some(dialect.post(self.model(), request)), until)?;
        stream::listen(&answer.body, Patience { until, stall: self.settings.stall }, ears)
    }

    fn list(&self, within: Duration) -> Result<Vec<String>, Failure> {
        let until = Instant::now() + within;
        let body = self.ask("/models", None, until)?.body.beginning(LONGEST_LIST, until);
        let list: Option<Value> = serde_json::from_slice(&body).ok();
        let Some(models) = list.as_ref().and_then(|list| list.get("data")?.as_array()) else {
            return Err(Failure::Bad("its list of models is none", body));
        };
        let names = models.iter().filter_map(|model| model.get("id")?.as_str());
        Ok(names.map(|name| shown(name, self.settings.key.as_ref(), NAME)).collect())
    }

    /// An answer with status 2xx.
    fn ask(&self, path: &str, body: Option<Vec<u8>>, until: Instant) -> Result<Answer, Failure> {
        let bearer = self.settings.key.as_ref().and_then(Key::bearer);
        let question = Question { url: format!("{}{path}", self.address.base), bearer, body };
        let answer = exchange::ask(&self.agent, question, until).map_err(Failure::Unanswered)?;
        match answer.status {
            200..300 => Ok(answer),
            300..400 => Err(Failure::Redirect(answer.location.unwrap_or_default())),
            status => {
                let complaint = Complaint::read(&answer.body.beginning(LONGEST_ERROR, until));
                Err(Failure::Refused(Box::new(Refusal { status, retry_after: answer.retry_after, complaint })))
            }
        }
    }

    /// How long to wait before asking again; `None` where that would not help, or where it was tried often enough.
    fn pause(&self, failure: &Failure, tried: u32) -> Option<Duration> {
        if !failure.passes() || tried >= self.settings.retries {
            return None;
        }
        retry::wait(tried, self.asked_wait(failure))
    }

    fn asked_wait(&self, failure: &Failure) -> Option<Duration> {
        let Failure::Refused(refusal) = failure else { return None };
        retry::retry_after(refusal.retry_after.as_deref()?, self.clock.now())
    }

    /// `failure` in words, after `received` bytes of the reply.
    fn explain(&self, failure: Failure, received: usize) -> ServerError {
        let after = self.asked_wait(&failure);
        let OpenAiSettings { first_token_within: within, stall, .. } = self.settings;
        let (address, model) = (self.address.base.clone(), self.settings.model.clone());
        match failure {
            Failure::Unanswered(Unanswered::Late) | Failure::NoToken => ServerError::NoToken { address, model, within },
            Failure::Unanswered(Unanswered::Http(source)) => {
                ServerError::Unreachable { address, source: Box::new(source) }
            }
            Failure::Unanswered(Unanswered::Thread(source)) => ServerError::Thread { address, source },
            Failure::Stalled => ServerError::Stalled { address, model, after: stall, received },
            Failure::Refused(refusal) => self.explain_refusal(&refusal, after, received),
            Failure::Redirect(to) => ServerError::Redirect { address, location: self.shown(&to) },
            Failure::Cut(source) => ServerError::Cut { address, model, received, source },
            Failure::Filtered => ServerError::Filtered { address, model, received, said: Said::default() },
            Failure::Bad(problem, body) => {
                ServerError::Bad { address, problem, said: self.said(&String::from_utf8_lossy(&body)) }
            }
        }
    }

    fn explain_refusal(&self, refusal: &Refusal, after: Option<Duration>, received: usize) -> ServerError {
        let (address, model) = (self.address.base.clone(), self.settings.model.clone());
        let (status, said) = (refusal.status, self.said(&refusal.complaint.message));
        match refusal.reason() {
            Reason::Key => ServerError::KeyRefused { address, status, place: self.key_place(), said },
            Reason::Model => ServerError::UnknownModel { address, known: self.known_models(), model, said },
            Reason::Missing => ServerError::NoChat { address, status, said },
            Reason::TooLong => ServerError::TooLong { address, model, said },
            Reason::TooOften => ServerError::TooOften { address, after, said },
            Reason::Quota => ServerError::Quota { address, model, said },
            Reason::Filter => ServerError::Filtered { address, model, received, said },
            Reason::Server => ServerError::Server { address, status, after, said },
            Reason::Request => ServerError::Refused { address, model, status, said },
        }
    }

    fn known_models(&self) -> KnownModels {
        let names = self.list(LIST_WITHIN.min(self.settings.first_token_within)).unwrap_or_default();
        KnownModels::new(names, self.model())
    }

    fn key_place(&self) -> KeyPlace {
        self.settings.key.as_ref().map_or(KeyPlace::Nowhere, |key| key.place().clone())
    }

    fn said(&self, text: &str) -> Said {
        Said::new(text, self.settings.key.as_ref())
    }

    fn shown(&self, location: &str) -> String {
        shown(location, self.settings.key.as_ref(), LOCATION)
    }
}

/// The dialect without what the server refuses, if that is why it failed.
fn reworded(dialect: Dialect, request: &ChatRequest, failure: &Failure) -> Option<Dialect> {
    match failure {
        Failure::Refused(refusal) if refusal.is_about_words() => dialect.without(&refusal.complaint, request),
        _ => None,
    }
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("settings", &self.settings).finish_non_exhaustive()
    }
}
