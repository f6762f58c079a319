//! English words without their endings.

/// Cuts the ending of an English word in lower case, as Snowball's English stemmer does (Porter2,
/// <https://snowballstem.org/algorithms/english/stemmer.html>). Other words than of the letters a to z stay.
pub(super) fn stem(word: &mut String) {
    if word.len() < 3 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return;
    }
    if let Some((_, stem)) = WHOLE_WORDS.iter().find(|(whole, _)| whole == word) {
        word.clear();
        word.push_str(stem);
        return;
    }
    let regions = Regions::of(word);
    plural(word);
    if AFTER_PLURAL.contains(&word.as_str()) {
        return;
    }
    past(word, regions);
    last_y(word);
    replaced(word, regions, &LONG_ENDINGS);
    replaced(word, regions, &MIDDLE_ENDINGS);
    replaced(word, regions, &LAST_ENDINGS);
    last_letter(word, regions);
}

/// Words that no rule fits, and their stems.
const WHOLE_WORDS: [(&str, &str); 18] = [
    ("skis", "ski"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("idly", "idl"),
    ("gently", "gentl"),
    ("ugly", "ugli"),
    ("early", "earli"),
    ("only", "onli"),
    ("singly", "singl"),
    ("sky", "sky"),
    ("news", "news"),
    ("howe", "howe"),
    ("atlas", "atlas"),
    ("cosmos", "cosmos"),
    ("bias", "bias"),
    ("andes", "andes"),
];

/// Words that lose nothing but their plural.
const AFTER_PLURAL: [&str; 8] = ["inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"];

/// What must be so of the letters before an ending, beside where it stands.
#[derive(Debug, Clone, Copy)]
enum Before {
    Anything,
    /// One of these letters.
    Letter(&'static [u8]),
    /// The ending stands in the second region, not only in the first.
    Second,
}

/// An ending, what stands for it, and when.
type Ending = (&'static str, &'static str, Before);

use Before::{Anything, Letter, Second};

// in each list an ending stands before those that end it: the longest decides
const LONG_ENDINGS: [Ending; 24] = [
    ("ization", "ize", Anything),
    ("ational", "ate", Anything),
    ("fulness", "ful", Anything),
    ("ousness", "ous", Anything),
    ("iveness", "ive", Anything),
    ("tional", "tion", Anything),
    ("biliti", "ble", Anything),
    ("lessli", "less", Anything),
    ("entli", "ent", Anything),
    ("ation", "ate", Anything),
    ("alism", "al", Anything),
    ("aliti", "al", Anything),
    ("ousli", "ous", Anything),
    ("iviti", "ive", Anything),
    ("fulli", "ful", Anything),
    ("enci", "ence", Anything),
    ("anci", "ance", Anything),
    ("abli", "able", Anything),
    ("izer", "ize", Anything),
    ("ator", "ate", Anything),
    ("alli", "al", Anything),
    ("bli", "ble", Anything),
    ("ogi", "og", Letter(b"l")),
    ("li", "", Letter(b"cdeghkmnrt")),
];

const MIDDLE_ENDINGS: [Ending; 9] = [
    ("ational", "ate", Anything),
    ("tional", "tion", Anything),
    ("alize", "al", Anything),
    ("icate", "ic", Anything),
    ("iciti", "ic", Anything),
    ("ative", "", Second),
    ("ical", "ic", Anything),
    ("ness", "", Anything),
    ("ful", "", Anything),
];

const LAST_ENDINGS: [Ending; 19] = [
    ("ement", "", Second),
    ("ance", "", Second),
    ("ence", "", Second),
    ("able", "", Second),
    ("ible", "", Second),
    ("ment", "", Second),
    ("ant", "", Second),
    ("ent", "", Second),
    ("ism", "", Second),
    ("ate", "", Second),
    ("iti", "", Second),
    ("ous", "", Second),
    ("ive", "", Second),
    ("ize", "", Second),
    ("sion", "s", Second),
    ("tion", "t", Second),
    ("al", "", Second),
    ("er", "", Second),
    ("ic", "", Second),
];

/// Where the parts of a word begin in which endings are cut, in bytes.
#[derive(Debug, Clone, Copy)]
struct Regions {
    first: usize,
    second: usize,
}

impl Regions {
    fn of(word: &str) -> Self {
        let first = ["gener", "commun", "arsen"]
            .iter()
            .find(|start| word.starts_with(**start))
            .map_or_else(|| region(word, 0), |start| start.len());
        Self { first, second: region(word, first) }
    }
}

/// Behind the first consonant that follows a vowel, at or after `from`.
fn region(word: &str, from: usize) -> usize {
    let ends = |at: &usize| is_vowel(word, at - 1) && !is_vowel(word, *at);
    (from + 1..word.len()).find(ends).map_or(word.len(), |at| at + 1)
}

/// Whether a vowel stands at `at`: y is one unless it begins the word or follows a vowel.
fn is_vowel(word: &str, at: usize) -> bool {
    match word.as_bytes().get(at) {
        Some(b'a' | b'e' | b'i' | b'o' | b'u') => true,
        Some(b'y') => at > 0 && !is_vowel(word, at - 1),
        _ => false,
    }
}

fn has_vowel(word: &str, end: usize) -> bool {
    (0..end).any(|at| is_vowel(word, at))
}

/// Whether the word's first `end` letters end in a short syllable: `rap`, `ow`, not `uproot`, `bestow`.
fn is_short(word: &str, end: usize) -> bool {
    let closed = |at: usize| !is_vowel(word, at);
    match end {
        0 | 1 => false,
        2 => is_vowel(word, 0) && closed(1),
        _ => {
            let last = word.as_bytes()[end - 1];
            let open = matches!(last, b'w' | b'x' | b'y');
            !open && closed(end - 1) && is_vowel(word, end - 2) && closed(end - 3)
        }
    }
}

/// Step 1a.
fn plural(word: &mut String) {
    let length = word.len();
    if word.ends_with("sses") {
        word.truncate(length - 2);
    } else if word.ends_with("ied") || word.ends_with("ies") {
        word.truncate(length - if length > 4 { 2 } else { 1 });
    } else if word.ends_with('s') && !word.ends_with("us") && !word.ends_with("ss") && has_vowel(word, length - 2) {
        word.truncate(length - 1);
    }
}

/// Step 1b.
fn past(word: &mut String, regions: Regions) {
    if let Some(cut) = ["eedly", "eed"].iter().find(|ending| word.ends_with(**ending)) {
        let at = word.len() - cut.len();
        if at >= regions.first {
            word.truncate(at + 2);
        }
        return;
    }
    let Some(cut) = ["ingly", "edly", "ing", "ed"].iter().find(|ending| word.ends_with(**ending)) else { return };
    let at = word.len() - cut.len();
    if !has_vowel(word, at) {
        return;
    }
    word.truncate(at);
    let doubles = ["bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt"];
    if ["at", "bl", "iz"].iter().any(|ending| word.ends_with(ending)) {
        word.push('e');
    } else if doubles.iter().any(|ending| word.ends_with(ending)) {
        word.pop();
    } else if regions.first >= word.len() && is_short(word, word.len()) {
        word.push('e');
    }
}

/// Step 1c: a last y after a consonant is i.
fn last_y(word: &mut String) {
    let length = word.len();
    if length > 2 && word.ends_with('y') && !is_vowel(word, length - 2) {
        word.pop();
        word.push('i');
    }
}

/// Steps 2 to 4: the longest ending of a list is replaced where it may be.
fn replaced(word: &mut String, regions: Regions, endings: &[Ending]) {
    if word.len() < regions.first + 2 {
        return;
    }
    let Some((ending, by, before)) = endings.iter().find(|(ending, ..)| word.ends_with(ending)) else { return };
    let at = word.len() - ending.len();
    let fits = match before {
        Anything => at >= regions.first,
        Letter(letters) => at >= regions.first && at > 0 && letters.contains(&word.as_bytes()[at - 1]),
        Second => at + kept(ending, by) >= regions.second,
    };
    if fits {
        word.truncate(at);
        word.push_str(by);
    }
}

/// How many of an ending's first letters stay.
fn kept(ending: &str, by: &str) -> usize {
    if ending.starts_with(by) { by.len() } else { 0 }
}

/// Step 5.
fn last_letter(word: &mut String, regions: Regions) {
    let Some(at) = word.len().checked_sub(1) else { return };
    let second = at >= regions.second;
    let cut = match word.as_bytes()[at] {
        b'e' => second || (at >= regions.first && !is_short(word, at)),
        b'l' => second && word.ends_with("ll"),
        _ => false,
    };
    if cut {
        word.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stems_are_those_of_snowballs_vocabulary() {
        let known = "
            consign consign, consigned consign, consignment consign, consolation consol, consolations consol,
            consolatory consolatori, consistency consist, constable constabl, knackeries knackeri, knavish knavish,
            kneaded knead, knightly knight, knitting knit, skies sky, dying die, gently gentl, news news, inning inning,
            proceeds proceed, succeeded succeed, generally general, generate generat, communism communism,
            arsenic arsenic, caresses caress, ties tie, cries cri, gas gas, gaps gap, kiwis kiwi, agreed agre, feed feed,
            luxuriated luxuri, hopping hop, hoping hope, sized size, bestowed bestow, cry cri, by by, say say,
            relational relat, conditional condit, vileness vile, analogously analog, apology apolog, archaeology archaeolog,
            hopefulness hope, possibly possibl, formalize formal, electricity electr, formative format, adoption adopt,
            expulsion expuls, cement cement, replacement replac, probate probat, rate rate, controlled control,
            roll roll, youth youth, boyish boyish, flying fli, syzygy syzygi, owing owe, ising ise";
        for pair in known.split(',') {
            let (word, wanted) = pair.trim().split_once(' ').unwrap();
            let mut stemmed = word.to_owned();
            stem(&mut stemmed);
            assert_eq!(stemmed, wanted, "{word}");
        }
    }

    proptest! {
        #[test]
        fn no_word_is_lost(word in "[a-z]{1,12}(ed|ing|ly|s|ies|ation|ful|ness|ion|e)?") {
            let mut stemmed = word.clone();
            stem(&mut stemmed);
            prop_assert!(!stemmed.is_empty() && stemmed.len() <= word.len() + 1 && stemmed[..1] == word[..1], "{}", stemmed);
        }

        #[test]
        fn other_words_stay(word in "[a-z]{0,3}[0-9éA-Z.'][a-z]{0,5}(ing|s|ly)") {
            let mut stemmed = word.clone();
            stem(&mut stemmed);
            prop_assert_eq!(stemmed, word);
        }
    }
}
