//! Who plays: the twin, the signers, a site that Apache serves, and stock clients that verify.

use std::cell::RefCell;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::apache::Apache;
use crate::world::World;

/// A release side, a site, and its clients.
pub struct Fleet {
    /// Where it all is: `dev`, `twin`, `srv/offline`, `trust`, the keys, the bundles.
    pub world: World,
    apache: Apache,
    clients: RefCell<Vec<String>>,
}

/// Everything asks for two.
const POLICY: &str = "[[bundle]]\nthreshold = 2\n[[commit]]\nthreshold = 2\n\
                      [[summary]]\nthreshold = 2\n[[trust]]\nthreshold = 2\n";

/// How a site imports; the directory `trust` is never touched after it was installed.
const IMPORT: &str = "import --repo=srv/offline --trust=trust --site-record=record";

/// A client that lets nothing unsigned or older pass.
const PULL: &str = "--timestamp-check os os/stable";

impl Fleet {
    /// Four keys, of which three are trusted, and two empty repositories.
    pub fn new() -> Fleet {
        let world = World::new();
        world.shell("mkdir -p srv record image/usr");
        for name in ["alice", "bob", "carol", "dave"] {
            world
                .airlock(&format!("key generate --user-id={name} -o {name}"))
                .ok();
        }
        for repo in ["dev", "twin", "srv/offline"] {
            world.airlock(&format!("init --repo={repo}")).ok();
        }
        let fleet = Fleet {
            apache: Apache::start(&world),
            clients: RefCell::default(),
            world,
        };
        fleet.directory("trust", "alice.asc bob.asc carol.asc");
        fleet
    }

    /// Makes a trust directory of these certificates.
    pub fn directory(&self, name: &str, certificates: &str) {
        self.world
            .shell(&format!("mkdir {name} && cp {certificates} {name}/"));
        fs::write(self.world.path(name).join("policy.toml"), POLICY).unwrap();
    }

    /// Changes the trust by these two officers.
    pub fn change_trust(&self, before: &str, after: &str, officers: [&str; 2]) {
        let keys = officers.map(|name| format!("--key=trust={name}.key"));
        let update = format!("trust update --trust={before} --new={after} -m changed");
        let said = self.world.airlock(&format!("{update} {}", keys.join(" ")));
        assert!(said.to_string().contains("complete"), "{said}");
    }

    /// Commits something new in dev, and promotes it by these signers; returns the commit.
    pub fn release(&self, signers: [&str; 2]) -> String {
        // Promotions within one second would have one timestamp.
        sleep(Duration::from_millis(1100));
        self.world.shell("date +%s.%N >> image/usr/version");
        let commit = "commit --repo=dev -b os/dev --tree=dir=image --no-xattrs";
        self.world.airlock(commit).ok();
        let keys = signers.map(|name| format!("--key={name}.key")).join(" ");
        let promote = "promote --repo=twin --from-repo=dev os/dev os/stable";
        self.world.airlock(&format!("{promote} {keys}")).ok()
    }

    /// Writes a bundle: two sign the summary in it, the first of them the manifest too.
    pub fn export(&self, bundle: &str, options: &str, signers: [&str; 2]) {
        let [first, second] = signers;
        let keys = format!("--key={first}.key --key=summary={second}.key");
        let export = format!("export --repo=twin os/stable -o {bundle} {options} {keys}");
        self.world.airlock(&export).ok();
    }

    /// Signs a bundle that was written before, as the second person.
    pub fn cosign(&self, bundle: &str, signer: &str) {
        self.world
            .airlock(&format!("sign bundle {bundle} --key={signer}.key"))
            .ok();
    }

    /// Exports, signed by both.
    pub fn export_by_both(&self, bundle: &str, options: &str, signers: [&str; 2]) {
        self.export(bundle, options, signers);
        self.cosign(bundle, signers[1]);
    }

    /// The site takes the bundle; every client pulls what it brought. Returns what import said.
    #[track_caller]
    pub fn accepts(&self, bundle: &str) -> String {
        let said = self.takes(bundle);
        for client in self.clients() {
            assert_eq!(self.pull(&client), self.head("twin"), "{client}: {bundle}");
        }
        said
    }

