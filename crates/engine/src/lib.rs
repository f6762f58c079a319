//! qiao 桥: ask your own documents by meaning, with quotations checked against their page.
//!
//! Documents become text ([`parse`]), text is cut into pieces ([`chunk`]), pieces become vectors ([`embed`]), kept in one
//! file ([`store`]); a question finds the nearest ([`retrieve`]) and is answered from them ([`answer`]). Each stage can be
//! used alone; [`Engine`] runs them all.

pub mod answer;
pub mod categories;
pub mod chat;
pub mod chunk;
pub mod embed;
mod engine;
pub mod error;
pub mod eval;
pub mod filter;
pub mod inspect;
pub mod language;
pub mod parse;
pub mod retrieve;
pub mod seams;
pub mod source;
pub mod store;
pub mod tour;
pub mod types;

pub use engine::{
    AddEvent, AddReport, EncoderSource, Engine, FileOutcome, Foreign, ImportEvent, ImportReport, Removed, RepairEvent,
    RepairReport, Settings,
};
pub use error::{Error, Kind};
pub use qiao_model as model;
