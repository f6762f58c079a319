//! YAML front matter: what Obsidian, Hugo, Jekyll and pandoc write between `---` and `---` at a note's very start.

use granit_parser::{Event, Parser, ScalarStyle};

use super::properties::{Properties, items};
use crate::types::Metadata;

/// Bytes of front matter: more than any program writes. Bounds the search for its end and the work on it.
const MAX_BLOCK: usize = 256 << 10;

/// Sequences and mappings within each other.
const MAX_DEPTH: usize = 32;

/// The front matter at the start of `source`, and the byte where the text behind it begins.
///
/// `source` has `\n` line ends and no byte order mark. A thematic break looks like the start of front matter: what
/// follows it is taken for text where its first line is empty (pandoc's rule) or where it is no YAML mapping.
pub(super) fn split(source: &str) -> Option<(Metadata, usize)> {
    let (yaml, end) = block(source)?;
    Some((properties(yaml)?, end))
}

/// What stands between the lines `---` and `---` or `...`, and where the line behind begins.
fn block(source: &str) -> Option<(&str, usize)> {
    let mut lines = source.split_inclusive('\n');
    let start = lines.next().filter(|line| line.trim_end() == "---")?.len();
    let mut end = start;
    for line in lines {
        let behind = end + line.len();
        match line.trim_end() {
            "" if end == start => return None,
            "---" | "..." => return Some((&source[start..end], behind)),
            _ if behind > MAX_BLOCK => return None,
            _ => end = behind,
        }
    }
    None
}

/// The properties in `yaml`, or nothing where it is not one mapping in YAML.
///
/// Keys are lower case, those of nested mappings joined with dots: `author.name`. A sequence gives several values, and
/// so does a key that comes twice; an empty value gives none. Scalars stay as written, dates and numbers included. An
/// alias is never followed and gives no value, so a small block cannot unfold into a large one.
pub(super) fn properties(yaml: &str) -> Option<Metadata> {
    let options = granit_parser::options! { emit_comments: false, emit_unresolved_aliases: true };
    let mut reader = Reader::default();
    for event in Parser::new_from_str_with_options(yaml, options) {
        let (event, _) = event.ok()?;
        reader.event(&event)?;
    }
    reader.rooted.then(|| reader.found.into_metadata())
}

/// The key of the values below, nothing where they are left out.
type Path = Option<String>;

/// A sequence or mapping whose end has not come.
#[derive(Debug)]
enum Open {
    Sequence(Path),
    Mapping {
        path: Path,
        /// The path of the value that comes next; nothing where a key comes next.
        value: Option<Path>,
    },
}

/// What a node is to the sequence or mapping around it.
enum Role {
    Root,
    Key,
    Value(Path),
    Item(Path),
}

#[derive(Debug, Default)]
struct Reader {
    open: Vec<Open>,
    /// Whether the root mapping has begun.
    rooted: bool,
    found: Properties,
}

