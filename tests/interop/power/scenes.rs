//! Commands besides those of [`SCENES`](crate::faults::scene::SCENES) whose order of syncs matters.

use crate::faults::scene::{AT_RELEASE, AT_SITE, Scene};

/// What each is about stands in its name.
pub const MORE: &[Scene] = &[
    Scene {
        name: "prune-first-of-all",
        before: "commit 1; commit 2; rm -rf dev/extensions",
        command: "prune --repo=dev --refs-only --depth=0",
        repo: "dev",
        gradual: true,
        ..AT_RELEASE
    },
    Scene {
        name: "prune-partial",
        before: "
            promote 2
            first=$(ostree rev-parse --repo=release os/stable^)
            airlock rollback --repo=release os/stable os/stable^ --key=release.key
            airlock import full.airlock --repo=site --trust=release.asc
            export --from=$first --history=5 -o history.airlock
            import history.airlock
            ostree refs --repo=site --delete os/stable",
        command: "prune --repo=site --refs-only --depth=0",
        gradual: true,
        ..AT_SITE
    },
    Scene {
        name: "import-history",
        before: "
            import full.airlock
            promote 2
            first=$(ostree rev-parse --repo=release os/stable^)
            airlock rollback --repo=release os/stable os/stable^ --key=release.key
            export --from=$first --history=5 -o history.airlock",
        command: "import history.airlock --repo=site --trust=release.asc",
        ..AT_SITE
    },
    Scene {
        name: "import-of-what-was-partial",
        before: "
            first=$(ostree rev-parse --repo=release os/stable)
            ostree pull-local --repo=site --commit-metadata-only release $first",
        command: "import full.airlock --repo=site --trust=release.asc",
        ..AT_SITE
    },
    Scene {
        name: "delta-generate",
        before: "promote 2",
        command: "delta generate --repo=release os/stable --key=release.key",
        ..AT_RELEASE
    },
    Scene {
        name: "export-first-of-all",
        before: "rm -rf release/extensions",
        command: "export --repo=release os/stable --full -o out/b.airlock --key=release.key",
        ..AT_RELEASE
    },
    Scene {
        name: "export-many-volumes",
        before: "head -c 200000 /dev/urandom > tree-2/noise; promote 2",
        command: "export --repo=release os/stable --full -o out/b.airlock --split-size=32K --key=release.key",
        ..AT_RELEASE
    },
    Scene {
        name: "init",
        command: "init --repo=out/new --mode=archive",
        gradual: true,
        ..AT_SITE
    },
];
