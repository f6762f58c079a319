//! How does a category become numbers? One column each ([`OneHot`], [`MultiHot`]), or a row of a table
//! ([`EmbeddingTable`]) that is learnt with a task ([`fit`]) from a person's own CSV ([`Data`]).
//!
//! A one-hot code is as wide as there are categories and holds each as far from one as from any other. A learnt row is
//! short, and categories that do the same to the target come to lie in the same direction.

mod columns;
pub mod data;
mod learner;
mod multi_hot;
mod network;
mod one_hot;
mod random;
mod reading;
mod table;
mod task;
pub mod training;
mod vocabulary;

pub use columns::{InverseError, Unknown, UnknownCategory};
pub use data::{Data, DataError, Limits};
pub use multi_hot::{Members, MultiHot};
pub use one_hot::OneHot;
pub use table::{EmbeddingTable, RowId, TableError, TableShape};
pub use training::{EntityEmbeddings, Settings, TrainError, fit};
pub use vocabulary::Vocabulary;
