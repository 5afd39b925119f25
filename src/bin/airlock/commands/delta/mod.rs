//! `airlock delta generate | apply | show | list | delete`.

mod generate;
mod look;

use std::path::PathBuf;

use airlock::workflow::delta::{self, SummaryChange};
use clap::Subcommand;

use crate::args::{ConfineArgs, RepoArg};
use crate::confine::Rights;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, count};

/// Make, apply and look at static deltas, as `ostree static-delta` does
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: DeltaCommand,
}

#[derive(Subcommand)]
enum DeltaCommand {
    Generate(generate::Args),
    #[command(visible_alias = "apply-offline")]
    Apply(ApplyArgs),
    Show(look::ShowArgs),
    List(look::ListArgs),
    Delete(look::DeleteArgs),
}

/// Apply a delta from a file, in every repository mode; its commit is stored, no ref is moved
#[derive(clap::Args)]
struct ApplyArgs {
    #[command(flatten)]
    repo: RepoArg,
    /// The superblock, or the directory it is in
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    #[command(flatten)]
    confine: ConfineArgs,
}

/// Runs `args`.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    match args.command {
        DeltaCommand::Generate(args) => generate::run(args, context),
        DeltaCommand::Apply(args) => apply(args, context),
        DeltaCommand::Show(args) => look::show(args, context),
        DeltaCommand::List(args) => look::list(args, context),
        DeltaCommand::Delete(args) => look::delete(args, context),
    }
}

/// Applies; the commit is on stdout.
fn apply(args: ApplyArgs, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let rights = Rights::new().changing(repo.path()).delta(&args.path);
    args.confine.enter(&rights, context)?;
    let applied = delta::apply(&repo, &args.path, context.observer())?;
    let done = Done::new(&applied)
        .text(format!("{}\n", applied.commit))
        .changed(applied.changed);
    let objects = count(applied.objects as u64);
    Ok(match applied.changed {
        true => done.note(format!("{objects} objects; its signatures were not judged")),
        false => done.note("the commit was here already"),
    })
}

/// Says what became of the summary.
fn summary_note(change: SummaryChange) -> Option<String> {
    let note = match change {
        SummaryChange::Untouched => return None,
        SummaryChange::Renewed => "the summary lists the deltas as they are now",
        SummaryChange::Signed => "the signed summary stays; clients go by delta-indexes/",
    };
    Some(note.to_owned())
}
