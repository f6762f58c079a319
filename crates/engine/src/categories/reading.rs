//! A CSV into columns: each is read as numbers and as categories as long as both are possible.

use std::io::{Read, Take};

use super::data::{
    Categorical, Data, DataError, FEW_NUMBERS, LARGEST_NUMBER, LEAST_ROWS, LeftOut, Limits, Numeric, Target, WhyLeftOut,
};
use super::vocabulary::Vocabulary;

/// As [`Data::read`] says.
pub(super) fn read(file: impl Read, target: &str, limits: &Limits) -> Result<Data, DataError> {
    // one byte more tells a file at the limit from one beyond
    let mut builder = csv::ReaderBuilder::new();
    let mut table =
        Table { reader: builder.trim(csv::Trim::All).from_reader(file.take(limits.bytes.saturating_add(1))), limits };
    let names = table.header()?;
    let at = names.iter().position(|name| name == target);
    let at = at.ok_or_else(|| DataError::NoTarget { target: target.into(), columns: names.clone() })?;
    let mut drafts: Vec<Draft> = names.into_iter().map(Draft::new).collect();
    let rows_without_target = table.fill(&mut drafts, at)?;
    let target = drafts.remove(at);
    let rows = target.rows;
    if rows < LEAST_ROWS {
        return Err(DataError::TooFewRows { found: rows, least: LEAST_ROWS });
    }
    let target = target.into_target(limits)?;
    let mut data = Data { categorical: vec![], numeric: vec![], target, rows, rows_without_target, left_out: vec![] };
    drafts.into_iter().for_each(|draft| place(&mut data, draft, limits));
    Ok(data)
}

fn place(data: &mut Data, draft: Draft, limits: &Limits) {
    let name = draft.name.clone();
    match draft.into_column(limits.categories) {
        Ok(Column::Numeric(column)) if numbers_rows(&column.values) => {
            data.left_out.push(LeftOut { name, why: WhyLeftOut::Numbering });
        }
        Ok(Column::Numeric(column)) => data.numeric.push(column),
        Ok(Column::Categorical(column)) => data.categorical.push(column),
        Err(why) => data.left_out.push(LeftOut { name, why }),
    }
}

/// The file while it is read.
struct Table<'a, R> {
    reader: csv::Reader<Take<R>>,
    limits: &'a Limits,
}

impl<R: Read> Table<'_, R> {
    /// The names of the columns.
    fn header(&mut self) -> Result<Vec<String>, DataError> {
        let read = self.reader.headers().map(|record| record.iter().map(String::from).collect::<Vec<_>>());
        self.check_bytes()?;
        let names = read.map_err(fault)?;
        if names.is_empty() {
            return Err(DataError::NoHeader);
        }
        at_most(names.len(), self.limits.columns, "columns")?;
        let again = |(at, name): &(usize, &String)| names[..*at].contains(name);
        match names.iter().enumerate().find(again) {
            Some((_, name)) => Err(DataError::SameName { name: name.clone() }),
            None => Ok(names),
        }
    }

    /// All rows with a target into the columns; the number of those without.
    fn fill(&mut self, drafts: &mut [Draft], target: usize) -> Result<usize, DataError> {
        let mut record = csv::StringRecord::new();
        let (mut rows, mut without_target) = (0, 0);
        while self.next(&mut record)? {
            rows += 1;
            at_most(rows, self.limits.rows, "rows")?;
            at_most(rows * drafts.len(), self.limits.cells, "cells")?;
            if record.get(target).is_none_or(str::is_empty) {
                without_target += 1;
                continue;
            }
            let most = self.limits.categories.max(self.limits.classes);
            drafts.iter_mut().zip(&record).for_each(|(draft, cell)| draft.push(cell, most));
        }
        Ok(without_target)
    }

    /// The next row, or `false` after the last.
    fn next(&mut self, record: &mut csv::StringRecord) -> Result<bool, DataError> {
        let read = self.reader.read_record(record);
        self.check_bytes()?;
        read.map_err(fault)
    }

    /// Comes before what a file that was cut at the limit seems to lack.
    fn check_bytes(&self) -> Result<(), DataError> {
        match self.reader.get_ref().limit() {
            0 => Err(DataError::TooLarge { what: "bytes", most: self.limits.bytes }),
            _ => Ok(()),
        }
    }
}

fn at_most(found: usize, most: usize, what: &'static str) -> Result<(), DataError> {
    match found <= most {
        true => Ok(()),
        false => Err(DataError::TooLarge { what, most: most as u64 }),
    }
}

fn fault(error: csv::Error) -> DataError {
    let line = error.position().map_or(1, csv::Position::line);
    match *error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len: expected, len: found, .. } => {
            DataError::Ragged { line, found, expected }
        }
        csv::ErrorKind::Utf8 { .. } => DataError::NotUtf8 { line },
        _ => DataError::Read { source: error.into() },
    }
}

/// A column while it is read.
struct Draft {
    name: String,
    rows: usize,
    /// NaN where the cell is empty; `None` once a cell was no number.
    numbers: Option<Vec<f64>>,
    /// `None` once there were too many.
    categories: Option<(Vocabulary, Vec<usize>)>,
}

