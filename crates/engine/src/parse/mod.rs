//! Files into text: one parser a format.

mod pdf;

pub use pdf::PdfParser;
