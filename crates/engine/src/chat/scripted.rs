//! The double: it says what it was told to say, and remembers what it was asked.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use qiao_model::{ChatRequest, Finish, Reply};

use super::ChatError;
use crate::seams::ChatModel;

/// A model with one reply to everything, which it says letter by letter.
pub(crate) struct Scripted {
    pub(crate) reply: Result<String, &'static str>,
    pub(crate) window: usize,
    pub(crate) finish: Finish,
    pub(crate) asked: Arc<Mutex<Vec<ChatRequest>>>,
}

impl Scripted {
    pub(crate) fn saying(reply: &str) -> Self {
        Self { reply: Ok(reply.to_owned()), window: 4096, finish: Finish::Stop, asked: Arc::default() }
    }
}

impl ChatModel for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn window(&self) -> Option<usize> {
        Some(self.window)
    }

    fn count_tokens(&self, text: &str) -> Result<usize, ChatError> {
        Ok(text.split_whitespace().count())
    }

    fn complete(
        &self,
        request: &ChatRequest,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Reply, ChatError> {
        self.asked.lock().unwrap().push(request.clone());
        let whole = self.reply.clone().map_err(ChatError::Scripted)?;
        let mut text = String::new();
        let mut finish = self.finish;
        for c in whole.chars() {
            text.push(c);
            if on_text(c.encode_utf8(&mut [0; 4])).is_break() {
                finish = Finish::Interrupted;
                break;
            }
        }
        Ok(Reply { text, finish, prompt_tokens: None, reply_tokens: None })
    }
}
