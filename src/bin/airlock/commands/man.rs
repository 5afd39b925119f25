//! `airlock man DIR`.

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_mangen::Man;
use serde::Serialize;

use crate::Cli;
use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

/// Write the manual pages into a directory
#[derive(clap::Args)]
pub struct Args {
    /// Where the pages go; the directory is made if it does not exist
    dir: PathBuf,
}

#[derive(Serialize)]
struct Pages {
    pages: Vec<PathBuf>,
}

/// Writes `airlock.1` and one page per verb (`airlock-VERB.1`).
pub fn run(args: Args, _context: &mut Context) -> Result<Done, CliError> {
    std::fs::create_dir_all(&args.dir).map_err(|e| CliError::io("write", &args.dir, &e))?;
    let mut root = Cli::command();
    root.build();
    let mut pages = Vec::new();
    write_pages(&root, &args.dir, &mut pages)?;
    let text = format!("{} pages in {}\n", pages.len(), args.dir.display());
    Ok(Done::new(&Pages { pages }).changed(true).text(text))
}

fn write_pages(
    command: &clap::Command,
    dir: &Path,
    pages: &mut Vec<PathBuf>,
) -> Result<(), CliError> {
    let man = Man::new(command.clone());
    let path = dir.join(man.get_filename());
    let mut page = Vec::new();
    man.render(&mut page)
        .map_err(|e| CliError::io("write", &path, &e))?;
    std::fs::write(&path, page).map_err(|e| CliError::io("write", &path, &e))?;
    pages.push(path);
    let verbs = command
        .get_subcommands()
        .filter(|verb| verb.get_name() != "help");
    verbs
        .into_iter()
        .try_for_each(|verb| write_pages(verb, dir, pages))
}
