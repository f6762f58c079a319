use std::collections::BTreeSet;

use super::columns::{Columns, InverseError, Unknown, UnknownCategory};

/// Multi-hot codes of sets of categories: a 1 for each member (scikit-learn's `MultiLabelBinarizer`). Columns follow the
/// order in which categories first appeared.
#[derive(Debug, Clone, PartialEq)]
pub struct MultiHot {
    columns: Columns,
    share_of_zeros: f64,
}

/// What a multi-hot code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members<'a> {
    /// The known members, by column.
    pub categories: Vec<&'a str>,
    /// Whether the column of unknown ones is set; `false` where there is no such column.
    pub unknown: bool,
}

impl MultiHot {
    /// Learns the categories among the members of `sets`.
    pub fn fit<'a, S>(sets: impl IntoIterator<Item = S>, unknown: Unknown) -> Self
    where
        S: IntoIterator<Item = &'a str>,
    {
        let mut columns = Columns { categories: super::Vocabulary::default(), unknown };
        let (mut number, mut ones) = (0, 0);
        for set in sets {
            number += 1;
            ones += set.into_iter().map(|member| columns.categories.learn(member)).collect::<BTreeSet<_>>().len();
        }
        let cells = number * columns.width();
        let share_of_zeros = if cells == 0 { 0.0 } else { (cells - ones) as f64 / cells as f64 };
        Self { columns, share_of_zeros }
    }

    /// The categories by column; a column of unknown ones comes after them and is not listed.
    pub fn categories(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.categories.names()
    }

    /// How many numbers a code has.
    pub fn width(&self) -> usize {
        self.columns.width()
    }

    /// The column that `member` sets to 1, or `None` for an unknown one that is ignored.
    ///
    /// # Errors
    /// When `member` is unknown and the encoder was fitted with [`Unknown::Error`].
    pub fn column(&self, member: &str) -> Result<Option<usize>, UnknownCategory> {
        self.columns.column(member)
    }

    /// The code of `set`, `[width]`: 1 in the column of each member, however often it is named. The empty set is all zero.
    ///
    /// # Errors
    /// When a member is unknown and the encoder was fitted with [`Unknown::Error`].
    pub fn transform<'a>(&self, set: impl IntoIterator<Item = &'a str>) -> Result<Vec<f32>, UnknownCategory> {
        let mut code = vec![0.0; self.width()];
        for member in set {
            if let Some(column) = self.column(member)? {
                code[column] = 1.0;
            }
        }
        Ok(code)
    }

    /// The set that `code` (`[width]`) stands for.
    ///
    /// # Errors
    /// When `code` has another width, or a number other than 0 and 1.
    pub fn inverse(&self, code: &[f32]) -> Result<Members<'_>, InverseError> {
        let ones = self.columns.ones(code)?;
        let categories: Vec<&str> = ones.iter().filter_map(|column| self.columns.categories.name(*column)).collect();
        Ok(Members { unknown: categories.len() < ones.len(), categories })
    }

    /// How much of the codes of the fitted sets is zero, from 0 to 1; 0 where there is no set or no column.
    pub fn share_of_zeros(&self) -> f64 {
        self.share_of_zeros
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tags(unknown: Unknown) -> MultiHot {
        MultiHot::fit([vec!["sea", "old"], vec![], vec!["sea", "sea", "hill"]], unknown)
    }

    #[test]
    fn each_member_sets_its_column() {
        let tags = tags(Unknown::Error);
        assert_eq!(tags.categories().collect::<Vec<_>>(), ["sea", "old", "hill"]);
        assert_eq!(tags.transform(["hill", "sea", "hill"]).unwrap(), [1.0, 0.0, 1.0]);
        assert_eq!(tags.inverse(&[0.0; 3]).unwrap(), Members { categories: vec![], unknown: false });
        assert!((tags.share_of_zeros() - 5.0 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn unknown_members_are_an_error_or_ignored_or_have_their_column() {
        assert_eq!(tags(Unknown::Error).transform(["sea", "x"]).unwrap_err().value, "x");
        assert_eq!(tags(Unknown::Ignore).transform(["sea", "x"]).unwrap(), [1.0, 0.0, 0.0]);
        let wider = tags(Unknown::OwnColumn);
        let code = wider.transform(["x", "sea", "y"]).unwrap();
        assert_eq!(code, [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(wider.inverse(&code).unwrap(), Members { categories: vec!["sea"], unknown: true });
    }

    #[test]
    fn what_is_no_code_is_named() {
        let tags = tags(Unknown::Error);
        assert_eq!(tags.inverse(&[1.0; 4]), Err(InverseError::Width { found: 4, expected: 3 }));
        assert_eq!(tags.inverse(&[1.0, 2.0, 0.0]), Err(InverseError::Value { column: 1, value: 2.0 }));
    }

    proptest! {
        #[test]
        fn a_set_comes_back(sets in prop::collection::vec(prop::collection::btree_set("[a-e]", 0..5), 0..8)) {
            let members = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
            let lists: Vec<Vec<String>> = sets.iter().map(members).collect();
            let encoder = MultiHot::fit(lists.iter().map(|l| l.iter().map(String::as_str)), Unknown::Error);
            for list in &lists {
                let code = encoder.transform(list.iter().map(String::as_str)).unwrap();
                let back: BTreeSet<&str> = encoder.inverse(&code).unwrap().categories.into_iter().collect();
                prop_assert_eq!(back, list.iter().map(String::as_str).collect());
            }
        }
    }
}
