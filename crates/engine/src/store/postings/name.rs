//! Terms as keys of a table.

use std::hash::{Hash, Hasher};

/// Bytes that stand in a name itself: so many that the whole is as large as three words.
const INLINE: usize = 22;

/// The bytes of a term. Those of nearly all terms stand in the table itself, which saves a jump through memory a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// The bytes, filled up with zeros, and how many they are.
    Short([u8; INLINE], u8),
    /// More bytes.
    Long(Box<[u8]>),
}

impl Name {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(bytes, length) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Name {
    fn from(term: &[u8]) -> Self {
        let mut bytes = [0; INLINE];
        match bytes.get_mut(..term.len()) {
            Some(own) => {
                own.copy_from_slice(term);
                Self::Short(bytes, term.len() as u8)
            }
            None => Self::Long(term.into()),
        }
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_bytes() {
        for length in [0, 1, 21, 22, 23, 300] {
            let term = vec![7; length];
            let name = Name::from(&term[..]);
            assert_eq!(name.bytes(), term);
            assert_eq!(matches!(name, Name::Short(..)), length <= INLINE);
        }
        assert_ne!(Name::from(&b"ab"[..]), Name::from(&b"ab\0"[..]));
        assert_eq!(size_of::<Name>(), 24);
    }
}
