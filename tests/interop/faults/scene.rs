//! What is interrupted: a command, the place it is run in, and how to tell what it has done.

use std::path::Path;

use crate::tools::run_with;
use crate::world::World;

/// A command that changes something, and everything around it.
pub struct Scene {
    /// Its name.
    pub name: &'static str,
    /// Shell that prepares the place, after [`BASE`].
    pub before: &'static str,
    /// The words of the command.
    pub command: &'static str,
    /// The repository it changes.
    pub repo: &'static str,
    /// What its signatures are judged by; nothing when a run leaves the summary behind.
    pub trust: Option<&'static str>,
    /// Shell that says what others see of it: the same after every run that did its work, the same
    /// after every run that did nothing, and different between the two.
    pub sees: &'static str,
    /// Whether what it does is done piece by piece, each of which is whole.
    pub gradual: bool,
    /// Whether the repository is damaged before, and sound as soon as the command did its work.
    pub damaged: bool,
    /// What it does when it has been done.
    pub twice: Twice,
}

/// What a command does when all of it has been done already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twice {
    /// Nothing, or the same.
    Same,
    /// It says that its target exists.
    Refused,
    /// One more, unless it was cut off: then it was this one.
    MoreUnlessCutOff,
    /// One more.
    More,
}

/// Two versions of a tree, the first one released by the key `release` and exported.
const BASE: &str = "
    mkdir tree-1 tree-2 tree-1/etc tree-2/etc out
    echo same | tee tree-1/same > tree-2/same
    ln -s same tree-1/link
    seq 20000 > tree-1/large
    (seq 10000; echo changed; seq 10001 20000) > tree-2/large
    echo 1 > tree-1/etc/version
    echo 2 > tree-2/etc/version
    for key in release other; do airlock key generate --user-id $key -o $key; done
    airlock init --repo=dev
    airlock init --repo=release
    airlock init --repo=site --mode=${MODE:-archive}
    ostree init --repo=client --mode=bare-user
    ostree remote add --repo=client os file://nowhere --gpg-import=release.asc \\
        --set=gpg-verify=true --set=gpg-verify-summary=true
    commit() {
        airlock commit --repo=dev -b os/dev --tree=dir=tree-$1 --timestamp=@170000000$1 \\
            --owner-uid=0 --owner-gid=0 --no-xattrs
    }
    promote() {
        commit $1
        airlock promote --repo=release --from-repo=dev os/dev os/stable --key=release.key \\
            --timestamp=@170000001$1
    }
    export() { airlock export --repo=release os/stable --key=release.key \"$@\"; }
    import() { airlock import --repo=site --trust=release.asc \"$@\"; }
    promote 1
    export --full -o full.airlock
";

/// A client that verifies everything reads a ref of `$1`.
const PULL: &str = "
    pull() {
        said=$(ostree pull --repo=client --url=file://$PWD/$1 os $2 2>&1 > /dev/null) || true
        case $said in *'BAD signature'*) echo BAD signature;; *) tail -1 <<< $said;; esac
        ostree rev-parse --repo=client os:$2
    }
";

/// What most commands at a site have in common.
pub const AT_SITE: Scene = Scene {
    name: "",
    before: "",
    command: "",
    repo: "site",
    trust: Some("release.asc"),
    sees: "pull site os/stable",
    gradual: false,
    damaged: false,
    twice: Twice::Same,
};

/// What most commands at the twin have in common.
pub const AT_RELEASE: Scene = Scene {
    repo: "release",
    sees: "pull release os/stable",
    ..AT_SITE
};

/// Everything that is interrupted.
pub const SCENES: &[Scene] = &[
    Scene {
        name: "import-fresh",
        command: "import full.airlock --repo=site --trust=release.asc",
        ..AT_SITE
    },
    Scene {
        name: "import-bare-user",
        before: "rm -r site; airlock init --repo=site --mode=bare-user",
        command: "import full.airlock --repo=site --trust=release.asc",
        ..AT_SITE
    },
    Scene {
        name: "import-update",
        before: "import full.airlock; promote 2; export --from=os/stable^ -o update.airlock; mkdir record",
        command: "import update.airlock --repo=site --trust=release.asc --site-record=record",
        ..AT_SITE
    },
    Scene {
        name: "import-trust-update",
        before: "
            mkdir trust trust-2
            cp release.asc trust
            cp release.asc other.asc trust-2
            for role in bundle commit summary trust; do printf '[[%s]]\\n' $role; done > trust/policy.toml
            cp trust/policy.toml trust-2
            airlock trust update --trust=trust --new=trust-2 -m two --key=release.key
            airlock import full.airlock --repo=site --trust=trust
            promote 2
            export --from=os/stable^ -o update.airlock --trust-updates=trust-2",
        command: "import update.airlock --repo=site --trust=trust",
        trust: Some("trust"),
        ..AT_SITE
    },
    Scene {
        name: "repair",
        // What a client that pulls would look for first, and last.
        before: "import full.airlock; rm site/objects/*/*.commit site/objects/*/*.filez",
        command: "fsck --repo=site --trust=release.asc --repair full.airlock",
        damaged: true,
        ..AT_SITE
    },
    Scene {
        name: "promote",
        before: "commit 2",
        command: "promote --repo=release --from-repo=dev os/dev os/stable --key=release.key --timestamp=@1700000012",
        ..AT_RELEASE
    },
    Scene {
        name: "rollback",
        before: "promote 2",
        command: "rollback --repo=release os/stable os/stable^ --key=release.key --timestamp=@1700000013",
        twice: Twice::MoreUnlessCutOff,
        ..AT_RELEASE
    },
    Scene {
        name: "rollback-hold",
        before: "import full.airlock; promote 2; export --from=os/stable^ --may-return -o update.airlock
            import update.airlock",
        command: "rollback --hold --repo=site",
        ..AT_SITE
    },
    Scene {
        name: "sign-commit",
        command: "sign commit os/stable --repo=release --key=other.key",
        ..AT_RELEASE
    },
    Scene {
        name: "sign-summary",
        command: "sign summary --repo=release --key=other.key",
        ..AT_RELEASE
    },
    Scene {
        name: "sign-bundle",
        before: "
            mkdir two
            cp release.asc other.asc two
            printf '[[bundle]]\nthreshold = 2\n[[commit]]\n[[summary]]\n' > two/policy.toml",
        command: "sign bundle full.airlock --key=other.key",
        sees: "for trust in release.asc two; do
                airlock verify full.airlock --trust=$trust > /dev/null 2>&1; echo $?
            done",
        ..AT_RELEASE
    },
    Scene {
        name: "summary",
        command: "summary --repo=release --key=release.key --key=other.key",
        ..AT_RELEASE
    },
    Scene {
        name: "prune",
        before: "promote 2; import full.airlock; export --from=os/stable^ -o update.airlock; import update.airlock
            airlock rollback --repo=release os/stable os/stable^ --key=release.key",
        command: "prune --repo=release --refs-only --depth=0",
        gradual: true,
        ..AT_RELEASE
    },
    Scene {
        name: "delta-replace",
        before: "promote 2; airlock delta generate --repo=release os/stable --disable-bsdiff",
        command: "delta generate --repo=release os/stable --key=release.key",
        ..AT_RELEASE
    },
    Scene {
        name: "commit",
        command: "commit --repo=release -b os/made --tree=dir=tree-2 --timestamp=@1700000002 --no-xattrs --key=release.key",
        trust: None,
        sees: "pull release os/stable; ostree rev-parse --repo=release os/made",
        twice: Twice::More,
        ..AT_RELEASE
    },
    Scene {
        name: "export-full",
        command: "export --repo=release os/stable --full -o out/b.airlock --key=release.key",
        sees: BUNDLE,
        twice: Twice::Refused,
        ..AT_RELEASE
    },
    Scene {
        name: "export-volumes",
        command: "export --repo=release os/stable --full -o out/b.airlock --split-size=24K --site=oslo --key=release.key",
        sees: "if test -e out/b.airlock.001; then airlock verify out/b.airlock.001 --trust=release.asc | grep stable; fi",
        twice: Twice::Refused,
        ..AT_RELEASE
    },
    Scene {
        name: "export-directory",
        before: "promote 2",
        command: "export --repo=release os/stable --from=os/stable^ -o out/b.airlock --form=dir --key=release.key",
        sees: BUNDLE,
        twice: Twice::Refused,
        ..AT_RELEASE
    },
];

/// What stands at the target of an export, if anything does, is a bundle.
const BUNDLE: &str = "if test -e out/b.airlock; then airlock verify out/b.airlock --trust=release.asc > /dev/null; echo $?; fi";

impl Scene {
    /// Prepares the place `start`.
    pub fn prepare(&self, world: &World) {
        world.shell("mkdir start; touch empty.toml");
        let script = format!("cd start; {}{BASE}{}", functions(), self.before);
        world.shell(&script);
    }

    /// The words of the command, with the program.
    pub fn words(&self) -> Vec<&'static str> {
        let program = env!("CARGO_BIN_EXE_airlock");
        [program]
            .into_iter()
            .chain(self.command.split_whitespace())
            .collect()
    }

    /// Says what others see in a place; whatever that is.
    pub fn seen(&self, place: &Path) -> String {
        let script = format!("{}{PULL}{}", functions(), self.sees);
        let ran = run_with(place, "bash", ["-c", &script], &[("HOME", place.as_ref())]);
        let here = place.display().to_string();
        ran.stdout().replace(&here, "HERE")
    }
}

fn functions() -> String {
    format!(
        "airlock() {{ {} \"$@\"; }}\n",
        env!("CARGO_BIN_EXE_airlock")
    )
}
