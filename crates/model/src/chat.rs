//! A conversation with a language model: what is asked of it, and what it replies.

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// Whoever set the model up: the instructions.
    System,
    /// The person who asks.
    User,
    /// The model.
    Assistant,
}

impl Speaker {
    /// Its name in chat templates and in the OpenAI API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub speaker: Speaker,
    /// What was said.
    pub text: String,
}

/// What a model is asked to write.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// Tokens of the reply at most.
    pub max_tokens: usize,
    /// How freely the next token is drawn: at 0 always the likeliest, at 1 as the model gives it.
    pub temperature: f32,
    /// What the drawing starts from; the same seed gives the same reply, as far as the model keeps to it.
    pub seed: Option<u64>,
    /// The reply ends before the first of these.
    pub stop: Vec<String>,
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The model ended it, or it came to one of the stops.
    Stop,
    /// It has as many tokens as were allowed, or as fit the window.
    Length,
    /// Whoever was listening ended it.
    Interrupted,
}

/// What a model wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The text, without the stop that ended it.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens that were read, where they were counted.
    pub prompt_tokens: Option<usize>,
    /// Tokens that were written, where they were counted.
    pub reply_tokens: Option<usize>,
}
