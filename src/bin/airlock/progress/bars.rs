//! Bars on a terminal.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use airlock::{Event, Observer, Stage, Unit};
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::{Progress, words};

/// One bar per running stage, drawn on stderr.
pub struct Bars {
    screen: MultiProgress,
    running: Mutex<Vec<(Stage, ProgressBar)>>,
}

impl Bars {
    /// Draws nothing yet.
    pub fn new() -> Bars {
        Bars {
            screen: MultiProgress::new(),
            running: Mutex::new(Vec::new()),
        }
    }

    fn begin(&self, stage: Stage, total: Option<u64>, unit: Unit) -> ProgressBar {
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let bar = self.screen.add(bar.with_style(style(total, unit)));
        bar.set_prefix(words(stage));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

fn style(total: Option<u64>, unit: Unit) -> ProgressStyle {
    let (numbers, rate) = match unit {
        Unit::Bytes => (
            "{decimal_bytes}/{decimal_total_bytes}",
            "{decimal_bytes_per_sec}",
        ),
        Unit::Objects => ("{human_pos}/{human_len}", "{per_sec}"),
    };
    let template = match (total, unit) {
        (Some(_), _) => format!("{{prefix:>12}} [{{bar:20}}] {{percent:>3}} % {numbers} {{eta}}"),
        (None, Unit::Bytes) => format!("{{prefix:>12}} {{spinner}} {{decimal_bytes}} {rate}"),
        (None, Unit::Objects) => "{prefix:>12} {spinner} {human_pos} objects".to_owned(),
    };
    ProgressStyle::with_template(&template)
        .expect("the templates above are well formed")
        .with_key("eta", eta)
        .progress_chars("=> ")
}

/// Shows how long it will take; before anything is known of the speed, nothing.
fn eta(state: &ProgressState, out: &mut dyn Write) {
    const KNOWN_AFTER: Duration = Duration::from_secs(3);
    if state.elapsed() >= KNOWN_AFTER {
        // A bar that cannot be drawn is no failure.
        let _ = write!(out, "{:#}", HumanDuration(state.eta()));
    }
}

impl Observer for Bars {
    fn event(&self, event: Event) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Begin { stage, total, unit } => {
                running.push((stage, self.begin(stage, total, unit)))
            }
            Event::Advance { stage, by } => {
                if let Some((_, bar)) = running.iter().find(|(s, _)| *s == stage) {
                    bar.inc(by);
                }
            }
            Event::End { stage } => running.retain(|(s, bar)| {
                if *s == stage {
                    bar.finish_and_clear();
                }
                *s != stage
            }),
        }
    }
}

impl Progress for Bars {
    fn observer(&self) -> &dyn Observer {
        self
    }

    fn aside(&self, write: &dyn Fn()) {
        self.screen.suspend(write);
    }

    fn finish(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, bar) in running.drain(..) {
            bar.finish_and_clear();
        }
    }
}
