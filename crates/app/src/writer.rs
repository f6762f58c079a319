//! Who writes answers: the language model that a person names, and how it is told to write.

use std::path::Path;
use std::time::Duration;

use qiao::answer::{Prompt, Writer};
use qiao::chat::{ChatError, Key, LocalModel, OpenAi, OpenAiSettings};
use qiao::error::{Error, Kind};
use qiao::model::fetch::Fallback;
use qiao::seams::ChatModel;

use crate::args::Chat;
use crate::out::Printer;
use crate::settings::fetched;

/// The name under which a server is asked, and no local model.
const SERVER: &str = "openai";

/// The writer that was asked for.
pub(crate) fn writer(how: &Chat, printer: &Printer) -> Result<Option<Writer>, Error> {
    let Some(named) = how.chat.as_deref() else { return Ok(None) };
    let prompt = how.prompt.as_deref().map(prompt).transpose()?;
    let model: Box<dyn ChatModel> = match named {
        SERVER => Box::new(server(how)?),
        name => Box::new(local(name, printer)?),
    };
    Ok(Some(Writer {
        model,
        prompt,
        answer_tokens: how.answer_tokens as usize,
        window: how.context.map(|tokens| tokens as usize),
        temperature: how.temperature,
        seed: how.seed,
        strict: how.strict,
    }))
}

fn prompt(path: &Path) -> Result<Prompt, Error> {
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Kind::BadInput, format!("cannot use the prompt {}", path.display()), e)
    };
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.into()))?;
    Prompt::parse(&text).map_err(|e| failed(e.into()))
}

fn server(how: &Chat) -> Result<OpenAi, Error> {
    let doing = "cannot ask a chat server";
    let failed = |e| {
        let e = ChatError::from(e);
        Error::new(e.kind(), doing, e)
    };
    let unnamed = || Error::new(Kind::Usage, doing, "name the model that it has: --chat-model NAME");
    let model = how.chat_model.as_deref().ok_or_else(unnamed)?;
    let key = match &how.key_file {
        Some(path) => Some(Key::from_file(path)),
        None => std::env::var_os(&how.key_env).map(|_| Key::from_env(&how.key_env)),
    };
    let key = key.transpose().map_err(|e| Error::new(Kind::Usage, doing, e))?;
    let settings = OpenAiSettings {
        key,
        window: how.context.map(|tokens| tokens as usize),
        first_token_within: Duration::from_secs(how.chat_seconds),
        ..OpenAiSettings::new(&how.base_url, model)
    };
    OpenAi::new(settings).map_err(failed)
}

fn local(name: &str, printer: &Printer) -> Result<LocalModel, Error> {
    let path = fetched(name, Fallback::Never, printer)?.0.path;
    let failed = |e: ChatError| Error::new(Kind::Model, format!("cannot load the chat model {}", path.display()), e);
    LocalModel::load(&path).map_err(failed)
}
