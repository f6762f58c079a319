use std::collections::BTreeSet;

use super::is_cjk;

/// Words that a question and any passage share without meaning the same thing.
const STOP_WORDS: [&str; 97] = [
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "been", "before", "between", "but", "by", "can", "did",
    "do", "does", "doing", "each", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in",
    "into", "is", "it", "its", "just", "kind", "many", "may", "me", "more", "most", "much", "my", "name", "no", "not",
    "of", "on", "one", "only", "or", "other", "our", "out", "over", "s", "she", "should", "so", "some", "such", "than",
    "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "under", "up",
    "us", "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why",
    "will", "with", "would", "you", "your",
];

/// Characters of questions and grammar that carry no subject, in Chinese.
const STOP_CHARACTERS: &str =
    "的了吗呢吧啊是在有和与及或也都就而但被把对从到为于以之其这那哪什么怎谁几多少个些种样请问我你他她它们";

/// What a text is about: words of spaced scripts, lower case, bare of a plural or verb ending; pairs of neighbouring
/// characters of scripts without spaces. Stop words are left out.
pub fn terms(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut word = String::new();
    let mut before: Option<char> = None;
    let mut paired = false;
    for c in text.chars().chain([' ']) {
        let letter = c.is_alphanumeric() && !is_cjk(c);
        if letter {
            word.extend(c.to_lowercase());
        } else if !word.is_empty() {
            push_word(std::mem::take(&mut word), &mut out);
        }
        let han = is_cjk(c) && c.is_alphanumeric() && !STOP_CHARACTERS.contains(c);
        match before {
            Some(b) if han => {
                out.insert([b, c].iter().collect());
                paired = true;
            }
            Some(alone) if !paired => {
                out.insert(alone.to_string());
            }
            _ => {}
        }
        if !han {
            paired = false;
        }
        before = han.then_some(c);
    }
    out
}

fn push_word(word: String, out: &mut BTreeSet<String>) {
    if !STOP_WORDS.contains(&word.as_str()) {
        out.insert(stem(&word).to_owned());
    }
}

/// The commonest English endings off, as far as a comparison of a question with a sentence needs.
fn stem(word: &str) -> &str {
    if !word.is_ascii() || word.len() < 4 {
        return word;
    }
    let without = |ending: &str| word.strip_suffix(ending).filter(|w| w.len() >= 3 && !w.ends_with('s'));
    let stem =
        without("ing").or_else(|| without("ed")).or_else(|| without("es")).or_else(|| without("s")).unwrap_or(word);
    stem.strip_suffix('e').filter(|w| w.len() >= 3).unwrap_or(stem)
}

/// The share of `wanted` that stands in `found`: 0 to 1, and 0 where nothing is wanted.
pub fn coverage(wanted: &BTreeSet<String>, found: &BTreeSet<String>) -> f32 {
    match wanted.len() {
        0 => 0.0,
        all => wanted.intersection(found).count() as f32 / all as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn english_words_meet_their_inflections() {
        assert_eq!(terms("Why do one-hot codes not scale?"), terms("Scaling a hot code scales."));
        assert_eq!(terms("the of and"), set(&[]));
    }

    #[test]
    fn chinese_pairs_and_latin_words_stand_side_by_side() {
        assert_eq!(terms("什么是BERT模型？"), set(&["bert", "模型"]));
        assert_eq!(terms("查找表"), set(&["查找", "找表"]));
        assert_eq!(terms("什么是税？"), set(&["税"]));
    }

    #[test]
    fn coverage_is_a_share() {
        assert_eq!(coverage(&set(&["a", "b"]), &set(&["b", "c"])), 0.5);
        assert_eq!(coverage(&set(&[]), &set(&["x"])), 0.0);
    }
}
