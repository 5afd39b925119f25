//! `airlock refs`.

use airlock::format::RefName;
use airlock::repo::Repo;
use airlock::workflow::{Existing, RefLine, RefsOutcome, refs};

use crate::args::RepoArg;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, clean};

/// List refs, make them, remove them
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    /// Refs beneath this name; with --create, the ref or commit to name
    #[arg(value_name = "PREFIX|REV")]
    what: Option<String>,
    /// Show the commits, too
    #[arg(short = 'r', long)]
    revision: bool,
    /// Make this ref
    #[arg(long, value_name = "NEW", requires = "what")]
    create: Option<RefName>,
    /// Make it an alias: a link to another ref; without --create, list aliases
    #[arg(short = 'A', long)]
    alias: bool,
    /// Replace a ref that exists
    #[arg(long, requires = "create")]
    force: bool,
    /// Remove the refs that have this name or lie beneath it
    #[arg(long, requires = "what", conflicts_with_all = ["create", "alias"])]
    delete: bool,
}

/// Lists, makes or removes refs.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let what = args.what.as_deref().unwrap_or_default();
    let existing = match args.force {
        true => Existing::Replace,
        false => Existing::Refuse,
    };
    let outcome = match &args.create {
        Some(name) if args.alias => {
            let target = what.parse().map_err(|_| {
                CliError::usage(format!("`{}` is no ref", clean(what)))
                    .next("an alias is made of a ref; name a commit without -A")
            })?;
            refs::create_alias(&repo, name, &target, existing)?
        }
        Some(name) => refs::create(&repo, name, what, existing)?,
        None if args.delete => refs::delete(&repo, what)?,
        None => return list(&repo, &args),
    };
    Ok(changed(&outcome))
}

fn list(repo: &Repo, args: &Args) -> Result<Done, CliError> {
    let mut outcome = refs::list(repo, args.what.as_deref())?;
    if args.alias {
        outcome.refs.retain(|line| line.alias_of.is_some());
    }
    let lines = outcome.refs.iter().map(|line| show(line, args));
    Ok(Done::new(&outcome).text(lines.collect::<String>()))
}

fn show(line: &RefLine, args: &Args) -> String {
    match (&line.alias_of, args.revision) {
        (Some(target), _) if args.alias => format!("{} -> {target}\n", line.name),
        (_, true) => format!("{}\t{}\n", line.name, line.commit),
        (_, false) => format!("{}\n", line.name),
    }
}

fn changed(outcome: &RefsOutcome) -> Done {
    let mut done = Done::new(outcome).changed(outcome.changed);
    if let Some(bound) = &outcome.bound_elsewhere {
        let bound = match bound.is_empty() {
            true => "no ref".to_owned(),
            false => clean(&bound.join(", ")),
        };
        done = done.note(format!(
            "the commit is bound to {bound}: clients will refuse it under this name; airlock promote binds it"
        ));
    }
    if outcome.changed && outcome.summary_is_stale {
        done = done.note("the summary does not know of this yet: run airlock summary");
    }
    done
}
