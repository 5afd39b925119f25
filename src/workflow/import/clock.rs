//! Which clock an import is judged by.

use crate::workflow::error::Error;
use crate::workflow::finding::{Finding, RecordFinding};

/// What the machine says the time is, and the time that is judged at.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    said: u64,
    /// The later of the machine's clock and the latest statement accepted.
    pub(super) judged: u64,
}

impl Clock {
    pub(super) fn new(said: u64) -> Clock {
        Clock { said, judged: said }
    }

    /// Tells that the machine's clock was not believed, if it was not.
    pub(super) fn behind(&self) -> Option<Finding> {
        let (clock, judged) = (self.said, self.judged);
        (judged > clock).then(|| RecordFinding::ClockBehind { clock, judged }.into())
    }

    /// Adds to findings which clock they were judged by.
    pub(super) fn add_to(&self, findings: &mut Vec<Finding>) {
        if !findings.is_empty() {
            findings.extend(self.behind());
        }
    }

    /// Adds to a refusal which clock it was judged by.
    pub(super) fn explain<T>(&self, done: Result<T, Error>) -> Result<T, Error> {
        match done {
            Err(Error::Refused { mut findings }) => {
                self.add_to(&mut findings);
                Err(Error::Refused { findings })
            }
            other => other,
        }
    }
}
