use std::ops::ControlFlow;

use qiao_model::{ChatRequest, Reply};

use super::ChatError;
use super::openai::{OpenAi, estimate_tokens};
use crate::seams::ChatModel;

impl ChatModel for OpenAi {
    fn name(&self) -> &str {
        self.model()
    }

    fn window(&self) -> Option<usize> {
        OpenAi::window(self)
    }

    fn count_tokens(&self, text: &str) -> Result<usize, ChatError> {
        Ok(estimate_tokens(text))
    }

    fn complete(
        &self,
        request: &ChatRequest,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Reply, ChatError> {
        Ok(OpenAi::complete(self, request, on_text)?)
    }
}
