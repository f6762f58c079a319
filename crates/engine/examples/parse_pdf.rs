//! Prints what the PDF parser makes of a file, as JSON: `cargo run --example parse_pdf -- FILE`.

use std::process::ExitCode;

use qiao::parse::PdfParser;
use qiao::seams::{Limits, Parser};
use qiao::types::Media;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        println!("usage: parse_pdf FILE");
        return ExitCode::from(2);
    };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            println!("cannot read {path}: {error}");
            return ExitCode::from(3);
        }
    };
    let result = PdfParser.parse(Media::Pdf, &bytes, &Limits::default());
    let (json, code) = match &result {
        Ok(content) => (serde_json::to_string(content), ExitCode::SUCCESS),
        Err(error) => (
            serde_json::to_string(&serde_json::json!({ "error": error, "message": error.to_string() })),
            ExitCode::from(3),
        ),
    };
    println!("{}", json.unwrap_or_default());
    code
}
