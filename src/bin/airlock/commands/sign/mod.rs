//! `airlock sign commit | summary | bundle | show`.

pub mod attach;
pub mod prepare;
mod rotate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use airlock::ed25519::SecretKey;
use airlock::openpgp::{Fingerprint, Keyring, Signer};
use airlock::workflow::policy::RefPattern;
use airlock::workflow::seal::Unsigned;
use airlock::workflow::sign::{
    SignatureChanges, sign_commits, sign_summary, unsign_commits, unsign_summary,
};
use airlock::workflow::{
    BundleSignatures, promote, sign_bundle, sign_ed25519, two_step, unsign_bundle,
};
use clap::Subcommand;

use crate::args::{RepoArg, Role, SealingArgs, SigningArgs, TrustArgs, TwoStepArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

/// Add signatures to commits, the summary or a bundle
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Commit(CommitArgs),
    Summary(SummaryArgs),
    Bundle(BundleArgs),
    Show(prepare::ShowArgs),
}

/// Sign commits, or take signatures off them
#[derive(clap::Args)]
struct CommitArgs {
    #[command(flatten)]
    repo: RepoArg,
    /// The commits: refs or checksums
    #[arg(value_name = "REV", required_unless_present = "all")]
    revisions: Vec<String>,
    /// Sign every release that lacks it, the summary, and deltas that carry older signatures
    #[arg(long, conflicts_with_all = ["revisions", "delete", "prepare", "attach", "ed25519_key"])]
    all: bool,
    /// With --all, only the history of these refs: os/*/stable, os/**; repeatable
    #[arg(long, value_name = "PATTERN", requires = "all", value_parser = rotate::pattern)]
    refs: Vec<RefPattern>,
    #[command(flatten)]
    delete: DeleteArgs,
    #[command(flatten)]
    two_step: TwoStepArgs,
    #[command(flatten)]
    sealing: SealingArgs,
}

/// Whose signatures go, and who is believed.
#[derive(clap::Args)]
struct DeleteArgs {
    /// Take the signatures of this certificate away; --trust tells its subkeys; repeatable
    #[arg(long, value_name = "FINGERPRINT", conflicts_with_all = ["key", "gpg_sign", "prepare", "attach"])]
    delete: Vec<Fingerprint>,
    #[command(flatten)]
    trust: TrustArgs,
}

/// Sign the summary as it is, beside those who signed it before
#[derive(clap::Args)]
struct SummaryArgs {
    #[command(flatten)]
    repo: RepoArg,
    #[command(flatten)]
    delete: DeleteArgs,
    #[command(flatten)]
    two_step: TwoStepArgs,
    #[command(flatten)]
    sealing: SealingArgs,
}

/// Sign a bundle without writing it anew; the signature goes into NAME.airlock.asc beside it
#[derive(clap::Args)]
struct BundleArgs {
    /// The bundle: a file, its volumes, or a directory
    #[arg(value_name = "BUNDLE", required = true)]
    bundle: Vec<PathBuf>,
    #[command(flatten)]
    delete: DeleteArgs,
    #[command(flatten)]
    two_step: TwoStepArgs,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Runs `args`.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    match args.what {
        What::Commit(args) => commit(&args, context),
        What::Summary(args) => summary(&args, context),
        What::Bundle(args) => bundle(&args, context),
        What::Show(args) => prepare::show(args, context),
    }
}

fn commit(args: &CommitArgs, context: &Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let (now, observer) = (context.now(), context.observer());
    if args.all {
        let keyring = args.delete.keyring(context)?;
        return rotate::run(&repo, &args.refs, keyring, &args.sealing.openpgp, context);
    }
    if let Some(file) = &args.two_step.prepare {
        let bytes = two_step::commit_to_sign(&repo, only(&args.revisions, "--prepare")?)?;
        return prepared(file, &bytes);
    }
    if !args.two_step.attach.is_empty() {
        let revision = only(&args.revisions, "--attach")?;
        return attach::with_options(
            &args.two_step,
            &args.delete.trust,
            &args.sealing,
            Unsigned::Refused,
            context,
            |options| promote::attach(&repo, revision, options, observer),
        );
    }
    let DeleteArgs { delete, .. } = &args.delete;
    if !delete.is_empty() {
        let keyring = args.delete.keyring(context)?;
        let outcome = unsign_commits(&repo, &args.revisions, delete, &keyring, now, observer)?;
        let removed: usize = outcome.values().map(|changes| changes.removed).sum();
        return Ok(deleted(Done::new(&outcome), removed));
    }
    let ed25519 = args.sealing.ed25519.keys()?;
    let signers = signers(&args.sealing.openpgp, Role::Commit, &ed25519, context)?;
    let by_key = match ed25519.as_slice() {
        [] => BTreeMap::new(),
        keys => sign_ed25519::sign_commits(&repo, &args.revisions, keys, now, observer)?,
    };
    let outcome = sign_commits(&repo, &args.revisions, &signers, now, observer)?;
    let changed = outcome.values().any(SignatureChanges::any);
    let mut done = Done::new(&outcome).changed(changed || by_key.values().any(|&added| added > 0));
    let deltas = repo.static_deltas()?;
    if deltas
        .iter()
        .any(|(delta, _)| outcome.contains_key(&delta.to))
    {
        done = done
            .note("its static deltas bring the signatures of when they were made along:")
            .note("`airlock sign commit --all` gives them the new ones");
    }
    Ok(outcome.iter().fold(done, |done, (commit, changes)| {
        let by_key = by_key.get(commit).copied().unwrap_or(0);
        match changes.added.len() + by_key {
            0 => done.note(format!("{commit}: signed already")),
            added => done.note(format!("{commit}: {added} signature(s) added")),
        }
    }))
}

