//! For a browser: one page that needs nothing else.

const STYLE: &str = "
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.5rem}h3{font-size:1rem;margin:1.5rem 0 .4rem}
table{border-collapse:collapse;margin:.6rem 0;font-variant-numeric:tabular-nums}td,th{padding:.15rem .6rem;text-align:right;font-weight:400}
th{color:#57606a}.t{text-align:left}.u{background:#ffe2dd}.wide{overflow-x:auto}
p{max-width:48rem}pre{background:rgba(128,128,128,.12);padding:.6rem .8rem;overflow-x:auto;border-radius:6px}
pre.letter{white-space:pre-wrap;max-width:60rem}svg text{font-size:12px;fill:currentColor}svg g text{fill:inherit}
.note{border-left:3px solid rgb(9,105,218);padding-left:.8rem}blockquote{margin:.2rem 0 1rem;max-width:48rem}
.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:2rem}
.heads{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}figcaption{font-size:.85rem;color:#57606a}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}.u{background:#5c1d16}th,figcaption{color:#9da7b1}}
";

/// A whole page of `title`, whose `body` is markup in `language`.
pub(crate) fn page(title: &str, language: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title><style>{STYLE}</style></head>\
         <body>{body}</body></html>\n",
        escaped(title)
    )
}

/// `text` as text, whatever markup it holds.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_holds_is_text_and_no_markup() {
        assert_eq!(escaped("<script>\"&\u{7}"), "&lt;script&gt;&quot;&amp; ");
    }
}
