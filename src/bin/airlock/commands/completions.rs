//! `airlock completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;
use serde::Serialize;

use crate::Cli;
use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

/// Print a completion script for a shell
#[derive(clap::Args)]
pub struct Args {
    /// The shell: bash, zsh, fish, elvish or powershell
    shell: Shell,
}

#[derive(Serialize)]
struct Script {
    shell: String,
    script: String,
}

/// Writes the script for `args.shell` to stdout.
pub fn run(args: Args, _context: &mut Context) -> Result<Done, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "airlock", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let shell = args.shell.to_string();
    let done = Done::new(&Script {
        shell,
        script: script.clone(),
    });
    Ok(done.text(script))
}
