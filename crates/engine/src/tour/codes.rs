use qiao_model::{Long, Role};

use crate::categories::{OneHot, Unknown};
use crate::error::Error;
use crate::seams::Encoder;
use crate::types::Embedding;

/// Points of the growth that is shown.
const POINTS: usize = 24;

/// Categories as one-hot codes and as dense ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Codes {
    /// Each category.
    pub codes: Vec<Code>,
    /// How much of a one-hot code is zero, from 0 to 1.
    pub share_of_zeros: f64,
    /// How wide one-hot codes are for more and more categories, up to twice as wide as the dense ones.
    pub growth: Vec<Growth>,
    /// Cosines of each category's dense code to all, `[categories][categories]`.
    pub cosines: Vec<Vec<f32>>,
}

/// A category as numbers, twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    /// Its name.
    pub category: String,
    /// A 1 among zeros, `[categories]`.
    pub one_hot: Vec<f32>,
    /// What the encoder makes of the name, `[dimension]`.
    pub dense: Vec<f32>,
}

/// One-hot codes of so many categories.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// How many categories.
    pub categories: usize,
    /// How many numbers a code has.
    pub width: usize,
    /// How much of it is zero, from 0 to 1.
    pub share_of_zeros: f64,
}

/// Turns `categories` into numbers, once by counting and once by meaning.
///
/// # Errors
/// When one cannot be encoded.
pub fn codes(encoder: &dyn Encoder, categories: &[&str]) -> Result<Codes, Error> {
    let one_hot = OneHot::fit(categories.iter().copied(), Unknown::Ignore);
    let dense: Vec<Embedding> =
        encoder.embed(Role::Passage, categories, Long::Truncate)?.into_iter().map(|(embedding, _)| embedding).collect();
    let code = |(category, dense): (&&str, &Embedding)| Code {
        category: (*category).to_owned(),
        one_hot: one_hot.transform(category).unwrap_or_default(),
        dense: dense.vector().to_vec(),
    };
    let cosines_of = |a: &Embedding| dense.iter().map(|b| a.cosine(b).unwrap_or_default()).collect();
    Ok(Codes {
        codes: categories.iter().zip(&dense).map(code).collect(),
        share_of_zeros: one_hot.share_of_zeros(),
        growth: (1..=POINTS).map(|i| growth(2 * encoder.id().dimension * i / POINTS)).collect(),
        cosines: dense.iter().map(cosines_of).collect(),
    })
}

fn growth(categories: usize) -> Growth {
    let names: Vec<String> = (0..categories).map(|i| i.to_string()).collect();
    let fitted = OneHot::fit(names.iter().map(String::as_str), Unknown::Error);
    Growth { categories, width: fitted.width(), share_of_zeros: fitted.share_of_zeros() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::HashingEncoder;

    #[test]
    fn codes_of_three_genres() {
        let codes = codes(&HashingEncoder::default(), &["fiction", "non-fiction", "biography"]).unwrap();
        assert_eq!(codes.codes[1].one_hot, [0.0, 1.0, 0.0]);
        assert!((codes.share_of_zeros - 2.0 / 3.0).abs() < 1e-12);
        assert!(codes.cosines[0][1] > 0.5 && codes.cosines[0][2] < 0.1, "names that share a word: {:?}", codes.cosines);
        let last = codes.growth.last().unwrap();
        assert_eq!((last.categories, last.width), (512, 512));
        assert!(codes.growth.windows(2).all(|pair| pair[0].share_of_zeros < pair[1].share_of_zeros));
    }
}
