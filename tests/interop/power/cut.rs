//! What a medium may hold after the power went: all that was synced, and of the rest whatever it likes.
//!
//! ```text
//! the log    Make 7 · Name tmp/x→7 · Write 7 · Sync 7 · Name summary→7 · Name tmp/x→none · Sync repo
//! cut here                                                             ^
//! least      what was synced: tmp/x not even there, summary the old one
//! names      every name, and no byte that was not synced
//! bytes      every byte, and no name that was not synced
//! some       each name as it was at any time since it was synced, each file with all, none or some of
//!            its writes; drawn from a seed
//! ```
//!
//! No file system is as bad as all of these together; none that exists is worse.

use std::collections::BTreeMap;

use super::tree::{Node, Op, Tree};

/// What became of that which was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It is gone.
    Least,
    /// Names are there, bytes are gone.
    Names,
    /// Bytes are there, names are gone.
    Bytes,
    /// Some is there; the seed says what.
    Some(u64),
    /// Nothing is gone: a process was killed, and the machine lives on.
    Nothing,
}

/// A medium on which a log is played.
pub struct Medium {
    synced: Tree,
    pending: BTreeMap<u64, Vec<Op>>,
}

impl Medium {
    /// A medium that holds these nodes safely.
    pub fn new(tree: &Tree) -> Medium {
        Medium {
            synced: tree.clone(),
            pending: BTreeMap::new(),
        }
    }

    /// Plays one step.
    pub fn play(&mut self, op: &Op) {
        match op {
            // A name that was synced needs something to stand for.
            Op::Make(node, about, body) => {
                self.synced.insert(*node, Node::new(*about, body.clone()));
            }
            Op::Sync(node) => self.sync(*node, |_| true),
            Op::SyncData(node) => {
                self.sync(*node, |op| matches!(op, Op::Write(..) | Op::Resize(..)));
            }
            Op::SyncAll => {
                for node in self.pending.keys().copied().collect::<Vec<_>>() {
                    self.sync(node, |_| true);
                }
            }
            other => {
                let node = other.node().unwrap();
                self.pending.entry(node).or_default().push(other.clone());
            }
        }
    }

    fn sync(&mut self, number: u64, kept: impl Fn(&Op) -> bool) {
        let pending = self.pending.remove(&number).unwrap_or_default();
        let (done, rest): (Vec<_>, Vec<_>) = pending.into_iter().partition(kept);
        let node = self.synced.get_mut(&number).unwrap();
        done.iter().for_each(|op| node.apply(op));
        if !rest.is_empty() {
            self.pending.insert(number, rest);
        }
    }

    /// Returns what is there after a cut.
    pub fn cut(&self, loss: Loss) -> Tree {
        let mut tree = self.synced.clone();
        let mut draw = Draw::new(loss);
        for (number, pending) in &self.pending {
            let node = tree.get_mut(number).unwrap();
            for op in draw.survivors(pending) {
                node.apply(op);
            }
        }
        one_name_each(&mut tree, &self.pending);
        some_name_each(&mut tree, &self.synced, &self.pending);
        tree
    }
}

/// A directory that was renamed has one name: no file system leaves it under both, for that would be
/// one with two parents. It is the new one, once that has survived.
fn one_name_each(tree: &mut Tree, pending: &BTreeMap<u64, Vec<Op>>) {
    for (parent, ops) in pending {
        for op in ops {
            let Op::Name(_, name, Some(child)) = op else {
                continue;
            };
            let names = |tree: &Tree, node: &u64| tree.get(node).and_then(Node::names).cloned();
            let given = names(tree, parent).is_some_and(|names| names.get(name) == Some(child));
            if !given || names(tree, child).is_none() {
                continue;
            }
            for (other, node) in tree.iter_mut() {
                let names = node.names().into_iter().flatten();
                let names = names
                    .filter(|(_, node)| *node == child)
                    .map(|(name, _)| name);
                let older: Vec<String> = names
                    .filter(|old| (other, *old) != (parent, name))
                    .cloned()
                    .collect();
                for old in older {
                    node.apply(&Op::Name(*other, old, None));
                }
            }
        }
    }
}

/// A directory that was renamed has a name: what took the old one away is what gave the new one.
fn some_name_each(tree: &mut Tree, synced: &Tree, pending: &BTreeMap<u64, Vec<Op>>) {
    for ops in pending.values() {
        let mut last: BTreeMap<&str, Option<u64>> = BTreeMap::new();
        for op in ops {
            if let Op::Name(_, name, child) = op {
                last.insert(name, *child);
            }
        }
        for child in last.into_values().flatten() {
            let is_dir = tree.get(&child).is_some_and(|node| node.names().is_some());
            if is_dir
                && name_of(tree, child).is_none()
                && let Some((parent, name)) = name_of(synced, child)
                && let Some(node) = tree.get_mut(&parent)
            {
                node.apply(&Op::Name(parent, name, Some(child)));
            }
        }
    }
}

fn name_of(tree: &Tree, child: u64) -> Option<(u64, String)> {
    tree.iter().find_map(|(parent, node)| {
        let mut names = node.names().into_iter().flatten();
        let (name, _) = names.find(|(_, node)| **node == child)?;
        Some((*parent, name.clone()))
    })
}

/// Decides what survives.
struct Draw {
    loss: Loss,
    state: u64,
}

impl Draw {
    fn new(loss: Loss) -> Draw {
        let state = match loss {
            Loss::Some(seed) => seed,
            _ => 0,
        };
        Draw { loss, state }
    }

    /// Draws a number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % end
    }

    fn survivors<'o>(&mut self, pending: &'o [Op]) -> Vec<&'o Op> {
        let is_name = |op: &&Op| matches!(op, Op::Name(..));
        match self.loss {
            Loss::Least => Vec::new(),
            Loss::Nothing => pending.iter().collect(),
            Loss::Names => pending.iter().filter(is_name).collect(),
            Loss::Bytes => pending.iter().filter(|op| !is_name(op)).collect(),
            Loss::Some(_) => self.some(pending),
        }
    }

    /// A name keeps any of the states it went through; of other changes all, none or some survive.
    fn some<'o>(&mut self, pending: &'o [Op]) -> Vec<&'o Op> {
        let mut names: BTreeMap<&str, Vec<&Op>> = BTreeMap::new();
        let mut others = Vec::new();
        for op in pending {
            match op {
                Op::Name(_, name, _) => names.entry(name).or_default().push(op),
                other => others.push(other),
            }
        }
        let mut kept: Vec<&Op> = match self.below(3) {
            0 => Vec::new(),
            1 => others,
            _ => others.into_iter().filter(|_| self.below(2) == 0).collect(),
        };
        for changes in names.into_values() {
            let until = self.below(changes.len() + 1);
            kept.extend(until.checked_sub(1).map(|last| changes[last]));
        }
        kept
    }
}
