//! Runs a command in the server that holds the data directory, or here when none does.

use std::ops::ControlFlow;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Common, fail};
use crate::admin::{self, Command, Report, Step, control};
use crate::app::App;
use crate::print;

/// The reader of the results has left.
struct NobodyReads;

/// Shows reports: results on the standard output, the rest beside it.
struct Screen {
    /// The bar, and what it counts.
    bar: Option<(Step, ProgressBar)>,
    outcome: Option<ExitCode>,
}

impl Screen {
    /// Shows a report. Break: nobody reads any more.
    fn show(&mut self, report: Report) -> ControlFlow<()> {
        match report {
            Report::Line { text } => {
                if let Err(error) = print::try_line(format_args!("{text}")) {
                    self.outcome = Some(ExitCode::from(print::exit_code(&error)));
                    return ControlFlow::Break(());
                }
            }
            Report::Progress { step, done, total } => self.progress(step, done, total),
            Report::Failed { text, usage } => {
                eprintln!("yikouwen: {text}");
                self.outcome = Some(ExitCode::from(if usage { 2 } else { 1 }));
            }
            Report::Done => self.outcome = Some(ExitCode::SUCCESS),
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, step: Step, done: usize, total: usize) {
        let bar = match self.bar.take() {
            Some((of, bar)) if of == step => bar,
            _ => bar_of(step, total),
        };
        bar.set_position(done as u64);
        if done == total {
            bar.finish_and_clear();
        }
        self.bar = Some((step, bar));
    }
}

fn bar_of(step: Step, total: usize) -> ProgressBar {
    let template = match step {
        Step::Reading => "reading      {bar:40} {bytes}/{total_bytes}, {eta} left",
        Step::TakingOver => "taking over  {bar:40} {pos}/{len} entries, {eta} left",
        Step::Indexing => "indexing     {bar:40} {pos}/{len} entries, {eta} left",
        Step::Embedding => "embedding    {bar:40} {pos}/{len} entries, {eta} left",
        Step::Asking => "asking       {bar:40} {pos}/{len} questions, {eta} left",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total as u64).with_style(style)
}

pub(super) async fn run(common: &Common, command: Command) -> ExitCode {
    let config = match common.load() {
        Ok(config) => config,
        Err(error) => return fail(&error.into()),
    };
    let mut screen = Screen { bar: None, outcome: None };
    match control::send(&config.data, &command, |report| screen.show(report)).await {
        Ok(Some(())) => {
            return screen.outcome.unwrap_or_else(|| {
                eprintln!("yikouwen: the running server broke off");
                ExitCode::from(1)
            });
        }
        Ok(None) => {}
        Err(error) => return fail(&error),
    }
    let app = match App::open(config).await {
        Ok(app) => app,
        Err(error) => return fail(&error),
    };
    // Asking and searching work from the first minute on, as serving does.
    if matches!(
        command,
        Command::Ask { .. }
            | Command::Answers { .. }
            | Command::FollowUps { .. }
            | Command::Search { .. }
            | Command::Trial { .. }
    ) && app.config.city.demo
        && let Err(error) = app.prepare_knowledge().await
    {
        return fail(&error);
    }
    let (sender, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let work = async {
        let done = admin::run(&app, command, &sender).await;
        drop(sender);
        Ok(done)
    };
    let showing = async {
        while let Some(report) = reports.recv().await {
            if screen.show(report).is_break() {
                return Err(NobodyReads);
            }
        }
        Ok(())
    };
    // What is not done yet is let go when nobody reads its results.
    let worked = tokio::try_join!(work, showing);
    app.knowledge.close().await;
    let closed = app.store.close().await;
    match (worked, closed) {
        (Err(NobodyReads), _) => screen.outcome.unwrap_or(ExitCode::FAILURE),
        (Ok((Err(error), ())), _) => fail(&error),
        (Ok((Ok(()), ())), Err(error)) => fail(&error.into()),
        (Ok((Ok(()), ())), Ok(())) => ExitCode::SUCCESS,
    }
}
