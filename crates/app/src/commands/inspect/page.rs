//! For a browser: one page that needs nothing else.

use std::fmt::Write;

use qiao::model::{Attention, Trace, TracedStep};

use super::{Comparison, Seen, norm};
use crate::html::{self, escaped};

/// Tokens of a heat map at most: each cell is an element of the page.
const DRAWN: usize = 128;
/// Pixels of a small heat map's side, at least.
const SIDE: usize = 180;

pub(super) fn page(seen: &Seen<'_>, model: &str) -> String {
    let mut out = format!("<h1>What {} makes of it</h1>", escaped(model));
    for (i, text) in seen.texts.iter().enumerate() {
        let trace = &seen.traces[i];
        let receipt = trace.receipt;
        let _ = write!(
            out,
            "<h2>“{}”</h2><p>{} tokens, {} dropped, {} unknown</p>",
            escaped(text),
            receipt.tokens,
            receipt.dropped,
            receipt.unknown
        );
        out.push_str(&tokens(seen, i));
        out.push_str(&norms(seen, i));
        if let Some(attention) = &trace.attention {
            out.push_str(&heads(seen, i, attention));
        }
        out.push_str(&pooled(trace));
    }
    seen.shared.iter().for_each(|comparison| out.push_str(&shared(seen, comparison)));
    html::page("qiao inspect", "en", &out)
}

fn tokens(seen: &Seen<'_>, text: usize) -> String {
    let mut out =
        "<h3>Tokens, and the rows of the table that their ids stand for</h3><div class=\"wide\"><table><tr><th>#<th>id\
                   <th class=\"t\">token<th class=\"t\">text<th>bytes<th class=\"t\">row<th>length</tr>"
            .to_owned();
    for (i, token) in seen.traces[text].tokens.iter().enumerate() {
        let span = token.span.map_or_else(String::new, |(from, to)| format!("{from}–{to}"));
        let own = if token.span.is_some() { seen.shown(text, i) } else { "" };
        let row: Vec<String> = token.row.iter().take(6).map(|v| format!("{v:.3}")).collect();
        let class = if token.unknown { " class=\"u\" title=\"unknown to the vocabulary\"" } else { "" };
        let _ = write!(
            out,
            "<tr{class}><td>{i}<td>{}<td class=\"t\">{}<td class=\"t\">{}<td>{span}<td class=\"t\">[{}, …]<td>{:.2}</tr>",
            token.id,
            escaped(&token.token),
            escaped(own),
            row.join(", "),
            norm(&token.row)
        );
    }
    out + "</table></div>"
}

fn norms(seen: &Seen<'_>, text: usize) -> String {
    let trace = &seen.traces[text];
    let lengths = |step: &TracedStep| step.vectors.chunks_exact(trace.width).map(norm).collect::<Vec<f32>>();
    let columns: Vec<Vec<f32>> = trace.steps.iter().map(lengths).collect();
    let ends = |column: &Vec<f32>| {
        column.iter().fold((f32::MAX, 0.0f32), |(least, most), length| (least.min(*length), most.max(*length)))
    };
    let ends: Vec<(f32, f32)> = columns.iter().map(ends).collect();
    let mut out =
        "<h3>Length of each token's vector after each step</h3><div class=\"wide\"><table><tr><th>".to_owned();
    trace.steps.iter().for_each(|step| {
        let _ = write!(out, "<th>{}", escaped(&step.name));
    });
    for i in 0..trace.tokens.len() {
        let _ = write!(out, "<tr><th class=\"t\">{}", escaped(seen.shown(text, i)));
        for (column, (least, most)) in columns.iter().zip(&ends) {
            let share = (column[i] - least) / (most - least).max(f32::MIN_POSITIVE);
            let _ = write!(out, "<td style=\"background:rgba(9,105,218,{:.2})\">{:.2}", share * 0.5, column[i]);
        }
    }
    out + "</table></div>"
}

/// The head that was named, or all of them side by side.
fn heads(seen: &Seen<'_>, text: usize, attention: &Attention) -> String {
    let mut out = format!(
        "<h3>Attention in layer {}: how a row's token divides it over the columns'{}</h3><div class=\"heads\">",
        attention.layer,
        if seen.traces[text].tokens.len() > DRAWN { format!(" (the first {DRAWN} tokens)") } else { String::new() }
    );
    let shown: Vec<usize> = seen.head.map_or_else(|| (1..=attention.heads).collect(), |head| vec![head]);
    for head in shown {
        let weights = attention.of(Some(head)).unwrap_or_default();
        let _ = write!(out, "<figure>{}<figcaption>head {head}</figcaption></figure>", heat_map(seen, text, &weights));
    }
    out + "</div>"
}

fn heat_map(seen: &Seen<'_>, text: usize, weights: &[f32]) -> String {
    let count = seen.traces[text].tokens.len();
    let drawn = count.min(DRAWN);
    let cell = (SIDE / drawn.max(1)).clamp(4, SIDE);
    let side = cell * drawn;
    let mut out =
        format!("<svg width=\"{side}\" height=\"{side}\" role=\"img\" style=\"background:rgba(128,128,128,.08)\">");
    for (row, line) in weights.chunks_exact(count.max(1)).take(drawn).enumerate() {
        for (column, weight) in line.iter().take(drawn).enumerate().filter(|(_, weight)| **weight >= 0.005) {
            let (x, y) = (column * cell, row * cell);
            let (from, to) = (escaped(seen.shown(text, row)), escaped(seen.shown(text, column)));
            let _ = write!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{cell}\" height=\"{cell}\" fill=\"rgb(9,105,218)\" \
                 fill-opacity=\"{weight:.2}\"><title>{from} → {to}: {weight:.3}</title></rect>"
            );
        }
    }
    out + "</svg>"
}

fn pooled(trace: &Trace) -> String {
    let top = trace.pooled.iter().fold(f32::MIN_POSITIVE, |top, v| top.max(v.abs()));
    let width = trace.pooled.len() * 2;
    let mut out = format!(
        "<h3>The text's vector: {} numbers, length {:.4}</h3><div class=\"wide\"><svg width=\"{width}\" height=\"80\" role=\"img\">",
        trace.pooled.len(),
        norm(&trace.pooled)
    );
    for (i, v) in trace.pooled.iter().enumerate() {
        let height = v.abs() / top * 40.0;
        let y = if *v > 0.0 { 40.0 - height } else { 40.0 };
        let _ = write!(
            out,
            "<rect x=\"{}\" y=\"{y:.1}\" width=\"2\" height=\"{height:.1}\" fill=\"rgb(9,105,218)\"><title>{i}: {v:.5}</title></rect>",
            i * 2
        );
    }
    out + "</svg></div>"
}

fn shared(seen: &Seen<'_>, comparison: &Comparison) -> String {
    let mut out = String::new();
    for word in &comparison.words {
        let _ = write!(
            out,
            "<h2>“{}” in text 1 and in text {}</h2><p>The cosine of its two vectors after each step.</p><table>",
            escaped(&word.word),
            comparison.other + 1
        );
        for (step, cosine) in seen.traces[0].steps.iter().zip(&word.cosines) {
            let _ = write!(
                out,
                "<tr><th class=\"t\">{}<td>{cosine:.3}<td class=\"t\"><svg width=\"300\" height=\"12\"><rect width=\"{:.0}\" \
                 height=\"12\" fill=\"rgb(9,105,218)\"/></svg></tr>",
                escaped(&step.name),
                cosine.clamp(0.0, 1.0) * 300.0
            );
        }
        out.push_str("</table>");
    }
    out
}
