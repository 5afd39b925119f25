//! `airlock delta generate`.

use std::path::PathBuf;

use airlock::delta::{CostModel, Effort};
use airlock::workflow::delta::{
    DeltaLimits, Existing, GenerateOptions, Generated, Place, generate,
};

use super::summary_note;
use crate::args::{RepoArg, SealingArgs};
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
    /// Leave one alone that the repository has already
    #[arg(short = 'n', long, conflicts_with = "filename")]
    if_not_exists: bool,
    /// Patch no file: all travel whole
    #[arg(long)]
    disable_bsdiff: bool,
    /// Patch no file of more than N megabytes
    #[arg(long, value_name = "N", value_parser = megabytes, conflicts_with = "disable_bsdiff")]
    max_bsdiff_size: Option<u64>,
    /// Leave out files of more than N megabytes that are not patched: clients fetch them loose;
    /// 0 leaves out only those too large for a part [default: 0]
    #[arg(long, value_name = "N", value_parser = megabytes)]
    min_fallback_size: Option<u64>,
    #[command(flatten)]
    sealing: SealingArgs,
}

impl Args {
    fn limits(&self) -> DeltaLimits {
        DeltaLimits {
            largest_patched: match self.disable_bsdiff {
                true => Some(0),
                false => self.max_bsdiff_size,
            },
            largest_whole: self.min_fallback_size.filter(|limit| *limit > 0),
        }
    }
}

/// Reads a number of megabytes, as `ostree` counts them.
fn megabytes(text: &str) -> Result<u64, String> {
    let number: u64 = text.parse().map_err(|_| "not a number".to_owned())?;
    number
        .checked_mul(1_000_000)
        .ok_or_else(|| "too large".to_owned())
}

/// Makes a delta; its superblock is on stdout.
pub(super) fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let rev = args.to.as_ref().or(args.rev.as_ref());
    let to = repo.resolve(rev.map_or("", String::as_str))?;
    let keys = args.sealing.open(context)?;
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
        existing: match args.if_not_exists {
            true => Existing::Kept,
            false => Existing::Replaced,
        },
        inline: args.inline,
        limits: args.limits(),
        signing: keys.signing(),
        costs: CostModel {
            effort: Effort::Small,
            media_speed: None,
        },
        now: context.now(),
    };
    let generated = generate(&repo, &options, context.observer())?;
    let text = format!("{}\n", clean(&generated.superblock.display().to_string()));
    let done = Done::new(&generated).text(text).changed(generated.changed);
    Ok(notes(&generated).into_iter().fold(done, Done::note))
}

fn notes(made: &Generated) -> Vec<String> {
    if !made.changed {
        return vec!["it was here already".to_owned()];
    }
    let mut notes = vec![format!(
        "{} in {} parts, {} files patched",
        bytes(made.size),
        count(made.parts as u64),
        count(made.patched as u64)
    )];
    if made.fallbacks > 0 {
        let loose = count(made.fallbacks as u64);
        notes.push(format!(
            "{loose} files are left out; clients fetch them loose"
        ));
    }
    notes.extend(summary_note(made.summary));
    notes
}
