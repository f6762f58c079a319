//! RoBERTa (Liu et al. 2019) and XLM-RoBERTa (Conneau et al. 2019): BERT with fairseq's numbering of positions.

use super::bert;
use super::layers::Numbering;
use super::transformer::Transformer;
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

pub(super) fn load(config: &Config, weights: &Weights) -> Result<Transformer, DirectoryError> {
    let padding = config.count_or(&["pad_token_id"], 1)? as u32;
    bert::numbered(config, weights, &["", "roberta.", "bert."], Numbering::AfterPadding(padding))
}
