//! The count of what came of all faults: a row per command and fault.

use std::collections::BTreeMap;
use std::fmt;

use super::judge::{Age, Outcome};
use super::trace::Fault;

/// What came of one kind of fault at all calls of one command.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    points: usize,
    missed: usize,
    seen: [usize; 3],
    settled: [usize; 2],
    wrong: usize,
}

/// The rows of one command.
#[derive(Debug)]
pub struct Table {
    name: &'static str,
    rows: BTreeMap<Fault, Row>,
    /// What was wrong, and where.
    pub wrong: Vec<String>,
}

impl Table {
    /// Makes an empty one.
    pub fn new(name: &'static str) -> Table {
        Table {
            name,
            rows: BTreeMap::new(),
            wrong: Vec::new(),
        }
    }

    /// Counts a point that no run came to.
    pub fn missed(&mut self, fault: Fault) {
        self.rows.entry(fault).or_default().missed += 1;
    }

    /// Counts a point.
    pub fn add(&mut self, fault: Fault, came: Result<Outcome, String>) {
        let row = self.rows.entry(fault).or_default();
        row.points += 1;
        match came {
            Ok(Outcome { seen, settled, .. }) => {
                row.seen[seen as usize] += 1;
                row.settled[usize::from(settled == Age::New)] += 1;
            }
            Err(what) => {
                row.wrong += 1;
                self.wrong.push(what);
            }
        }
    }

    /// How many points no run came to.
    pub fn all_missed(&self) -> usize {
        self.rows.values().map(|row| row.missed).sum()
    }
}

/// What the columns are.
pub const HEAD: &str = "\
| command             | fault  | points | missed | seen old | new | unmatched | settled old | new | else |
|---------------------|--------|-------:|-------:|---------:|----:|----------:|------------:|----:|-----:|";

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fault, row) in &self.rows {
            let Row {
                points,
                missed,
                seen: [old, new, unmatched],
                settled: [settled_old, settled_new],
                wrong,
            } = row;
            let (name, fault) = (self.name, fault.name());
            writeln!(
                f,
                "| {name:19} | {fault:6} | {points:6} | {missed:6} | {old:8} | {new:3} | {unmatched:9} | {settled_old:11} | {settled_new:3} | {wrong:4} |"
            )?;
        }
        Ok(())
    }
}