fn summary(args: &SummaryArgs, context: &Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let (now, observer) = (context.now(), context.observer());
    if let Some(file) = &args.two_step.prepare {
        return prepared(file, &two_step::summary_to_sign(&repo)?);
    }
    let DeleteArgs { delete, .. } = &args.delete;
    if !delete.is_empty() {
        let keyring = args.delete.keyring(context)?;
        let changes = unsign_summary(&repo, delete, &keyring, now, observer)?;
        return Ok(deleted(Done::new(&changes), changes.removed));
    }
    let ed25519 = args.sealing.ed25519.keys()?;
    let changes = if args.two_step.attach.is_empty() {
        let signers = signers(&args.sealing.openpgp, Role::Summary, &ed25519, context)?;
        sign_summary(&repo, &signers, now, observer)?
    } else {
        let files = args.two_step.signatures()?;
        let trust = attach::trust(&args.delete.trust, context)?;
        two_step::attach_summary(&repo, &files, &trust, now, observer)?
    };
    let by_key = match ed25519.as_slice() {
        [] => 0,
        keys => sign_ed25519::sign_summary(&repo, keys, now, observer)?,
    };
    let done = Done::new(&changes).changed(changes.any() || by_key > 0);
    Ok(match changes.added.len() + by_key {
        0 => done.note("signed already"),
        added => done.note(format!("{added} signature(s) added")),
    })
}

fn bundle(args: &BundleArgs, context: &Context) -> Result<Done, CliError> {
    if let Some(file) = &args.two_step.prepare {
        return prepared(file, &two_step::bundle_to_sign(&args.bundle)?);
    }
    let DeleteArgs { delete, .. } = &args.delete;
    if !delete.is_empty() {
        let keyring = args.delete.keyring(context)?;
        let outcome = unsign_bundle(&args.bundle, delete, &keyring)?;
        return Ok(deleted(Done::new(&outcome), outcome.removed));
    }
    let outcome = if args.two_step.attach.is_empty() {
        let signers = signers(&args.signing, Role::Bundle, &[], context)?;
        sign_bundle(&args.bundle, &signers, context.now())?
    } else {
        let files = args.two_step.signatures()?;
        let trust = attach::trust(&args.delete.trust, context)?;
        two_step::attach_bundle(&args.bundle, &files, &trust, context.now())?
    };
    Ok(beside(&outcome))
}

fn beside(outcome: &BundleSignatures) -> Done {
    let done = Done::new(outcome).changed(!outcome.added.is_empty());
    match outcome.added.len() {
        0 => done.note("signed already"),
        added => done
            .text(format!("{}\n", outcome.sidecar.display()))
            .note(format!(
                "{added} signature(s) added; keep the file beside the bundle"
            )),
    }
}

fn prepared(file: &Path, bytes: &[u8]) -> Result<Done, CliError> {
    let signable = prepare::write(file, bytes)?;
    let text = format!("{}\n", signable.sha256);
    Ok(prepare::next_step(Done::new(&signable).text(text), file))
}

fn deleted(done: Done, removed: usize) -> Done {
    let done = done.changed(removed > 0);
    match removed {
        0 => done.note("no such signature; --trust tells which subkeys the certificate has"),
        _ => done.note(format!("{removed} signature(s) taken away")),
    }
}

fn only<'a>(revisions: &'a [String], option: &str) -> Result<&'a str, CliError> {
    match revisions {
        [only] => Ok(only),
        _ => Err(
            CliError::usage(format!("{option} takes one commit at a time"))
                .why("each commit has bytes, and signatures, of its own"),
        ),
    }
}

impl DeleteArgs {
    fn keyring(&self, context: &Context) -> Result<Keyring, CliError> {
        let trust = self.trust.load(context)?;
        Ok(trust.map_or_else(Keyring::new, |trust| trust.keyring().clone()))
    }
}

fn signers(
    args: &SigningArgs,
    role: Role,
    besides: &[SecretKey],
    context: &Context,
) -> Result<Vec<Box<dyn Signer>>, CliError> {
    let signers = args.open(context)?.signers(role)?;
    match signers.is_empty() && besides.is_empty() {
        true => Err(CliError::usage("nobody to sign")
            .next("add --key FILE or --gpg-sign KEY-ID, or see --prepare")),
        false => Ok(signers),
    }
}
