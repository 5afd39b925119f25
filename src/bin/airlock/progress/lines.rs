//! Plain lines for logs: `importing: 40 % (163 MB of 409 MB)`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use airlock::{Event, Observer, Stage, Unit};

use super::{Progress, amount, stage_of, words};
use crate::context::{Priority, Stderr};
use crate::render;

/// A line is written when a stage has come this much further, in percent.
const STEP: u64 = 10;

/// Writes a line per tenth of a stage, and one at its end.
pub struct Lines {
    patience: Duration,
    stderr: Stderr,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    subject: String,
    running: Vec<Running>,
}

struct Running {
    stage: Stage,
    total: Option<u64>,
    unit: Unit,
    done: u64,
    told: u64,
    began: Instant,
}

impl Lines {
    /// Says nothing of a stage before `patience` has passed, nor of stages that are over by then.
    pub fn new(patience: Duration) -> Lines {
        Lines {
            patience,
            stderr: Stderr::detect(),
            state: Mutex::default(),
        }
    }
}

impl State {
    fn take(&mut self, event: Event, patience: Duration) -> Option<String> {
        let place = self.running.iter().position(|r| r.stage == stage_of(event));
        match event {
            Event::Begin { stage, total, unit } => {
                let began = Instant::now();
                self.running.push(Running {
                    stage,
                    total,
                    unit,
                    done: 0,
                    told: 0,
                    began,
                });
                None
            }
            Event::Advance { by, .. } => {
                let stage = self.running.get_mut(place?)?;
                stage.done += by;
                stage.step(patience)
            }
            Event::End { .. } => self.running.remove(place?).end(patience),
        }
    }
}

impl Running {
    fn step(&mut self, patience: Duration) -> Option<String> {
        let total = self.total.filter(|total| *total > 0)?;
        let percent = u64::try_from(u128::from(self.done) * 100 / u128::from(total)).ok()?;
        let tenth = percent / STEP * STEP;
        if tenth <= self.told || tenth >= 100 || self.began.elapsed() < patience {
            return None;
        }
        self.told = tenth;
        let (done, total) = (amount(self.done, self.unit), amount(total, self.unit));
        Some(format!(
            "{}: {tenth} % ({done} of {total})",
            words(self.stage)
        ))
    }

    fn end(self, patience: Duration) -> Option<String> {
        let took = self.began.elapsed();
        let line = || {
            let done = amount(self.done, self.unit);
            format!(
                "{}: {done} in {}",
                words(self.stage),
                render::duration(took)
            )
        };
        (took >= patience && self.done > 0).then(line)
    }
}

impl Observer for Lines {
    fn event(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = state.take(event, self.patience) {
            let subject = &state.subject;
            let line = if subject.is_empty() {
                line
            } else {
                format!("{subject}: {line}")
            };
            self.stderr.line(Priority::Info, &line);
        }
    }
}

impl Progress for Lines {
    fn observer(&self) -> &dyn Observer {
        self
    }

    fn about(&self, subject: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.subject = render::clean(subject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(patience: Duration) -> Vec<String> {
        let stage = Stage::Pack;
        let mut state = State::default();
        let mut events = vec![Event::Begin {
            stage,
            total: Some(2000),
            unit: Unit::Objects,
        }];
        events.extend([Event::Advance { stage, by: 150 }; 13]);
        events.extend([Event::Advance { stage, by: 50 }, Event::End { stage }]);
        events
            .into_iter()
            .filter_map(|event| state.take(event, patience))
            .collect()
    }

    #[test]
    fn a_line_per_tenth() {
        let lines = told(Duration::ZERO);
        assert_eq!(
            lines.first().map(String::as_str),
            Some("packing: 10 % (300 objects of 2,000 objects)")
        );
        assert_eq!(lines.len(), 10);
        assert!(
            lines[9].starts_with("packing: 2,000 objects in "),
            "{}",
            lines[9]
        );
    }

    #[test]
    fn short_stages_stay_silent() {
        assert!(told(Duration::from_secs(60)).is_empty());
    }
}
