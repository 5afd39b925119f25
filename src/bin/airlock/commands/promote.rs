//! `airlock promote`.

use std::path::{Path, PathBuf};

use airlock::format::RefName;
use airlock::format::gvariant::Value;
use airlock::repo::Repo;
use airlock::workflow::promote::{
    Form, Links, PromoteOptions, PromoteOutcome, PromotePlan, attach_to_pending, plan,
};
use airlock::workflow::seal::{Signing, Unsigned};

use super::sign;
use crate::args::{RepoArg, Role, SealingArgs, TrustArgs, TwoStepArgs, values};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, bytes, count};

/// Publish a tested commit under a release ref, bound to it and signed
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    /// The repository of the tested commit [default: `from-repo` in airlock.toml, or --repo]
    #[arg(long, value_name = "PATH")]
    from_repo: Option<PathBuf>,
    /// The tested commit: a ref or checksum [default: every pair in airlock.toml]
    #[arg(value_name = "SRC-REV", requires = "target")]
    source: Option<String>,
    /// The release ref
    #[arg(value_name = "DST-REF")]
    target: Option<RefName>,
    /// A shell command that decides; it finds the commit in AIRLOCK_COMMIT and AIRLOCK_REPO
    #[arg(long, value_name = "CMD")]
    gate: Option<String>,
    /// Make hard links where both repositories have one mode and file system: they share owner,
    /// label and later damage
    #[arg(long)]
    hardlink: bool,
    #[command(flatten)]
    commit: CommitArgs,
    /// Leave a summary that is signed now without a signature
    #[arg(long)]
    unsigned: bool,
    #[command(flatten)]
    two_step: TwoStepArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    sealing: SealingArgs,
}

/// What the release commit says.
#[derive(clap::Args)]
#[command(next_help_heading = "The release commit")]
struct CommitArgs {
    /// Publish the tested commit itself, which must bind the release ref already
    #[arg(long)]
    same_commit: bool,
    /// The version [default: that of the tested commit]
    #[arg(long, value_name = "TEXT", conflicts_with = "same_commit")]
    version: Option<String>,
    /// One line that says what this is [default: that of the tested commit]
    #[arg(long, short = 's', value_name = "TEXT", conflicts_with = "same_commit")]
    subject: Option<String>,
    /// More lines [default: those of the tested commit]
    #[arg(long, short = 'm', value_name = "TEXT", conflicts_with = "same_commit")]
    body: Option<String>,
    /// When it was made: @SECONDS or a date [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::timestamp, conflicts_with = "same_commit")]
    timestamp: Option<u64>,
    /// Another ref under which the commit may be published; repeatable
    #[arg(long, value_name = "REF", conflicts_with = "same_commit")]
    bind_ref: Vec<RefName>,
    /// Say something about the commit; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = values::key_value, conflicts_with = "same_commit")]
    add_metadata_string: Vec<(String, String)>,
    /// The same with a value in GVariant's text format; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = values::key_variant, conflicts_with = "same_commit")]
    add_metadata: Vec<(String, Value)>,
    /// Leave out what the tested commit says under this key; repeatable
    #[arg(long, value_name = "KEY", conflicts_with = "same_commit")]
    drop_metadata: Vec<String>,
}

/// Promotes; the checksums of the release commits alone go to stdout.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let target = args.repo.open(context)?;
    if !args.two_step.attach.is_empty() {
        return attach(&args, &target, context);
    }
    let from = args
        .from_repo
        .clone()
        .or_else(|| context.config().from_repo.clone());
    let other = from.map(Repo::open).transpose()?;
    let source = other.as_ref().unwrap_or(&target);
    let pairs = pairs(&args, context)?;
    if pairs.len() > 1 && args.commit.same_commit {
        return Err(CliError::usage("--same-commit needs SRC-REV and DST-REF"));
    }
    let mut plans = Vec::new();
    for (from, to) in pairs {
        let plan = plan(source, &target, options(&args, context, from, to))?;
        if let Some(command) = args.gate.as_deref().filter(|_| !plan.is_done()) {
            plan.gate(command)?;
        }
        plans.push(plan);
    }
    if let Some(file) = &args.two_step.prepare {
        return prepare(&args, plans, file, context);
    }
    // Only now, for no gate may come near a secret.
    let keys = args.sealing.open(context)?;
    let mut outcomes = Vec::new();
    for plan in plans {
        let done = plan
            .execute(keys.signing(), context.observer())
            .map_err(CliError::from);
        // What an earlier pair published stays published.
        outcomes.push(match outcomes.is_empty() {
            true => done?,
            false => done.map_err(CliError::something_changed)?,
        });
    }
    Ok(report(&outcomes))
}

