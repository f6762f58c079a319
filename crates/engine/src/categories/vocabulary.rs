use std::collections::BTreeMap;
use std::sync::Arc;

/// Distinct names, numbered from 0 in order of first appearance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    names: Vec<Arc<str>>,
    ids: BTreeMap<Arc<str>, usize>,
}

impl Vocabulary {
    /// The number of `name`, which is given one where it has none yet.
    pub(super) fn learn(&mut self, name: &str) -> usize {
        if let Some(id) = self.id(name) {
            return id;
        }
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.ids.insert(name, self.names.len() - 1);
        self.names.len() - 1
    }

    /// The number of `name`, or `None` where it is not among them.
    pub fn id(&self, name: &str) -> Option<usize> {
        self.ids.get(name).copied()
    }

    /// The name with number `id`.
    pub fn name(&self, id: usize) -> Option<&str> {
        self.names.get(id).map(AsRef::as_ref)
    }

    /// All names, by number.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl<'a> FromIterator<&'a str> for Vocabulary {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut vocabulary = Self::default();
        for name in names {
            vocabulary.learn(name);
        }
        vocabulary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_as_they_appear() {
        let vocabulary: Vocabulary = ["zinc", "amber", "zinc", ""].into_iter().collect();
        assert_eq!(vocabulary.names().collect::<Vec<_>>(), ["zinc", "amber", ""]);
        assert_eq!(vocabulary.len(), 3);
        assert_eq!((vocabulary.id("amber"), vocabulary.id("Amber")), (Some(1), None));
        assert_eq!((vocabulary.name(2), vocabulary.name(3)), (Some(""), None));
    }
}
