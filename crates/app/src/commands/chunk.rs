use std::process::ExitCode;

use qiao::types::{Locator, Piece};
use serde::Serialize;

use crate::args::File;
use crate::out::Printer;
use crate::settings::Settings;

#[derive(Serialize)]
struct PieceView<'a> {
    #[serde(flatten)]
    piece: &'a Piece,
    text: &'a str,
    locator: Locator,
}

pub(crate) fn run(verb: &File, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let engine = settings.stages(printer)?;
    let document = engine.parse_file(&verb.file)?;
    for (i, (piece, _)) in engine.cut(&document.content)?.iter().enumerate() {
        let text = &document.content.text[piece.span.range()];
        match printer.json() {
            true => printer.object(&PieceView { piece, text, locator: document.locate(piece.span) })?,
            false => {
                let path = piece.heading_path.join(" › ");
                printer.data(&format!("--- {} · {} tokens · {path}\n{text}\n\n", i + 1, piece.tokens))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