    /// The site takes the bundle.
    #[track_caller]
    pub fn takes(&self, bundle: &str) -> String {
        let said = self.world.airlock(&format!("{IMPORT} {bundle}")).ok();
        assert_eq!(self.head("srv/offline"), self.head("twin"), "{bundle}");
        self.world.ostree("fsck -q --repo=srv/offline").ok();
        said
    }

    /// The site refuses the bundle for this reason: not a byte of it changes, and every client
    /// still gets what it had. Returns the reason in full.
    #[track_caller]
    pub fn refuses(&self, bundle: &str, exit: i32, finding: &str) -> Value {
        let before = (self.bytes_of_the_site(), self.pulled());
        let ran = self.world.airlock(&format!("{IMPORT} {bundle} --json"));
        let report: Value = serde_json::from_str(&ran.stdout()).unwrap();
        assert_eq!(ran.code(), Some(exit), "{ran}");
        assert_eq!(report["changed"], false, "{ran}");
        let mut found = report["findings"].as_array().unwrap().iter();
        let found = found.find(|found| found["finding"] == finding);
        let found = found.unwrap_or_else(|| panic!("not {finding}: {ran}"));
        let after = (self.bytes_of_the_site(), self.pulled());
        assert_eq!(after, before, "{bundle}");
        found.clone()
    }

    /// Adds a client that knows nothing yet.
    pub fn subscribe(&self, client: &str) {
        let init = format!("init --repo={client} --mode=bare-user");
        self.world.ostree(&init).ok();
        self.give_keys(client);
        let remote = format!("cat {client}.d/remotes.d/os.conf >> {client}/config");
        self.world.shell(&remote);
        for line in ["gpg-verify=true", "gpg-verify-summary=true"] {
            self.world
                .shell(&format!("grep -qx {line} {client}/config"));
        }
        self.clients.borrow_mut().push(client.to_owned());
    }

    /// Gives a client the keyring that `client-config` writes now.
    pub fn give_keys(&self, client: &str) {
        let url = self.apache.url("offline");
        let config = "client-config --repo=srv/offline --remote=os --trust=trust";
        self.world.shell(&format!("rm -rf {client}.d"));
        self.world
            .airlock(&format!("{config} --url={url} -o {client}.d"))
            .ok();
        self.world
            .shell(&format!("cp {client}.d/remotes.d/*.gpg {client}/"));
    }

    /// Leaves a client with one certificate only.
    pub fn give_only(&self, client: &str, signer: &str) {
        let keyring = format!("{client}/os.trustedkeys.gpg");
        let script = format!("rm {keyring}; gpg --dearmor < {signer}.asc > {keyring}");
        self.world.shell(&script);
    }

    /// A client pulls, and verifies; returns what it has then.
    #[track_caller]
    pub fn pull(&self, client: &str) -> String {
        self.world
            .ostree(&format!("pull --repo={client} {PULL}"))
            .ok();
        self.has(client)
    }

    /// A client does not follow; returns what it says.
    #[track_caller]
    pub fn stays(&self, client: &str) -> String {
        let had = self.has(client);
        let pull = format!("pull --repo={client} {PULL}");
        let said = self.world.ostree(&pull).fails();
        assert_eq!(self.has(client), had);
        said
    }

    /// Returns the head of a repository.
    pub fn head(&self, repo: &str) -> String {
        self.world
            .ostree(&format!("rev-parse --repo={repo} os/stable"))
            .ok()
    }

    fn has(&self, client: &str) -> String {
        self.world
            .ostree(&format!("rev-parse --repo={client} os:os/stable"))
            .ok()
    }

    fn clients(&self) -> Vec<String> {
        self.clients.borrow().clone()
    }

    /// What every client has after it asked the site; a site without a summary gives nothing.
    fn pulled(&self) -> Vec<String> {
        let serves = self.world.path("srv/offline/summary").exists();
        let one = |client: String| match serves {
            true => self.pull(&client),
            false => self.has(&client),
        };
        self.clients().into_iter().map(one).collect()
    }

    /// Every file of the site and of its record, with its digest.
    fn bytes_of_the_site(&self) -> String {
        self.world.shell(
            "find srv/offline record -type f ! -name lock ! -name .lock -print0 |
                 sort -z | xargs -0r sha256sum",
        )
    }
}
