//! Quotations, and where they stand in a source.

mod folded;
mod marks;

use std::ops::Range;

use folded::{Cut, Folded, unbracketed};
pub use marks::quotations;

/// Where a quotation stands in `source`: a range for each of its parts between ellipses, in order; none where it does not
/// stand there. Of several places the first are taken at which no word is cut, else the first.
///
/// White space, width, ligatures, the styles of dashes and of quotation marks, soft hyphens and hyphens inside words do not
/// matter, and neither do punctuation and brackets at either end and the case of the first letter. A word that a line's end divides
/// is one. The ranges lie on char boundaries, and cover the quoted part exactly. Takes time linear in both texts.
pub fn find_quote(quote: &str, source: &str) -> Vec<Range<usize>> {
    let quote = Folded::of(quote);
    let source = Folded::of(source);
    let parts = quote.parts();
    let found =
        |parts: &[Vec<char>]| source.find_all(parts, Cut::Never).or_else(|| source.find_all(parts, Cut::Allowed));
    found(&parts).or_else(|| found(&unbracketed(&parts))).unwrap_or_default()
}

#[cfg(test)]
mod tests;
