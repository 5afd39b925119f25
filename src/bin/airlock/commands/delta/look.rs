//! `airlock delta show | list | delete`.

use std::path::PathBuf;

use airlock::format::delta::DeltaName;
use airlock::workflow::delta::{self, DeltaLook};
use serde::Serialize;

use super::summary_note;
use crate::args::{ConfineArgs, RepoArg, SealingArgs};
use crate::confine::Rights;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Align, Done, Table, bytes, count, time};

/// Show what a delta holds; nothing is verified
#[derive(clap::Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    repo: RepoArg,
    /// A superblock, the directory it is in, or TO or FROM-TO as `list` names it
    #[arg(value_name = "FILE|DIR|DELTA")]
    what: PathBuf,
    #[command(flatten)]
    confine: ConfineArgs,
}

/// List the deltas of a repository
#[derive(clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    repo: RepoArg,
}

/// Delete a delta; clients pull objects instead
#[derive(clap::Args)]
pub(super) struct DeleteArgs {
    #[command(flatten)]
    repo: RepoArg,
    /// TO or FROM-TO, as `list` names it
    #[arg(value_name = "DELTA")]
    name: DeltaName,
    #[command(flatten)]
    sealing: SealingArgs,
}

pub(super) fn show(args: ShowArgs, context: &mut Context) -> Result<Done, CliError> {
    let name = args
        .what
        .to_str()
        .and_then(|text| text.parse::<DeltaName>().ok());
    let path = match name {
        Some(name) if !args.what.exists() => args.repo.path(context)?.join(name.directory()),
        _ => args.what,
    };
    let rights = Rights::new().delta(&path);
    args.confine.enter(&rights, context)?;
    let look = delta::look(&path)?;
    Ok(Done::new(&look).text(text(&look)))
}

fn text(look: &DeltaLook) -> String {
    let from = look
        .from
        .map_or("nothing".to_owned(), |from| from.to_string());
    let mut text = format!(
        "from  {from}\nto    {}\nmade  {}\n",
        look.to,
        time(look.timestamp)
    );
    let mut table = Table::new(&[
        ("part", Align::Right),
        ("objects", Align::Right),
        ("size", Align::Right),
        ("makes", Align::Right),
        ("place", Align::Left),
    ]);
    for (number, part) in look.parts.iter().enumerate() {
        let place = if part.inline { "inline" } else { "file" };
        table.row([
            number.to_string(),
            count(part.objects as u64),
            bytes(part.size),
            bytes(part.unpacked),
            place.to_owned(),
        ]);
    }
    text.push_str(&table.render());
    if look.fallbacks > 0 {
        let number = count(look.fallbacks as u64);
        let size = bytes(look.fallback_size);
        text.push_str(&format!("{number} objects, {size}, are left out\n"));
    }
    text
}

/// The deltas of a repository.
#[derive(Serialize)]
struct Listed {
    deltas: Vec<String>,
}

pub(super) fn list(args: ListArgs, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let names = delta::list(&repo)?;
    let deltas: Vec<_> = names.iter().map(ToString::to_string).collect();
    let text = deltas
        .iter()
        .map(|name| format!("{name}\n"))
        .collect::<String>();
    Ok(Done::new(&Listed { deltas }).text(text))
}

pub(super) fn delete(args: DeleteArgs, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let keys = args.sealing.open(context)?;
    let (signing, now) = (keys.signing(), context.now());
    let deleted = delta::delete(&repo, &args.name, signing, now, context.observer())?;
    let done = Done::new(&deleted).note("deleted").changed(true);
    Ok(summary_note(deleted.summary)
        .into_iter()
        .fold(done, Done::note))
}
