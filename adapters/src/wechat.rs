//! The WeChat official account channel (微信公众号: 服务号 and 订阅号), verified or not.
//!
//! The platform pushes what citizens do and takes the answer in the response, within five seconds. What is later is
//! neither lost nor said twice: [`reader`] is the state machine that says what a citizen has been shown, [`mailbox`]
//! keeps it on disk, [`attend`] answers a push from it, [`deliver`] sends what came late.

pub mod action;
pub mod api;
pub mod attend;
pub mod client;
pub mod config;
pub mod crypto;
mod deed;
pub mod deliver;
pub mod errors;
mod giving;
pub mod link;
pub mod mailbox;
pub mod markdown;
pub mod media;
pub mod menu;
mod oauth;
pub mod open;
pub mod page;
pub mod reader;
pub mod render;
pub mod replays;
pub mod routes;
pub mod token;
pub mod window;
pub mod wire;
pub mod words;
pub mod xml;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod testing;

pub use client::WechatChannel;
pub use config::{Mode, WechatConfig};
pub use words::WechatWords;
