//! The `airlock` command: read the arguments, make one call, render what came of it.
//!
//! ```text
//! args      what was asked            config    what does not change from month to month
//! context   clock, observer, streams  commands  one file per verb: Args in, Done out
//! cores     how many a command uses
//! confine   giving up what is not needed before a payload is read
//! progress  events → bars or lines    render    outcomes → tables, JSON, three-line errors
//! ```
//!
//! Results go to stdout, everything else to stderr. The exit code is the class of the failure
//! (see the README) and is decided here, once.

mod args;
mod commands;
mod config;
mod confine;
mod context;
mod cores;
mod error;
mod progress;
mod render;
mod secret;

use std::process::ExitCode;

use clap::Parser;

use crate::args::OutputArgs;
use crate::commands::Command;
use crate::context::Context;
use crate::render::report;

const AFTER_HELP: &str = "\
The connected side promotes and signs a tested commit, and exports it as a
bundle. The offline side verifies that bundle before it believes any of it, and
imports it.

Exit codes: 0 done, 1 system, 2 usage, 3 not found, 4 not trusted, 5 corrupt,
6 refused, 7 unsupported, 8 busy";

/// Carry OSTree operating-system images across an air gap, signed and verified
#[derive(Parser)]
#[command(name = "airlock", version, max_term_width = 80, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return report::usage(&error),
    };
    let name = cli.command.name();
    if let Some(Err(error)) = cli.output.jobs.map(cores::limit) {
        return report::failure(name, &error, None, &cli.output);
    }
    let mut context = match Context::new(&cli.output) {
        Ok(context) => context,
        Err(error) => return report::failure(name, &error, None, &cli.output),
    };
    let ended = cli.command.run(&mut context);
    context.finish();
    let confinement = context.confinement();
    match ended {
        Ok(done) => report::success(name, &done, confinement, &cli.output),
        Err(error) => report::failure(name, &error, confinement, &cli.output),
    }
}
