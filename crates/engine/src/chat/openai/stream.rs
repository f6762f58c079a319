//! Reading a reply from the answer's body: a stream of events, or one piece of JSON from servers that do not stream.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use qiao_model::{Finish, Reply};

use super::ears::Ears;
use super::exchange::{Incoming, Next};
use super::failure::{Complaint, Cut, Failure, Refusal};
use super::sse::{Event, Events};

/// Bytes of an answer at most. A token of a stream takes some 250, thoughts included.
pub(super) const LONGEST_ANSWER: usize = 64 << 20;
/// Bytes of an answer that are kept to be quoted where it is a bad one.
const QUOTED: usize = 400;

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the first token.
    pub(super) until: Instant,
    /// For each after it.
    pub(super) stall: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Usage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    /// In a stream.
    delta: Option<Part>,
    /// Without one.
    message: Option<Part>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    content: Option<String>,
    /// What OpenAI's models say in place of an answer that they refuse.
    refusal: Option<String>,
    /// Thoughts, as DeepSeek, DashScope, llama.cpp and vLLM call them.
    reasoning_content: Value,
    /// Thoughts, as Ollama and OpenRouter call them.
    reasoning: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    prompt_tokens: Value,
    completion_tokens: Value,
}

/// What the body turns out to be.
enum Form {
    Unknown,
    Events(Events),
    Json(Vec<u8>),
}

struct Reading<'e, 'a> {
    ears: &'e mut Ears<'a>,
    form: Form,
    /// Bytes that came.
    total: usize,
    /// The first of them.
    quoted: Vec<u8>,
    /// Something of the answer came with the last piece.
    moved: bool,
    /// A token came.
    begun: bool,
    any_event: bool,
    finish: Option<Finish>,
    prompt_tokens: Option<usize>,
    reply_tokens: Option<usize>,
}

/// Reads the reply in `body` to its end, which may be that `ears` want no more of it.
pub(super) fn listen(body: &Incoming, patience: Patience, ears: &mut Ears<'_>) -> Result<Reply, Failure> {
    let mut reading = Reading::new(ears);
    let mut until = patience.until;
    loop {
        reading.moved = false;
        match body.next(until) {
            Next::Bytes(bytes) => {
                if let ControlFlow::Break(finish) = reading.take(&bytes)? {
                    return reading.reply(finish);
                }
            }
            Next::End => return reading.close(Cut::Closed),
            Next::Broken(error) => return reading.close(Cut::Broken(error)),
            Next::Late => return reading.late(),
        }
        if reading.begun && reading.moved {
            until = Instant::now() + patience.stall;
        }
    }
}

impl<'e, 'a> Reading<'e, 'a> {
    fn new(ears: &'e mut Ears<'a>) -> Self {
        Self {
            ears,
            form: Form::Unknown,
            total: 0,
            quoted: Vec::new(),
            moved: false,
            begun: false,
            any_event: false,
            finish: None,
            prompt_tokens: None,
            reply_tokens: None,
        }
    }

    /// Takes bytes of the body; breaks where no more of it is wanted.
    fn take(&mut self, bytes: &[u8]) -> Result<ControlFlow<Finish>, Failure> {
        self.total += bytes.len();
        if self.total > LONGEST_ANSWER {
            return Err(self.bad("it has no end"));
        }
        let room = QUOTED.saturating_sub(self.quoted.len());
        self.quoted.extend(&bytes[..room.min(bytes.len())]);
        let bytes = if matches!(self.form, Form::Unknown) { self.find_form(bytes)? } else { bytes };
        match &mut self.form {
            Form::Unknown => Ok(ControlFlow::Continue(())),
            Form::Json(json) => {
                json.extend(bytes);
                (self.begun, self.moved) = (true, true);
                Ok(ControlFlow::Continue(()))
            }
            Form::Events(events) => match events.feed(bytes) {
                Ok(events) => self.take_events(events),
                Err(_) => Err(self.bad("an event in it has no end")),
            },
        }
    }

    /// Finds out what the body is, and returns the rest of `bytes` from its first letter. Empty lines may come first, which
    /// keep the connection alive, and a byte order mark.
    fn find_form<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Failure> {
        let before = |byte: &u8| byte.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(byte);
        let Some(at) = bytes.iter().position(|byte| !before(byte)) else { return Ok(&[]) };
        self.form = match bytes[at] {
            b'{' | b'[' => Form::Json(Vec::new()),
            b'<' => return Err(self.bad("it is a page for browsers")),
            _ => Form::Events(Events::default()),
        };
        Ok(&bytes[at..])
    }

