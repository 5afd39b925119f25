//! An attack, and the sites that have to withstand it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use airlock::Silent;
use airlock::repo::{InitOptions, Mode, Repo};
use airlock::workflow::seal::Signing;
use airlock::workflow::{ImportOptions, import};
use tempfile::TempDir;

use crate::child::{Ended, airlock};
use crate::forge::{self, Forged, NOW, TRUSTED};
use crate::tree;

/// Writes a bundle into a directory; returns where it is.
type Make = Box<dyn Fn(&Path) -> PathBuf>;

/// One bundle that is hostile inside, and what it must get.
pub struct Attack {
    name: String,
    make: Make,
    /// The exit codes that `verify` and `import` may have.
    verify: Vec<i32>,
    import: Vec<i32>,
    /// What the import must say, so that it is this that was refused.
    says: &'static str,
}

impl Attack {
    /// A corrupt bundle (exit 5), whose refusal says this.
    pub fn new(
        name: impl Into<String>,
        says: &'static str,
        make: impl Fn() -> Forged + 'static,
    ) -> Attack {
        Attack::of_bytes(name, says, move || make().tar())
    }

    /// The same, of the bytes of a tar form.
    pub fn of_bytes(
        name: impl Into<String>,
        says: &'static str,
        make: impl Fn() -> Vec<u8> + 'static,
    ) -> Attack {
        let make = move |dir: &Path| {
            let path = dir.join("x.airlock");
            fs::write(&path, make()).unwrap();
            path
        };
        Attack {
            name: name.into(),
            make: Box::new(make),
            verify: vec![5],
            import: vec![5],
            says,
        }
    }

    /// Both verbs end with one of these codes.
    pub fn exits(self, codes: &[i32]) -> Attack {
        Attack {
            verify: codes.to_vec(),
            import: codes.to_vec(),
            ..self
        }
    }

    /// Verification ends with this code.
    pub fn verify_exit(self, code: i32) -> Attack {
        Attack {
            verify: vec![code],
            ..self
        }
    }

    /// The import ends with this code.
    pub fn import_exit(self, code: i32) -> Attack {
        Attack {
            import: vec![code],
            ..self
        }
    }

    /// A file system may have no room for such a thing.
    pub fn or_no_room(mut self) -> Attack {
        self.import.push(1);
        self.says = "";
        self
    }

    /// Only who has the old files can tell that this is wrong.
    pub fn only_at_import(self) -> Attack {
        self.verify_exit(0)
    }
}

/// A repository that has the first bundle.
pub struct Site {
    dir: TempDir,
}

static ARCHIVE: LazyLock<Site> = LazyLock::new(|| Site::with_the_first(Mode::Archive));
static BARE_USER: LazyLock<Site> = LazyLock::new(|| Site::with_the_first(Mode::BareUser));

impl Site {
    fn with_the_first(mode: Mode) -> Site {
        let dir = TempDir::new().unwrap();
        let options = InitOptions {
            mode,
            collection_id: None,
        };
        let repo = Repo::init(dir.path().join("repo"), &options).unwrap();
        let bundle = dir.path().join("first.airlock");
        fs::write(&bundle, Forged::first().tar()).unwrap();
        let options = ImportOptions {
            bundle: vec![bundle],
            signatures: Vec::new(),
            trust: &forge::trust(""),
            signing: Signing::default(),
            site_record: None,
            deltas: Default::default(),
            now: NOW,
            threads: 2,
        };
        assert!(import(&repo, &options, &Silent).unwrap().changed);
        Site { dir }
    }

    /// Returns the path of the repository.
    pub fn repo(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    /// Copies the one that others share.
    pub fn of(mode: Mode) -> Site {
        let template = match mode {
            Mode::Archive => &ARCHIVE,
            _ => &BARE_USER,
        };
        let dir = TempDir::new().unwrap();
        let from = template.repo();
        let copied = std::process::Command::new("cp")
            .args(["-a", from.to_str().unwrap(), "repo"])
            .current_dir(&dir)
            .status();
        assert!(copied.unwrap().success());
        Site { dir }
    }
}

/// Where a person works: the certificate, and sites of both kinds.
pub struct Desk {
    dir: TempDir,
    sites: [(Mode, Site); 2],
}

impl Desk {
    /// Makes one of its own for a test.
    pub fn new() -> Desk {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("trust.asc"), TRUSTED.certificate()).unwrap();
        let sites = [Mode::Archive, Mode::BareUser].map(|mode| (mode, Site::of(mode)));
        Desk { dir, sites }
    }

