use serde::{Deserialize, Serialize};
use tokenizers::normalizers::{BertNormalizer, Lowercase, Sequence};
use tokenizers::{Error, NormalizerWrapper, PreTokenizerWrapper};

use super::parts::Inner;

/// Tokenizers whose normalizer transformers makes anew from tokenizer_config.json, whatever tokenizer.json says.
const OF_BERT: [&str; 5] =
    ["BertTokenizer", "DistilBertTokenizer", "MPNetTokenizer", "ElectraTokenizer", "LxmertTokenizer"];
/// Model types whose tokenizer is one of those where no class is named.
const TYPES_OF_BERT: [&str; 4] = ["bert", "distilbert", "mpnet", "nomic_bert"];
/// Tokenizers that take from there whether a space is put before a text.
const OF_ROBERTA: [&str; 1] = ["RobertaTokenizer"];

/// tokenizer_config.json.
#[derive(Debug, Deserialize, Default)]
pub(crate) struct TokenizerConfig {
    // some write 1e30 here for "no limit"
    pub(crate) model_max_length: Option<f64>,
    pub(crate) chat_template: Option<serde_json::Value>,
    tokenizer_class: Option<String>,
    truncation_side: Option<String>,
    do_lower_case: Option<bool>,
    strip_accents: Option<bool>,
    tokenize_chinese_chars: Option<bool>,
    add_prefix_space: Option<bool>,
}

/// What a tokenizer does otherwise than its tokenizer.json says.
// a setting that is not there leaves no trace, so that one more does not change the identity of models without it
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct TokenizerSettings {
    /// Which side of a text that is too long is lost; `None` leaves it to tokenizer.json.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cut_left: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bert: Option<BertSettings>,
    /// Whether a byte-level tokenizer puts a space before a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prefix_space: Option<bool>,
}

/// How BERT's normalizer works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct BertSettings {
    pub(super) lowercase: bool,
    /// `None`: where texts are lower-cased
    pub(super) strip_accents: Option<bool>,
    pub(super) chinese_apart: bool,
}

impl TokenizerSettings {
    /// As transformers reads them, for a model of `model_type`.
    pub(crate) fn of(config: &TokenizerConfig, model_type: &str) -> Self {
        let class = config.tokenizer_class.as_deref();
        let one_of = |classes: &[&str]| class.is_some_and(|class| classes.contains(&class.trim_end_matches("Fast")));
        let of_bert = one_of(&OF_BERT) || class.is_none() && TYPES_OF_BERT.contains(&model_type);
        let bert = BertSettings {
            lowercase: config.do_lower_case.unwrap_or(true),
            strip_accents: config.strip_accents,
            chinese_apart: config.tokenize_chinese_chars.unwrap_or(true),
        };
        Self {
            cut_left: config.truncation_side.as_deref().map(|side| side == "left"),
            bert: of_bert.then_some(bert),
            prefix_space: one_of(&OF_ROBERTA).then(|| config.add_prefix_space.unwrap_or(false)),
        }
    }

    /// Makes `inner` work so.
    pub(super) fn apply(self, inner: &mut Inner) -> Result<(), Error> {
        if let (Some(bert), Some(NormalizerWrapper::BertNormalizer(own))) = (self.bert, inner.get_normalizer()) {
            let normalizer =
                BertNormalizer::new(own.clean_text, bert.chinese_apart, bert.strip_accents, bert.lowercase);
            inner.with_normalizer(Some(normalizer))?;
        }
        if let (Some(space), Some(PreTokenizerWrapper::ByteLevel(own))) = (self.prefix_space, inner.get_pre_tokenizer())
        {
            let own = own.add_prefix_space(space);
            inner.with_pre_tokenizer(Some(own));
        }
        Ok(())
    }
}

/// As sentence-transformers does for a model that wants its texts in lower case.
pub(super) fn lowercase_first(inner: &mut Inner) -> Result<(), Error> {
    let lower = || NormalizerWrapper::Lowercase(Lowercase);
    let own = inner.get_normalizer().cloned();
    let normalizers = match own {
        None => vec![lower()],
        Some(NormalizerWrapper::Lowercase(_)) => return Ok(()),
        Some(NormalizerWrapper::Sequence(all)) => {
            if all.as_ref().iter().any(|one| matches!(one, NormalizerWrapper::Lowercase(_))) {
                return Ok(());
            }
            std::iter::once(lower()).chain(all.as_ref().iter().cloned()).collect()
        }
        Some(other) => vec![lower(), other],
    };
    inner.with_normalizer(Some(Sequence::new(normalizers)))?;
    Ok(())
}
