//! `airlock import BUNDLE`.

use std::path::PathBuf;

use airlock::Class;
use airlock::bundle::arrange;
use airlock::workflow::{
    self, Deltas, Finding, ImportOptions, ImportOutcome, Standing, SummarySource, Trust, import,
    plan_import,
};

use crate::args::{ConfineArgs, RepoArg, SealingArgs, SiteRecordArg, TrustArgs};
use crate::confine::Rights;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, bytes, clean, count};

/// Why an import that signs through gpg keeps its rights.
const GPG: &str = "gpg, which signs at the end, needs its own programs, files and sockets";

/// Take a bundle into a repository, after everything about it was checked
#[derive(clap::Args)]
pub struct Args {
    /// The bundle: a file, a directory, or volumes in any order (one finds the others); or several
    /// bundles, or a directory where they lie: each is taken in on its own, the oldest first
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
    /// Then make a static delta from what each ref had, for clients that pull over HTTP
    #[arg(long)]
    publish_deltas: bool,
    #[command(flatten)]
    record: SiteRecordArg,
    #[command(flatten)]
    sealing: SealingArgs,
    #[command(flatten)]
    confine: ConfineArgs,
}

/// Imports the bundles and says what moved.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let trust = Trust::load(&args.trust.required(context)?).map_err(workflow::Error::from)?;
    let keys = args.sealing.open(context)?;
    let record = args.record.dir(&repo, context);
    match args.sealing.openpgp.uses_gpg() {
        true => args.confine.forgo(GPG, context)?,
        false => {
            let rights = Rights::of_site(&repo, &args.bundle, record.as_deref());
            let rights = rights.reading(&args.signatures);
            args.confine.enter(&rights, context)?;
        }
    }
    let bundles = arrange(&args.bundle).map_err(workflow::Error::from)?;
    let alone = match (bundles.len() > 1, args.dry_run, args.signatures.is_empty()) {
        (true, true, _) => Some("a dry run looks at one bundle"),
        (true, _, false) => Some("--signature belongs to one bundle"),
        _ => None,
    };
    if let Some(what) = alone {
        return Err(CliError::usage(what).next("name one bundle at a time"));
    }
    let mut options = ImportOptions {
        bundle: Vec::new(),
        signatures: args.signatures,
        trust: &trust,
        signing: keys.signing(),
        site_record: record,
        deltas: match args.publish_deltas || context.config().publish_deltas {
            true => Deltas::Published,
            false => Deltas::LeftOut,
        },
        now: context.now(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let mut outcomes = Vec::new();
    let several = bundles.len() > 1;
    for bundle in bundles {
        context.about(&bundle);
        options.bundle = bundle;
        if args.dry_run {
            return Ok(planned(&plan_import(&repo, &options, context.observer())?));
        }
        let done = import(&repo, &options, context.observer()).map_err(CliError::from);
        let outcome = done.map_err(|error| match several {
            true => stopped(error, &options.bundle, &outcomes),
            false => error,
        })?;
        for warning in &outcome.warnings {
            context.warn(warning);
        }
        outcomes.push(outcome);
    }
    Ok(report(&outcomes))
}

/// Names the bundle at which it ended, and those that are in.
fn stopped(mut error: CliError, at: &[PathBuf], before: &[ImportOutcome]) -> CliError {
    if let Some(path) = at.first() {
        error = error.why(format!("this is {}", clean(&path.display().to_string())));
    }
    for outcome in before {
        error = error.why(format!("bundle {} was taken in before it", outcome.bundle));
    }
    match before.iter().any(|outcome| outcome.changed) {
        true => error.something_changed(),
        false => error,
    }
}

fn report(outcomes: &[ImportOutcome]) -> Done {
    if let [only] = outcomes {
        return imported(Done::new(only), only)
            .text(text(only, "moved"))
            .changed(only.changed);
    }
    let all: String = outcomes.iter().map(|one| text(one, "moved")).collect();
    let changed = outcomes.iter().any(|outcome| outcome.changed);
    let done = Done::new(&outcomes).text(all).changed(changed);
    outcomes.iter().fold(done, imported)
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

/// Adds the remarks about one bundle.
fn imported(mut done: Done, outcome: &ImportOutcome) -> Done {
    if outcome.rolled_forward {
        done = done.note("an interrupted publish was finished first");
    }
    if outcome.resumed > 0 {
        let kept = count(outcome.resumed as u64);
        done = done.note(format!("{kept} objects were there from an interrupted run"));
    }
    for delta in &outcome.deltas {
        let size = bytes(delta.size);
        done = done.note(format!("clients are offered a static delta of {size}"));
    }
    if let Some(why) = &outcome.deltas_failed {
        done = done
            .note(format!(
                "the release is here, but its static delta is not: {why}"
            ))
            .note("run the same import again to make it")
            .failed(Class::System);
    }
    match outcome.standing {
        Standing::Ahead => done.note(format!("{} objects added", count(outcome.objects))),
        Standing::Present if !outcome.deltas.is_empty() => done.note("already imported"),
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
    if let Some(trust) = outcome.trust {
        let (from, to) = (trust.from, trust.to);
        text.push_str(&format!("  trust {verb} from version {from} to {to}\n"));
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
