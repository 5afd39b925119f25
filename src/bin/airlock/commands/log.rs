//! `airlock log`.

use std::fmt::Write;

use airlock::workflow::{self, LogEntry};

use crate::args::RepoArg;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, clean, clean_lines, time};

/// Show a commit and those before it
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    /// The ref or commit to begin with
    rev: String,
    /// Show at most so many commits
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

/// Lists a history, newest first.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let outcome = workflow::log(&repo, &args.rev, args.limit)?;
    let entries: Vec<String> = outcome.commits.iter().map(describe).collect();
    let mut text = entries.join("\n");
    if outcome.absent.is_some() {
        text.push_str("\n<< What came before is not here >>\n");
    }
    Ok(Done::new(&outcome).text(text))
}

/// Describes one commit, as `ostree log` does, but within 80 columns: `ContentChecksum:` would need 81.
pub fn describe(entry: &LogEntry) -> String {
    let mut text = format!("commit {}\n", entry.commit);
    if let Some(parent) = &entry.parent {
        line(&mut text, "Parent", &parent.to_string());
    }
    line(&mut text, "Content", &entry.content.to_string());
    line(&mut text, "Date", &time(entry.timestamp));
    if let Some(version) = &entry.version {
        line(&mut text, "Version", &clean(version));
    }
    if entry.signatures > 0 {
        line(&mut text, "Signatures", &entry.signatures.to_string());
    }
    if entry.partial {
        line(&mut text, "Partial", "some of its objects are not here");
    }
    let subject = match entry.subject.as_str() {
        "" => "(no subject)".to_owned(),
        subject => clean(subject),
    };
    text.push('\n');
    for line in [subject.as_str(), ""]
        .into_iter()
        .take(if entry.body.is_empty() { 1 } else { 2 })
    {
        indent(&mut text, line);
    }
    for line in clean_lines(&entry.body).lines() {
        indent(&mut text, line);
    }
    text
}

/// Adds a name and a value, the values beneath each other.
pub fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "{:12}{value}", format!("{name}:"));
}

fn indent(text: &mut String, line: &str) {
    let _ = writeln!(text, "    {line}");
}
