use super::columns::{Columns, InverseError, Unknown, UnknownCategory};

/// One-hot codes: as many numbers as categories, a single 1 among zeros (dummy coding without a reference level, as
/// scikit-learn's `OneHotEncoder`). Columns follow the order in which categories first appeared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneHot {
    columns: Columns,
}

impl OneHot {
    /// Learns the categories among `values`.
    pub fn fit<'a>(values: impl IntoIterator<Item = &'a str>, unknown: Unknown) -> Self {
        Self { columns: Columns { categories: values.into_iter().collect(), unknown } }
    }

    /// The categories by column; a column of unknown ones comes after them and is not listed.
    pub fn categories(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.categories.names()
    }

    /// How many numbers a code has.
    pub fn width(&self) -> usize {
        self.columns.width()
    }

    /// The column that `value` sets to 1, or `None` for an unknown one that is ignored.
    ///
    /// # Errors
    /// When `value` is unknown and the encoder was fitted with [`Unknown::Error`].
    pub fn column(&self, value: &str) -> Result<Option<usize>, UnknownCategory> {
        self.columns.column(value)
    }

    /// The code of `value`, `[width]`: a single 1, or all zero for an unknown one that is ignored.
    ///
    /// # Errors
    /// When `value` is unknown and the encoder was fitted with [`Unknown::Error`].
    pub fn transform(&self, value: &str) -> Result<Vec<f32>, UnknownCategory> {
        let mut code = vec![0.0; self.width()];
        if let Some(column) = self.column(value)? {
            code[column] = 1.0;
        }
        Ok(code)
    }

    /// The category that `code` (`[width]`) stands for, or `None` where it stands for an unknown one.
    ///
    /// # Errors
    /// When `code` has another width, a number other than 0 and 1, more than one 1, or none and unknown categories are
    /// not ignored.
    pub fn inverse(&self, code: &[f32]) -> Result<Option<&str>, InverseError> {
        match self.columns.ones(code)?[..] {
            [] if self.columns.unknown == Unknown::Ignore => Ok(None),
            [] => Err(InverseError::AllZero),
            [column] => Ok(self.columns.categories.name(column)),
            [first, second, ..] => Err(InverseError::Several { first, second }),
        }
    }

    /// How much of a known category's code is zero, from 0 to 1: `(width - 1) / width`; 0 where there is no column.
    pub fn share_of_zeros(&self) -> f64 {
        match self.width() {
            0 => 0.0,
            width => (width - 1) as f64 / width as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOWNS: [&str; 4] = ["Ulm", "Bonn", "Ulm", "Jena"];

    #[test]
    fn columns_follow_first_appearance() {
        let towns = OneHot::fit(TOWNS, Unknown::Error);
        assert_eq!(towns.categories().collect::<Vec<_>>(), ["Ulm", "Bonn", "Jena"]);
        assert_eq!(towns.transform("Bonn").unwrap(), [0.0, 1.0, 0.0]);
        assert!((towns.share_of_zeros() - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(OneHot::fit([], Unknown::Error).share_of_zeros(), 0.0);
    }

    #[test]
    fn unknown_categories_are_an_error_or_ignored_or_have_their_column() {
        let error = OneHot::fit(TOWNS, Unknown::Error).transform("Köln").unwrap_err();
        assert_eq!(error, UnknownCategory { value: "Köln".into(), known: 3 });
        assert!(error.to_string().contains("“Köln”"));
        let ignoring = OneHot::fit(TOWNS, Unknown::Ignore);
        assert_eq!(ignoring.column("Köln"), Ok(None));
        assert_eq!(ignoring.transform("Köln").unwrap(), [0.0; 3]);
        assert_eq!(ignoring.inverse(&[0.0; 3]), Ok(None));
        let wider = OneHot::fit(TOWNS, Unknown::OwnColumn);
        assert_eq!(wider.transform("Köln").unwrap(), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(wider.inverse(&[0.0, 0.0, 0.0, 1.0]), Ok(None));
    }

    #[test]
    fn what_is_no_code_is_named() {
        let towns = OneHot::fit(TOWNS, Unknown::Error);
        assert_eq!(towns.inverse(&[1.0]), Err(InverseError::Width { found: 1, expected: 3 }));
        assert_eq!(towns.inverse(&[0.0, 0.5, 0.0]), Err(InverseError::Value { column: 1, value: 0.5 }));
        assert!(matches!(towns.inverse(&[f32::NAN, 1.0, 0.0]), Err(InverseError::Value { column: 0, .. })));
        assert_eq!(towns.inverse(&[1.0, 0.0, 1.0]), Err(InverseError::Several { first: 0, second: 2 }));
        assert_eq!(towns.inverse(&[0.0; 3]), Err(InverseError::AllZero));
    }

    fn unknown() -> impl Strategy<Value = Unknown> {
        prop_oneof![Just(Unknown::Error), Just(Unknown::Ignore), Just(Unknown::OwnColumn)]
    }

    proptest! {
        #[test]
        fn a_fitted_category_comes_back(values in prop::collection::vec("[a-dé ]{0,2}", 1..20), unknown in unknown()) {
            let encoder = OneHot::fit(values.iter().map(String::as_str), unknown);
            for value in &values {
                let code = encoder.transform(value).unwrap();
                prop_assert_eq!(code.len(), encoder.width());
                prop_assert_eq!(code.iter().sum::<f32>(), 1.0);
                prop_assert_eq!(encoder.inverse(&code), Ok(Some(value.as_str())));
            }
        }
    }
}
