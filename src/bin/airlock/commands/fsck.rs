//! `airlock fsck`.

use airlock::workflow::{self, CheckFinding, CheckOptions, CheckOutcome};

use crate::args::{RepoArg, TrustArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, bytes, count};

/// Check every object, tree and ref, the journal, and the record of what was accepted; with --trust
/// also signatures, bindings and the summary
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    #[command(flatten)]
    trust: TrustArgs,
    /// Check that commits are bound to the refs they are found under
    #[arg(long)]
    verify_bindings: bool,
    /// Check that the refs a commit is bound to exist
    #[arg(long)]
    verify_back_refs: bool,
}

/// Checks a repository, with a trust directory as a client that verifies would see it.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let trust = args.trust.of_repository(context, &repo)?;
    let options = CheckOptions {
        trust: trust.as_ref(),
        now: context.now(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        bindings: args.verify_bindings,
        back_refs: args.verify_back_refs,
    };
    let outcome = workflow::check(&repo, &options, context.observer())?;
    let mut done = Done::new(&outcome).text(text(&outcome, trust.is_some()));
    if outcome.interrupted {
        done = done.note("a publish was interrupted: airlock recover finishes it");
    }
    if !outcome.remembered {
        done = done.note("journal and record were not checked: you may not read them");
    }
    done = done.findings(&outcome.findings);
    Ok(match CheckFinding::gravest(&outcome.findings) {
        Some(class) => done.failed(class),
        None => done,
    })
}

fn text(outcome: &CheckOutcome, judged: bool) -> String {
    let mut text = format!(
        "{} objects, {}, {} commits",
        count(outcome.objects),
        bytes(outcome.bytes),
        count(outcome.commits)
    );
    if !outcome.partial.is_empty() {
        let partial = count(outcome.partial.len() as u64);
        text.push_str(&format!(", {partial} of which partial"));
    }
    text.push_str(match outcome.findings.is_empty() {
        true => ": no fault\n",
        false => "\n",
    });
    if judged && !outcome.trusted.is_empty() {
        let names: Vec<&str> = outcome.trusted.iter().map(|name| name.as_str()).collect();
        text.push_str(&format!("signed and trusted: {}\n", names.join(", ")));
    }
    text
}