enum Column {
    Numeric(Numeric),
    Categorical(Categorical),
}

impl Draft {
    fn new(name: String) -> Self {
        Self { name, rows: 0, numbers: Some(Vec::new()), categories: Some((Vocabulary::default(), Vec::new())) }
    }

    fn push(&mut self, cell: &str, most: usize) {
        self.rows += 1;
        self.numbers = self.numbers.take().and_then(|mut numbers| {
            numbers.push(number(cell)?);
            Some(numbers)
        });
        if let Some((vocabulary, ids)) = &mut self.categories {
            ids.push(vocabulary.learn(cell));
        }
        self.categories.take_if(|(vocabulary, _)| vocabulary.len() > most);
    }

    fn into_target(self, limits: &Limits) -> Result<Target, DataError> {
        let target = self.name.clone();
        match self.into_column(limits.classes) {
            Ok(Column::Numeric(column)) => Ok(Target::Number(column)),
            Ok(Column::Categorical(column)) => Ok(Target::Class(column)),
            Err(why) => Err(DataError::Target { target, why }),
        }
    }

    /// Numbers or at most `most` categories.
    fn into_column(self, most: usize) -> Result<Column, WhyLeftOut> {
        let Self { name, rows, numbers, categories } = self;
        let few = FEW_NUMBERS.min(rows / 10);
        let distinct = |vocabulary: &Vocabulary| vocabulary.len() - usize::from(vocabulary.id("").is_some());
        match (numbers, categories) {
            (Some(values), None) => Ok(Column::Numeric(Numeric { name, values })),
            (Some(values), Some((v, _))) if distinct(&v) > few => Ok(Column::Numeric(Numeric { name, values })),
            (_, Some((v, _))) if v.len() < 2 => Err(WhyLeftOut::OneValue),
            (_, Some((v, _))) if v.len() * 2 > rows => Err(WhyLeftOut::Keys { categories: v.len(), rows }),
            (_, Some((categories, ids))) if categories.len() <= most => {
                Ok(Column::Categorical(Categorical { name, categories, ids }))
            }
            _ => Err(WhyLeftOut::TooMany { most }),
        }
    }
}

/// The number in a cell, NaN for an empty one; `None` where it is a text.
fn number(cell: &str) -> Option<f64> {
    match cell {
        "" => Some(f64::NAN),
        // not NaN and not infinite either
        _ => cell.parse::<f64>().ok().filter(|n| n.abs() <= LARGEST_NUMBER),
    }
}

