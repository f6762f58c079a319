//! What is posted, in the dialect that the server understands.

use serde::Serialize;

use qiao_model::ChatRequest;

use super::failure::Complaint;

/// The parts of a request that some servers or models refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Asking for the counts of tokens in the stream.
    Usage,
    /// `max_tokens`, which newer models of OpenAI want called `max_completion_tokens`.
    MaxTokens,
    Temperature,
    Seed,
    Stop,
    /// Streaming, which OpenAI gives for some models to verified organisations alone.
    Stream,
}

/// Each part's name in the API, in the order in which a vague refusal is looked through.
const PARTS: [(Part, &str); 6] = [
    (Part::Usage, "stream_options"),
    (Part::MaxTokens, "max_tokens"),
    (Part::Temperature, "temperature"),
    (Part::Seed, "seed"),
    (Part::Stop, "stop"),
    (Part::Stream, "stream"),
];

/// Which parts a server refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Dialect {
    refused: [bool; PARTS.len()],
}

#[derive(Serialize)]
struct Post<'a> {
    model: &'a str,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<&'a [String]>,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'a str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl Dialect {
    /// The JSON that asks `model` for `request`.
    pub(super) fn post(self, model: &str, request: &ChatRequest) -> Vec<u8> {
        let turns = request.messages.iter();
        let renamed = self.refuses(Part::MaxTokens);
        let post = Post {
            model,
            messages: turns.map(|turn| Turn { role: turn.speaker.as_str(), content: &turn.text }).collect(),
            stream: self.sends(Part::Stream, request).then_some(true),
            stream_options: self.sends(Part::Usage, request).then_some(StreamOptions { include_usage: true }),
            max_tokens: Some(request.max_tokens).filter(|_| !renamed),
            max_completion_tokens: Some(request.max_tokens).filter(|_| renamed),
            temperature: self.sends(Part::Temperature, request).then_some(request.temperature),
            seed: request.seed.filter(|_| !self.refuses(Part::Seed)),
            stop: self.sends(Part::Stop, request).then_some(&request.stop),
        };
        // none of these values can fail to become JSON
        serde_json::to_vec(&post).unwrap_or_default()
    }

    /// The dialect without the part that `complaint` is about; `None` where it is about none that is sent.
    pub(super) fn without(self, complaint: &Complaint, request: &ChatRequest) -> Option<Self> {
        let about = |part, name| self.sends(part, request) && complains(complaint, part, name);
        let at = PARTS.iter().position(|(part, name)| about(*part, name))?;
        let mut next = self;
        next.refused[at] = true;
        Some(next)
    }

    fn refuses(self, part: Part) -> bool {
        PARTS.iter().zip(self.refused).any(|((named, _), refused)| refused && *named == part)
    }

    fn sends(self, part: Part, request: &ChatRequest) -> bool {
        let wanted = match part {
            Part::Seed => request.seed.is_some(),
            Part::Stop => !request.stop.is_empty(),
            Part::Usage => !self.refuses(Part::Stream),
            Part::MaxTokens | Part::Temperature | Part::Stream => true,
        };
        wanted && !self.refuses(part)
    }
}

fn complains(complaint: &Complaint, part: Part, name: &str) -> bool {
    // a limit that is too high for the model is complained of by its name, too, and another name would not help
    if part == Part::MaxTokens {
        let unknown = complaint.codes.contains("unsupported_parameter") && complaint.param.as_deref() == Some(name);
        return unknown || mentions(&complaint.message, "max_completion_tokens");
    }
    match complaint.param.as_deref() {
        Some(param) if PARTS.iter().any(|(_, known)| names(param, known)) => names(param, name),
        _ => mentions(&complaint.message, name),
    }
}

/// Whether `param` is the part called `name`, or within it.
fn names(param: &str, name: &str) -> bool {
    param.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Whether `name` is a whole word of `message`.
fn mentions(message: &str, name: &str) -> bool {
    message.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use qiao_model::{Message, Speaker};
    use serde_json::{Value, json};

    fn request() -> ChatRequest {
        ChatRequest {
            messages: vec![
                Message { speaker: Speaker::System, text: "Be brief.".to_owned() },
                Message { speaker: Speaker::User, text: "桥?".to_owned() },
            ],
            max_tokens: 9,
            temperature: 0.2,
            seed: Some(7),
            stop: vec!["\n\n".to_owned()],
        }
    }

    fn complaint(param: Option<&str>, message: &str) -> Complaint {
        Complaint { message: message.to_owned(), param: param.map(str::to_owned), ..Complaint::default() }
    }

    fn posted(dialect: Dialect, request: &ChatRequest) -> Value {
        serde_json::from_slice(&dialect.post("m", request)).unwrap()
    }

    #[test]
    fn a_request_reads_as_the_api_wants_it() {
        let expected = json!({
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "桥?"}],
            "stream": true,
            "stream_options": {"include_usage": true},
            "max_tokens": 9,
            "temperature": 0.2,
            "seed": 7,
            "stop": ["\n\n"],
        });
        assert_eq!(posted(Dialect::default(), &request()), expected);
        let bare = posted(Dialect::default(), &ChatRequest { seed: None, stop: Vec::new(), ..request() });
        assert!(bare.get("seed").is_none() && bare.get("stop").is_none());
    }

    #[test]
    fn each_part_that_is_complained_of_is_left_out() {
        let mut dialect = Dialect::default();
        let cases = [
            (complaint(Some("stream_options.include_usage"), ""), "stream_options"),
            (
                complaint(None, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
                "max_tokens",
            ),
            (complaint(Some("temperature"), "Only the default (1) value is supported."), "temperature"),
            (complaint(Some("body"), "`seed`: extra inputs are not permitted"), "seed"),
            (complaint(None, "stop: at most 4"), "stop"),
            (complaint(Some("stream"), "Your organization must be verified to stream this model."), "stream"),
        ];
        for (complaint, name) in cases {
            assert!(posted(dialect, &request()).get(name).is_some(), "{name}");
            dialect = dialect.without(&complaint, &request()).unwrap();
            assert!(posted(dialect, &request()).get(name).is_none(), "{name}");
            assert_eq!(dialect.without(&complaint, &request()), None, "{name}");
        }
        assert_eq!(posted(dialect, &request())["max_completion_tokens"], 9);
    }

    #[test]
    fn a_limit_that_is_unknown_gets_its_other_name() {
        let unknown = Complaint { codes: "unsupported_parameter x".to_owned(), ..complaint(Some("max_tokens"), "no") };
        let dialect = Dialect::default().without(&unknown, &request()).unwrap();
        assert_eq!(posted(dialect, &request())["max_completion_tokens"], 9);
    }

    #[test]
    fn a_complaint_about_anything_else_changes_nothing() {
        let dialect = Dialect::default();
        let too_many = complaint(Some("max_tokens"), "max_tokens is too large: 9. This model supports at most 4.");
        assert_eq!(dialect.without(&too_many, &request()), None);
        assert_eq!(dialect.without(&complaint(Some("messages"), "it stopped; upstream"), &request()), None);
        let unseeded = ChatRequest { seed: None, ..request() };
        assert_eq!(dialect.without(&complaint(Some("seed"), "no seed"), &unseeded), None);
    }

    #[test]
    fn without_streaming_no_counts_are_asked_for_in_the_stream() {
        let dialect = Dialect::default().without(&complaint(Some("stream"), ""), &request()).unwrap();
        assert!(posted(dialect, &request()).get("stream_options").is_none());
    }
}
