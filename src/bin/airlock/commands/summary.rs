//! `airlock summary`.

use airlock::workflow::seal::Unsigned;
use airlock::workflow::summary;

use crate::args::{RepoArg, SealingArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

/// Make a repository's summary anew, and sign it
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    /// Put the last signed summary back, after something unsigned replaced it
    #[arg(long, conflicts_with_all = ["unsigned", "key", "gpg_sign", "ed25519_key"])]
    restore: bool,
    /// Leave a summary that is signed now without a signature
    #[arg(long)]
    unsigned: bool,
    #[command(flatten)]
    sealing: SealingArgs,
}

/// Regenerates or restores; the checksum of the summary alone goes to stdout.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    if args.restore {
        let outcome = summary::restore(&repo, context.now(), context.observer())?;
        let note = match outcome.changed {
            true => "the signed summary is back",
            false => "the signed summary is in its place",
        };
        let done = Done::new(&outcome).text(format!("{}\n", outcome.checksum));
        return Ok(done.note(note).changed(outcome.changed));
    }
    let keys = args.sealing.open(context)?;
    let unsigned = if args.unsigned {
        Unsigned::AskedFor
    } else {
        Unsigned::Refused
    };
    let renewed = summary::regenerate(
        &repo,
        keys.signing(),
        unsigned,
        context.now(),
        context.observer(),
    )?;
    let signed = match renewed.signers.len() + keys.ed25519.len() {
        0 => "not signed".to_owned(),
        signatures => format!("{signatures} signature(s)"),
    };
    Ok(Done::new(&renewed)
        .text(format!("{}\n", renewed.checksum))
        .note(format!("{} refs; {signed}", renewed.refs))
        .changed(true))
}
