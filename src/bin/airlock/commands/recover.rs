//! `airlock recover`.

use airlock::repo::RolledForward;
use serde::Serialize;

use crate::args::RepoArg;
use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

/// Finish a publish that a crash or power cut interrupted; every verb that writes does so too
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
}

#[derive(Serialize)]
struct Recovered {
    finished: Option<RolledForward>,
}

/// Rolls the redo record forward, if there is one.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let (_lock, finished) = args.repo.open(context)?.lock_for_writing()?;
    let changed = finished.is_some();
    let note = match &finished {
        Some(publish) => format!("finished: {} refs were set", publish.refs.len()),
        None => "nothing was interrupted".to_owned(),
    };
    Ok(Done::new(&Recovered { finished })
        .note(note)
        .changed(changed))
}
