//! Arguments → what is to be done → exit code: 0 done, 1 failed, 2 wrong usage or configuration.

use std::process::ExitCode;

use clap::Parser;
use yikouwen::cli::Arguments;

fn main() -> ExitCode {
    // Wrong usage ends in here, with 2.
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("yikouwen: the runtime could not be started: {error}");
            return ExitCode::from(1);
        }
    };
    runtime.block_on(yikouwen::cli::run(arguments))
}
