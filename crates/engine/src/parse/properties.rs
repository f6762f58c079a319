//! What files say of themselves: keys and values within bounds, whoever wrote them.

use crate::types::Metadata;

/// Values of one file, over all keys; further ones are left out.
const MAX_VALUES: usize = 256;

/// Bytes of a value; the rest is cut off.
const MAX_VALUE: usize = 4096;

/// Bytes of a key; a longer one is left out with its values.
const MAX_KEY: usize = 256;

/// The properties so far.
#[derive(Debug, Default)]
pub(super) struct Properties {
    found: Metadata,
    values: usize,
}

impl Properties {
    /// Adds `value` after those that `key` has; white space around it is nothing.
    pub(super) fn add(&mut self, key: &str, value: &str) {
        let value = value.trim();
        let value = value[..value.floor_char_boundary(MAX_VALUE)].trim_end();
        if value.is_empty() || key.len() > MAX_KEY || self.values == MAX_VALUES {
            return;
        }
        self.values += 1;
        self.found.entry(key.to_owned()).or_default().push(value.to_owned());
    }

    /// All of them, by key.
    pub(super) fn into_metadata(self) -> Metadata {
        self.found
    }
}

/// The items of a list written as one text, with the commas and semicolons of English or Chinese.
pub(super) fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ';', '，', '；', '、']).map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_within_bounds() {
        let mut properties = Properties::default();
        properties.add("a", &"桥".repeat(2000));
        properties.add(&"k".repeat(MAX_KEY + 1), "left out");
        properties.add("empty", " \n");
        (0..1000).for_each(|n| properties.add("n", &n.to_string()));
        let found = properties.into_metadata();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "n"]);
        assert_eq!(found["a"][0], "桥".repeat(MAX_VALUE / 3));
        assert_eq!(found["n"].len(), MAX_VALUES - 1);
    }

    #[test]
    fn lists_are_cut_at_commas_of_both_languages() {
        let cases: [(&str, &[&str]); 5] = [
            ("one, two words;three", &["one", "two words", "three"]),
            ("桥梁，隧道、 公路；铁路", &["桥梁", "隧道", "公路", "铁路"]),
            (" , ;; ", &[]),
            ("C#", &["C#"]),
            ("", &[]),
        ];
        for (list, expected) in cases {
            assert_eq!(items(list).collect::<Vec<_>>(), expected, "{list}");
        }
    }
}
