//! Keys, what they may do, and the statements that say so.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use airlock::bundle::TrustUpdate;
use airlock::openpgp::{GenerateOptions, armor_signatures, generate};
use airlock::workflow::{Trust, TrustStatement};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::{Cert, Packet};
use tempfile::TempDir;

use crate::bench::{Key, NOW};

/// The officers and the release keys of three generations.
pub struct Keys {
    pub alice: Key,
    pub bob: Key,
    pub carol: Key,
    pub dave: Key,
    pub old: Key,
    pub new: Key,
}

pub static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    alice: Key::new("alice"),
    bob: Key::new("bob"),
    carol: Key::new("carol"),
    dave: Key::new("dave"),
    old: Key::new("old release"),
    new: Key::new("new release"),
});

/// What one version says.
#[derive(Clone)]
pub struct State {
    /// Who may change the trust; two must sign.
    pub officers: Vec<&'static Key>,
    /// Who signs bundles, commits and summaries; one suffices.
    pub release: Vec<&'static Key>,
    /// Certificates in place of those of the keys.
    pub copies: Vec<(&'static Key, Vec<u8>)>,
}

impl State {
    pub fn new(officers: &[&'static Key], release: &[&'static Key]) -> State {
        State {
            officers: officers.to_vec(),
            release: release.to_vec(),
            copies: Vec::new(),
        }
    }

    /// Alice and Bob, and the old release key.
    pub fn a() -> State {
        State::new(&[&KEYS.alice, &KEYS.bob], &[&KEYS.old])
    }

    /// Bob and Carol, and both release keys.
    pub fn b() -> State {
        State::new(&[&KEYS.bob, &KEYS.carol], &[&KEYS.old, &KEYS.new])
    }

    /// Carol and Dave, and the new release key.
    pub fn c() -> State {
        State::new(&[&KEYS.carol, &KEYS.dave], &[&KEYS.new])
    }

    pub fn policy(&self) -> String {
        let list = |keys: &[&Key]| {
            let quoted: Vec<_> = keys
                .iter()
                .map(|key| format!("\"{}\"", key.fingerprint))
                .collect();
            format!("certificates = [{}]\n", quoted.join(", "))
        };
        let release = list(&self.release);
        let officers = list(&self.officers);
        format!(
            "[[bundle]]\n{release}[[commit]]\n{release}[[summary]]\n{release}\
             [[trust]]\n{officers}threshold = 2\n"
        )
    }

    pub fn certificates(&self) -> Vec<Vec<u8>> {
        let keys = self.officers.iter().chain(&self.release);
        keys.map(|key| {
            let copy = self
                .copies
                .iter()
                .find(|(of, _)| of.fingerprint == key.fingerprint);
            copy.map_or_else(|| key.certificate.clone(), |(_, copy)| copy.clone())
        })
        .collect()
    }

    /// Writes the directory of a site that begins with this.
    pub fn install(&self, dir: &Path) {
        fs::create_dir_all(dir).unwrap();
        for (index, certificate) in self.certificates().iter().enumerate() {
            fs::write(dir.join(format!("{index}.asc")), certificate).unwrap();
        }
        fs::write(dir.join("policy.toml"), self.policy()).unwrap();
    }

    pub fn trust(&self) -> Trust {
        let dir = TempDir::new().unwrap();
        self.install(dir.path());
        Trust::load(dir.path()).unwrap()
    }

    pub fn statement(&self, version: u64, previous: Option<&TrustUpdate>) -> TrustStatement {
        let previous = previous.map(TrustUpdate::digest);
        let mut statement = TrustStatement::new(version, previous, NOW - 100);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        statement.certificates = self.certificates().into_iter().map(text).collect();
        statement.policy = self.policy();
        statement
    }

    /// The statement of this version, signed by these.
    pub fn update(
        &self,
        version: u64,
        previous: Option<&TrustUpdate>,
        signers: &[&Key],
    ) -> TrustUpdate {
        let bytes = self.statement(version, previous).to_bytes().unwrap();
        signed(version, bytes, signers)
    }
}

/// Signs whatever bytes as an update.
pub fn signed(version: u64, statement: Vec<u8>, signers: &[&Key]) -> TrustUpdate {
    let sign = |key: &&Key| key.signers()[0].sign(&statement, NOW - 50).unwrap();
    let signatures: Vec<_> = signers.iter().map(sign).collect();
    TrustUpdate {
        version,
        signatures: armor_signatures(&signatures),
        statement,
    }
}

/// A to B to C, as it should be.
pub fn chain() -> Vec<TrustUpdate> {
    let Keys {
        alice,
        bob,
        carol,
        dave,
        ..
    } = &*KEYS;
    let first = State::b().update(1, None, &[alice, bob, carol]);
    let second = State::c().update(2, Some(&first), &[bob, carol, dave]);
    vec![first, second]
}

/// A key whose owner has revoked it: the certificate before, and the one that says so.
pub fn revoked(name: &str) -> (Key, Vec<u8>) {
    let options = GenerateOptions {
        user_id: name.into(),
        validity_secs: None,
        passphrase: None,
        now: NOW - 86_400,
    };
    let made = generate(&options).unwrap();
    let key = Key::of(&made);
    let cert = Cert::from_bytes(&made.certificate_armored).unwrap();
    let revocation = Packet::from_bytes(&made.revocation_armored).unwrap();
    let (cert, _) = cert.insert_packets([revocation]).unwrap();
    (key, cert.armored().to_vec().unwrap())
}
