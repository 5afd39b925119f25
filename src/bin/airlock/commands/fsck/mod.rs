//! `airlock fsck`.

mod repair;

use std::path::PathBuf;

use airlock::workflow::{self, CheckFinding, CheckOptions, CheckOutcome};

use crate::args::{ConfineArgs, RepoArg, TrustArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, bytes, clean, count};

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
    /// Put sound objects in the place of damaged and missing ones, out of these bundles: each is
    /// judged as at an import, but may be old; no ref moves. Needs --trust
    #[arg(long, value_name = "BUNDLE", num_args = 1..)]
    repair: Vec<PathBuf>,
    /// With --repair: only say what would be mended
    #[arg(short = 'n', long, requires = "repair")]
    dry_run: bool,
    #[command(flatten)]
    confine: ConfineArgs,
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
    if !args.repair.is_empty() {
        return repair::run(&repo, options, &args, context);
    }
    if args.confine.is_given() {
        return Err(CliError::usage("--confine belongs to --repair")
            .why("without it nothing is read that came from outside")
            .next("leave it out"));
    }
    let outcome = workflow::check(&repo, &options, context.observer())?;
    let done = Done::new(&outcome).text(text(&outcome, trust.is_some()));
    let done = judged(done, &outcome);
    Ok(match outcome.findings.iter().any(repair::can_help) {
        true => done.next("restore objects from bundles: airlock fsck --repair BUNDLE..."),
        false => done,
    })
}

/// Adds what was found, and what there is to say about it.
fn judged(mut done: Done, outcome: &CheckOutcome) -> Done {
    if outcome.interrupted {
        done = done.note("a publish was interrupted: airlock recover finishes it");
    }
    if !outcome.remembered {
        done = done.note("journal and record were not checked: you may not read them");
    }
    if let Some(example) = outcome.leftovers.first() {
        let number = count(outcome.leftovers.len() as u64);
        done = done
            .note(format!("left by killed commands, harmless: {number}, as"))
            .note(format!("  {}", clean(example)));
    }
    done = done.findings(&outcome.findings);
    match CheckFinding::gravest(&outcome.findings) {
        Some(class) => done.failed(class),
        None => done,
    }
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
    if outcome.deltas > 0 {
        text.push_str(&format!(", {} deltas", count(outcome.deltas)));
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
