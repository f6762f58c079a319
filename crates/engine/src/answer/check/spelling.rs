//! Words as they are compared: case, accents, possessives and plurals off.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::language::facts::is_apostrophe;

/// Countries, with words of theirs that no common stem joins.
const KIN: [&str; 17] = [
    "france french frenchman frenchmen",
    "spain spanish spaniard spaniards",
    "netherlands dutch holland",
    "poland polish pole poles",
    "denmark danish dane danes",
    "wales welsh",
    "england english englishman",
    "ireland irish",
    "scotland scottish scots",
    "switzerland swiss",
    "finland finnish finns",
    "turkey turkish turks",
    "us usa american america americans",
    "uk britain british england english",
    "eu european europe",
    "un nations",
    "norway norwegian norse",
];

/// What an adjective, a people or a plural adds to a name.
const ENDINGS: [&str; 26] = [
    "", "n", "an", "ian", "ean", "ese", "ish", "i", "s", "es", "y", "ic", "ia", "e", "a", "ns", "ans", "ians", "ist",
    "ists", "ism", "ite", "ites", "ies", "al", "o",
];

/// A word in lower case, without accents, stops, and a possessive ending.
pub(super) fn plain(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.nfkd().filter(|c| !is_combining_mark(*c) && *c != '.') {
        match c {
            'ß' | 'ẞ' => out.push_str("ss"),
            'ø' | 'Ø' => out.push('o'),
            'ł' | 'Ł' => out.push('l'),
            'đ' | 'Đ' => out.push('d'),
            'æ' | 'Æ' => out.push_str("ae"),
            'œ' | 'Œ' => out.push_str("oe"),
            'ı' => out.push('i'),
            c if is_apostrophe(c) => out.push('\''),
            c => out.extend(c.to_lowercase()),
        }
    }
    // the dot of İ comes off only here
    out.retain(|c| !is_combining_mark(c));
    let end = out.strip_suffix("'s").or_else(|| out.strip_suffix('\'')).map_or(out.len(), str::len);
    out.truncate(end);
    out
}

/// The commonest endings of English off, as far as a comparison of two sentences needs.
pub(super) fn stem(word: &str) -> &str {
    let long = |stem: &&str| stem.len() >= 3;
    if !word.is_ascii() {
        return word;
    }
    let cut = ["ing", "ed", "es", "s"].iter().find_map(|ending| word.strip_suffix(ending).filter(long)).unwrap_or(word);
    cut.strip_suffix('e').filter(long).unwrap_or(cut)
}

/// Whether two plain words name the same: Germany and German, Normans and Norman. Both have four letters in common.
pub(super) fn akin(one: &str, two: &str) -> bool {
    if one == two || are_kin(one, two) {
        return true;
    }
    let common = one.chars().zip(two.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>();
    let letters = one[..common].chars().count();
    let (rest, other) = (&one[common..], &two[common..]);
    let foreign = !one.is_ascii() && rest.chars().count() <= 3 && other.chars().count() <= 3;
    letters >= 4 && (foreign || (ENDINGS.contains(&rest) && ENDINGS.contains(&other)))
}

fn are_kin(one: &str, two: &str) -> bool {
    KIN.iter().any(|words| words.split(' ').any(|word| word == one) && words.split(' ').any(|word| word == two))
}

/// The words of the table that name the same country.
pub(super) fn kin(word: &str) -> impl Iterator<Item = &'static str> {
    let of = |words: &&&'static str| words.split(' ').any(|known| known == word);
    let found: Vec<&'static str> = KIN.iter().filter(of).flat_map(|words| words.split(' ')).collect();
    found.into_iter()
}

/// The value of a Roman numeral of two letters or more in capitals, up to 399.
pub(super) fn roman(text: &str) -> Option<u128> {
    let value = |c: char| {
        Some(match c {
            'I' => 1,
            'V' => 5,
            'X' => 10,
            'L' => 50,
            'C' => 100,
            _ => return None,
        })
    };
    let values: Vec<u128> = text.chars().map(value).collect::<Option<_>>()?;
    if !(2..=9).contains(&values.len()) {
        return None;
    }
    let signed = |i: usize| (values[i], values.get(i + 1).is_some_and(|next| *next > values[i]));
    (0..values.len())
        .map(signed)
        .try_fold((0_u128, 0_u128), |(up, down), (value, less)| {
            Some(if less { (up, down + value) } else { (up + value, down) })
        })
        .and_then(|(up, down)| up.checked_sub(down))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_meet_their_kin() {
        for (one, two, are) in [
            ("germany", "german", true),
            ("china", "chinese", true),
            ("italy", "italian", true),
            ("norman", "normans", true),
            ("french", "france", true),
            ("austria", "australia", false),
            ("johnson", "johnston", false),
            ("paris", "parma", false),
            ("россия", "россии", true),
        ] {
            assert_eq!(akin(one, two), are, "{one} {two}");
        }
    }

    #[test]
    fn words_fold() {
        for (word, folded) in
            [("Müller’s", "muller"), ("U.S.", "us"), ("Þórr", "þorr"), ("Ørsted", "orsted"), ("James'", "james")]
        {
            assert_eq!(plain(word), folded);
        }
        assert_eq!((roman("XIV"), roman("II"), roman("I"), roman("DNA")), (Some(14), Some(2), None, None));
    }
}
