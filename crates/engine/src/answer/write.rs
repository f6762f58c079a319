//! The written answer: a language model is given the passages, and what it writes is checked against them.

use std::ops::ControlFlow;

use qiao_model::{ChatRequest, Finish, Message};

use super::evidence::{Asked, Evidence};
use super::passages::{Fitted, fit};
use super::prompt::Prompt;
use super::proof::{Material, Prover};
use super::{Ground, Listener};
use crate::error::{ChatError, Error, Kind};
use crate::seams::ChatModel;
use crate::types::{Answer, ChatUsage, Hit, Usage};

/// Tokens that a model of unknown window is given at most, prompt and reply together.
const WINDOW: usize = 8192;
/// What a chat template adds to a message at most, in tokens.
const TEMPLATE: usize = 16;

/// A language model, and how it is to write.
pub struct Writer {
    /// Who writes.
    pub model: Box<dyn ChatModel>,
    /// What it is told; the prompt of the house in the question's language where this is `None`.
    pub prompt: Option<Prompt>,
    /// Tokens of an answer at most.
    pub answer_tokens: usize,
    /// Tokens of prompt and answer together at most, where that is to be less than the model's window.
    pub window: Option<usize>,
    /// How freely it writes: 0 always takes the likeliest word.
    pub temperature: f32,
    /// What the drawing of words starts from.
    pub seed: Option<u64>,
    /// Whether sentences that no passage bears out are left out.
    pub strict: bool,
}

/// The answer that the model writes from the passages that fit, checked, put into `bare`. `on_text` is given each part of its
/// text as soon as the sentences in it are checked, and may end the writing.
pub(super) fn write(
    question: &Asked<'_>,
    evidence: &Evidence<'_>,
    (ground, writer): (Ground<'_>, &Writer),
    on_text: &mut Listener<'_>,
    bare: Answer,
) -> Result<Answer, Error> {
    let prompt = writer.prompt.clone().unwrap_or_else(|| Prompt::for_question(question.text));
    let fitted = writer.fit(question, &bare.hits, evidence, &prompt)?;
    let prompt = prompt.messages(question.text, &fitted.passages);
    let request = ChatRequest {
        messages: prompt.clone(),
        max_tokens: writer.answer_tokens,
        temperature: writer.temperature,
        seed: writer.seed,
        stop: Vec::new(),
    };
    let material = Material::of(&fitted.passages);
    let mut prover = Prover::new(&material, ground, evidence.meanings.clone(), writer.strict);
    let mut checked = Ok(());
    let mut hear = |part: &str| match prover.hear(part) {
        Ok(_) if prover.has_heard_enough() => ControlFlow::Break(()),
        Ok(text) if text.is_empty() => ControlFlow::Continue(()),
        Ok(text) => on_text(&text),
        Err(e) => {
            checked = Err(e);
            ControlFlow::Break(())
        }
    };
    let reply = writer.model.complete(&request, &mut hear).map_err(|e| writer.failed(e))?;
    checked?;
    let too_long = prover.has_heard_enough();
    let (rest, proof) = prover.finish(reply.finish != Finish::Stop)?;
    if !rest.is_empty() && (reply.finish != Finish::Interrupted || too_long) {
        let _ = on_text(&rest);
    }
    let counted = |known: Option<usize>, texts: &mut dyn Iterator<Item = &str>| match known {
        Some(known) => Ok(known),
        None => texts.map(|text| writer.count(text)).sum(),
    };
    let chat = ChatUsage {
        passages: fitted.passages.len(),
        passages_cut: fitted.cut,
        passages_left_out: fitted.left_out,
        prompt_tokens: counted(reply.prompt_tokens, &mut prompt.iter().map(|m| m.text.as_str()))?,
        reply_tokens: counted(reply.reply_tokens, &mut std::iter::once(reply.text.as_str()))?,
        reply_cut: reply.finish == Finish::Length || too_long,
        citations_invented: proof.invented,
        links_removed: proof.links,
        unsupported: proof.unsupported,
    };
    let usage = Usage { chat: Some(chat), ..bare.usage };
    Ok(Answer { usage, prompt, ..proof.into_answer(bare) })
}

/// The conversation that would put `question` and these hits to a model, none left out.
pub fn laid_out(question: &str, hits: &[Hit]) -> Vec<Message> {
    let none = |_: &str| Ok::<_, std::convert::Infallible>(0);
    let fitted = fit(hits, &[], usize::MAX, &none).unwrap_or_default();
    Prompt::for_question(question).messages(question, &fitted.passages)
}

impl Writer {
    /// The passages that fit beside instructions, question and answer.
    fn fit(
        &self,
        question: &Asked<'_>,
        hits: &[Hit],
        evidence: &Evidence<'_>,
        prompt: &Prompt,
    ) -> Result<Fitted, Error> {
        let window = [self.window, self.model.window()].into_iter().flatten().min().unwrap_or(WINDOW);
        let empty = prompt.messages(question.text, &[]);
        let told: usize = empty.iter().map(|m| Ok(self.count(&m.text)? + TEMPLATE)).sum::<Result<_, Error>>()?;
        let budget = window.saturating_sub(told + self.answer_tokens);
        let best: Vec<_> = evidence.candidates.iter().map(|c| (c.hit.chunk.document, c.span)).collect();
        let fitted = fit(hits, &best, budget, &|text| self.count(text))?;
        if fitted.passages.is_empty() {
            let doing = format!("cannot ask {}", self.model.name());
            let why = format!(
                "it takes {window} tokens, of which instructions and question need {told} and the answer may have {}; no passage \
                 fits in what is left: allow a shorter answer (--answer-tokens), or take a model that reads more",
                self.answer_tokens
            );
            return Err(Error::new(Kind::Usage, doing, why));
        }
        Ok(fitted)
    }

    fn count(&self, text: &str) -> Result<usize, Error> {
        self.model.count_tokens(text).map_err(|e| self.failed(e))
    }

    fn failed(&self, e: ChatError) -> Error {
        Error::new(e.kind(), format!("no answer from {}", self.model.name()), e)
    }
}
