use serde::{Deserialize, Serialize};
use tokenizers::normalizers::{BertNormalizer, Lowercase, Sequence};
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::{Error, NormalizerWrapper, PreTokenizerWrapper};

use super::parts::Inner;

/// Tokenizers of which transformers 5 takes only vocabulary and special tokens from tokenizer.json: the rest it makes anew
/// from tokenizer_config.json. Each with the model types whose tokenizer it is where no class is named.
const OF_BERT: Family = Family {
    classes: &["BertTokenizer", "DistilBertTokenizer", "MPNetTokenizer"],
    models: &["bert", "distilbert", "mpnet", "nomic_bert"],
};
const OF_ROBERTA: Family = Family { classes: &["RobertaTokenizer"], models: &["roberta"] };
const OF_XLM_ROBERTA: Family =
    Family { classes: &["XLMRobertaTokenizer", "CamembertTokenizer"], models: &["xlm-roberta", "camembert", "gte"] };

struct Family {
    classes: &'static [&'static str],
    models: &'static [&'static str],
}

impl Family {
    fn has(&self, class: Option<&str>, model_type: &str) -> bool {
        match class {
            Some(class) => self.classes.contains(&class.trim_end_matches("Fast")),
            None => self.models.contains(&model_type),
        }
    }
}

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
    /// Whether RoBERTa's puts a space before a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) roberta_space: Option<bool>,
    /// Whether XLM-RoBERTa's does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) xlm_roberta_space: Option<bool>,
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
        let is = |family: Family| family.has(config.tokenizer_class.as_deref(), model_type);
        let bert = BertSettings {
            lowercase: config.do_lower_case.unwrap_or(true),
            strip_accents: config.strip_accents,
            chinese_apart: config.tokenize_chinese_chars.unwrap_or(true),
        };
        Self {
            cut_left: config.truncation_side.as_deref().map(|side| side == "left"),
            bert: is(OF_BERT).then_some(bert),
            roberta_space: is(OF_ROBERTA).then(|| config.add_prefix_space.unwrap_or(false)),
            xlm_roberta_space: is(OF_XLM_ROBERTA).then(|| config.add_prefix_space.unwrap_or(true)),
        }
    }

    /// Whether the second text's tokens are said to be of another type: of a class of transformers the class decides, else
    /// the post-processor, which has it as `written`.
    pub(super) fn types_pairs(self, written: bool) -> bool {
        let without = self.roberta_space.is_some() || self.xlm_roberta_space.is_some();
        self.bert.is_some() || written && !without
    }

    /// Makes `inner` work so.
    pub(super) fn apply(self, inner: &mut Inner) -> Result<(), Error> {
        if let Some(BertSettings { lowercase, strip_accents, chinese_apart }) = self.bert {
            inner.with_normalizer(Some(BertNormalizer::new(true, chinese_apart, strip_accents, lowercase)))?;
            inner.with_pre_tokenizer(Some(BertPreTokenizer));
        }
        if let Some(space) = self.roberta_space {
            inner.with_normalizer(None::<NormalizerWrapper>)?;
            inner.with_pre_tokenizer(Some(ByteLevel::default().add_prefix_space(space)));
        }
        if let Some(space) = self.xlm_roberta_space {
            let charsmap = inner.get_normalizer().and_then(precompiled);
            inner.with_normalizer(charsmap)?;
            let scheme = if space { PrependScheme::Always } else { PrependScheme::Never };
            let words = [
                PreTokenizerWrapper::WhitespaceSplit(WhitespaceSplit),
                PreTokenizerWrapper::Metaspace(Metaspace::new('▁', scheme, true)),
            ];
            inner.with_pre_tokenizer(Some(tokenizers::pre_tokenizers::sequence::Sequence::new(words.to_vec())));
        }
        Ok(())
    }
}

/// SentencePiece's own table of replacements, if `normalizer` has one.
fn precompiled(normalizer: &NormalizerWrapper) -> Option<NormalizerWrapper> {
    match normalizer {
        NormalizerWrapper::Precompiled(_) => Some(normalizer.clone()),
        NormalizerWrapper::Sequence(all) => all.as_ref().iter().find_map(precompiled),
        _ => None,
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
