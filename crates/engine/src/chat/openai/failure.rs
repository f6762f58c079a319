//! What went wrong with one question, before it is put in words for a person.

use std::io;

use serde_json::Value;

use super::exchange::Unanswered;

/// Why one question has no whole answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// No answer began.
    Unanswered(Unanswered),
    /// No token came in time.
    NoToken,
    /// No further token came in time.
    Stalled,
    /// The server said what is wrong.
    Refused(Box<Refusal>),
    /// Another address was given.
    Redirect(String),
    /// The answer ended before it was whole.
    Cut(Cut),
    /// The reply was held back by a filter.
    Filtered,
    /// Not what the API says.
    Bad(&'static str, Vec<u8>),
}

/// How an answer ended early.
#[derive(Debug, thiserror::Error)]
pub enum Cut {
    /// The connection was closed.
    #[error("the connection was closed before the end of the answer")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// The server gave the reply up, for the reason in its `finish_reason`.
    #[error("the server gave it up ({0})")]
    GivenUp(&'static str),
}

/// A server's word that it does not answer.
#[derive(Debug)]
pub(super) struct Refusal {
    /// HTTP status; for an error within an answer the one it names, or 500.
    pub(super) status: u16,
    /// The header of this name.
    pub(super) retry_after: Option<String>,
    pub(super) complaint: Complaint,
}

/// The error object of an answer. Servers differ in where they put what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Complaint {
    pub(super) message: String,
    /// Its `code` and its `type`, in small letters.
    pub(super) codes: String,
    /// The part of the request that it is about.
    pub(super) param: Option<String>,
    /// Its `code`, where that is an HTTP status.
    pub(super) status: Option<u16>,
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Key,
    Model,
    /// The address.
    Missing,
    TooLong,
    TooOften,
    Quota,
    Filter,
    /// The server itself.
    Server,
    /// The request.
    Request,
}

/// OpenAI, DeepSeek (status 402 besides) and DashScope.
const QUOTA: &[&str] = &["insufficient_quota", "insufficient balance", "arrearage", "billing_hard_limit_reached"];

/// OpenAI and Azure, DashScope, DeepSeek.
const FILTER: &[&str] = &[
    "content_filter",
    "content_policy_violation",
    "data_inspection_failed",
    "datainspectionfailed",
    "content exists risk",
];

/// OpenAI, DeepSeek, SGLang and LM Studio; llama.cpp; vLLM; Ollama; DashScope; Anthropic's and Google's own endpoints.
const TOO_LONG: &[&str] = &[
    "context_length_exceeded",
    "context length",
    "context window",
    "exceed_context_size_error",
    "context size",
    "maximum model length",
    "max_model_len",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "range of input length",
    "input token count",
    "exceeds the maximum number of tokens",
];

/// OpenAI, DashScope and vLLM; DeepSeek; OpenRouter; LiteLLM.
const MODEL: &[&str] = &["model_not_found", "model not exist", "not a valid model id", "invalid model name"];

impl Refusal {
    pub(super) fn reason(&self) -> Reason {
        let text = format!("{} {}", self.complaint.codes, self.complaint.message.to_lowercase());
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
        let no_model = text.contains("model") && (text.contains("not found") || text.contains("does not exist"));
        match self.status {
            402 => Reason::Quota,
            _ if says(QUOTA) => Reason::Quota,
            429 => Reason::TooOften,
            _ if says(FILTER) => Reason::Filter,
            _ if says(MODEL) => Reason::Model,
            401 | 403 => Reason::Key,
            413 => Reason::TooLong,
            _ if says(TOO_LONG) => Reason::TooLong,
            400 | 404 if no_model => Reason::Model,
            404 | 405 => Reason::Missing,
            500.. => Reason::Server,
            _ => Reason::Request,
        }
    }

    /// Whether the same question may be answered later.
    fn passes(&self) -> bool {
        match self.reason() {
            Reason::TooOften => true,
            Reason::Server => matches!(self.status, 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether the server may answer the question in other words.
    pub(super) fn is_about_words(&self) -> bool {
        matches!(self.status, 400 | 422) && self.reason() == Reason::Request
    }
}

impl Failure {
    /// Whether asking again may help.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Unanswered(Unanswered::Http(error)) => is_connection(error),
            Self::Refused(refusal) => refusal.passes(),
            _ => false,
        }
    }
}

/// Whether the connection failed, and soon; where a timeout passed, another would only take as long again.
fn is_connection(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Io(error) => !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput),
        ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => true,
        _ => false,
    }
}

