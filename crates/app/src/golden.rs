//! A model's numbers held against Python's.

use qiao::embed::ModelEncoder;
use qiao::model::registry;
use qiao::model::{Comparison, Golden, LEAST_COSINE, TOLERANCE};
use qiao::seams::Encoder;
use qiao::{Error, Kind};

/// Holds the encoder against the golden texts given, else against those stored for it, if any.
pub(crate) fn compare(encoder: &ModelEncoder, given: Option<Golden>) -> Result<Option<Comparison>, Error> {
    let golden = match given {
        Some(golden) => Some(golden),
        None => Golden::stored(&encoder.id().weights_sha256)
            .map_err(|e| Error::new(Kind::Bug, "the golden texts in the program cannot be read", e))?,
    };
    Ok(golden.map(|golden| golden.compare(encoder.model())).transpose()?)
}

/// The comparison for a reader.
pub(crate) fn compared_text(encoder: &ModelEncoder, compared: &Comparison) -> String {
    format!(
        "{}: {} golden texts, largest difference to Python {:.1e} (bound {TOLERANCE:.0e}), least cosine {:.9} (bound \
         {LEAST_COSINE}), {} with other token ids{}",
        encoder.id().model,
        compared.texts,
        compared.largest_difference,
        compared.least_cosine,
        compared.other_ids,
        if compared.same_settings { "" } else { ", other prompts or limit of tokens" },
    )
}

/// Fails where the numbers are others.
pub(crate) fn held(encoder: &ModelEncoder, compared: &Comparison) -> Result<(), Error> {
    match compared.holds() {
        true => Ok(()),
        false => {
            let doing = format!("the model {} does not give the numbers it should", encoder.id().model);
            let directory = encoder.model().directory().display();
            let advice = match registry::find(&encoder.id().model) {
                Some(_) => format!("its files may be damaged: remove {directory} and pull it again"),
                None => {
                    format!("the references are of other files or settings than those in {directory}; compare them")
                }
            };
            Err(Error::new(Kind::Model, doing, advice))
        }
    }
}
