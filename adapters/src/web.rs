//! The website channel: visitors with a signed token, a WebSocket, and long polling where sockets are blocked.
//!
//! The thread itself is durable in the gateway, so this channel never holds a message: a device tells how far it has
//! read, and gets what it lacks.

pub mod client;
mod files;
mod login;
pub mod routes;
pub mod sign;
pub mod wire;

pub use client::{WebChannel, WebSettings, WebWords};
