//! `airlock init`.

use airlock::format::CollectionId;
use airlock::repo::{InitOptions, Mode};
use airlock::workflow;

use crate::args::RepoArg;
use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

/// Make a new repository
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    /// How files are stored: archive, bare-user, bare-user-only or bare
    #[arg(long, default_value = "archive")]
    mode: Mode,
    /// The collection that the repository's refs belong to, such as org.example.Os
    #[arg(long, value_name = "ID")]
    collection_id: Option<CollectionId>,
}

/// Makes a repository, with an id of its own.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let options = InitOptions {
        mode: args.mode,
        collection_id: args.collection_id,
    };
    let outcome = workflow::init(&args.repo.path(context)?, &options)?;
    let what = match outcome.created {
        true => "made",
        false => "there already",
    };
    let note = format!(
        "{}: {} repository, {what}",
        outcome.path.display(),
        outcome.mode
    );
    Ok(Done::new(&outcome).note(note).changed(outcome.created))
}
