//! A signed permission takes one ref back, from one number to one commit, once; nothing else does.

use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use airlock::Class;
use airlock::openpgp::armor_signatures;
use airlock::repo::{Mode, Repo};
use airlock::workflow::{Standing, Trust};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::refusals::code;
use super::twin::{Cargo, REF, Twin, site};
use super::{head, snapshot, take};
use crate::bench::{Key, NOW};

/// The sequence of the bundle that brought the second release.
const SECOND: u64 = NOW - 998;

/// A site at the second release, whose policy asks an officer before anything goes back.
struct Back {
    twin: Twin,
    officer: Key,
    trust: Trust,
    dir: TempDir,
    _home: TempDir,
    repo: Repo,
}

impl Back {
    fn new() -> Back {
        let (twin, officer) = (Twin::new(), Key::new("officer"));
        let dir = TempDir::new().unwrap();
        let trust = dir.path().join("trust");
        fs::create_dir(&trust).unwrap();
        fs::write(trust.join("release.asc"), &twin.key.certificate).unwrap();
        fs::write(trust.join("officer.asc"), &officer.certificate).unwrap();
        let one = |key: &Key| format!("certificates = [\"{}\"]\n", key.fingerprint);
        let mut policy = format!("[[trust]]\n{}", one(&officer));
        for role in ["bundle", "commit", "summary"] {
            policy += &format!("[[{role}]]\n{}", one(&twin.key));
        }
        fs::write(trust.join("policy.toml"), policy).unwrap();
        let trust = Trust::load(&trust).unwrap();
        let (home, repo) = site(Mode::Archive);
        let full = twin.write(&dir, "full.airlock", &twin.cargo(twin.second, None, 2));
        take(&repo, &full, &trust).unwrap();
        Back {
            twin,
            officer,
            trust,
            dir,
            _home: home,
            repo,
        }
    }

    /// The first release again, as the third bundle, with what `edit` makes of a permission for it.
    fn bundle(&self, name: &str, edit: impl Fn(&mut Value) + 'static) -> PathBuf {
        let cargo = Cargo {
            edit: Rc::new(move |manifest| {
                let to = manifest["releases"][0]["commit"].clone();
                let permission = json!({"ref": REF, "from-sequence": SECOND, "to": to});
                manifest["rollback"] = permission;
                edit(manifest);
            }),
            ..self.twin.cargo(self.twin.first, None, 3)
        };
        self.twin.write(&self.dir, name, &cargo)
    }

    /// Adds the officer's signature beside a bundle.
    fn permit(&self, bundle: &PathBuf) {
        let mut tar = fs::File::open(bundle).map(tar_members).unwrap();
        let manifest = tar.remove(0);
        let signature = self.officer.signers()[0].sign(&manifest, NOW - 10).unwrap();
        let beside = PathBuf::from(format!("{}.asc", bundle.display()));
        fs::write(beside, armor_signatures(&[signature])).unwrap();
    }
}

/// The first member of a tar: the manifest.
fn tar_members(mut file: fs::File) -> Vec<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    let octal = std::str::from_utf8(&bytes[124..135]).unwrap();
    let size = usize::from_str_radix(octal.trim(), 8).unwrap();
    vec![bytes[512..512 + size].to_vec()]
}

#[test]
fn one_ref_goes_back_once() {
    let back = Back::new();
    let bundle = back.bundle("back.airlock", |_| ());
    back.permit(&bundle);
    let outcome = take(&back.repo, &bundle, &back.trust).unwrap();
    assert!(outcome.changed);
    assert_eq!(head(&back.repo), Some(back.twin.first));
    let again = take(&back.repo, &bundle, &back.trust).unwrap();
    assert_eq!((again.standing, again.changed), (Standing::Present, false));
    // Forward again; the permission is used up.
    let cargo = back.twin.cargo(back.twin.second, Some(back.twin.first), 4);
    let forward = back.twin.write(&back.dir, "forward.airlock", &cargo);
    take(&back.repo, &forward, &back.trust).unwrap();
    let used = take(&back.repo, &bundle, &back.trust).unwrap();
    assert_eq!((used.standing, used.changed), (Standing::Superseded, false));
    assert_eq!(head(&back.repo), Some(back.twin.second));
}

#[test]
fn nothing_else_goes_back() {
    type Edit = fn(&mut Value);
    let table: [(&str, bool, Edit, &str, Class); 4] = [
        (
            "nobody asked the officer",
            false,
            |_| (),
            "too-few-signers",
            Class::Untrusted,
        ),
        (
            "no permission",
            true,
            |m| {
                m.as_object_mut().unwrap().remove("rollback");
            },
            "downgrade",
            Class::Refused,
        ),
        (
            "from a number before",
            true,
            |m| m["rollback"]["from-sequence"] = json!(SECOND - 1),
            "permission-unfit",
            Class::Refused,
        ),
        (
            "from a number after",
            true,
            |m| m["rollback"]["from-sequence"] = json!(SECOND + 1),
            "error: the manifest is not accepted",
            Class::Corrupt,
        ),
    ];
    for (name, permitted, edit, finding, class) in table {
        let back = Back::new();
        let bundle = back.bundle("back.airlock", edit);
        if permitted {
            back.permit(&bundle);
        }
        let before = snapshot(back.repo.path());
        let error = take(&back.repo, &bundle, &back.trust).unwrap_err();
        assert_eq!(
            (code(&error).as_str(), error.class()),
            (finding, class),
            "{name}"
        );
        assert_eq!(snapshot(back.repo.path()), before, "{name}");
    }
}
