//! `airlock trust recover`.

use airlock::format::RefName;
use airlock::workflow::site::{RecoverOptions, RecoverOutcome, recover};

use crate::args::{RepoArg, SiteRecordArg};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, clean, time};

/// Build the record of what this site accepted again, from the repository, its journal and the copy
///
/// Needed when an import says that a record is lost. No number that is still known goes down; what
/// nothing here tells any more, the release side can: --at-least.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    #[command(flatten)]
    record: SiteRecordArg,
    /// A number that was accepted, as the release side reads it out; repeatable
    #[arg(long, value_name = "REF=SEQUENCE", value_parser = number)]
    at_least: Vec<(RefName, u64)>,
}

/// Rebuilds the record and says what it holds.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let options = RecoverOptions {
        site_record: args.record.dir(&repo, context),
        at_least: args.at_least.into_iter().collect(),
        now: context.now(),
    };
    let outcome = recover(&repo, &options, context.observer())?;
    let mut done = Done::new(&outcome)
        .text(text(&outcome))
        .changed(outcome.changed);
    for lost in &outcome.lost {
        done = done.note(lost.to_string());
    }
    if let (Some(fault), Some(name)) = (&outcome.journal_fault, &outcome.set_aside) {
        done = done.note(format!("{fault}; it was set aside as {name}"));
    }
    Ok(match outcome.changed {
        true => done.note("the record is whole again"),
        false => done.note("nothing was lost; nothing was changed"),
    })
}

fn text(outcome: &RecoverOutcome) -> String {
    let twin = outcome.repository.as_deref();
    let mut text = format!("follows {}\n", twin.unwrap_or("whoever comes first"));
    for (name, number) in &outcome.sequence {
        text.push_str(&format!("  {} {number}\n", clean(name.as_str())));
    }
    text.push_str(&format!("  latest {}\n", time(outcome.latest)));
    if let Some(copy) = &outcome.copy {
        text.push_str(&format!("  copy   {}\n", clean(&copy.to_string_lossy())));
    }
    text
}

fn number(text: &str) -> Result<(RefName, u64), String> {
    let (name, number) = text.split_once('=').ok_or("expected REF=SEQUENCE")?;
    let name = name.parse().map_err(|error| format!("{name}: {error}"))?;
    let number = number.parse();
    Ok((name, number.map_err(|_| "the sequence is no number")?))
}
