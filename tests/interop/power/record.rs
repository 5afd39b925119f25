//! One run of a command, with one of the media it writes to under the layer.

use std::fs;
use std::path::Path;

use super::disk::Faults;
use super::mount::Mounted;
use super::tree::{Op, Tree, listing, load, store};
use crate::faults::judge::copy;
use crate::faults::scene::Scene;
use crate::faults::state::State;
use crate::tools::run_with;
use crate::world::World;

/// What a command did to a medium.
pub struct Recording {
    pub world: World,
    pub scene: &'static Scene,
    pub medium: Medium,
    /// The medium before, what was done to it, and the medium after.
    pub before: Tree,
    pub log: Vec<Op>,
    pub after: Tree,
    /// The repository before and after.
    pub old: State,
    pub new: State,
}

/// Which medium is under the layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// The repository that the command changes.
    Repository,
    /// The stick that a bundle is written to.
    Stick,
    /// The directory that all of it lies in.
    Place,
}

impl Recording {
    /// Prepares a scene, and runs its command once.
    pub fn of(scene: &'static Scene, medium: Medium, prepare: impl FnOnce(&Path)) -> Recording {
        let world = World::in_memory();
        scene.prepare(&world);
        let start = world.path("start");
        prepare(&start);
        let place = world.path("place");
        copy(&start, &place);
        let inner = match medium {
            Medium::Repository => scene.repo,
            Medium::Stick => "out",
            Medium::Place => "",
        };
        let before = load(&start.join(inner));
        let mounted = Mounted::new(&place.join(inner), before.clone(), Faults::default());
        let words = scene.words();
        run_with(&place, words[0], &words[1..], &[("HOME", place.as_ref())]).ok();
        let (after, log) = mounted.unmount();
        let left = world.path("left");
        copy(&place, &left);
        fs::remove_dir_all(left.join(inner)).unwrap();
        store(&after, &left.join(inner));
        let state = |place: &Path| State::read(&place.join(scene.repo));
        Recording {
            old: state(&start),
            new: state(&left),
            world,
            scene,
            medium,
            before,
            log,
            after,
        }
    }

    /// Writes what a medium holds to a directory, for as long as something looks at it.
    pub fn laid_out<T>(&self, tree: &Tree, look: impl FnOnce(&Path) -> T) -> T {
        let dir = tempfile::tempdir_in(self.world.path("")).unwrap();
        let root = dir.path().join("laid-out");
        store(tree, &root);
        look(&root)
    }

    /// What a finished command left undone on the medium: paths that are not there as it left them.
    pub fn not_durable(&self, tree: &Tree) -> Vec<String> {
        let (kept, promised) = (listing(tree), listing(&self.after));
        let differs = |path: &&String| kept.get(*path) != promised.get(*path);
        let all = kept.keys().chain(promised.keys());
        let mut paths: Vec<_> = all.filter(differs).filter(|path| counts(path)).collect();
        paths.sort();
        paths.dedup();
        let about = |tree: &std::collections::BTreeMap<_, String>, path: &String| {
            tree.get(path)
                .cloned()
                .unwrap_or_else(|| "absent".to_owned())
        };
        paths
            .into_iter()
            .map(|path| {
                format!(
                    "{path}: {} instead of {}",
                    about(&kept, path),
                    about(&promised, path)
                )
            })
            .collect()
    }
}

/// What is nobody's promise: the place for unfinished things, and locks.
fn counts(path: &str) -> bool {
    !(path.contains("/tmp/") || path.ends_with("lock") || path.contains("/airlock/stage"))
}
