//! A site: an offline repository that follows the twin, and what can be wrong with it.

use std::any::Any;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use airlock::repo::{InitOptions, Mode, Repo};
use airlock::workflow::seal::Signing;
use airlock::workflow::{Error, ImportOptions, ImportOutcome, import};
use airlock::{Class, Silent};
use serde_json::json;
use tempfile::TempDir;

use super::forge::{self, Content, Forged, NEW, NOW, OLD, REF, TRUSTED};
use super::{Row, tree, write};

/// An archive repository, in a directory of its own.
pub struct Site {
    dir: TempDir,
}

/// The site that has the first bundle; others are copies of it.
static TEMPLATE: LazyLock<Site> = LazyLock::new(|| {
    let site = Site::empty(Mode::Archive);
    site.take(&Forged::first());
    site
});

impl Site {
    /// A repository with nothing in it, in which airlock has worked before.
    pub fn empty(mode: Mode) -> Site {
        let site = Site {
            dir: TempDir::new().unwrap(),
        };
        let options = InitOptions {
            mode,
            collection_id: None,
        };
        let repo = Repo::init(site.path(), &options).unwrap();
        drop(repo.lock_for_writing().unwrap());
        drop(repo.lock_shared().unwrap());
        site
    }

    /// An archive repository that has the first bundle.
    pub fn following() -> Site {
        TEMPLATE.copied_to(TempDir::new().unwrap())
    }

