//! Progress: the library's events as bars, lines or JSON.
//!
//! ```text
//! terminal   bars    a bar per stage, gone when the stage ends
//! elsewhere  lines   a line per tenth of a stage; under `auto` only of stages longer than 2 s
//! --progress json    one JSON object per line, at most ten a second
//! ```

mod bars;
mod json;
mod lines;

use std::time::Duration;

use airlock::{Event, Observer, Silent, Stage, Unit};

use crate::args::{OutputArgs, ProgressMode};
use crate::context::Stderr;
use crate::render;

/// An observer that shares stderr with messages.
pub trait Progress {
    /// Returns the observer that the library is given.
    fn observer(&self) -> &dyn Observer;
    /// Names what is being worked on.
    fn about(&self, _subject: &str) {}
    /// Writes a message without tearing what is drawn.
    fn aside(&self, write: &dyn Fn()) {
        write();
    }
    /// Clears the screen of what was drawn.
    fn finish(&self) {}
}

/// Chooses how progress is shown, by what was asked for and where stderr leads.
pub fn choose(output: &OutputArgs) -> Box<dyn Progress> {
    let mode = if output.quiet {
        ProgressMode::None
    } else {
        output.progress
    };
    match mode {
        ProgressMode::Auto if Stderr::detect().is_terminal() => Box::new(bars::Bars::new()),
        ProgressMode::Auto => Box::new(lines::Lines::new(Duration::from_secs(2))),
        ProgressMode::Bar => Box::new(bars::Bars::new()),
        ProgressMode::Plain => Box::new(lines::Lines::new(Duration::ZERO)),
        ProgressMode::Json => Box::new(json::JsonLines::new()),
        ProgressMode::None => Box::new(Nothing),
    }
}

struct Nothing;

impl Progress for Nothing {
    fn observer(&self) -> &dyn Observer {
        &Silent
    }
}

/// Returns what a stage is called while it runs.
fn words(stage: Stage) -> &'static str {
    match stage {
        Stage::Walk => "walking",
        Stage::Commit => "committing",
        Stage::Copy => "copying",
        Stage::Patch => "comparing with old files",
        Stage::Pack => "packing",
        Stage::ReadBack => "reading back",
        Stage::Verify => "verifying",
        Stage::Import => "importing",
        Stage::Publish => "publishing",
        Stage::Fsck => "checking",
    }
}

/// Returns an amount in its unit.
fn amount(count: u64, unit: Unit) -> String {
    match unit {
        Unit::Bytes => render::bytes(count),
        Unit::Objects => format!("{} objects", render::count(count)),
    }
}

/// Returns the stage an event belongs to.
fn stage_of(event: Event) -> Stage {
    match event {
        Event::Begin { stage, .. } | Event::Advance { stage, .. } | Event::End { stage } => stage,
    }
}