    /// Returns the directory in which commands run.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Returns the paths of the repositories, that of an archive first.
    pub fn repos(&self) -> Vec<String> {
        let path = |(_, site): &(_, Site)| site.repo().to_str().unwrap().to_owned();
        self.sites.iter().map(path).collect()
    }

    /// Runs a command line about a bundle.
    pub fn run(&self, words: &[&str]) -> Ended {
        airlock(self.dir.path(), words)
    }

    /// Lets an attack have its way; returns what went wrong.
    pub fn withstand(&mut self, attack: &Attack) -> Vec<String> {
        let bundle = (attack.make)(self.dir.path());
        let bundle = bundle.to_str().unwrap();
        let mut wrong = Vec::new();
        let mut judge = |verb: &str, ended: &Ended, codes: &[i32], says: &str| {
            let fault = ended.fault().or_else(|| match &ended.code {
                Ok(code) if !codes.contains(code) => {
                    Some(format!("exit {code}, not {codes:?}: {}", ended.stderr))
                }
                Err(ended_by) => Some(format!("{ended_by}: {}", ended.stderr)),
                Ok(0) => None,
                Ok(_) if !ended.stderr.contains("Nothing was changed.") => {
                    Some(format!("no promise: {}", ended.stderr))
                }
                Ok(_) => (!ended.stderr.contains(says))
                    .then(|| format!("no {says:?} in: {}", ended.stderr)),
            });
            wrong.extend(fault.map(|fault| format!("{}: {verb}: {fault}", attack.name)));
        };
        let ended = self.run(&["inspect", "--members", bundle]);
        judge("inspect", &ended, &[0, 5, 7], "");
        let ended = self.run(&["verify", bundle, "--trust", "trust.asc"]);
        judge("verify", &ended, &attack.verify, "");
        for (kind, site) in &mut self.sites {
            let repo = site.repo();
            let before = tree::listing(&repo);
            let words = ["import", bundle, "--trust", "trust.asc", "--repo"];
            let words = [&words[..], &[repo.to_str().unwrap()]].concat();
            let ended = airlock(self.dir.path(), &words);
            judge(&kind.to_string(), &ended, &attack.import, attack.says);
            if *kind == Mode::Archive {
                // It makes nothing that is not wanted, and so need not meet what is wrong.
                let codes = [&[0][..], &attack.verify, &attack.import].concat();
                let words = [
                    "fsck",
                    "--trust",
                    "trust.asc",
                    "--repo",
                    repo.to_str().unwrap(),
                ];
                let words = [&words[..], &["--repair", bundle]].concat();
                judge("repair", &airlock(self.dir.path(), &words), &codes, "");
            }
            let changes = tree::changes(&before, &tree::listing(&repo));
            if !changes.is_empty() {
                judge(&kind.to_string(), &changed(&changes), &[], "");
                *site = Site::of(*kind);
            }
        }
        wrong
    }
}

/// What stands for a command after which the repository was another.
fn changed(changes: &[String]) -> Ended {
    Ended {
        code: Err("the repository changed".to_owned()),
        stdout: String::new(),
        stderr: changes
            .iter()
            .take(5)
            .map(|line| format!("{line}\n"))
            .collect(),
    }
}

/// Lets each attack have its way, and tells of all that did not go as they should.
pub fn withstand(attacks: Vec<Attack>) {
    let mut desk = Desk::new();
    let wrong = attacks.iter().flat_map(|one| desk.withstand(one));
    let wrong: Vec<String> = wrong.collect();
    println!("{} attacks, {} verbs each", attacks.len(), 5);
    assert!(
        wrong.is_empty(),
        "of {} attacks, {} things went wrong:\n{}",
        attacks.len(),
        wrong.len(),
        wrong.join("\n")
    );
}