/// Whether they are whole, all distinct, and ascending or without a gap.
fn numbers_rows(values: &[f64]) -> bool {
    if values.iter().any(|n| n.fract() != 0.0) {
        return false;
    }
    let ascends = |values: &[f64]| values.windows(2).all(|pair| pair[0] < pair[1]);
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    ascends(values) || sorted.windows(2).all(|pair| pair[1] - pair[0] == 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of 100 rows, its header and each row by number.
    fn table(header: &str, row: impl Fn(usize) -> String) -> String {
        let rows: Vec<String> = (0..100).map(row).collect();
        format!("{header}\n{}\n", rows.join("\n"))
    }

    fn read_all(text: &str, target: &str) -> Result<Data, DataError> {
        read(text.as_bytes(), target, &Limits::default())
    }

    #[test]
    fn columns_are_numbers_or_categories_or_left_out() {
        let header = "id,key,town,size,month,constant,ascending,y";
        let text = table(header, |i| {
            let (key, town, size, month) = (i * 77 % 97, ["Ulm", "\"a, b\"", ""][i % 3], i as f64 * 0.5, i % 5);
            format!("{},k{key},{town},{size},{month}, ,{},{}", (i * 37) % 100, i * i, i * 31 % 100)
        });
        let data = read_all(&text, "y").unwrap();
        let names: Vec<&str> = data.categorical.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["town", "month"]);
        assert_eq!(data.categorical[0].categories.names().collect::<Vec<_>>(), ["Ulm", "a, b", ""]);
        assert_eq!(data.categorical[0].ids[..4], [0, 1, 2, 0]);
        assert_eq!(data.numeric.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["size"]);
        assert_eq!(data.numeric[0].values[3], 1.5);
        let left_out: Vec<(&str, WhyLeftOut)> = data.left_out.iter().map(|l| (l.name.as_str(), l.why)).collect();
        let expected = [
            ("id", WhyLeftOut::Numbering),
            ("key", WhyLeftOut::Keys { categories: 97, rows: 100 }),
            ("constant", WhyLeftOut::OneValue),
            ("ascending", WhyLeftOut::Numbering),
        ];
        assert_eq!(left_out, expected);
        assert!(matches!(data.target, Target::Number(Numeric { ref values, .. }) if values[1] == 31.0));
    }

    #[test]
    fn an_empty_cell_is_nan_a_category_or_a_row_that_is_passed_over() {
        let text = table("n,c,y", |i| match i {
            4 => ",,yes".into(),
            5 | 6 => format!("{i}.5,a,"),
            _ => format!("{i}.5,{},{}", ["a", "b"][i % 2], ["yes", "no"][i % 2]),
        });
        let data = read_all(&text, "y").unwrap();
        assert_eq!((data.rows, data.rows_without_target), (98, 2));
        assert!(data.numeric[0].values[4].is_nan());
        assert_eq!(data.numeric[0].values[5], 7.5);
        assert_eq!(data.categorical[0].categories.names().collect::<Vec<_>>(), ["a", "b", ""]);
        let Target::Class(target) = data.target else { panic!("not numbers") };
        assert_eq!(target.categories.names().collect::<Vec<_>>(), ["yes", "no"]);
    }

    #[test]
    fn numbers_are_finite_and_of_a_size_to_reckon_with() {
        assert_eq!(
            [number("-1.5e3"), number("+2"), number("1e101"), number("inf")],
            [Some(-1500.0), Some(2.0), None, None]
        );
        assert_eq!([number("NaN"), number("1,5"), number("0x10")], [None; 3]);
    }

    #[test]
    fn quoted_fields_line_ends_and_a_byte_order_mark_are_read() {
        let text = table("\u{feff}\"a\"\"b\",y", |i| format!("\"x\r\n{}\",{}\r", i % 3, i % 2));
        let data = read_all(&text, "y").unwrap();
        assert_eq!(data.categorical[0].name, "a\"b");
        assert_eq!(data.categorical[0].categories.name(0), Some("x\r\n0"));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_line() {
        let good = table("a,y", |i| format!("{},{}", i % 3, i % 2));
        let ragged = format!("a,y\n\"two\nlines\",1\n1,2,3\n{good}");
        assert!(matches!(read_all(&ragged, "y"), Err(DataError::Ragged { line: 4, found: 3, expected: 2 })));
        let latin = [good.as_bytes(), b"caf\xe9,1\n"].concat();
        let read_latin = read(&latin[..], "y", &Limits::default());
        assert!(matches!(read_latin, Err(DataError::NotUtf8 { line: 102 })), "{read_latin:?}");
        assert!(matches!(read_all("", "y"), Err(DataError::NoHeader)));
        assert!(matches!(read_all("a,y,a\n", "y"), Err(DataError::SameName { name }) if name == "a"));
        assert!(matches!(read_all("a,y\n1,2\n", "y"), Err(DataError::TooFewRows { found: 1, .. })));
        let error = read_all(&good, "price").unwrap_err();
        assert_eq!(error.to_string(), "the table has no column “price”; it has: a, y");
    }

    #[test]
    fn a_target_must_vary_and_come_again() {
        let why = |target: &str| {
            let text = table("key,same,keep", |i| format!("k{i},s,{}", i % 2));
            match read_all(&text, target).unwrap_err() {
                DataError::Target { why, .. } => why,
                other => panic!("{other}"),
            }
        };
        assert_eq!(why("key"), WhyLeftOut::Keys { categories: 100, rows: 100 });
        assert_eq!(why("same"), WhyLeftOut::OneValue);
    }

    #[test]
    fn a_table_beyond_a_limit_is_refused() {
        let text = table("a,b,y", |i| format!("t{},{},{}", i % 40, i % 3, i % 4));
        let full = Limits::default();
        let what = |limits: Limits| match read(text.as_bytes(), "y", &limits) {
            Err(DataError::TooLarge { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        let bytes = text.len() as u64;
        assert_eq!(what(Limits { bytes: bytes - 1, ..full }), "bytes");
        assert_eq!(what(Limits { bytes: 3, ..full }), "bytes");
        assert!(read(text.as_bytes(), "y", &Limits { bytes, ..full }).is_ok());
        assert_eq!(what(Limits { rows: 99, ..full }), "rows");
        assert_eq!(what(Limits { columns: 2, ..full }), "columns");
        assert_eq!(what(Limits { cells: 299, ..full }), "cells");
        let fewer = Limits { categories: 39, ..full };
        let left_out = read(text.as_bytes(), "y", &fewer).unwrap().left_out;
        assert_eq!(left_out, [LeftOut { name: "a".into(), why: WhyLeftOut::TooMany { most: 39 } }]);
        let classes = read(text.as_bytes(), "a", &Limits { classes: 39, ..full });
        assert!(matches!(classes, Err(DataError::Target { why: WhyLeftOut::TooMany { most: 39 }, .. })));
    }

    #[test]
    fn a_file_is_opened_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, table("a,y", |i| format!("{},{}", i % 3, i % 2))).unwrap();
        assert_eq!(Data::open(&path, "y", &Limits::default()).unwrap().rows(), 100);
        let none = Data::open(&folder.path().join("none.csv"), "y", &Limits::default());
        assert!(matches!(none, Err(DataError::Open { .. })));
        assert!(matches!(Data::open(folder.path(), "y", &Limits::default()), Err(DataError::Read { .. })));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let text = [b"a,y\n".as_slice(), &bytes].concat();
            let _ = read(&text[..], "y", &Limits::default());
        }
    }
}
