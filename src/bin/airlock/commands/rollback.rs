//! `airlock rollback`.

use airlock::format::RefName;
use airlock::workflow::promote::{PromoteOptions, PromoteOutcome};
use airlock::workflow::rollback::{HoldOutcome, hold, plan_rollback};

use crate::args::{RepoArg, SealingArgs, values};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, clean};

/// Take a bad release back: `REF REV` on the connected side, `--hold` at a site
#[derive(clap::Args)]
pub struct Args {
    /// The release ref
    #[arg(value_name = "REF", required_unless_present = "hold", requires = "rev")]
    name: Option<RefName>,
    /// The release whose tree is published again, as a newer commit; such as REF^
    #[arg(value_name = "REV")]
    rev: Option<String>,
    #[command(flatten)]
    repo: RepoArg,
    /// Publish what was there before the last import, if that bundle was exported with --may-return
    #[arg(long, conflicts_with_all = ["name", "rev", "version", "subject", "timestamp"])]
    hold: bool,
    /// The version [default: that of the old release]
    #[arg(long, value_name = "TEXT")]
    version: Option<String>,
    /// One line that says why [default: that of the old release]
    #[arg(long, short = 's', value_name = "TEXT")]
    subject: Option<String>,
    /// When it was made: @SECONDS or a date [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::timestamp)]
    timestamp: Option<u64>,
    #[command(flatten)]
    sealing: SealingArgs,
}

/// Goes back; a new commit's checksum alone goes to stdout.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    if args.hold {
        // A site that signs its own summary goes on to; any other needs no key.
        let keys = args.sealing.open(context)?;
        let outcome = hold(&repo, keys.signing(), context.now(), context.observer())?;
        return Ok(held(&outcome));
    }
    let (Some(name), Some(rev)) = (args.name, args.rev) else {
        return Err(CliError::usage("nothing to go back to")
            .next("airlock rollback REF REV, or at a site: airlock rollback --hold"));
    };
    let options = PromoteOptions {
        version: args.version,
        subject: args.subject,
        timestamp: args.timestamp,
        ..PromoteOptions::new(rev, name, context.now())
    };
    let plan = plan_rollback(&repo, options)?;
    let keys = args.sealing.open(context)?;
    Ok(released(&plan.execute(keys.signing(), context.observer())?))
}

fn released(outcome: &PromoteOutcome) -> Done {
    let (name, source) = (&outcome.name, outcome.source);
    let note = match outcome.changed {
        true => format!("{name}: the tree of {source} again; export it as any release"),
        false => format!("{name} is the tree of {source} already"),
    };
    Done::new(outcome)
        .text(format!("{}\n", outcome.commit))
        .note(note)
        .changed(outcome.changed)
}

fn held(outcome: &HoldOutcome) -> Done {
    let mut text = format!("bundle {} taken back\n", outcome.bundle);
    for (name, moved) in &outcome.refs {
        text.push_str(&format!("  {}\n", clean(name.as_str())));
        for (place, commit) in [("from", moved.from), ("to", moved.to)] {
            let commit = commit.map_or("nothing".to_owned(), |commit| commit.to_string());
            text.push_str(&format!("    {place:<4} {commit}\n"));
        }
    }
    let done = Done::new(outcome).text(text).changed(outcome.changed);
    match outcome.changed {
        true => done.note("clients find what was there before; a newer bundle moves on"),
        false => done.note("it had been taken back already; nothing was changed"),
    }
}
