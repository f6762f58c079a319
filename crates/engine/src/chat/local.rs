use std::ops::ControlFlow;
use std::path::Path;

use qiao_model::{ChatRequest, Generator, Reply};

use super::ChatError;
use crate::seams::ChatModel;

/// A language model out of a file, computed here.
pub struct LocalModel(Generator);

impl LocalModel {
    /// The model in a .gguf file, or in a folder that holds one.
    ///
    /// # Errors
    /// When there is none, or none that can be computed here.
    pub fn load(path: &Path) -> Result<Self, ChatError> {
        Ok(Self(Generator::load(path).map_err(Box::new)?))
    }
}

impl ChatModel for LocalModel {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn window(&self) -> Option<usize> {
        Some(self.0.window())
    }

    fn count_tokens(&self, text: &str) -> Result<usize, ChatError> {
        Ok(self.0.count_tokens(text).map_err(Box::new)?)
    }

    fn complete(
        &self,
        request: &ChatRequest,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Reply, ChatError> {
        Ok(self.0.generate(request, on_text).map_err(Box::new)?)
    }
}
