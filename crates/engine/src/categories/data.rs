//! A table of columns with a target, read from a CSV under limits.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::reading;
use super::vocabulary::Vocabulary;

/// A table with fewer rows is not learnt from.
pub const LEAST_ROWS: usize = 50;
/// A column of numbers with at most so many distinct ones is taken for categories: enough for the days of a month.
pub const FEW_NUMBERS: usize = 31;
/// A number beyond this size is read as a text: sums of its squares would leave `f64`.
pub const LARGEST_NUMBER: f64 = 1e100;

/// How large a table may be, so that reading and learning stay in a known room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows, the header not counted.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Rows times columns.
    pub cells: usize,
    /// Distinct categories of a column; a column of texts with more is left out.
    pub categories: usize,
    /// Distinct categories of the target.
    pub classes: usize,
}

impl Default for Limits {
    /// 256 MiB, a million rows, 256 columns, 20 million cells (16 bytes each while they are read), 5000 categories, 256
    /// classes: reading and learning together stay below about 1 GiB.
    fn default() -> Self {
        Self { bytes: 256 << 20, rows: 1_000_000, columns: 256, cells: 20_000_000, categories: 5000, classes: 256 }
    }
}

/// A column of categories; an empty cell is a category of its own, named "".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Categorical {
    /// The header.
    pub name: String,
    /// Its categories, in order of first appearance.
    pub categories: Vocabulary,
    /// The category of each row, `[rows]`.
    pub ids: Vec<usize>,
}

/// A column of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Numeric {
    /// The header.
    pub name: String,
    /// The number of each row, `[rows]`, as it stands in the file; NaN where the cell is empty.
    pub values: Vec<f64>,
}

/// What is to be told from the other columns.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A number; no cell is empty.
    Number(Numeric),
    /// One of some classes; no cell is empty.
    Class(Categorical),
}

/// A column that is not learnt from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The header.
    pub name: String,
    /// Why.
    pub why: WhyLeftOut,
}

/// Why a column is not learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WhyLeftOut {
    /// The same in every row.
    #[error("it holds the same in every row")]
    OneValue,
    /// Texts that mostly differ: names, keys. Nothing learnt of one helps with another.
    #[error("it has {categories} categories in {rows} rows, fewer than two rows each")]
    Keys {
        /// Distinct texts.
        categories: usize,
        /// Rows.
        rows: usize,
    },
    /// Whole numbers that count the rows: all distinct, and ascending or without a gap.
    #[error("it numbers the rows")]
    Numbering,
    /// More than [`Limits::categories`].
    #[error("it has more than {most} categories")]
    TooMany {
        /// The limit.
        most: usize,
    },
}

/// A table: columns of one length, and the target. Rows without a target are not among them.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    pub(super) categorical: Vec<Categorical>,
    pub(super) numeric: Vec<Numeric>,
    pub(super) target: Target,
    pub(super) rows: usize,
    pub(super) rows_without_target: usize,
    pub(super) left_out: Vec<LeftOut>,
}

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No such file, or no permission.
    #[error("cannot open the table {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Reading stopped half way.
    #[error("cannot read the table")]
    Read {
        /// What the system said.
        source: std::io::Error,
    },
    /// Bytes that are no UTF-8.
    #[error("line {line} of the table is not UTF-8 text; save it as UTF-8")]
    NotUtf8 {
        /// Where the row begins, from 1.
        line: u64,
    },
    /// A row of another length than the header.
    #[error(
        "line {line} of the table has {found} fields and the header has {expected}; quote fields that hold commas, or mend the row"
    )]
    Ragged {
        /// Where the row begins, from 1.
        line: u64,
        /// Its fields.
        found: u64,
        /// Those of the header.
        expected: u64,
    },
    /// Nothing in it.
    #[error("the table is empty; its first line must name the columns")]
    NoHeader,
    /// Two columns of one name.
    #[error("two columns of the table are called “{name}”; rename one")]
    SameName {
        /// The name.
        name: String,
    },
    /// No column of the target's name.
    #[error("the table has no column “{target}”; it has: {}", columns.join(", "))]
    NoTarget {
        /// What was asked for.
        target: String,
        /// What there is.
        columns: Vec<String>,
    },
    /// Beyond a limit.
    #[error("the table has more than {most} {what}; take a part of it")]
    TooLarge {
        /// "bytes", "rows", "columns", "cells".
        what: &'static str,
        /// The limit.
        most: u64,
    },
    /// Fewer rows with a target than [`LEAST_ROWS`].
    #[error("the table has {found} rows with a target; at least {least} are needed to learn something and to check it")]
    TooFewRows {
        /// Rows found.
        found: usize,
        /// The least.
        least: usize,
    },
    /// A target that cannot be learnt.
    #[error("“{target}” cannot be learnt: {why}; choose another target")]
    Target {
        /// The column.
        target: String,
        /// What is wrong with it.
        why: WhyLeftOut,
    },
}

impl Data {
    /// Reads the CSV file at `path`; as [`Data::read`].
    ///
    /// # Errors
    /// When it cannot be opened, and as there.
    pub fn open(path: &Path, target: &str, limits: &Limits) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Open { path: path.into(), source })?;
        Self::read(file, target, limits)
    }

    /// Reads a CSV (RFC 4180: commas, quoted fields, UTF-8, a first line of names), in which the column `target` is to be
    /// told from the others. White space around a field is dropped.
    ///
    /// A column holds numbers where every cell that is not empty is a number (at most [`LARGEST_NUMBER`]), and there are
    /// more distinct ones than [`FEW_NUMBERS`] or than a tenth of the rows; else it holds categories. Columns that are
    /// constant, keys, or number the rows are left out.
    ///
    /// # Errors
    /// When it cannot be read, is no CSV, has no such column, is beyond `limits`, has too few rows, or a target that is
    /// constant or differs in most rows.
    pub fn read(file: impl Read, target: &str, limits: &Limits) -> Result<Self, DataError> {
        reading::read(file, target, limits)
    }

    /// The columns of categories, in the file's order.
    pub fn categorical(&self) -> &[Categorical] {
        &self.categorical
    }

    /// The columns of numbers, in the file's order.
    pub fn numeric(&self) -> &[Numeric] {
        &self.numeric
    }

    /// What is to be learnt.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How many rows have a target.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Rows of the file whose target is empty, from which nothing can be learnt.
    pub fn rows_without_target(&self) -> usize {
        self.rows_without_target
    }

    /// Columns that are not learnt from, in the file's order.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }
}
