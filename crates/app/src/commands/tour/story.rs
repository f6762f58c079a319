//! What a tour shows, before it is decided how: steps of text, tables and plots.

use serde::Serialize;

/// One thing to understand.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) title: String,
    /// What is done.
    pub(super) text: String,
    pub(super) blocks: Vec<Block>,
    /// What to notice in it.
    pub(super) notice: Vec<String>,
    /// Commands that go further.
    pub(super) further: Vec<String>,
}

/// Something to look at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Block {
    Table(Table),
    Growth(Growth),
    Bars(Bars),
    Curves(Curves),
    Map(Map),
    Profiles(Profiles),
    Passages(Vec<Found>),
    Quotes(Vec<Quote>),
    Letter(Letter),
}

/// Rows under a head.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// Rows that there are beyond these.
    pub(super) left: usize,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Cell {
    Text(String),
    Count(u64),
    Number(f64),
    /// Its first numbers are shown.
    Vector(Vec<f32>),
}

impl Cell {
    /// A number stands to the right of its column.
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Count(_) | Self::Number(_))
    }

    /// In letters and digits; of a vector, its first `numbers`, whole ones (codes of categories) without places.
    pub(super) fn shown(&self, numbers: usize) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Number(number) if number.abs() >= 1000.0 => format!("{number:.0}"),
            Self::Number(number) => format!("{number:.3}"),
            Self::Vector(vector) => {
                let whole = vector.iter().all(|v| v.fract() == 0.0);
                let places = if whole { 0 } else { 3 };
                let shown: Vec<String> = vector.iter().take(numbers).map(|v| format!("{v:.places$}")).collect();
                let more = if vector.len() > numbers { ", …" } else { "" };
                format!("[{}{more}]", shown.join(", "))
            }
        }
    }
}

impl Table {
    /// All rows that there are.
    pub(super) fn whole(head: Vec<String>, rows: Vec<Vec<Cell>>) -> Self {
        Self { head, rows, left: 0 }
    }

    /// Whether the column holds numbers.
    pub(super) fn is_numeric(&self, column: usize) -> bool {
        self.rows.first().and_then(|row| row.get(column)).is_some_and(Cell::is_number)
    }
}

/// Columns that rise past a level.
#[derive(Debug, Serialize)]
pub(super) struct Growth {
    /// What is counted along the bottom.
    pub(super) across: String,
    /// What the columns show.
    pub(super) up: String,
    /// From left to right.
    pub(super) points: Vec<(usize, usize)>,
    /// What does not grow.
    pub(super) level: (String, usize),
}

impl Growth {
    /// The top of the plot.
    pub(super) fn most(&self) -> usize {
        self.points.iter().map(|(_, up)| *up).chain([self.level.1, 1]).max().unwrap_or(1)
    }
}

/// A bar a row, from 0 to 1.
#[derive(Debug, Serialize)]
pub(super) struct Bars {
    pub(super) rows: Vec<(String, f32)>,
}

/// Lines over the same steps.
#[derive(Debug, Serialize)]
pub(super) struct Curves {
    pub(super) steps: Vec<String>,
    pub(super) series: Vec<(String, Vec<f64>)>,
}

impl Curves {
    /// The least of all numbers, and the greatest.
    pub(super) fn ends(&self) -> (f64, f64) {
        let all = || self.series.iter().flat_map(|(_, values)| values.iter().copied());
        (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max))
    }
}

/// Names on a plane.
#[derive(Debug, Serialize)]
pub(super) struct Map {
    pub(super) title: String,
    pub(super) points: Vec<(String, [f32; 2])>,
}

impl Map {
    /// Each name with its place between left and right, bottom and top, from 0 to 1.
    pub(super) fn shares(&self) -> impl Iterator<Item = (&str, [f32; 2])> {
        let end = |axis: usize, pick: fn(f32, f32) -> f32, from: f32| {
            self.points.iter().map(|(_, place)| place[axis]).fold(from, pick)
        };
        let least = [0, 1].map(|axis| end(axis, f32::min, f32::INFINITY));
        let most = [0, 1].map(|axis| end(axis, f32::max, f32::NEG_INFINITY));
        let share = move |place: &[f32; 2]| {
            [0, 1].map(|axis| (place[axis] - least[axis]) / (most[axis] - least[axis]).max(f32::MIN_POSITIVE))
        };
        self.points.iter().map(move |(name, place)| (name.as_str(), share(place)))
    }
}

/// Scores of a document's chunks, from its first to its last.
#[derive(Debug, Serialize)]
pub(super) struct Profiles {
    pub(super) series: Vec<(String, Vec<f32>)>,
}

/// A list of passages.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    pub(super) title: String,
    pub(super) passages: Vec<Shown>,
    /// Said where there are none.
    pub(super) none: String,
}

/// A passage that was found.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) score: f32,
    pub(super) place: String,
    pub(super) text: String,
    /// Words of the query that stand in it.
    pub(super) shared: Vec<String>,
    /// The same, said.
    pub(super) remark: String,
}

/// A sentence of a document.
#[derive(Debug, Serialize)]
pub(super) struct Quote {
    pub(super) quote: String,
    pub(super) place: String,
}

/// A text as it is sent.
#[derive(Debug, Serialize)]
pub(super) struct Letter {
    pub(super) title: String,
    pub(super) text: String,
}
