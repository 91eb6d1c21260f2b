//! Telegram: a bot account, by long polling or by a webhook, with teloxide-core's types, methods and limits.
//!
//! What is received is read leniently (`wire`), made durable, and only then acknowledged (`intake`, reached by `polling`
//! or `routes`). What is sent is composed once (`compose`, `render`, `buttons`) and handed over step by step, so that it
//! can be taken up again after a failure (`client`). While an answer is written, its draft is shown (`stream`).

mod account;
mod buttons;
mod client;
mod compose;
mod config;
mod failure;
mod files;
mod intake;
mod lines;
mod peers;
mod polling;
mod render;
mod routes;
mod stream;
mod visitor;
mod watch;
mod wire;

pub use client::TelegramChannel;
pub use config::{Mode, Rates, TelegramSettings, TelegramWords};
