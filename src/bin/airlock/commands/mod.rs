//! The verbs, one file each.
//!
//! A verb is a struct of arguments and one function; it prints nothing itself:
//!
//! ```ignore
//! /// Lists the refs of a repository.            ← becomes the help text
//! #[derive(clap::Args)]
//! pub struct Args {
//!     #[command(flatten)]
//!     repo: RepoArg,                              ← shared groups live in `crate::args`
//! }
//!
//! pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
//!     let repo = args.repo.open(context)?;        ← room errors become `CliError` by `?`
//!     let outcome = workflow::refs(&repo, &RefsOptions { .. })?;
//!     Ok(Done::new(&outcome)                      ← `--json` shows this, serialised
//!         .text(table(&outcome))                  ← stdout, when `--json` was not given
//!         .note("3 refs")                         ← stderr, unless `--quiet`
//!         .changed(false))
//! }
//! ```
//!
//! To add a verb: its file, a `mod` line, a variant (its doc comment is not shown; that of `Args`
//! is), and an arm in both matches below. Keep the order: it is the order of `airlock --help`.
//!
//! - The time is `context.now()`; progress goes to `context.observer()`.
//! - A warning that must be seen at once is `context.warn(..)`, a remark is `Done::note`; findings belong in `Done` or in the
//!   error.
//! - A check that ran to its end and found faults is `Done` with `.failed(class)`; a verb that could
//!   not do its work is a `CliError`.
//! - Every string that came from a bundle, a commit or a certificate goes through
//!   `render::clean` before it becomes text.

mod client_config;
mod commit;
mod completions;
mod delta;
mod diff;
mod export;
mod fsck;
mod import;
mod init;
mod inspect;
mod inventory;
mod key;
mod log;
mod man;
mod promote;
mod prune;
mod recover;
mod refs;
mod rollback;
mod show;
mod sign;
mod summary;
mod trust;
mod verify;

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

/// One variant per verb.
#[derive(Subcommand)]
pub enum Command {
    Init(init::Args),
    Commit(Box<commit::Args>),
    Promote(Box<promote::Args>),
    Rollback(Box<rollback::Args>),
    Summary(summary::Args),
    Sign(sign::Args),
    Export(Box<export::Args>),
    Inspect(inspect::Args),
    Verify(verify::Args),
    Import(Box<import::Args>),
    Inventory(Box<inventory::Args>),
    Log(log::Args),
    Show(show::Args),
    Refs(refs::Args),
    Diff(diff::Args),
    Prune(prune::Args),
    Delta(delta::Args),
    Fsck(fsck::Args),
    Recover(recover::Args),
    ClientConfig(client_config::Args),
    Key(key::Args),
    Trust(trust::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Command {
    /// Returns the verb as it is typed; the `command` of a `--json` document.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Init(_) => "init",
            Command::Commit(_) => "commit",
            Command::Promote(_) => "promote",
            Command::Rollback(_) => "rollback",
            Command::Summary(_) => "summary",
            Command::Sign(_) => "sign",
            Command::Export(_) => "export",
            Command::Inspect(_) => "inspect",
            Command::Verify(_) => "verify",
            Command::Import(_) => "import",
            Command::Inventory(_) => "inventory",
            Command::Log(_) => "log",
            Command::Show(_) => "show",
            Command::Refs(_) => "refs",
            Command::Diff(_) => "diff",
            Command::Prune(_) => "prune",
            Command::Delta(_) => "delta",
            Command::Fsck(_) => "fsck",
            Command::Recover(_) => "recover",
            Command::ClientConfig(_) => "client-config",
            Command::Key(_) => "key",
            Command::Trust(_) => "trust",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }

    /// Runs the verb.
    pub fn run(self, context: &mut Context) -> Result<Done, CliError> {
        match self {
            Command::Init(args) => init::run(args, context),
            Command::Commit(args) => commit::run(*args, context),
            Command::Promote(args) => promote::run(*args, context),
            Command::Rollback(args) => rollback::run(*args, context),
            Command::Summary(args) => summary::run(args, context),
            Command::Sign(args) => sign::run(args, context),
            Command::Export(args) => export::run(*args, context),
            Command::Inspect(args) => inspect::run(args, context),
            Command::Verify(args) => verify::run(args, context),
            Command::Import(args) => import::run(*args, context),
            Command::Inventory(args) => inventory::run(*args, context),
            Command::Log(args) => log::run(args, context),
            Command::Show(args) => show::run(args, context),
            Command::Refs(args) => refs::run(args, context),
            Command::Diff(args) => diff::run(args, context),
            Command::Prune(args) => prune::run(args, context),
            Command::Delta(args) => delta::run(args, context),
            Command::Fsck(args) => fsck::run(args, context),
            Command::Recover(args) => recover::run(args, context),
            Command::ClientConfig(args) => client_config::run(args, context),
            Command::Key(args) => key::run(args, context),
            Command::Trust(args) => trust::run(args, context),
            Command::Completions(args) => completions::run(args, context),
            Command::Man(args) => man::run(args, context),
        }
    }
}
