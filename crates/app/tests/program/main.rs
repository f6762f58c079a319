//! The program as a person meets it: the built binary, its output, its exit codes. Needs the models all-MiniLM-L6-v2 and
//! multilingual-e5-small-q4 in the cache (`cargo xtask test` pulls them), and nothing of the network.

#![expect(clippy::unwrap_used, reason = "what the tests' own helpers cannot do fails the test")]
#![expect(clippy::print_stdout, reason = "figures that a test measured are shown with it")]

mod add;
mod ask;
mod bridges;
mod desk;
mod embed;
mod environment;
mod eval;
mod exits;
mod formats;
mod full;
mod hostile;
mod inspect;
mod interruption;
mod labels;
mod limits;
mod models;
mod output;
mod pdf;
mod portable;
mod remove;
mod search;
mod several;
mod shapes;
mod tour;
mod vectors;
mod verify;
mod written;
