//! Keys and signatures between airlock and GnuPG, in both directions.

use airlock::openpgp::{
    FileSigner, GpgOptions, GpgSigner, Keyring, OpenPgpError, Reason, Signer, inspect,
};
use libtest_mimic::Trial;
use zeroize::Zeroizing;

use crate::tools::Tool;
use crate::trial;
use crate::world::World;

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let gpg = &[Tool::Gpg];
    vec![
        trial(
            "keys: gpg takes what key generate made, and signs with it",
            gpg,
            gpg_takes_our_key,
        ),
        trial(
            "keys: gpgv verifies our signatures with our keyring",
            gpg,
            gpgv_verifies_ours,
        ),
        trial("keys: gpg signs for airlock", gpg, gpg_signs_for_us),
        trial(
            "keys: a key of gpg's opens with its passphrase",
            gpg,
            we_open_gpgs_key,
        ),
        trial(
            "keys: a revocation made by key generate revokes for both",
            gpg,
            revocation,
        ),
        trial(
            "keys: what is expired or revoked does not sign, from a file or through gpg",
            gpg,
            spent_keys,
        ),
        trial(
            "keys: a bundle does not outlive the keys that sign it",
            gpg,
            lapsing_keys,
        ),
        trial(
            "keys: a file, a protected file and gpg sign at once",
            gpg,
            several_at_once,
        ),
    ]
}

fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// A world with a key named `name` that airlock made, in files `name.key`, `.asc` and `.rev`.
fn generated(name: &str) -> World {
    let world = World::new();
    world.run_words(
        env!("CARGO_BIN_EXE_airlock"),
        &[
            "key",
            "generate",
            "--user-id",
            &format!("{name} <{name}@example.org>"),
            "-o",
            name,
        ],
    );
    assert!(world.path(&format!("{name}.key")).exists());
    world
}

fn read(world: &World, name: &str) -> Vec<u8> {
    std::fs::read(world.path(name)).unwrap()
}

fn keyring(bytes: &[u8]) -> Keyring {
    let mut keyring = Keyring::new();
    keyring.add_bytes(bytes).unwrap();
    keyring
}

fn gpg_takes_our_key() {
    let world = generated("release");
    world.shell(
        "gpg --batch --quiet --import release.key; echo data > data; gpg --batch -b -o sig data",
    );
    let verdict = keyring(&read(&world, "release.asc")).verify(
        &read(&world, "data"),
        &[read(&world, "sig")],
        now(),
    );
    assert_eq!(verdict.good.len(), 1, "{verdict:?}");
}

fn gpgv_verifies_ours() {
    let world = generated("release");
    let signer = FileSigner::new(&read(&world, "release.key"), None).unwrap();
    let signature = signer.sign(b"data\n", now()).unwrap();
    assert_eq!(
        signature.first().map(|tag| tag & 0x80),
        Some(0x80),
        "binary, not armored"
    );
    std::fs::write(world.path("data"), b"data\n").unwrap();
    std::fs::write(world.path("sig"), signature).unwrap();
    let binary = signer.public().to_binary([signer.certificate()]).unwrap();
    std::fs::write(world.path("keyring.gpg"), binary).unwrap();
    let status = world.shell("gpgv --status-fd 1 --keyring ./keyring.gpg sig data 2>/dev/null");
    assert!(status.contains("GOODSIG"), "{status}");
    // VALIDSIG: … pubkey-algo hash-algo sig-class primary; 10 is SHA-512, 00 a binary document.
    assert!(status.contains(" 4 0 22 10 00 "), "{status}");
    let altered =
        "echo other > data; gpgv --keyring ./keyring.gpg sig data 2>/dev/null && exit 1 || true";
    world.shell(altered);
}

fn gpg_signs_for_us() {
    let world = World::new();
    // A configuration that would spoil the signatures, if gpg were let to read it.
    std::fs::write(
        world.path("gnupg/gpg.conf"),
        "textmode\narmor\ndigest-algo SHA1\n",
    )
    .unwrap();
    world.shell(
        "for who in alice bob; do gpg --batch --quiet --passphrase '' --quick-gen-key \"$who <$who@example.org>\" ed25519 sign 1y; done",
    );
    let options = || GpgOptions {
        homedir: Some(world.path("gnupg")),
        ..GpgOptions::default()
    };
    let signer = GpgSigner::new("alice@example.org", options()).unwrap();
    let data = b"line one\r\nline two \x00\n".repeat(100_000);
    let signature = signer.sign(&data, now()).unwrap();
    let verdict = signer.public().verify(&data, &[signature], now());
    assert_eq!(verdict.good.len(), 1, "{verdict:?}");
    let by_fingerprint = GpgSigner::new(&format!("{}!", signer.certificate()), options()).unwrap();
    by_fingerprint.sign(b"data", now()).unwrap();

    let ambiguous = GpgSigner::new("example.org", options()).unwrap_err();
    assert!(
        matches!(&ambiguous, OpenPgpError::GpgKeyAmbiguous { fingerprints, .. } if fingerprints.len() == 2)
    );
    let missing = GpgSigner::new("carol@example.org", options()).unwrap_err();
    assert!(
        matches!(missing, OpenPgpError::GpgKeyNotFound { .. }),
        "{missing}"
    );
    let option = GpgSigner::new("--version", options()).unwrap_err();
    assert!(
        matches!(option, OpenPgpError::GpgKeyNotFound { .. }),
        "a name is never an option: {option}"
    );
}