/// Stores the release commit and writes its bytes out; the ref moves when they come back signed.
fn prepare(
    args: &Args,
    mut plans: Vec<PromotePlan<'_>>,
    file: &Path,
    context: &Context,
) -> Result<Done, CliError> {
    let (Some(plan), true) = (plans.pop(), plans.is_empty()) else {
        return Err(CliError::usage("--prepare needs SRC-REV and DST-REF")
            .why("each release commit has bytes, and signatures, of its own"));
    };
    let signers = args.sealing.openpgp.open(context)?.signers(Role::Commit)?;
    let ed25519 = args.sealing.ed25519.keys()?;
    let signing = Signing {
        commit: &signers,
        ed25519: &ed25519,
        ..Signing::default()
    };
    let prepared = plan.prepare(signing, context.observer())?;
    let done = Done::new(&prepared)
        .changed(prepared.changed)
        .text(format!("{}\n", prepared.commit));
    let name = &prepared.name;
    let written = sign::prepare::write(file, &prepared.bytes);
    written.map_err(|error| match prepared.changed {
        true => error.something_changed(),
        false => error,
    })?;
    Ok(sign::prepare::next_step(
        done.note(format!("{name} has not moved")),
        file,
    ))
}

/// Adds signatures to a prepared promotion, and finishes it when there are enough.
fn attach(args: &Args, target: &Repo, context: &Context) -> Result<Done, CliError> {
    if args.source.is_some() {
        return Err(CliError::usage("--attach takes no SRC-REV and DST-REF")
            .why("the signature tells which prepared promotion it is for"));
    }
    sign::attach::with_options(
        &args.two_step,
        &args.trust,
        &args.sealing,
        unsigned(args),
        context,
        |options| attach_to_pending(target, options, context.observer()),
    )
}

fn unsigned(args: &Args) -> Unsigned {
    match args.unsigned {
        true => Unsigned::AskedFor,
        false => Unsigned::Refused,
    }
}

fn pairs(args: &Args, context: &Context) -> Result<Vec<(String, RefName)>, CliError> {
    if let (Some(source), Some(target)) = (&args.source, &args.target) {
        return Ok(vec![(source.clone(), target.clone())]);
    }
    let configured = &context.config().promote;
    if configured.is_empty() {
        return Err(CliError::usage("nothing to promote")
            .why("no SRC-REV and DST-REF were given, and airlock.toml has no [[promote]]")
            .next("airlock promote --repo R --from-repo DEV SRC-REV DST-REF"));
    }
    let parse = |text: &String| {
        let wrong = |error: &dyn std::error::Error| {
            CliError::usage(format!("airlock.toml promotes to `{text}`")).why(error.to_string())
        };
        text.parse()
            .map_err(|error: airlock::format::FormatError| wrong(&error))
    };
    configured
        .iter()
        .map(|pair| Ok((pair.from.clone(), parse(&pair.to)?)))
        .collect()
}

fn options(args: &Args, context: &Context, source: String, target: RefName) -> PromoteOptions {
    let said = args.commit.add_metadata_string.iter();
    PromoteOptions {
        form: if args.commit.same_commit {
            Form::SameCommit
        } else {
            Form::NewCommit
        },
        version: args.commit.version.clone(),
        subject: args.commit.subject.clone(),
        body: args.commit.body.clone(),
        timestamp: args.commit.timestamp,
        bind_refs: args.commit.bind_ref.clone(),
        add_metadata: said
            .map(|(key, value)| (key.clone(), Value::str(value)))
            .chain(args.commit.add_metadata.iter().cloned())
            .collect(),
        drop_metadata: args.commit.drop_metadata.clone(),
        links: match args.hardlink {
            true => Links::AskedFor,
            false => Links::Never,
        },
        unsigned: unsigned(args),
        ..PromoteOptions::new(source, target, context.now())
    }
}

fn report(outcomes: &[PromoteOutcome]) -> Done {
    let text: String = outcomes
        .iter()
        .map(|outcome| format!("{}\n", outcome.commit))
        .collect();
    let changed = outcomes.iter().any(|outcome| outcome.changed);
    let done = match outcomes {
        [only] => Done::new(only),
        several => Done::new(&several),
    };
    outcomes
        .iter()
        .fold(done.text(text).changed(changed), |done, outcome| {
            done.note(note(outcome))
        })
}

fn shared(objects: u64, how: &str) -> String {
    match objects {
        0 => String::new(),
        objects => format!(", {} {how}", count(objects)),
    }
}

fn note(outcome: &PromoteOutcome) -> String {
    let name = &outcome.name;
    if !outcome.changed {
        return format!("{name} has this already: promoted from {}", outcome.source);
    }
    let copied = match outcome.copied.objects {
        0 => "nothing to copy".to_owned(),
        objects => format!(
            "{} objects copied, {}{}{}",
            count(objects),
            bytes(outcome.copied.bytes),
            shared(outcome.copied.linked, "hard links"),
            shared(outcome.copied.cloned, "share their blocks")
        ),
    };
    let signed = match outcome.signers.len() {
        0 => "not signed".to_owned(),
        signatures => format!("{signatures} signature(s)"),
    };
    format!("{name}: {copied}; {signed}")
}
