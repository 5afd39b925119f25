//! `airlock import BUNDLE`.

use std::path::PathBuf;

use airlock::workflow::seal::Signing;
use airlock::workflow::{
    self, Finding, ImportOptions, ImportOutcome, Standing, SummarySource, Trust, import,
    plan_import,
};

use crate::args::{RepoArg, Role, SigningArgs, SiteRecordArg, TrustArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, clean, count};

/// Take a bundle into a repository, after everything about it was checked
#[derive(clap::Args)]
pub struct Args {
    /// The bundle: a file, a directory, or volumes in any order (one finds the others)
    #[arg(required = true, value_name = "BUNDLE")]
    bundle: Vec<PathBuf>,
    #[command(flatten)]
    repo: RepoArg,
    #[command(flatten)]
    trust: TrustArgs,
    /// Further signatures; those in BUNDLE.asc are found without this
    #[arg(long = "signature", value_name = "FILE")]
    signatures: Vec<PathBuf>,
    /// List every reason to refuse and what would change; change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    record: SiteRecordArg,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Imports the bundle and says what moved.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    context.about(&args.bundle);
    let trust = Trust::load(&args.trust.required(context)?).map_err(workflow::Error::from)?;
    let mut keys = args.signing.open(context)?;
    let (commit, summary) = (keys.signers(Role::Commit)?, keys.signers(Role::Summary)?);
    let options = ImportOptions {
        bundle: args.bundle,
        signatures: args.signatures,
        trust: &trust,
        signing: Signing {
            commit: &commit,
            summary: &summary,
        },
        site_record: args.record.dir(&repo, context),
        now: context.now(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    if args.dry_run {
        return Ok(planned(&plan_import(&repo, &options, context.observer())?));
    }
    let outcome = import(&repo, &options, context.observer())?;
    for warning in &outcome.warnings {
        context.warn(warning);
    }
    Ok(imported(&outcome))
}

fn planned(outcome: &ImportOutcome) -> Done {
    let done = Done::new(outcome)
        .text(text(outcome, "would move"))
        .changed(false);
    if outcome.findings.is_empty() {
        return done.note("this is what an import would do; nothing was changed");
    }
    done.findings(&outcome.findings)
        .failed(Finding::gravest(&outcome.findings))
}

fn imported(outcome: &ImportOutcome) -> Done {
    let mut done = Done::new(outcome)
        .text(text(outcome, "moved"))
        .changed(outcome.changed);
    if outcome.rolled_forward {
        done = done.note("an interrupted publish was finished first");
    }
    if outcome.resumed > 0 {
        let kept = count(outcome.resumed as u64);
        done = done.note(format!("{kept} objects were there from an interrupted run"));
    }
    match outcome.standing {
        Standing::Ahead => done.note(format!("{} objects added", count(outcome.objects))),
        Standing::Present if outcome.changed => done.note("the signed summary was put back"),
        Standing::Present => done.note("already imported; nothing was changed"),
        Standing::TakenBack => done
            .note("this was taken back by `rollback --hold`; nothing was changed")
            .note("a newer bundle moves on"),
        Standing::Superseded => {
            done.note("something newer was imported before; nothing was changed")
        }
    }
}

fn text(outcome: &ImportOutcome, verb: &str) -> String {
    let mut text = format!("bundle {}\n", outcome.bundle);
    for (name, moved) in &outcome.refs {
        let version = outcome
            .versions
            .get(name)
            .map(|version| format!(" ({})", clean(version)))
            .unwrap_or_default();
        let name = clean(name.as_str());
        text.push_str(&format!("  {name}{version} {verb}\n"));
        for (place, commit) in [("from", moved.from), ("to", moved.to)] {
            let commit = commit.map_or("nothing".to_owned(), |commit| commit.to_string());
            text.push_str(&format!("    {place:<4} {commit}\n"));
        }
    }
    let summary = match outcome.summary {
        SummarySource::Bundle => "  summary: as the twin signed it\n",
        SummarySource::Site => "  summary: signed here\n",
        SummarySource::Unsigned => "  summary: unsigned, as before\n",
        SummarySource::None => "",
    };
    text.push_str(summary);
    text
}