impl Reader {
    /// Takes the next event; nothing where this cannot be front matter.
    fn event(&mut self, event: &Event<'_>) -> Option<()> {
        match event {
            Event::Scalar(text, style, ..) => self.scalar(text, *style),
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.alias(),
            Event::SequenceStart(..) => {
                let path = self.path().filter(|_| self.rooted)?;
                self.begin(Open::Sequence(path))
            }
            Event::MappingStart(..) => {
                let path = self.path()?;
                self.begin(Open::Mapping { path, value: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.open.pop().map(|_| ()),
            _ => Some(()),
        }
    }

    fn role(&mut self) -> Role {
        match self.open.last_mut() {
            None => Role::Root,
            Some(Open::Sequence(path)) => Role::Item(path.clone()),
            Some(Open::Mapping { value, .. }) => value.take().map_or(Role::Key, Role::Value),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle) -> Option<()> {
        let null = style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL");
        match self.role() {
            Role::Root => return None,
            Role::Key => self.key(Some(text).filter(|_| !null)),
            Role::Value(Some(path)) if !null => self.value(&path, text),
            Role::Item(Some(path)) if !null => self.item(&path, text),
            Role::Value(_) | Role::Item(_) => {}
        }
        Some(())
    }

    fn alias(&mut self) -> Option<()> {
        match self.role() {
            Role::Root => return None,
            Role::Key => self.key(None),
            Role::Value(_) | Role::Item(_) => {}
        }
        Some(())
    }

    /// The path of the values in the sequence or mapping that begins; nothing where it is a second document.
    fn path(&mut self) -> Option<Path> {
        match self.role() {
            Role::Root => (!self.rooted).then(|| Some(String::new())),
            Role::Value(path) | Role::Item(path) => Some(path),
            Role::Key => {
                self.key(None);
                Some(None)
            }
        }
    }

    fn begin(&mut self, open: Open) -> Option<()> {
        self.rooted = true;
        self.open.push(open);
        (self.open.len() <= MAX_DEPTH).then_some(())
    }

    /// Takes the key of the value that comes next; a key without a `name` leaves that value out.
    fn key(&mut self, name: Option<&str>) {
        if let Some(Open::Mapping { path, value }) = self.open.last_mut() {
            *value = Some(name.and_then(|name| join(path.as_deref()?, name)));
        }
    }

    /// Adds the only value of `key`, which may hold a list.
    fn value(&mut self, key: &str, text: &str) {
        match key {
            "tags" if items(text).eq([text.trim()]) => text.split_whitespace().for_each(|tag| self.item(key, tag)),
            "tags" | "tag" | "keywords" => items(text).for_each(|item| self.item(key, item)),
            _ => self.item(key, text),
        }
    }

    fn item(&mut self, key: &str, text: &str) {
        let text = text.trim();
        match key {
            "tag" | "tags" => self.found.add("tags", text.strip_prefix('#').unwrap_or(text)),
            _ => self.found.add(key, text),
        }
    }
}

/// The path of `name` below `path`.
fn join(path: &str, name: &str) -> Path {
    let name = name.trim().to_lowercase();
    match (path, name.as_str()) {
        (_, "") => None,
        ("", _) => Some(name),
        _ => Some(format!("{path}.{name}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The properties as lines `key=value|value`.
    fn lines(yaml: &str) -> Option<Vec<String>> {
        let line = |(key, values): (String, Vec<String>)| format!("{key}={}", values.join("|"));
        Some(properties(yaml)?.into_iter().map(line).collect())
    }

    #[test]
    fn mappings_become_keys_with_values() {
        let cases: [(&str, &[&str]); 20] = [
            ("Title: A bridge\ndate: 2026-11-25\n", &["date=2026-11-25", "title=A bridge"]),
            ("标题: 桥\n作者:\n  - 李春\n  - 茅以升\n", &["作者=李春|茅以升", "标题=桥"]),
            ("draft: true\nweight: 007\nratio: 1.50\n", &["draft=true", "ratio=1.50", "weight=007"]),
            ("author:\n  Name: Ada\n  org: {city: London}\n", &["author.name=Ada", "author.org.city=London"]),
            ("author:\n- {name: Ada}\n- {name: Li}\n", &["author.name=Ada|Li"]),
            ("a: [[x, y], [z]]\n", &["a=x|y|z"]),
            ("a:\nb: ~\nc: null\nd: ''\ne: []\nf: 'null'\n", &["f=null"]),
            ("a: >-\n  one\n  line\n\n  two\nb: |\n  x\n  y\n", &["a=one line\ntwo", "b=x\ny"]),
            ("a: 一行\n  接着\n", &["a=一行 接着"]),
            ("a: \"x: \\u6865\" # why\n", &["a=x: 桥"]),
            ("a: 1\nA : 2\na: [3]\n", &["a=1|2|3"]),
            ("a: &x one\nb: *x\nc: [*x, two, *unknown]\n*x : d\n", &["a=one", "c=two"]),
            ("? [k, l]\n: v\n? {m: n}\n: {o: p}\na: b\n", &["a=b"]),
            (": v\n' ': w\n~: x\na: b\nc: !!str\n", &["a=b"]),
            ("title: {{title}}\na: b\n", &["a=b"]),
            ("# a comment\n\na: !!str b\n\n", &["a=b"]),
            ("{a: b, c: [d]}", &["a=b", "c=d"]),
            ("{}", &[]),
            ("url: https://例.cn/a#b\ntime: 10:30\n", &["time=10:30", "url=https://例.cn/a#b"]),
            ("'a.b': c\na:\n  b: d\n", &["a.b=c|d"]),
        ];
        for (yaml, expected) in cases {
            assert_eq!(lines(yaml).unwrap_or_else(|| panic!("{yaml:?} is a mapping")), expected, "{yaml}");
        }
    }

    #[test]
    fn tags_and_keywords_are_lists() {
        let cases = [
            ("tags: one two", "tags=one|two"),
            ("tags: machine learning, ai", "tags=machine learning|ai"),
            ("tags: 桥梁、隧道，公路", "tags=桥梁|隧道|公路"),
            ("tags: '#one #two/three'", "tags=one|two/three"),
            ("tags: ['#one', two words, 'New York, NY']", "tags=one|two words|New York, NY"),
            ("Tags:\n  - '#桥'\n  - C#\n", "tags=桥|C#"),
            ("tags: one,", "tags=one"),
            ("tag: two words", "tags=two words"),
            ("tag: '#one, #two'", "tags=one|two"),
            ("keywords: deep sea; 海洋，深海", "keywords=deep sea|海洋|深海"),
            ("keywords: '#1 rule'", "keywords=#1 rule"),
            ("subject: one, two", "subject=one, two"),
        ];
        for (yaml, expected) in cases {
            assert_eq!(lines(yaml).unwrap(), [expected], "{yaml}");
        }
    }

    #[test]
    fn what_is_no_mapping_is_text() {
        let cases = [
            "",
            "# A heading\n",
            "Some prose\nof two lines.\n",
            "标题：桥\n",
            "- a\n- b\n",
            "[a, b]",
            "'a: b'",
            "*a",
            "a: b: c\n",
            "a: b\nprose\n",
            "a: [b\n",
            "a: \"b\n",
            "a:\n\tb: c\n",
            "a: b\n--- c: d\n",
            "a: b\n---\n[c]\n",
            "a: b\n---\n",
        ];
        for yaml in cases {
            assert_eq!(properties(yaml), None, "{yaml:?}");
        }
    }

    #[test]
    fn blocks_end_where_their_line_does() {
        let cases = [
            ("---\na: b\n---\ntext", Some("text")),
            ("---\na: b\n...\ntext", Some("text")),
            ("--- \t\na: b\n\nc: d\n---  \n\ntext", Some("\ntext")),
            ("---\na: b\n---", Some("")),
            ("---\na: |\n  ---\n---\ntext", Some("text")),
            ("---\na: b\n----\n---\ntext", None),
            ("---\n\na: b\n---\ntext", None),
            ("---\n---\ntext", None),
            ("---\na: b\n", None),
            ("\n---\na: b\n---\n", None),
            (" ---\na: b\n---\n", None),
            ("--- a: b\n---\n", None),
            ("---\nSome prose.\n\n---\ntext", None),
            ("---\n## A heading: of a talk\n\n- a\n\n---\n", None),
            ("a: b", None),
            ("", None),
        ];
        for (source, expected) in cases {
            assert_eq!(split(source).map(|(_, end)| &source[end..]), expected, "{source:?}");
        }
    }

    #[test]
    fn hostile_blocks_neither_unfold_nor_hang() {
        let bomb: String = std::iter::once("a0: &a0 [lol, lol]\n".to_owned())
            .chain((1..30).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "))))
            .collect();
        assert_eq!(lines(&bomb).unwrap(), ["a0=lol|lol"]);
        let mebibyte = 1 << 20;
        let deep = |levels: usize| format!("{}{}", "{a: ".repeat(levels), "}".repeat(levels));
        assert!(properties(&deep(MAX_DEPTH)).is_some());
        for yaml in [
            "[".repeat(mebibyte),
            "{".repeat(mebibyte),
            format!("a: {}{}", "[".repeat(mebibyte / 2), "]".repeat(mebibyte / 2)),
            "a: {".repeat(mebibyte / 4),
            "- ".repeat(mebibyte / 2),
            "? ".repeat(mebibyte / 2),
            deep(MAX_DEPTH + 1),
            (0..1000).map(|n| format!("{}a:\n", " ".repeat(n))).collect(),
        ] {
            assert_eq!(properties(&yaml), None, "{}", &yaml[..20]);
        }
        let many: String = (0..10_000).map(|n| format!("k{n}: v\n")).collect();
        assert_eq!(properties(&many).unwrap().len(), 256);
        let long = format!("---\na: {}\n---\n", "b".repeat(MAX_BLOCK));
        assert_eq!(split(&long), None);
    }

    fn holds(yaml: &str) -> Result<(), TestCaseError> {
        for (key, values) in properties(yaml).unwrap_or_default() {
            prop_assert_eq!(&key, &key.trim().to_lowercase());
            prop_assert!(!values.is_empty() && values.len() <= 256);
            prop_assert!(values.iter().all(|v| !v.is_empty() && v.len() <= 4096 && v.trim() == v));
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_text_is_read_or_refused(yaml in any::<String>()) {
            holds(&yaml)?;
            split(&yaml);
        }

        #[test]
        fn anything_like_yaml_is_read_or_refused(yaml in "[-?:,#&*!|>%@`'\"{}\\[\\]~\\\\a-c桥0-9 \n\t.]{0,120}") {
            holds(&yaml)?;
            holds(&format!("a: {yaml}"))?;
            let source = format!("---\n{yaml}\n---\n");
            if let Some((_, end)) = split(&source) {
                prop_assert!(source.is_char_boundary(end) && source[..end].ends_with('\n'));
            }
        }
    }
}
