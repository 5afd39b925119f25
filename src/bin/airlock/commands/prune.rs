//! `airlock prune`.

use airlock::workflow::prune::{self, Deed, PruneOptions, PruneOutcome, Reason};

use crate::args::{RepoArg, values};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, bytes, count};

/// Delete what no kept commit needs; never what refs name, a rollback or a site's next update needs
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    /// Keep only commits that refs lead to
    #[arg(long)]
    refs_only: bool,
    /// Keep so many ancestors of what a ref names [default: all]
    #[arg(long, value_name = "N", requires = "refs_only")]
    depth: Option<u64>,
    /// Delete commits that are older: 90d, 12w, 1y
    #[arg(long, value_name = "DURATION", value_parser = values::seconds)]
    keep_younger_than: Option<u64>,
    /// Only tell what would be deleted
    #[arg(short = 'n', long, visible_alias = "no-prune")]
    dry_run: bool,
}

/// Prunes; the commits that went are on stdout.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let now = context.now();
    let options = PruneOptions {
        refs_only: args.refs_only,
        depth: args.depth,
        not_before: args.keep_younger_than.map(|age| now.saturating_sub(age)),
        now,
    };
    let deed = match args.dry_run {
        true => Deed::OnlyTell,
        false => Deed::Delete,
    };
    let outcome = prune::prune(&repo, &options, deed)?;
    let commits = outcome.commits.iter();
    let text: String = commits.map(|commit| format!("{commit}\n")).collect();
    let done = Done::new(&outcome).text(text).changed(outcome.changed);
    Ok(held(&outcome)
        .into_iter()
        .fold(done.note(note(&outcome, deed)), Done::note))
}

fn note(outcome: &PruneOutcome, deed: Deed) -> String {
    if outcome.objects == 0 {
        return "nothing to delete".to_owned();
    }
    let verb = match deed {
        Deed::Delete => "deleted",
        Deed::OnlyTell => "would be deleted",
    };
    format!(
        "{} commits, {} objects, {} {verb}; {} commits kept",
        count(outcome.commits.len() as u64),
        count(outcome.objects as u64),
        bytes(outcome.bytes),
        count(outcome.kept as u64)
    )
}

/// Says what was kept although no ref names it.
fn held(outcome: &PruneOutcome) -> Vec<String> {
    let reasons = [
        (Reason::Hold, "for a rollback to the release before"),
        (Reason::Site, "because a site may still have it"),
        (Reason::Pending, "for a promotion that waits for signatures"),
    ];
    let number = |wanted| {
        outcome
            .held
            .values()
            .filter(|held| **held == wanted)
            .count()
    };
    let said = reasons
        .into_iter()
        .map(|(reason, why)| (number(reason), why));
    said.filter(|(number, _)| *number > 0)
        .map(|(number, why)| format!("{} kept {why}", count(number as u64)))
        .collect()
}
