//! The standard output, whose reader may leave before the end: `yikouwen … | head`.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// How a program ends that prints where nobody reads any more: as the shell shows an end by SIGPIPE. The signal itself
/// cannot be left to end the program, because it would end the server with every client that goes away.
const NOBODY_READS: u8 = 128 + 13;

/// Prints a line.
///
/// # Errors
/// As writing does.
pub(crate) fn try_line(line: Arguments<'_>) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Prints a line, or ends the program when that is not possible.
pub(crate) fn line_or_end(line: Arguments<'_>) {
    if let Err(error) = try_line(line) {
        std::process::exit(i32::from(exit_code(&error)));
    }
}

/// The exit code after printing has failed; says why, unless the reader has left.
pub(crate) fn exit_code(error: &io::Error) -> u8 {
    if error.kind() == ErrorKind::BrokenPipe {
        return NOBODY_READS;
    }
    eprintln!("yikouwen: cannot print: {error}");
    1
}

/// Prints a line of a result as [`println!`] does; the program ends quietly when nobody reads any more.
macro_rules! say {
    ($($words:tt)*) => { $crate::print::line_or_end(format_args!($($words)*)) };
}

/// Prints a line that nobody has to read: the program goes on in any case.
macro_rules! announce {
    ($($words:tt)*) => { drop($crate::print::try_line(format_args!($($words)*))) };
}

pub(crate) use {announce, say};
