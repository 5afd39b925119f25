//! How a command speaks; the same for every verb.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;

/// Options that stand before or after any verb.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Output and configuration")]
pub struct OutputArgs {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Print results and errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// How progress is shown on stderr; auto: bars on a terminal, lines elsewhere
    #[arg(long, global = true, value_name = "HOW", default_value = "auto")]
    pub progress: ProgressMode,
    /// Work on at most N processor cores [default: all]
    #[arg(long, global = true, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Read settings from here [default: /etc/airlock/airlock.toml, if it exists]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "AIRLOCK_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
}

/// How progress is shown.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressMode {
    // Plain comments keep the help of every verb short: doc comments would list the values.
    Auto,
    Bar,
    Plain,
    Json,
    None,
}
