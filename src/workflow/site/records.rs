//! The two records of a site, the one in its repository and the copy outside, read side by side.

use std::path::{Path, PathBuf};

use super::{Accepted, RecordCopy};
use crate::bundle::RepositoryId;
use crate::repo::Repo;
use crate::workflow::error::Error;
use crate::workflow::finding::RecordFinding;
use crate::workflow::journal::{self, Verb};

/// What the repository and the copy outside say was accepted.
#[derive(Clone, Debug)]
pub struct Records {
    /// What the repository says.
    pub own: Option<Accepted>,
    /// What the copy says.
    pub outside: Option<Accepted>,
    /// Where the copy is kept from now on.
    pub copy: Option<RecordCopy>,
    damaged: Vec<String>,
}

impl Records {
    /// Reads the record in the repository; the copy is found once it is known whose bundles come.
    ///
    /// Without `dir` the copy lies where the repository says it does, if it says so.
    pub fn read(repo: &Repo, dir: Option<&Path>) -> Result<Records, Error> {
        let mut damaged = Vec::new();
        let own = whole(Accepted::load(repo), &mut damaged, || {
            format!("extensions/airlock/{}", Accepted::FILE)
        })?;
        let noted = own.as_ref().and_then(|own| own.copy.clone());
        let dir = dir.map(PathBuf::from).or(noted);
        Ok(Records {
            own,
            outside: None,
            copy: dir.map(RecordCopy::new),
            damaged,
        })
    }

    /// Reads the copy for the twin that is followed, or else for this one.
    pub fn find_copy(&mut self, twin: &RepositoryId) -> Result<(), Error> {
        let Some(copy) = self.copy.clone() else {
            return Ok(());
        };
        let followed = self
            .own
            .as_ref()
            .and_then(|own| own.repository.parse().ok());
        let id = followed.unwrap_or(*twin);
        let mut places = vec![copy];
        // A copy that is to move is still where it was.
        places.extend(self.noted_elsewhere());
        for place in places {
            let name = || place.path(&id).display().to_string();
            self.outside = whole(place.load(&id), &mut self.damaged, name)?;
            if self.outside.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Returns what both say together: the greater of every number.
    pub fn accepted(&self) -> Option<Accepted> {
        match (self.own.clone(), self.outside.clone()) {
            (Some(own), Some(outside)) => Some(own.merged(outside)),
            (own, outside) => own.or(outside),
        }
    }

    /// Returns the time to judge at: a clock that was set back, or never set, counts for nothing.
    ///
    /// Every copy in the directory tells the time, before it is known which of them is this site's.
    pub fn now(&self, clock: u64) -> Result<u64, Error> {
        let own = self.own.as_ref().map_or(clock, |own| own.time_floor(clock));
        let copies = self.copy.as_ref().map_or(Ok(0), RecordCopy::latest)?;
        Ok(own.max(copies))
    }

    /// Lists the records that somebody says were there, and are not.
    pub fn lost(&self, repo: &Repo) -> Result<Vec<RecordFinding>, Error> {
        let mut lost: Vec<RecordFinding> = self
            .damaged
            .iter()
            .map(|record| RecordFinding::RecordLost {
                record: record.clone(),
                witness: "it does not parse".to_owned(),
            })
            .collect();
        if self.own.is_none() && lost.is_empty() {
            let (entries, _) = journal::scan(repo)?;
            if entries.iter().any(|line| line.entry.verb == Verb::Import) {
                lost.push(RecordFinding::RecordLost {
                    record: format!("extensions/airlock/{}", Accepted::FILE),
                    witness: "the journal tells of imports".to_owned(),
                });
            }
        }
        let noted = self.own.as_ref().and_then(|own| own.copy.as_deref());
        if let Some(dir) = noted.filter(|_| self.outside.is_none() && lost.is_empty()) {
            lost.push(RecordFinding::RecordLost {
                record: format!("the copy in {}", dir.display()),
                witness: "the repository tells of it".to_owned(),
            });
        }
        Ok(lost)
    }

    fn noted_elsewhere(&self) -> Option<RecordCopy> {
        let noted = self.own.as_ref()?.copy.clone()?;
        let here = self.copy.as_ref().is_some_and(|copy| copy.dir() == noted);
        (!here).then(|| RecordCopy::new(noted))
    }
}

/// A record that does not parse is none.
fn whole(
    loaded: Result<Option<Accepted>, Error>,
    damaged: &mut Vec<String>,
    name: impl FnOnce() -> String,
) -> Result<Option<Accepted>, Error> {
    match loaded {
        Err(Error::Record { .. }) => {
            damaged.push(name());
            Ok(None)
        }
        other => other,
    }
}
