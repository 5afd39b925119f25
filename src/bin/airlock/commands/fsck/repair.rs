//! `airlock fsck --repair BUNDLE...`.

use airlock::bundle::arrange;
use airlock::repo::{FsckFinding, Repo, Where};
use airlock::workflow::{
    self, CheckFinding, CheckOptions, Left, RepairOptions, RepairOutcome, repair,
};

use crate::confine::Rights;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, clean, count};

use super::Args;

/// A person reads so many lines about objects; `--json` holds all.
const MAX_LINES: usize = 20;
/// So much of a checksum tells a commit from others, as in `ostree log`.
const SHORT: usize = 12;

/// Mends a repository, and says what is left.
pub(super) fn run(
    repo: &Repo,
    check: CheckOptions<'_>,
    args: &Args,
    context: &mut Context,
) -> Result<Done, CliError> {
    let Some(trust) = check.trust else {
        return Err(CliError::usage("no trust given")
            .why("a bundle is believed only when it is signed by somebody trusted")
            .next("add --trust DIR, a directory with the release certificates"));
    };
    let dry_run = args.dry_run;
    let rights = Rights::of_site(repo, &args.repair, None);
    args.confine.enter(&rights, context)?;
    let options = RepairOptions {
        check,
        trust,
        bundles: arrange(&args.repair).map_err(workflow::Error::from)?,
        dry_run,
    };
    let outcome = repair(repo, &options, context.observer())?;
    let done = Done::new(&outcome)
        .text(text(&outcome, dry_run))
        .changed(outcome.changed);
    let done = super::judged(done, &outcome.check);
    Ok(
        match outcome
            .left
            .iter()
            .find_map(|left| left.try_bundles.first())
        {
            Some(bundle) => done.next(format!("try bundle {bundle}")),
            None if outcome.left.is_empty() => done,
            None => done.next("export the commits that are damaged with --full, and try that"),
        },
    )
}

/// Tells whether a bundle may mend this.
pub(super) fn can_help(finding: &CheckFinding) -> bool {
    matches!(
        finding,
        CheckFinding::Repository(
            FsckFinding::Corrupt { .. }
                | FsckFinding::Missing { .. }
                | FsckFinding::Dangling { .. }
                | FsckFinding::Marked { .. }
        )
    )
}

fn text(outcome: &RepairOutcome, dry_run: bool) -> String {
    let did = match dry_run {
        true => "would be",
        false => "was",
    };
    let mut text = String::new();
    for read in &outcome.bundles {
        let brought = count(read.brought as u64);
        text.push_str(&format!(
            "bundle {}\n  objects brought: {brought}\n",
            read.bundle
        ));
    }
    for mended in outcome.mended.iter().take(MAX_LINES) {
        let place = place(mended.place.as_ref());
        text.push_str(&format!("mended {place}\n  {}\n", mended.object));
    }
    more(&mut text, outcome.mended.len());
    for left in outcome.left.iter().take(MAX_LINES) {
        text.push_str(&of_left(left));
    }
    more(&mut text, outcome.left.len());
    for (name, commit) in &outcome.refs {
        let name = clean(name.as_str());
        text.push_str(&format!(
            "ref {name} {did} put back, as accepted last, at\n  {commit}\n"
        ));
    }
    if outcome.summary {
        text.push_str(&format!("the signed summary {did} put back\n"));
    }
    for delta in &outcome.deltas {
        text.push_str(&format!("a damaged delta {did} taken away\n  {delta}\n"));
    }
    for commit in &outcome.unmarked {
        text.push_str(&format!(
            "whole, so its mark {did} taken away\n  {commit}\n"
        ));
    }
    text
}

fn of_left(left: &Left) -> String {
    let place = place(left.place.as_ref());
    let mut text = format!("not in these bundles: {place}\n  {}\n", left.object);
    for source in &left.sources {
        text.push_str(&format!(
            "  made from a file that is damaged itself\n    {source}\n"
        ));
    }
    for bundle in &left.try_bundles {
        text.push_str(&format!("  may be in bundle\n    {bundle}\n"));
    }
    text
}

/// Where an object belongs; a commit that no ref names is known by its first letters.
fn place(place: Option<&Where>) -> String {
    let Some(place) = place else {
        return "(nothing refers to it)".to_owned();
    };
    let commit = place.commit.to_string();
    let short = commit.get(..SHORT).unwrap_or_default();
    let root = place.name.as_deref().unwrap_or(short);
    clean(&format!("{root}:{}", place.path))
}

fn more(text: &mut String, number: usize) {
    if let Some(rest) = number.checked_sub(MAX_LINES).filter(|rest| *rest > 0) {
        text.push_str(&format!(
            "and {} more; --json lists all\n",
            count(rest as u64)
        ));
    }
}
