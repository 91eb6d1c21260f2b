//! A channel of anybody's own over HTTP: a 12345 platform, a mini program, a kiosk. Messages come as signed JSON, replies are
//! pushed as signed JSON or pulled from the thread. It is described, with examples that a test runs, in
//! `docs/channels/http.md`.

mod client;
mod config;
mod routes;
mod sign;
mod wire;

pub use client::HttpChannel;
pub use config::{HttpSettings, HttpWords};
pub use sign::{Refused, Signer, WINDOW};