fn we_open_gpgs_key() {
    let world = World::new();
    world.shell(
        "gpg --batch --quiet --passphrase secret --pinentry-mode loopback --quick-gen-key 'a <a@example.org>' ed25519 sign 1y
         gpg --batch --quiet --passphrase secret --pinentry-mode loopback --armor --export-secret-keys > a.key",
    );
    let key = read(&world, "a.key");
    assert_eq!(inspect(&key, now()).unwrap().len(), 1);
    let open =
        |passphrase: &str| FileSigner::new(&key, Some(Zeroizing::new(passphrase.to_owned())));
    assert!(matches!(
        FileSigner::new(&key, None),
        Err(OpenPgpError::PassphraseNeeded { .. })
    ));
    assert!(matches!(
        open("wrong"),
        Err(OpenPgpError::WrongPassphrase { .. })
    ));
    open("secret").unwrap().sign(b"data", now()).unwrap();
}

fn revocation() {
    let world = generated("release");
    let signer = FileSigner::new(&read(&world, "release.key"), None).unwrap();
    let signature = signer.sign(b"data", now()).unwrap();
    world.shell(
        "gpg --batch --quiet --import release.asc release.rev; gpg --batch --export > revoked.gpg
         gpg --batch --with-colons --list-keys | grep -q '^pub:r:'",
    );
    let verdict = keyring(&read(&world, "revoked.gpg")).verify(b"data", &[signature], now());
    assert_eq!(verdict.rejected[0].reason, Reason::CertificateRevoked);
}

/// A repository with one commit, in a world with a key.
fn with_repository() -> World {
    let world = generated("release");
    crate::image::build(&world.path("image"), 1);
    world.airlock("init --repo twin").ok();
    world
        .airlock("commit --repo twin --branch os/stable --tree dir=image --key release.key")
        .ok();
    world
}

fn spent_keys() {
    let world = with_repository();
    let sign = |with: &str| world.airlock(&format!("sign commit --repo twin os/stable {with}"));
    world
        .airlock("key generate --user-id Short --valid-for 1s -o short")
        .ok();
    world.shell("sleep 2");
    let said = sign("--key short.key").fails();
    assert!(said.contains("expired"), "{said}");
    world.shell("gpg --batch --quiet --import short.key 2> /dev/null");
    let said = sign("--gpg-sign Short").fails();
    assert!(said.contains("Nothing was changed"), "{said}");

    world.airlock("key generate --user-id Gone -o gone").ok();
    world.shell(
        "gpg --batch --quiet --import gone.key gone.rev 2> /dev/null
         gpg --batch --armor --export-secret-keys Gone > revoked.key",
    );
    let said = sign("--key revoked.key").fails();
    assert!(said.contains("revoked"), "{said}");
    let said = sign("--gpg-sign Gone").fails();
    assert!(said.contains("Nothing was changed"), "{said}");
}

fn lapsing_keys() {
    let world = with_repository();
    // The certificate never expires; the subkey that signs does.
    world.shell(
        "gpg --batch --quiet --passphrase '' --quick-gen-key 'Sub <sub@example.org>' ed25519 cert never
         fpr=$(gpg --batch --with-colons --list-keys Sub | awk -F: '/^fpr/ {print $10; exit}')
         gpg --batch --quiet --passphrase '' --quick-add-key $fpr ed25519 sign 10d
         gpg --batch --armor --export-secret-keys Sub > sub.key
         gpg --batch --armor --export Sub > sub.asc",
    );
    world
        .airlock("key generate --user-id Ten --valid-for 10d -o ten")
        .ok();
    let export = "export --repo twin os/stable --full --no-summary --expires 30d";
    let lapses = |ran: crate::tools::Ran| {
        assert_eq!(ran.code(), Some(6), "{ran}");
        let said = ran.fails();
        assert!(said.contains("expires before the bundle"), "{said}");
    };
    for with in ["--key ten.key", "--key sub.key", "--gpg-sign Sub"] {
        lapses(world.airlock(&format!("{export} -o refused.airlock {with}")));
        assert!(!world.path("refused.airlock").exists());
    }
    world
        .airlock(&format!("{export} -o b.airlock --key release.key"))
        .ok();
    for with in ["--key ten.key", "--key sub.key", "--gpg-sign Sub"] {
        lapses(world.airlock(&format!("sign bundle b.airlock {with}")));
    }
    world.airlock("sign bundle b.airlock --prepare m").ok();
    world.shell("gpg --batch -b -o m.sig m");
    lapses(world.airlock("sign bundle b.airlock --attach m.sig --trust sub.asc"));
    assert!(!world.path("b.airlock.asc").exists());
}

fn several_at_once() {
    let world = with_repository();
    std::fs::write(world.path("pass"), "correct horse\n").unwrap();
    world
        .airlock("key generate --user-id Bob --passphrase-file pass -o bob")
        .ok();
    world.shell(
        "gpg --batch --quiet --passphrase '' --quick-gen-key 'Carol <carol@example.org>' ed25519 sign 1y
         mkdir trust; cp release.asc bob.asc trust/; gpg --batch --armor --export Carol > trust/carol.asc
         printf '[[commit]]\nthreshold = 3\n[[summary]]\nthreshold = 3\n' > trust/policy.toml",
    );
    let keys = "--key release.key --key bob.key --passphrase-file pass --gpg-sign Carol";
    world
        .airlock(&format!("sign commit --repo twin os/stable {keys}"))
        .ok();
    world.airlock(&format!("summary --repo twin {keys}")).ok();
    let said = world.airlock("fsck --repo twin --trust trust");
    assert_eq!(said.code(), Some(0), "{said}");
    let said = world
        .airlock("sign commit --repo twin os/stable --key bob.key")
        .fails();
    assert!(said.contains("passphrase"), "{said}");
}
