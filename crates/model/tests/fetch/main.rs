//! Fetching models, against a server, a Hugging Face cache and a pip of the tests' own. Nothing here needs a network.

#![expect(clippy::unwrap_used, reason = "what the tests' own helpers cannot do fails the test")]

mod damage;
mod fallback;
mod hub;
#[cfg(unix)]
mod pip;
mod server;
mod world;
