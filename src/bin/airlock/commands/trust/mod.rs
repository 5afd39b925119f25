//! `airlock trust show | check | init | update | sign | recover`.

mod check;
mod init;
mod recover;
mod show;
mod update;
mod words;

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

/// Look at and look after trust directories
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: TrustCommand,
}

#[derive(Subcommand)]
enum TrustCommand {
    Show(show::Args),
    Check(check::Args),
    Init(init::Args),
    Update(update::UpdateArgs),
    Sign(update::SignArgs),
    Recover(recover::Args),
}

/// Runs `args`.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    match args.command {
        TrustCommand::Show(args) => show::run(args, context),
        TrustCommand::Check(args) => check::run(args, context),
        TrustCommand::Init(args) => init::run(args),
        TrustCommand::Update(args) => update::update(args, context),
        TrustCommand::Sign(args) => update::sign(args, context),
        TrustCommand::Recover(args) => recover::run(args, context),
    }
}
