//! The command line. [`Arguments`] says what can be asked for; most commands are in [`crate::admin`], because they run
//! beside a running server, too.

mod check;
mod evaluate;
mod remote;
mod serve;
mod wechat;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use knowledge::export::ExportFormat;
use knowledge::import::Mapping;

use crate::admin::{Command, ExportKind, TrialCommand};
use crate::config::{Config, ConfigError};
use crate::desk::Role;
use crate::retrieval::Taking;

/// 一口问: one place to ask the government, on whatever channel people have.
#[derive(Parser, Debug)]
#[command(name = "yikouwen", version, about, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

/// Where configuration and data are.
#[derive(Args, Debug, Clone)]
struct Common {
    /// A configuration file; later ones override earlier ones
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data: PathBuf,
}

impl Common {
    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.config, &self.data)
    }
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Serves citizens and helpers
    Serve {
        #[command(flatten)]
        common: Common,
        /// Where to listen, in place of the configured address
        #[arg(long, value_name = "HOST:PORT")]
        listen: Option<std::net::SocketAddr>,
        /// Takes the demo city's knowledge over at the start
        #[arg(long)]
        demo: bool,
    },
    /// Takes knowledge files over, each of them whole or not at all
    Import {
        #[command(flatten)]
        common: Common,
        /// A TOML file that explains foreign names of columns, and fills in what the files leave out
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
        /// Takes nothing over when any file is refused
        #[arg(long)]
        all_or_nothing: bool,
        /// Files, zipped folders, or folders: JSONL, CSV, XLSX, Markdown, HTML, DOCX, PDF
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Prints what is stored, one JSON object a line, or writes it to a file
    Export {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        what: ExportChoice,
        /// How entries are written: jsonl, csv, xlsx or markdown; as the name of --output ends, unless it is given
        #[arg(long, value_name = "FORMAT")]
        format: Option<ExportFormat>,
        /// The file to write, instead of printing
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Takes one turn: answer, citations, confidence, timing
    Ask {
        #[command(flatten)]
        common: Common,
        /// The question
        question: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows how a reply of the robot came about, and writes it once more; the conversation is left as it is
    Replay {
        #[command(flatten)]
        common: Common,
        /// The message's id
        message: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints the evidence for a question, with scores and why it matched
    Search {
        #[command(flatten)]
        common: Common,
        /// The question
        question: String,
        /// How many hits
        #[arg(long, default_value_t = 10)]
        limit: usize,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// With the fields, terms and features that gave each hit its place
        #[arg(long)]
        explain: bool,
    },
    /// Tries whole sets of questions and compares two runs, also beside a running server
    Trial {
        #[command(subcommand)]
        action: TrialAction,
    },
    /// Measures
    Evaluate {
        #[command(subcommand)]
        what: evaluate::Evaluate,
    },
    /// Keeps the helpers' accounts, also beside a running server
    Helper {
        #[command(subcommand)]
        action: HelperAction,
    },
    /// Explains a configuration
    Check {
        #[command(flatten)]
        common: Common,
        /// Tries the store, the model and the platforms, too
        #[arg(long)]
        online: bool,
    },
    /// Sets a WeChat account up: its menu, its QR codes
    Wechat {
        #[command(subcommand)]
        action: wechat::WechatAction,
    },
    /// Copies store and knowledge, safe while serving
    Backup {
        #[command(flatten)]
        common: Common,
        /// Where to
        directory: PathBuf,
    },
    /// Fills an empty store from a backup
    Restore {
        #[command(flatten)]
        common: Common,
        /// Where from
        directory: PathBuf,
    },
    /// Reads every record and says what is broken
    Verify {
        #[command(flatten)]
        common: Common,
    },
    /// Builds the search index anew from the store, also beside a running server, which goes on answering
    Reindex {
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct ExportChoice {
    /// Knowledge entries
    #[arg(long)]
    entries: bool,
    /// Conversations with their transcripts
    #[arg(long)]
    conversations: bool,
    /// Questions that had no answer
    #[arg(long)]
    gaps: bool,
}

impl ExportChoice {
    fn command(
        &self,
        format: Option<ExportFormat>,
        output: Option<&std::path::Path>,
    ) -> Result<Command, String> {
        let kind = match self {
            ExportChoice { entries: true, .. } => ExportKind::Entries,
            ExportChoice { conversations: true, .. } => ExportKind::Conversations,
            ExportChoice { .. } => ExportKind::Gaps,
        };
        let by_name = output.and_then(|path| ExportFormat::of_name(path.to_str()?));
        let format = format.or(by_name).unwrap_or(ExportFormat::Jsonl);
        if kind != ExportKind::Entries && format != ExportFormat::Jsonl {
            return Err(format!("only entries can be written as {format}"));
        }
        if output.is_none() && !format.is_text() {
            return Err(format!("{format} cannot be printed; name a file for it with --output"));
        }
        Ok(Command::Export { kind, format, output: output.map(absolute) })
    }
}

#[derive(Subcommand, Debug)]
enum TrialAction {
    /// Lists sets and their runs
    List {
        #[command(flatten)]
        common: Common,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Makes a set from a file, or replaces its questions
    Add {
        #[command(flatten)]
        common: Common,
        /// Its name
        name: String,
        /// A question a line; after a tab the ids of the entries that answer it, or `-` where no answer is right
        file: PathBuf,
    },
    /// Tries every question of a set and keeps what was found
    Run {
        #[command(flatten)]
        common: Common,
        /// The set's name or id
        set: String,
        /// As JSON, with what every question came to
        #[arg(long)]
        json: bool,
    },
    /// Says which questions got better or worse between two runs
    Compare {
        #[command(flatten)]
        common: Common,
        /// The earlier run's number
        before: u64,
        /// The later run's number
        after: u64,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand, Debug)]
enum HelperAction {
    /// Makes an account; without --password one is made up and printed
    Add {
        #[command(flatten)]
        common: Common,
        /// The name, which citizens see
        name: String,
        /// The password
        #[arg(long)]
        password: Option<String>,
        /// What the helper may do
        #[arg(long, value_enum, default_value = "responder")]
        role: Role,
    },
    /// Lists the accounts
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Closes an account and ends its logins
    Disable {
        #[command(flatten)]
        common: Common,
        /// The name
        name: String,
        /// Opens it again instead
        #[arg(long)]
        undo: bool,
    },
    /// Sets a password; without --password one is made up and printed
    Password {
        #[command(flatten)]
        common: Common,
        /// The name
        name: String,
        /// The password
        #[arg(long)]
        password: Option<String>,
    },
}

/// Does what was asked for.
pub async fn run(arguments: Arguments) -> ExitCode {
    let (common, command) = match arguments.action {
        Action::Serve { common, listen, demo } => return serve::serve(&common, listen, demo).await,
        Action::Evaluate { what } => match evaluate::evaluate(what).await {
            Ok(asked) => asked,
            Err(code) => return code,
        },
        Action::Wechat { action } => return wechat::run(action).await,
        Action::Check { common, online } => return check::check(&common, online).await,
        Action::Restore { common, directory } => return serve::restore(&common, &directory).await,
        Action::Import { common, mapping, all_or_nothing, paths } => {
            let mapping = match mapping.as_deref().map(read_mapping).transpose() {
                Ok(mapping) => mapping,
                Err(why) => return usage(&why),
            };
            let taking = if all_or_nothing { Taking::AllOrNothing } else { Taking::EachFile };
            let paths = paths.iter().map(|path| absolute(path)).collect();
            (common, Command::Import { paths, mapping, taking })
        }
        Action::Export { common, what, format, output } => match what.command(format, output.as_deref()) {
            Ok(command) => (common, command),
            Err(why) => return usage(&why),
        },
        Action::Ask { common, question, json } => (common, Command::Ask { question, json }),
        Action::Replay { common, message, json } => (common, Command::Replay { message, json }),
        Action::Search { common, question, limit, json, explain } => {
            (common, Command::Search { question, limit, json, explain })
        }
        Action::Trial { action } => {
            let (common, trial) = match action {
                TrialAction::List { common, json } => (common, TrialCommand::List { json }),
                TrialAction::Add { common, name, file } => {
                    (common, TrialCommand::Add { name, file: absolute(&file) })
                }
                TrialAction::Run { common, set, json } => (common, TrialCommand::Run { set, json }),
                TrialAction::Compare { common, before, after, json } => {
                    (common, TrialCommand::Compare { before, after, json })
                }
            };
            (common, Command::Trial { trial })
        }
        Action::Backup { common, directory } => (common, Command::Backup { directory: absolute(&directory) }),
        Action::Verify { common } => (common, Command::Verify),
        Action::Reindex { common } => (common, Command::Reindex),
        Action::Helper { action } => match action {
            HelperAction::Add { common, name, password, role } => {
                (common, Command::HelperAdd { name, password, role })
            }
            HelperAction::List { common } => (common, Command::HelperList),
            HelperAction::Disable { common, name, undo } => {
                (common, Command::HelperDisable { name, enable: undo })
            }
            HelperAction::Password { common, name, password } => {
                (common, Command::HelperPassword { name, password })
            }
        },
    };
    remote::run(&common, command).await
}

/// A mapping file's text. It is read and judged here, because a server that runs elsewhere may not see the file.
fn read_mapping(path: &std::path::Path) -> Result<String, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    match Mapping::parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Says what is wrong with the arguments.
fn usage(why: &str) -> ExitCode {
    eprintln!("yikouwen: {why}");
    ExitCode::from(2)
}

/// A server that runs elsewhere has another working directory.
fn absolute(path: &std::path::Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Prints an error with its causes and returns the exit code it calls for.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("yikouwen: {error:#}");
    let usage = error.chain().any(|cause| {
        cause.is::<ConfigError>()
            || matches!(cause.downcast_ref(), Some(crate::store::StoreError::Misconfigured(_)))
    });
    ExitCode::from(if usage { 2 } else { 1 })
}