    fn copied_to(&self, dir: TempDir) -> Site {
        let copy = Site { dir };
        tree::copy(&self.path(), &copy.path());
        copy
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    pub fn repo(&self) -> Repo {
        Repo::open(self.path()).unwrap()
    }

    /// Imports the bundle that lies in these files, as this policy has it.
    pub fn import(&self, bundle: Vec<PathBuf>, policy: &str) -> Result<ImportOutcome, Error> {
        let options = ImportOptions {
            bundle,
            signatures: Vec::new(),
            trust: &forge::trust(policy),
            signing: Signing::default(),
            site_record: None,
            deltas: Default::default(),
            now: NOW,
            threads: 2,
        };
        import(&self.repo(), &options, &Silent)
    }

    /// Imports a bundle that must be good.
    pub fn take(&self, bundle: &Forged) -> ImportOutcome {
        let dir = TempDir::new().unwrap();
        let path = write(dir.path(), &bundle.tar());
        self.import(vec![path], "")
            .unwrap_or_else(|error| panic!("{}", super::said(&error)))
    }

    fn edit_config(&self, from: &str, to: &str) {
        let path = self.path().join("config");
        let config = fs::read_to_string(&path).unwrap();
        assert!(config.contains(from), "{config}");
        fs::write(path, config.replace(from, to)).unwrap();
    }

    fn set_config(&self, line: &str) {
        self.edit_config("[core]\n", &format!("[core]\n{line}\n"));
    }

    /// The file of an object of the old commit that the update does not bring.
    fn old_object(&self) -> PathBuf {
        let name = Content::new(OLD, Some(NEW)).files.remove(0).0;
        self.path().join(name)
    }
}

/// What a row holds while the import is tried: a lock, or nothing.
pub type Held = Box<dyn Any>;

/// A site that is wrong in one way, a bundle, and what it must get.
pub struct SiteRow {
    name: &'static str,
    site: fn() -> Site,
    prepare: fn(&Site) -> Held,
    bundle: fn() -> Forged,
    class: Class,
    text: &'static str,
}

impl SiteRow {
    /// Tries the import; returns what is wrong with what it got.
    pub fn run(&self) -> Option<String> {
        let site = (self.site)();
        let held = (self.prepare)(&site);
        let bundle = self.bundle;
        let row = Row::new(
            self.name.to_owned(),
            move || bundle().tar(),
            self.class,
            self.text,
        );
        let wrong = row.try_import(&site);
        drop(held);
        wrong
    }
}

fn nothing() -> Held {
    Box::new(())
}

pub fn rows() -> Vec<SiteRow> {
    let row = |name, site, prepare, bundle, class, text| SiteRow {
        name,
        site,
        prepare,
        bundle,
        class,
        text,
    };
    let of = |name, prepare, class, text| {
        row(name, Site::following, prepare, Forged::update, class, text)
    };
    let with =
        |name, bundle, class, text| row(name, Site::following, |_| nothing(), bundle, class, text);
    vec![
        row(
            "no base",
            || Site::empty(Mode::Archive),
            |_| nothing(),
            Forged::update,
            Class::NotFound,
            "base-missing",
        ),
        of("base partial", partial, Class::NotFound, "base-missing"),
        of(
            "base without one of its files",
            incomplete,
            Class::NotFound,
            "base-missing",
        ),
        row(
            "ref moved back",
            Site::following,
            updated,
            back,
            Class::Refused,
            "downgrade",
        ),
        with(
            "sequence not above the last",
            replayed,
            Class::Refused,
            "replayed",
        ),
        with(
            "sequence two days ahead",
            sequence_ahead,
            Class::Refused,
            "from-the-future",
        ),
        with(
            "made two days ahead",
            made_ahead,
            Class::Refused,
            "from-the-future",
        ),
        with(
            "another repository",
            other_repository,
            Class::Refused,
            "other-repository",
        ),
        with(
            "another collection",
            other_collection,
            Class::Refused,
            "other-collection",
        ),
        of(
            "repository of another collection",
            collection,
            Class::Refused,
            "other-collection",
        ),
        with(
            "summary older than the present one",
            older_summary,
            Class::Refused,
            "summary-older",
        ),
        of(
            "a ref the bundle does not know",
            more_refs,
            Class::Refused,
            "unlisted-refs",
        ),
        of(
            "summaries made on their own",
            auto_update,
            Class::Refused,
            "auto-update-summary",
        ),
        of(
            "a Flatpak repository",
            flatpak,
            Class::Unsupported,
            "flatpak-repository",
        ),
        of(
            "a mode nobody writes",
            split_xattrs,
            Class::Unsupported,
            "bare-split-xattrs",
        ),
        of("airlock at work", airlock_lock, Class::Busy, ""),
        of("ostree at work", ostree_lock, Class::Busy, ""),
    ]
}

fn partial(site: &Site) -> Held {
    fs::write(site.path().join(format!("state/{OLD}.commitpartial")), b"").unwrap();
    nothing()
}

fn incomplete(site: &Site) -> Held {
    fs::remove_file(site.old_object()).unwrap();
    nothing()
}

fn updated(site: &Site) -> Held {
    site.take(&Forged::update());
    nothing()
}

fn back() -> Forged {
    Forged::new(&Content::new(OLD, None), NOW - 10)
}

fn replayed() -> Forged {
    Forged::new(&Content::new(NEW, Some(OLD)), NOW - 1000)
}

fn sequence_ahead() -> Forged {
    Forged::new(&Content::new(NEW, Some(OLD)), NOW + 2 * 86_400)
}

fn made_ahead() -> Forged {
    let mut bundle = Forged::update();
    bundle.manifest["created"] = json!(NOW + 2 * 86_400);
    bundle
}

fn other_repository() -> Forged {
    let mut bundle = Forged::update();
    bundle.manifest["repository"]["id"] = json!("6".repeat(32));
    bundle
}

fn other_collection() -> Forged {
    let mut bundle = Forged::update();
    bundle.members.drain(..2);
    bundle.manifest["repository"]["collection"] = json!("org.other.X");
    bundle.manifest["releases"][0]["collection"] = json!("org.other.X");
    bundle
}

fn older_summary() -> Forged {
    let mut bundle = Forged::update();
    let commit = NEW.parse().unwrap();
    let pair = forge::summary_pair(&[(REF, commit)], NOW - 5000, &TRUSTED);
    bundle.members.splice(..2, pair);
    bundle
}

fn collection(site: &Site) -> Held {
    site.set_config("collection-id=org.example.Os");
    nothing()
}

fn more_refs(site: &Site) -> Held {
    fs::write(site.path().join("refs/heads/other"), format!("{OLD}\n")).unwrap();
    nothing()
}

fn auto_update(site: &Site) -> Held {
    site.set_config("auto-update-summary=true");
    nothing()
}

fn flatpak(site: &Site) -> Held {
    let path = site.path().join("config");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(path, format!("{config}\n[flatpak]\nxa.title=x\n")).unwrap();
    site.set_config("xa.title=x");
    nothing()
}

fn split_xattrs(site: &Site) -> Held {
    site.edit_config("mode=archive-z2", "mode=bare-split-xattrs");
    nothing()
}

fn airlock_lock(site: &Site) -> Held {
    Box::new(site.repo().lock_airlock().unwrap())
}

fn ostree_lock(site: &Site) -> Held {
    site.set_config("lock-timeout-secs=1");
    Box::new(site.repo().lock_exclusive().unwrap())
}

/// A file system of its own, which only root can have.
pub struct Mount {
    dir: TempDir,
}

impl Mount {
    /// Mounts an empty tmpfs of this size.
    pub fn tmpfs(size: &str) -> Mount {
        let dir = TempDir::new().unwrap();
        let fine = run(
            "mount",
            &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"],
            dir.path(),
        );
        assert!(fine, "a tmpfs is mounted");
        Mount { dir }
    }

    /// Puts a copy of the site that has the first bundle on it.
    pub fn site(&self) -> Site {
        TEMPLATE.copied_to(TempDir::new_in(self.dir.path()).unwrap())
    }

    /// Fills it up, but for so many KiB.
    pub fn fill(&self, less: u64) {
        let filling = self.dir.path().join("filling");
        fs::write(&filling, b"").unwrap();
        let stat = rustix::fs::statvfs(self.dir.path()).unwrap();
        let free = stat.f_bavail * stat.f_frsize;
        let size = usize::try_from(free - (less << 10)).unwrap();
        fs::write(filling, vec![0; size]).unwrap();
    }

    pub fn make_read_only(&self) {
        assert!(run("mount", &["-o", "remount,ro"], self.dir.path()));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        run("mount", &["-o", "remount,rw"], self.dir.path());
        run("umount", &["-l"], self.dir.path());
    }
}

fn run(tool: &str, args: &[&str], path: &Path) -> bool {
    let output = Command::new(tool).args(args).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

impl Site {
    /// Nothing is kept free on its file system.
    pub fn keep_nothing_free(&self) {
        self.set_config("min-free-space-percent=0");
    }
}
