//! `airlock sign commit | summary | bundle`.

use std::path::PathBuf;

use airlock::openpgp::{Fingerprint, Keyring, Signer};
use airlock::workflow::sign::{SignatureChanges, sign_commits, sign_summary, unsign_commits};
use airlock::workflow::sign_bundle;
use clap::Subcommand;

use crate::args::{RepoArg, Role, SigningArgs, TrustArgs};
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
}

/// Sign commits, or take signatures off them
#[derive(clap::Args)]
struct CommitArgs {
    #[command(flatten)]
    repo: RepoArg,
    /// The commits: refs or checksums
    #[arg(value_name = "REV", required = true)]
    revisions: Vec<String>,
    /// Take the signatures of this certificate away; --trust tells its subkeys; repeatable
    #[arg(long, value_name = "FINGERPRINT", conflicts_with_all = ["key", "gpg_sign"])]
    delete: Vec<Fingerprint>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Sign the summary as it is, beside those who signed it before
#[derive(clap::Args)]
struct SummaryArgs {
    #[command(flatten)]
    repo: RepoArg,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Sign a bundle without writing it anew; the signature goes into NAME.airlock.asc beside it
#[derive(clap::Args)]
struct BundleArgs {
    /// The bundle: a file, its volumes, or a directory
    #[arg(value_name = "BUNDLE", required = true)]
    bundle: Vec<PathBuf>,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Runs `args`.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    match args.what {
        What::Commit(args) if args.delete.is_empty() => commit(args, context),
        What::Commit(args) => delete(args, context),
        What::Summary(args) => summary(args, context),
        What::Bundle(args) => bundle(args, context),
    }
}

fn commit(args: CommitArgs, context: &Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let signers = signers(&args.signing, Role::Commit, context)?;
    let (now, observer) = (context.now(), context.observer());
    let outcome = sign_commits(&repo, &args.revisions, &signers, now, observer)?;
    let done = Done::new(&outcome).changed(outcome.values().any(SignatureChanges::any));
    Ok(outcome
        .iter()
        .fold(done, |done, (commit, changes)| match changes.added.len() {
            0 => done.note(format!("{commit}: signed already")),
            added => done.note(format!("{commit}: {added} signature(s) added")),
        }))
}

fn delete(args: CommitArgs, context: &Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let trust = args.trust.load(context)?;
    let keyring = trust.map_or_else(Keyring::new, |trust| trust.keyring().clone());
    let (now, observer) = (context.now(), context.observer());
    let outcome = unsign_commits(
        &repo,
        &args.revisions,
        &args.delete,
        &keyring,
        now,
        observer,
    )?;
    let removed: usize = outcome.values().map(|changes| changes.removed).sum();
    let done = Done::new(&outcome).changed(removed > 0);
    Ok(match removed {
        0 => done.note("no such signature; --trust tells which subkeys the certificate has"),
        _ => done.note(format!("{removed} signature(s) taken away")),
    })
}

fn summary(args: SummaryArgs, context: &Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let signers = signers(&args.signing, Role::Summary, context)?;
    let changes = sign_summary(&repo, &signers, context.now(), context.observer())?;
    let done = Done::new(&changes).changed(changes.any());
    Ok(match changes.added.len() {
        0 => done.note("signed already"),
        added => done.note(format!("{added} signature(s) added")),
    })
}

fn bundle(args: BundleArgs, context: &Context) -> Result<Done, CliError> {
    let signers = signers(&args.signing, Role::Bundle, context)?;
    let outcome = sign_bundle(&args.bundle, &signers, context.now())?;
    let done = Done::new(&outcome).changed(!outcome.added.is_empty());
    Ok(match outcome.added.len() {
        0 => done.note("signed already"),
        added => done
            .text(format!("{}\n", outcome.sidecar.display()))
            .note(format!(
                "{added} signature(s) added; keep the file beside the bundle"
            )),
    })
}

fn signers(
    args: &SigningArgs,
    role: Role,
    context: &Context,
) -> Result<Vec<Box<dyn Signer>>, CliError> {
    let signers = args.open(context)?.signers(role)?;
    match signers.is_empty() {
        true => Err(CliError::usage("nobody to sign").next("add --key FILE or --gpg-sign KEY-ID")),
        false => Ok(signers),
    }
}
