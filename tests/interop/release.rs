//! The whole path in small: a dev repository, a release repository, bundles, an offline repository.

use crate::image;
use crate::world::World;

/// A world with the keys `release` and `other`, and with version 1 exported and imported.
pub struct Release {
    /// Where it all is: `dev`, `release`, `srv/offline`, `full.airlock`, later `update.airlock`.
    pub world: World,
}

impl Release {
    /// Plays the path up to the first import.
    pub fn first(mode: &str) -> Release {
        let world = World::new();
        std::fs::create_dir(world.path("srv")).unwrap();
        for key in ["release", "other"] {
            world
                .airlock(&format!("key generate --user-id={key} -o {key}"))
                .ok();
        }
        world.airlock("init --repo=dev").ok();
        world.airlock("init --repo=release").ok();
        world
            .airlock(&format!("init --repo=srv/offline --mode={mode}"))
            .ok();
        let release = Release { world };
        release.promote(1);
        release
            .world
            .airlock("export --repo=release os/stable --full -o full.airlock --key=release.key")
            .ok();
        release.import("full.airlock");
        release
    }

    /// Commits a version in dev, and promotes it.
    pub fn promote(&self, version: u8) {
        let tree = format!("image-{version}");
        image::build(&self.world.path(&tree), version);
        let owner = "--owner-uid=0 --owner-gid=0";
        let version = format!("--add-metadata-string=version={version}.0");
        self.world
            .airlock(&format!(
                "commit --repo=dev -b os/dev --tree=dir={tree} {owner} {version}"
            ))
            .ok();
        self.world
            .airlock("promote --repo=release --from-repo=dev os/dev os/stable --key=release.key")
            .ok();
    }

    /// Carries version 2 to the other side as an update.
    pub fn second(&self) {
        self.second_with("");
    }

    /// The same, imported with this option.
    pub fn second_with(&self, option: &str) {
        // Promotions within one second would have one timestamp.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        self.promote(2);
        let export = "export --repo=release os/stable --from=os/stable^ -o update.airlock";
        self.world
            .airlock(&format!("{export} --key=release.key"))
            .ok();
        self.import(&format!("update.airlock {option}"));
    }

    fn import(&self, bundle: &str) {
        self.world
            .airlock(&format!(
                "import {bundle} --repo=srv/offline --trust=release.asc"
            ))
            .ok();
    }

    /// Returns the commit that a ref of a repository names.
    pub fn head(&self, repo: &str) -> String {
        self.world
            .ostree(&format!("rev-parse --repo={repo} os/stable"))
            .ok()
    }
}
