//! The shared screen, end to end: a page's socket, helpers' sockets, a real server between them.

mod calls;
mod consent;
mod identity;
mod life;
mod line;
mod nodes;
mod pages;
pub(crate) mod people;