    fn take_events(&mut self, events: Vec<Event>) -> Result<ControlFlow<Finish>, Failure> {
        for event in events {
            if let ControlFlow::Break(finish) = self.take_event(&event)? {
                return Ok(ControlFlow::Break(finish));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn take_event(&mut self, event: &Event) -> Result<ControlFlow<Finish>, Failure> {
        (self.any_event, self.moved) = (true, true);
        match event.data.trim() {
            "" => Ok(ControlFlow::Continue(())),
            "[DONE]" => Ok(ControlFlow::Break(self.finish.unwrap_or(Finish::Stop))),
            data => match serde_json::from_str(data) {
                Ok(value) => self.take_value(value, event.error),
                Err(_) if event.error => Err(refused(Complaint::read(data.as_bytes()))),
                Err(_) => Err(Failure::Bad("an event in it is not JSON", data.as_bytes().to_vec())),
            },
        }
    }

    fn take_value(&mut self, value: Value, error: bool) -> Result<ControlFlow<Finish>, Failure> {
        if let Some(complaint) = Complaint::of(&value).or_else(|| error.then(|| Complaint::of_error(&value))) {
            return Err(refused(complaint));
        }
        match Chunk::deserialize(&value) {
            Ok(chunk) => self.take_chunk(chunk),
            Err(_) => Err(Failure::Bad("its JSON is no part of a reply", value.to_string().into_bytes())),
        }
    }

    fn take_chunk(&mut self, chunk: Chunk) -> Result<ControlFlow<Finish>, Failure> {
        if let Some(usage) = &chunk.usage {
            self.prompt_tokens = count(&usage.prompt_tokens).or(self.prompt_tokens);
            self.reply_tokens = count(&usage.completion_tokens).or(self.reply_tokens);
        }
        let Some(choice) = chunk.choices.into_iter().flatten().next() else { return Ok(ControlFlow::Continue(())) };
        let part = choice.delta.or(choice.message).unwrap_or_default();
        let text = part.content.filter(|text| !text.is_empty()).or(part.refusal).unwrap_or_default();
        self.begun |= !text.is_empty() || is_thought(&part.reasoning_content) || is_thought(&part.reasoning);
        if let flow @ ControlFlow::Break(_) = self.ears.hear(&text) {
            return Ok(flow);
        }
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            self.finish = Some(finish(&reason)?);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The reply, where the body ends without a word that it does.
    fn close(mut self, cut: Cut) -> Result<Reply, Failure> {
        match std::mem::replace(&mut self.form, Form::Unknown) {
            Form::Json(json) if matches!(cut, Cut::Closed) => return self.whole(&json),
            Form::Events(events) => match events.finish().map(|event| self.take_event(&event)) {
                Some(Ok(ControlFlow::Break(finish))) => return self.reply(finish),
                // half an event
                None | Some(Ok(_) | Err(Failure::Bad(..))) => {}
                Some(Err(failure)) => return Err(failure),
            },
            Form::Json(_) | Form::Unknown => {}
        }
        let comment = self.quoted.starts_with(b":");
        match (self.finish, &cut) {
            (Some(finish), _) => self.reply(finish),
            (None, Cut::Closed) if !self.any_event && !comment && self.total > 0 => Err(self.bad("it holds no events")),
            _ => Err(Failure::Cut(cut)),
        }
    }

    /// The reply in the one piece of JSON that the body is.
    fn whole(mut self, json: &[u8]) -> Result<Reply, Failure> {
        let Ok(value) = serde_json::from_slice::<Value>(json) else { return Err(self.bad("its JSON is broken")) };
        let flow = self.take_value(value, false)?;
        match (flow, self.finish) {
            (ControlFlow::Break(finish), _) | (_, Some(finish)) => self.reply(finish),
            _ if self.ears.is_silent() => Err(self.bad("its JSON is no reply")),
            _ => self.reply(Finish::Stop),
        }
    }

    /// The reply, where nothing more comes; what is missing may be the word that it is at its end.
    fn late(self) -> Result<Reply, Failure> {
        match self.finish {
            Some(finish) => self.reply(finish),
            None if self.begun => Err(Failure::Stalled),
            None => Err(Failure::NoToken),
        }
    }

    fn reply(self, mut finish: Finish) -> Result<Reply, Failure> {
        if finish != Finish::Interrupted && self.ears.end().is_break() {
            finish = Finish::Interrupted;
        }
        let text = self.ears.text().to_owned();
        Ok(Reply { text, finish, prompt_tokens: self.prompt_tokens, reply_tokens: self.reply_tokens })
    }

    fn bad(&self, problem: &'static str) -> Failure {
        Failure::Bad(problem, self.quoted.clone())
    }
}

fn finish(reason: &str) -> Result<Finish, Failure> {
    match reason {
        "length" | "max_tokens" => Ok(Finish::Length),
        "content_filter" => Err(Failure::Filtered),
        // DeepSeek, vLLM and OpenRouter
        "insufficient_system_resource" => Err(Failure::Cut(Cut::GivenUp("insufficient_system_resource"))),
        "abort" => Err(Failure::Cut(Cut::GivenUp("abort"))),
        "error" => Err(Failure::Cut(Cut::GivenUp("error"))),
        _ => Ok(Finish::Stop),
    }
}

fn refused(complaint: Complaint) -> Failure {
    let status = complaint.status.unwrap_or(500);
    Failure::Refused(Box::new(Refusal { status, retry_after: None, complaint }))
}

fn is_thought(value: &Value) -> bool {
    value.as_str().is_some_and(|thought| !thought.is_empty())
}

fn count(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|count| count.try_into().ok())
}
