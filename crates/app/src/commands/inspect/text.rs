//! For a terminal.

use std::fmt::Write;

use qiao::model::{ATTENTION_TOKENS, Trace};

use super::{Comparison, Seen, norm};
use crate::terminal::{self, WIDTH, bars, clean};

/// From nothing to all.
const SHADES: [&str; 6] = ["  ", "··", "░░", "▒▒", "▓▓", "██"];
/// Columns of a token's name.
const NAME: usize = 14;

pub(super) fn text(seen: &Seen<'_>) -> String {
    let mut out = String::new();
    for i in 0..seen.traces.len() {
        let _ = write!(out, "{}\n{}\n{}", tokens(seen, i), norms(seen, i), attention(seen, i));
        let _ = writeln!(out, "{}", pooled(&seen.traces[i]));
    }
    seen.shared.iter().for_each(|comparison| out.push_str(&shared(seen, comparison)));
    out
}

fn padded(name: &str) -> String {
    terminal::padded(name, NAME)
}

/// Ids, places and rows of the table.
fn tokens(seen: &Seen<'_>, text: usize) -> String {
    let trace = &seen.traces[text];
    let receipt = trace.receipt;
    let shown: String = clean(&seen.texts[text]).chars().take(70).collect();
    let mut out = format!(
        "“{shown}”: {} tokens, {} dropped, {} unknown\n\n   #       id  {}  {}     bytes  its row of the table            norm\n",
        receipt.tokens,
        receipt.dropped,
        receipt.unknown,
        padded("token"),
        padded("text"),
    );
    for (i, token) in trace.tokens.iter().enumerate() {
        let span = token.span.map_or_else(String::new, |(from, to)| format!("{from}–{to}"));
        let own = if token.span.is_some() { seen.shown(text, i) } else { "" };
        let row: String = token.row.iter().take(4).map(|v| format!("{v:>7.3}")).collect();
        let mark = if token.unknown { "  unknown" } else { "" };
        let (name, own, length) = (padded(&token.token), padded(own), norm(&token.row));
        let _ = writeln!(out, "{i:>4} {:>8}  {name}  {own}  {span:>8}  {row} …{length:>7.2}{mark}", token.id);
    }
    out
}

/// The length of each token's vector after each step.
fn norms(seen: &Seen<'_>, text: usize) -> String {
    let trace = &seen.traces[text];
    let most = (WIDTH - NAME - 6) / 6;
    let shown = &trace.steps[trace.steps.len().saturating_sub(most)..];
    let short = |name: &str| name.replace("embeddings", "table").replace("layer ", "").replace("last norm", "norm");
    let names: String = shown.iter().map(|step| format!("{:>6}", short(&step.name))).collect();
    let left = trace.steps.len() - shown.len();
    let left = if left > 0 { format!(" (the last {} steps; --json has all)", shown.len()) } else { String::new() };
    let mut out = format!("lengths of the vectors after each layer{left}\n{}{names}\n", " ".repeat(NAME + 5));
    for i in 0..trace.tokens.len() {
        let row = |vectors: &[f32]| norm(&vectors[i * trace.width..(i + 1) * trace.width]);
        let numbers: String = shown.iter().map(|step| format!("{:>6.2}", row(&step.vectors))).collect();
        let _ = writeln!(out, "{i:>4} {}{numbers}", padded(seen.shown(text, i)));
    }
    out
}

/// A heat map of who looks at whom.
fn attention(seen: &Seen<'_>, text: usize) -> String {
    let trace = &seen.traces[text];
    let Some(attention) = &trace.attention else {
        return match trace.steps.len() {
            1 => "no attention: a static table takes each token by itself\n\n".to_owned(),
            _ => format!("no attention: it is kept of texts of at most {ATTENTION_TOKENS} tokens\n\n"),
        };
    };
    let Some(weights) = attention.of(seen.head) else { return String::new() };
    let count = trace.tokens.len();
    let shown = count.min((WIDTH - NAME - 5) / 2);
    let head =
        seen.head.map_or_else(|| format!("its {} heads on average", attention.heads), |head| format!("head {head}"));
    let left = if shown < count { format!(", the first {shown} tokens (--json has all)") } else { String::new() };
    let numbers: String = (0..shown).map(|i| format!("{:>2}", i % 100)).collect();
    let mut out = format!(
        "attention in layer {}, {head}{left}: how a row's token divides it over the columns'\n{}{numbers}\n",
        attention.layer,
        " ".repeat(NAME + 5),
    );
    for (i, row) in weights.chunks_exact(count.max(1)).take(shown).enumerate() {
        let top = row.iter().fold(f32::MIN_POSITIVE, |top, w| top.max(*w));
        let shade = |w: &f32| SHADES[(w / top * 5.0).round() as usize];
        let cells: String = row.iter().take(shown).map(shade).collect();
        let _ = writeln!(out, "{i:>4} {}{cells}", padded(seen.shown(text, i)));
    }
    out.push('\n');
    out
}

/// The text's vector as a row of bars.
fn pooled(trace: &Trace) -> String {
    let vector = &trace.pooled;
    let each = vector.len().div_ceil(WIDTH - 4).max(1);
    let means: Vec<f32> = vector.chunks(each).map(|some| some.iter().sum::<f32>() / some.len() as f32).collect();
    let by = if each > 1 { format!(", {each} a bar") } else { String::new() };
    format!("the text's vector: {} numbers{by}, length {:.4}\n    {}\n", vector.len(), norm(vector), bars(&means))
}

/// How near the vectors of a shared word are, layer by layer.
fn shared(seen: &Seen<'_>, comparison: &Comparison) -> String {
    let mut out = String::new();
    for word in &comparison.words {
        let _ = writeln!(
            out,
            "“{}” in text 1 and in text {}: the cosine of its two vectors after each layer",
            clean(&word.word),
            comparison.other + 1
        );
        for (step, cosine) in seen.traces[0].steps.iter().zip(&word.cosines) {
            let bar = "█".repeat((cosine.clamp(0.0, 1.0) * 50.0).round() as usize);
            let _ = writeln!(out, "    {:<11}{cosine:>7.3}  {bar}", step.name);
        }
        out.push('\n');
    }
    if comparison.words.is_empty() {
        let _ = writeln!(
            out,
            "text 1 and text {} share no word that both traces have (--word names one)",
            comparison.other + 1
        );
    }
    out
}
