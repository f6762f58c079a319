//! The terms of a text to be indexed.

use super::fold::plain;
use super::spell::Speller;
use super::tokens::Scanner;

/// A text's terms, ascending by their bytes, each with how often it occurs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// The terms one after another.
    terms: String,
    /// Where each ends, and its count.
    ends: Vec<(usize, u32)>,
    length: u32,
}

impl Counted {
    /// The terms, ascending, each with its count.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, u32)> {
        let mut start = 0;
        self.ends.iter().map(move |(end, count)| {
            let term = &self.terms[start..*end];
            start = *end;
            (term, *count)
        })
    }

    /// The text's length for BM25: its words, and its characters of scripts without spaces. Parts of words and pairs of
    /// characters do not count.
    pub fn length(&self) -> u32 {
        self.length
    }

    /// Whether it has no term.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// The terms of a text, counted. Ideographs on both sides of a line's break are neighbours.
pub fn counted(text: &str) -> Counted {
    let mut shown = Shown::default();
    let mut length = 0u32;
    let mut speller = Speller::default();
    Scanner::new(&plain(text), true).scan(&mut |kind, token| {
        length = length.saturating_add(u32::from(kind.is_place()));
        speller.spell(kind, token, &mut |term, _| shown.push(term));
    });
    shown.counted(length)
}

/// Terms in the order of a text.
#[derive(Default)]
struct Shown {
    arena: String,
    places: Vec<Place>,
}

/// A term's first bytes, by which nearly all comparisons are decided, and where it stands.
struct Place {
    head: u64,
    start: usize,
    end: usize,
}

impl Shown {
    fn push(&mut self, term: &str) {
        let mut head = [0; 8];
        let length = term.len().min(8);
        head[..length].copy_from_slice(&term.as_bytes()[..length]);
        let start = self.arena.len();
        self.arena.push_str(term);
        self.places.push(Place { head: u64::from_be_bytes(head), start, end: self.arena.len() });
    }

    fn counted(mut self, length: u32) -> Counted {
        let arena = &self.arena;
        let term = |place: &Place| &arena[place.start..place.end];
        self.places.sort_unstable_by(|a, b| a.head.cmp(&b.head).then_with(|| term(a).cmp(term(b))));
        let mut out = Counted { length, ..Counted::default() };
        for equal in self.places.chunk_by(|a, b| a.head == b.head && term(a) == term(b)) {
            out.terms.push_str(term(&equal[0]));
            out.ends.push((out.terms.len(), u32::try_from(equal.len()).unwrap_or(u32::MAX)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::LONGEST_TERM;
    use super::super::tests::text;
    use super::*;

    #[test]
    fn terms_are_counted() {
        let counted = counted("Bridges and a bridge: 桥，桥梁");
        let terms: Vec<_> = counted.iter().collect();
        assert_eq!(terms, [("a", 1), ("and", 1), ("bridg", 2), ("桥", 2), ("桥梁", 1), ("梁", 1)]);
        assert_eq!(counted.length(), 7);
        assert!(super::counted("… — !").is_empty());
    }

    proptest! {
        #[test]
        fn counts_are_those_of_a_map(text in text()) {
            let counted = counted(&text);
            let (mut twin, mut length) = (BTreeMap::<String, u32>::new(), 0);
            Scanner::new(&plain(&text), true).scan(&mut |kind, token| {
                length += u32::from(kind.is_place());
                Speller::default().spell(kind, token, &mut |term, _| *twin.entry(term.to_owned()).or_default() += 1);
            });
            prop_assert_eq!(counted.length(), length);
            prop_assert!(counted.iter().all(|(term, _)| !term.is_empty() && term.len() <= LONGEST_TERM));
            prop_assert!(counted.iter().eq(twin.iter().map(|(term, count)| (term.as_str(), *count))));
        }
    }
}
