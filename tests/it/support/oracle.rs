//! Programs that are not ours, run as subprocesses.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The Python of a virtual environment that `scripts/setup-tests.sh` makes.
pub(crate) fn python(environment: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let place =
        std::env::var_os("YIKOUWEN_VENVS").map_or_else(|| root.join("target/cache/venvs"), PathBuf::from);
    let python = place.join(environment).join("bin/python");
    assert!(
        python.exists(),
        "{} is missing: run scripts/setup-tests.sh, and name its directory by YIKOUWEN_VENVS",
        python.display()
    );
    python
}

/// A program that serves until it is dropped, and says nothing meanwhile.
pub(crate) struct Serving(Child);

impl Serving {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Runs a program to its end, off the runtime, and returns what it printed.
pub(crate) async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// The last line that a program printed, as JSON; a program that failed fails the test with its own words.
pub(crate) fn printed(output: &Output) -> Value {
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{error}");
    serde_json::from_str(out.lines().last().expect("a line")).unwrap_or_else(|fault| panic!("{fault}: {out}"))
}
