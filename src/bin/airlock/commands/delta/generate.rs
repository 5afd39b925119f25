//! `airlock delta generate`.

use std::path::PathBuf;

use airlock::delta::{CostModel, Effort};
use airlock::workflow::delta::{GenerateOptions, Generated, Place, generate};

use crate::args::RepoArg;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, bytes, clean, count};

/// Make a static delta for clients of this repository, or in a file
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    repo: RepoArg,
    /// Make the delta to this commit or ref
    #[arg(
        value_name = "REV",
        required_unless_present = "to",
        conflicts_with = "to"
    )]
    rev: Option<String>,
    /// The same
    #[arg(long, value_name = "REV")]
    to: Option<String>,
    /// Begin at this commit or ref [default: the parent]
    #[arg(long, value_name = "REV", conflicts_with = "empty")]
    from: Option<String>,
    /// Begin at nothing: everything travels
    #[arg(long)]
    empty: bool,
    /// Put the parts into the superblock: one file
    #[arg(long)]
    inline: bool,
    /// Write the superblock there, parts beside it, instead of into the repository
    #[arg(long, short = 'o', value_name = "FILE", visible_alias = "output")]
    filename: Option<PathBuf>,
}

/// Makes a delta; its superblock is on stdout.
pub(super) fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let rev = args.to.or(args.rev).unwrap_or_default();
    let to = repo.resolve(&rev)?;
    let from = match (&args.from, args.empty) {
        (_, true) => None,
        (Some(from), _) => Some(repo.resolve(from)?),
        (None, _) => Some(repo.commit(&to)?.parent.ok_or_else(|| {
            CliError::usage(format!("{to} has no parent to begin at"))
                .next("add --from REV, or --empty for a delta from nothing")
        })?),
    };
    let options = GenerateOptions {
        from,
        to,
        place: match &args.filename {
            Some(file) => Place::File(file),
            None => Place::Repository,
        },
        inline: args.inline,
        costs: CostModel {
            effort: Effort::Small,
            media_speed: None,
        },
        now: context.now(),
    };
    let generated = generate(&repo, &options, context.observer())?;
    let text = format!("{}\n", clean(&generated.superblock.display().to_string()));
    let done = Done::new(&generated).text(text).changed(true);
    Ok(notes(&generated).into_iter().fold(done, Done::note))
}

fn notes(made: &Generated) -> Vec<String> {
    let mut notes = vec![format!(
        "{} in {} parts, {} files patched",
        bytes(made.size),
        count(made.parts as u64),
        count(made.patched as u64)
    )];
    if made.fallbacks > 0 {
        notes.push(format!(
            "{} files are too large for a part; clients fetch them loose",
            count(made.fallbacks as u64)
        ));
    }
    if made.summary_stale {
        notes.push("run `airlock summary`, for clients to find it there".to_owned());
    }
    notes
}