impl Complaint {
    /// Of the body of an answer that is an error whatever is in it.
    pub(super) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let parsed = serde_json::from_str(&text).ok();
        parsed.as_ref().and_then(Self::of).unwrap_or_else(|| Self::text(&text))
    }

    /// Of an error that is not JSON.
    fn text(text: &str) -> Self {
        // the page of a proxy says nothing that is fit to be quoted
        let page = text.trim_start().starts_with('<');
        Self { message: if page { String::new() } else { text.trim().to_owned() }, ..Self::default() }
    }

    /// Of JSON, if it is an error.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let value = value.as_array().and_then(|all| all.first()).unwrap_or(value);
        match value.get("error").filter(|error| !error.is_null()) {
            Some(error) => Some(Self::of_error(error)),
            None if value.get("choices").is_some() => None,
            None => {
                ["message", "detail", "msg"].iter().any(|name| value.get(name).is_some()).then(|| Self::of_error(value))
            }
        }
    }

    /// Of the error itself: a text, or an object of which any part may be missing.
    pub(super) fn of_error(error: &Value) -> Self {
        let field = |name: &str| error.get(name).map(plain).filter(|text| !text.is_empty());
        let said = ["message", "detail", "msg"].iter().find_map(|name| field(name));
        let code = field("code").unwrap_or_default();
        Self {
            message: said.unwrap_or_else(|| plain(error)),
            codes: format!("{code} {}", field("type").unwrap_or_default()).trim().to_lowercase(),
            param: field("param"),
            status: code.parse().ok().filter(|status| (400..600).contains(status)),
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(status: u16, body: &str) -> Reason {
        refusal(status, body).reason()
    }

    fn refusal(status: u16, body: &str) -> Refusal {
        Refusal { status, retry_after: None, complaint: Complaint::read(body.as_bytes()) }
    }

    #[test]
    fn errors_are_read_wherever_servers_put_them() {
        let read = |body: &str| Complaint::read(body.as_bytes());
        let whole = read(r#"{"error":{"message":"m","type":"T","param":"p","code":"c"}}"#);
        let expected = Complaint { message: "m".into(), codes: "c t".into(), param: Some("p".into()), status: None };
        assert_eq!(whole, expected);
        let numbered = read(r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#);
        assert_eq!((numbered.status, numbered.codes.as_str()), (Some(503), "503 unavailable_error"));
        for body in [r#"{"error":"m"}"#, r#"{"object":"error","message":"m"}"#, r#"{"detail":"m"}"#, "m\n"] {
            assert_eq!(read(body).message, "m", "{body}");
        }
        assert_eq!(read(r#"[{"error":{"message":"m","code":400,"status":"X"}}]"#).message, "m");
        assert!(read(r#"{"detail":[{"loc":["body","seed"],"msg":"no"}]}"#).message.contains("seed"));
        assert_eq!(read("<html>502</html>").message, "");
        assert_eq!(read(""), Complaint::default());
    }

    #[test]
    fn what_is_no_error_is_none() {
        for body in [r#"{"choices":[],"message":"x"}"#, r#"{"error":null,"choices":[]}"#, "{}", "7", "[]"] {
            assert_eq!(Complaint::of(&serde_json::from_str(body).unwrap()), None, "{body}");
        }
    }

    #[test]
    fn a_prompt_that_is_too_long_is_known_by_every_server_s_words() {
        for message in [
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
            "the request exceeds the available context size, try increasing it",
            "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
            "The decoder prompt (length 8867) is longer than the maximum model length of 8192.",
            "'max_tokens' or 'max_completion_tokens' is too large: 9. This model's maximum context length is 4",
            "Range of input length should be [1, 30720]",
            "prompt is too long: 200001 tokens > 200000 maximum",
        ] {
            assert_eq!(reason(400, &format!(r#"{{"error":{{"message":"{message}"}}}}"#)), Reason::TooLong, "{message}");
        }
        assert_eq!(reason(400, r#"{"error":{"message":"no","code":"context_length_exceeded"}}"#), Reason::TooLong);
        assert_eq!(reason(500, r#"{"error":{"message":"Context size has been exceeded."}}"#), Reason::TooLong);
        assert_eq!(reason(413, ""), Reason::TooLong);
    }

    #[test]
    fn an_unknown_model_is_told_from_an_unknown_address() {
        for (status, body) in [
            (404, r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#),
            (403, r#"{"error":{"message":"no access","code":"model_not_found"}}"#),
            (404, r#"{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","code":404}"#),
            (404, r#"{"error":{"message":"model \"x\" not found, try pulling it first","type":"api_error"}}"#),
            (400, r#"{"error":{"message":"Model Not Exist","type":"invalid_request_error"}}"#),
        ] {
            assert_eq!(reason(status, body), Reason::Model, "{body}");
        }
        assert_eq!(reason(404, "404 page not found"), Reason::Missing);
        assert_eq!(reason(404, r#"{"detail":"Not Found"}"#), Reason::Missing);
    }

    #[test]
    fn the_rest_is_known_by_code_or_status() {
        assert_eq!(reason(401, r#"{"error":{"message":"Incorrect API key"}}"#), Reason::Key);
        assert_eq!(reason(403, ""), Reason::Key);
        assert_eq!(reason(429, r#"{"error":{"code":"insufficient_quota"}}"#), Reason::Quota);
        assert_eq!(reason(402, r#"{"error":{"message":"Insufficient Balance"}}"#), Reason::Quota);
        assert_eq!(reason(429, r#"{"error":{"message":"Rate limit for the context window"}}"#), Reason::TooOften);
        assert_eq!(reason(400, r#"{"error":{"code":"data_inspection_failed"}}"#), Reason::Filter);
        assert_eq!(reason(503, "Loading model"), Reason::Server);
        assert_eq!(reason(400, r#"{"error":{"message":"bad"}}"#), Reason::Request);
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        for status in [429, 500, 502, 503, 504] {
            assert!(refusal(status, "").passes(), "{status}");
        }
        for (status, body) in [(400, ""), (401, ""), (404, ""), (501, ""), (429, "insufficient_quota")] {
            assert!(!refusal(status, body).passes(), "{status}");
        }
        assert!(is_connection(&ureq::Error::HostNotFound));
        assert!(!is_connection(&ureq::Error::Timeout(ureq::Timeout::Connect)));
        assert!(!is_connection(&ureq::Error::Io(io::Error::new(io::ErrorKind::InvalidData, "certificate"))));
    }
}
