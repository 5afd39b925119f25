//! Progress for programs: one JSON object per line on stderr.
//!
//! ```text
//! {"event":"begin","stage":"pack","total":2000,"unit":"bytes"}
//! {"event":"advance","stage":"pack","by":150}       sums; at most ten a second
//! {"event":"end","stage":"pack"}
//! ```

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use airlock::{Event, Observer, Stage};

use super::Progress;

const PAUSE: Duration = Duration::from_millis(100);

/// Writes every begin and end, and advances summed up.
pub struct JsonLines {
    pending: Mutex<Vec<Pending>>,
}

struct Pending {
    stage: Stage,
    by: u64,
    told: Instant,
}

impl JsonLines {
    /// Begins with no stage running.
    pub fn new() -> JsonLines {
        JsonLines {
            pending: Mutex::new(Vec::new()),
        }
    }
}

fn take(pending: &mut Vec<Pending>, event: Event) -> Vec<Event> {
    match event {
        Event::Begin { stage, .. } => {
            pending.push(Pending {
                stage,
                by: 0,
                told: Instant::now(),
            });
            vec![event]
        }
        Event::Advance { stage, by } => {
            let Some(state) = pending.iter_mut().find(|p| p.stage == stage) else {
                return vec![event];
            };
            state.by += by;
            if state.told.elapsed() < PAUSE {
                return Vec::new();
            }
            state.told = Instant::now();
            vec![Event::Advance {
                stage,
                by: std::mem::take(&mut state.by),
            }]
        }
        Event::End { stage } => {
            let rest = pending
                .iter()
                .position(|p| p.stage == stage)
                .map(|at| pending.remove(at).by);
            let rest = rest
                .filter(|by| *by > 0)
                .map(|by| Event::Advance { stage, by });
            rest.into_iter().chain([event]).collect()
        }
    }
}

impl Observer for JsonLines {
    fn event(&self, event: Event) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for event in take(&mut pending, event) {
            if let Ok(line) = serde_json::to_string(&event) {
                // Progress is not worth failing for.
                let _ = writeln!(std::io::stderr(), "{line}");
            }
        }
    }
}

impl Progress for JsonLines {
    fn observer(&self) -> &dyn Observer {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_between_the_pauses() {
        let stage = Stage::Fsck;
        let mut pending = Vec::new();
        let unit = airlock::Unit::Bytes;
        take(
            &mut pending,
            Event::Begin {
                stage,
                total: None,
                unit,
            },
        );
        let mut told = Vec::new();
        for _ in 0..1000 {
            told.extend(take(&mut pending, Event::Advance { stage, by: 3 }));
        }
        told.extend(take(&mut pending, Event::End { stage }));
        let sum: u64 = told
            .iter()
            .map(|event| match event {
                Event::Advance { by, .. } => *by,
                _ => 0,
            })
            .sum();
        assert_eq!(sum, 3000);
    }
}
