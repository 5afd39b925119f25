//! `--confine`.

use clap::ValueEnum;
use serde::Deserialize;

use crate::confine::{Confinement, Level, Rights};
use crate::context::Context;
use crate::error::CliError;

/// Whether a verb that reads what came from outside gives up its other rights first.
#[derive(clap::Args, Clone, Debug)]
pub struct ConfineArgs {
    /// Give up every right that is not needed before a payload is read: auto, as far as the kernel
    /// can; require, or refuse; off [default: `confine` in airlock.toml, else auto]
    #[arg(long, value_name = "HOW")]
    confine: Option<Confine>,
}

/// How much depends on being confined.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confine {
    // Plain comments keep the help short, as in `output`.
    #[default]
    Auto,
    Require,
    Off,
}

impl ConfineArgs {
    /// Tells whether it was asked for on the command line.
    pub fn is_given(&self) -> bool {
        self.confine.is_some()
    }

    /// Gives up everything but `rights`. Call it once, before anything starts a thread.
    pub fn enter(&self, rights: &Rights, context: &mut Context) -> Result<(), CliError> {
        self.settle(context, || Confinement::enter(rights))
    }

    /// Gives up nothing, for this reason; that is not enough where confinement is required.
    pub fn forgo(&self, why: &str, context: &mut Context) -> Result<(), CliError> {
        self.settle(context, || Confinement::none(why))
    }

    fn settle(
        &self,
        context: &mut Context,
        enter: impl FnOnce() -> Confinement,
    ) -> Result<(), CliError> {
        let how = self.confine.unwrap_or(context.config().confine);
        let confinement = match how {
            Confine::Off => Confinement::none("`--confine off`"),
            Confine::Auto | Confine::Require => enter(),
        };
        let missing = confinement.missing.join("; ");
        let (level, required) = (confinement.level, confinement.required());
        context.confined(confinement);
        match (how, level) {
            (Confine::Require, _) => required,
            (Confine::Auto, Level::Partial) => {
                context.warn(&format!("only partly confined: {missing}"));
                Ok(())
            }
            (Confine::Auto, Level::None) => {
                context.warn(&format!("not confined: {missing}"));
                Ok(())
            }
            (Confine::Auto, Level::Full) | (Confine::Off, _) => Ok(()),
        }
    }
}
