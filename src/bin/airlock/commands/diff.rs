//! `airlock diff`.

use airlock::workflow::{self, Change, DiffOutcome, Difference, Thing};

use crate::args::RepoArg;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Align, Done, Table, bytes, clean, count};

/// Show which paths differ between two commits
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    /// The first ref or commit
    #[arg(value_name = "REV1")]
    from: String,
    /// The second ref or commit
    #[arg(value_name = "REV2")]
    to: String,
}

/// Compares two trees, path by path.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let outcome = workflow::diff(&repo, &args.from, &args.to)?;
    let mut table = Table::new(&[
        ("", Align::Left),
        ("before", Align::Right),
        ("after", Align::Right),
        ("path", Align::Left),
    ]);
    for path in &outcome.paths {
        table.row(row(path));
    }
    let text = match outcome.paths.is_empty() {
        true => String::new(),
        false => table.render(),
    };
    Ok(Done::new(&outcome).text(text).note(note(&outcome)))
}

/// A, D and M are the letters of `ostree diff`.
fn row(path: &Difference) -> [String; 4] {
    let letter = match path.change {
        Change::Added => "A",
        Change::Removed => "D",
        Change::Modified => "M",
    };
    let shown = |thing: Option<Thing>| match thing {
        None => String::new(),
        Some(Thing::File { size }) => bytes(size),
        Some(Thing::Link) => "link".to_owned(),
        Some(Thing::Directory) => "dir".to_owned(),
    };
    [
        letter.to_owned(),
        shown(path.before),
        shown(path.after),
        clean(&path.path),
    ]
}

fn note(outcome: &DiffOutcome) -> String {
    let number = |change| {
        let paths = outcome.paths.iter();
        count(paths.filter(|path| path.change == change).count() as u64)
    };
    format!(
        "{} added, {} removed, {} modified",
        number(Change::Added),
        number(Change::Removed),
        number(Change::Modified)
    )
}
