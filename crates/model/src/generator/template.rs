//! Chat templates: a conversation as the model was trained to see it.
//!
//! A template never sees what was said. It is given a mark in place of each message, and the text is put where the mark comes
//! out, as a part of its own: whatever a message holds, it is told from what the template wrote.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, ErrorKind, context};

use super::GeneratorError;
use super::file::Gguf;
use super::vocabulary::{Part, Vocabulary};
use crate::chat::{Message, Speaker};

const TEMPLATE: &str = "tokenizer.chat_template";
const NAME: &str = "chat";
/// Around the number of a message.
const MARK: (char, char) = ('\u{f0000}', '\u{f0001}');
/// White space that no template writes: where it is gone from beside a mark, the template trims.
const PROBE: char = '\u{205f}';
/// Steps that a template may take for a message, and for all else: far more than any needs.
const STEPS: u64 = 10_000;

#[derive(Debug)]
pub(super) struct Template {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

impl Template {
    /// The template of `file`; `None` where it has none.
    pub(super) fn of(file: &Gguf, vocabulary: &Vocabulary) -> Result<Option<Self>, GeneratorError> {
        let Some(template) = file.text(TEMPLATE) else { return Ok(None) };
        let mut environment = Environment::new();
        let failed = |source| GeneratorError::Template { path: file.path.clone(), source };
        let spacing = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(spacing.map_err(failed)?);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<Value, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        });
        environment.add_template_owned(NAME, template.to_owned()).map_err(failed)?;
        let (bos, eos) = (vocabulary.text(vocabulary.bos).to_owned(), vocabulary.text(vocabulary.eos).to_owned());
        Ok(Some(Self { environment, bos, eos }))
    }

    /// Lays `messages` out, and opens the reply.
    pub(super) fn lay_out(&self, messages: &[Message], file: &Gguf) -> Result<Vec<Part>, GeneratorError> {
        let first = self.try_out(messages, file);
        match (&first, folded(messages)) {
            (Err(_), Some(folded)) => self.try_out(&folded, file).or(first),
            _ => first,
        }
    }

    fn try_out(&self, messages: &[Message], file: &Gguf) -> Result<Vec<Part>, GeneratorError> {
        let rendered = self.render(messages);
        let rendered = rendered.map_err(|source| GeneratorError::Template { path: file.path.clone(), source })?;
        let (parts, seen) = filled(&rendered, messages);
        match messages.iter().zip(seen).find(|(_, seen)| !seen) {
            Some((message, _)) => Err(GeneratorError::LeftOut { path: file.path.clone(), speaker: message.speaker }),
            None => Ok(parts),
        }
    }

    fn render(&self, messages: &[Message]) -> Result<String, minijinja::Error> {
        let marked: Vec<Value> = messages
            .iter()
            .enumerate()
            .map(|(i, message)| {
                let content = format!("{PROBE}{}{i}{}{PROBE}", MARK.0, MARK.1);
                context! { role => message.speaker.as_str(), content }
            })
            .collect();
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(STEPS * (messages.len() as u64 + 10)));
        environment.get_template(NAME)?.render(context! {
            messages => marked,
            add_generation_prompt => true,
            // Qwen3 thinks aloud before it replies unless it is told not to
            enable_thinking => false,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
        })
    }
}

/// The conversation with the system's message in front of the first of the user, for models that know no system.
fn folded(messages: &[Message]) -> Option<Vec<Message>> {
    let (system, rest) = messages.split_first().filter(|(first, _)| first.speaker == Speaker::System)?;
    let mut rest = rest.to_vec();
    let user = rest.iter_mut().find(|message| message.speaker == Speaker::User)?;
    user.text = format!("{}\n\n{}", system.text, user.text);
    Some(rest)
}

/// Puts the messages in the place of their marks; which of them have one.
fn filled(rendered: &str, messages: &[Message]) -> (Vec<Part>, Vec<bool>) {
    let (mut parts, mut seen) = (Vec::new(), vec![false; messages.len()]);
    let mut rest = rendered;
    while let Some((before, after)) = rest.split_once(MARK.0) {
        let Some((number, behind)) = after.split_once(MARK.1) else { break };
        let number = number.parse::<usize>().ok().filter(|number| *number < messages.len());
        let (before, kept_start) = kept(before.strip_suffix(PROBE), before);
        let (behind, kept_end) = kept(behind.strip_prefix(PROBE), behind);
        parts.push(Part::Frame(before.to_owned()));
        if let Some(number) = number {
            let text = messages[number].text.as_str();
            let text = if kept_start { text } else { text.trim_start() };
            parts.push(Part::Said(if kept_end { text } else { text.trim_end() }.to_owned()));
            seen[number] = true;
        }
        rest = behind;
    }
    parts.push(Part::Frame(rest.to_owned()));
    (parts, seen)
}

/// What is left without the probe, and whether it was there.
fn kept<'a>(without: Option<&'a str>, with: &'a str) -> (&'a str, bool) {
    without.map_or((with, false), |without| (without, true))
}
