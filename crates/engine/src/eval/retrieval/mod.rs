//! Does a search find the right passages? Labelled sets asked of the store and the search that all verbs use.

mod dataset;
mod measures;
mod own;
mod report;
mod run;

pub use dataset::{DataSet, Passage, Question};
pub use measures::{Measures, NAMES};
pub use own::from_documents;
pub use report::{Compared, Difference, Report, SetFacts, Summary, compare};
pub use run::{Progress, Runs, run};
