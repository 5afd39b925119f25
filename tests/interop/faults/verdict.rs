//! How the command itself ended: exit code, words, and what it left lying about.

use super::judge::{Age, Expected, Outcome, aftermath, litter, must};
use super::scene::Scene;
use super::trace::{Fault, Point, Traced};
use std::path::Path;

/// Judges a command that met a fault, and the place it left; `twin` becomes a copy of that.
pub fn judge(
    scene: &Scene,
    expected: &Expected,
    place: &Path,
    twin: &Path,
    point: &Point,
    traced: &Traced,
) -> Result<Outcome, String> {
    let end = End {
        scene,
        expected,
        place,
        point,
        traced,
    };
    end.ended()?;
    let outcome = aftermath(scene, expected, place, twin)?;
    end.was_true(outcome)?;
    Ok(outcome)
}

struct End<'a> {
    scene: &'a Scene,
    expected: &'a Expected,
    place: &'a Path,
    point: &'a Point,
    traced: &'a Traced,
}

impl End<'_> {
    /// The process ended as it should.
    fn ended(&self) -> Result<(), String> {
        let (code, said) = (self.traced.code, &self.traced.said);
        must(!said.contains("panicked at"), || format!("a panic: {said}"))?;
        if self.point.fault == Fault::Kill {
            return must(code.is_none(), || format!("killed, and exit {code:?}"));
        }
        let left: Vec<_> = litter(self.scene, self.place)
            .into_iter()
            .filter(|name| !self.expected.litter.contains(name))
            .collect();
        must(left.is_empty() || self.may_litter(), || {
            format!("left behind: {left:?}")
        })?;
        match code {
            Some(0) => must(self.may_shrug() || self.is_done_again(), || {
                "exit 0 all the same".to_owned()
            }),
            Some(1) => must(said.contains("  next: "), || format!("no hint: {said}")),
            _ => Err(format!("exit {code:?}: {said}")),
        }
    }

    /// Cleaning up and hints may fail without the command failing; so may a clone, which is then a copy.
    fn may_shrug(&self) -> bool {
        let shrugged = [
            "unlink",
            "unlinkat",
            "rmdir",
            "sync_file_range",
            "ioctl FICLONE",
        ];
        let call = &self.point.call;
        // A medium without modes of its own need not take one.
        let mode = call.name == "fchmod" && call.path.ends_with(".tmp?");
        mode || shrugged.contains(&call.name)
    }

    /// A sync that was only to come early is made again.
    fn is_done_again(&self) -> bool {
        let alike = self
            .traced
            .calls
            .iter()
            .filter(|call| **call == self.point.call);
        self.point.call.name == "syncfs" && alike.count() > self.point.nth + 1
    }

    /// What cannot be removed stays.
    fn may_litter(&self) -> bool {
        ["unlink", "unlinkat", "rmdir"].contains(&self.point.call.name)
    }

    /// What it said is so.
    fn was_true(&self, outcome: Outcome) -> Result<(), String> {
        let said = &self.traced.said;
        let promised = said.contains("Nothing was changed");
        must(!promised || outcome.untouched, || {
            format!("it changed, and was said not to: {said}")
        })?;
        must(
            self.traced.code != Some(0) || outcome.settled == Age::New,
            || "exit 0, and it is old".to_owned(),
        )
    }
}
