//! The exit codes, each with a command that ends with it, and what it says then.

use std::fs;

use airlock::repo::Repo;

use crate::run::Place;

/// A repository, a key, and what is wrong with the world.
fn place() -> Place {
    let place = Place::new();
    for line in [
        "init --repo repo",
        "init --repo odd",
        "key generate --user-id Test -o test",
    ] {
        let ended = place.airlock(line);
        assert_eq!(ended.code, 0, "{line}: {}", ended.stderr);
    }
    let at = |name: &str| place.path().join(name);
    fs::create_dir(at("unsigned")).expect("made");
    fs::write(at("unsigned/manifest.json"), r#"{"airlock":"bundle/1","#).expect("written");
    fs::write(at("unsigned/manifest.json.asc"), "").expect("written");
    fs::write(at("garbage.airlock"), "garbage").expect("written");
    let config = fs::read_to_string(at("odd/config")).expect("read");
    fs::write(
        at("odd/config"),
        config.replace("archive-z2", "from-the-future"),
    )
    .expect("written");
    fs::create_dir_all(at("tree/usr")).expect("made");
    place
}

#[test]
fn every_code_has_its_cause() {
    let place = place();
    let commit = "commit --repo repo -b os/dev --tree dir=tree";
    let mut said = String::new();
    for (line, code) in [
        (commit, 0),
        ("man /dev/null/man", 1),
        ("verify garbage.airlock", 2),
        ("show --repo repo nowhere", 3),
        ("verify nowhere.airlock --trust test.asc", 3),
        ("verify unsigned --trust test.asc", 4),
        ("import unsigned --repo repo --trust test.asc", 4),
        ("verify garbage.airlock --trust test.asc", 5),
        (
            "promote --repo repo os/dev os/stable --gate false --key test.key",
            6,
        ),
        ("refs --repo odd", 7),
    ] {
        let ended = place.airlock(line);
        assert_eq!(ended.code, code, "{line}: {}", ended.stderr);
        if code != 0 {
            explains(line, &ended.stderr);
            // Who has signed a bundle is told even when they are too few.
            let told = match line.starts_with("verify unsigned") {
                true => ended.stdout.starts_with("SIGNATURES\n  none yet\n"),
                false => ended.stdout.is_empty(),
            };
            assert!(told, "{line}: {}", ended.stdout);
            said += &format!("$ airlock {line}\n{}exit {code}\n\n", ended.stderr);
        }
    }
    insta::assert_snapshot!("errors", said);
}

#[test]
fn busy_while_another_writes() {
    let place = place();
    let repo = Repo::open(place.path().join("repo")).expect("a repository");
    let lock = repo.lock_airlock().expect("free");
    let ended = place.airlock("recover --repo repo");
    assert_eq!(ended.code, 8, "{}", ended.stderr);
    explains("recover", &ended.stderr);
    drop(lock);
    assert_eq!(place.airlock("recover --repo repo").code, 0);
}

/// What, why where there is more to say, and what to do next.
fn explains(line: &str, stderr: &str) {
    let lines: Vec<&str> = stderr.lines().collect();
    let titles = [
        "failed: ",
        "usage: ",
        "not found: ",
        "not trusted: ",
        "corrupt: ",
        "policy: ",
        "unsupported: ",
        "busy: ",
    ];
    let first = lines.first().copied().unwrap_or_default();
    assert!(
        titles.iter().any(|title| first.starts_with(title)),
        "{line}: {stderr}"
    );
    let last = lines.last().copied().unwrap_or_default();
    assert!(last.starts_with("  next: "), "{line}: {stderr}");
    assert!(last.ends_with(" Nothing was changed."), "{line}: {stderr}");
    for why in lines.get(1..lines.len() - 1).unwrap_or_default() {
        assert!(why.starts_with("  why:  "), "{line}: {stderr}");
    }
}

/// A mistake in a policy is exit 2 and names its line; warnings alone are exit 0.
#[test]
fn trust_check_exits() {
    let place = Place::new();
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/keys");
    let ended = place.airlock(&format!("trust check --trust {keys}"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended
            .stdout
            .starts_with("2 certificates, 4 rules: no mistake, "),
        "{}",
        ended.stdout
    );
    for name in ["release.asc", "officer.asc"] {
        std::fs::copy(format!("{keys}/{name}"), place.path().join(name)).expect("copied");
    }
    let policy = "[[bundle]]\nthreshold = 3\n";
    std::fs::write(place.path().join("policy.toml"), policy).expect("written");
    for line in ["trust check --trust .", "trust show --trust ."] {
        let ended = place.airlock(line);
        assert_eq!(ended.code, 2, "{line}");
        let why = "why:  line 2: threshold 3 is above the number of certificates, 2\n";
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    }
}

/// What `trust show` says of the example directory, to the letter.
#[test]
fn trust_show_in_words() {
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/keys");
    let ended = Place::new().airlock(&format!("trust show --trust {keys}"));
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!(ended.stdout, @r"
    Certificates
      3388351782F7E931C33C6937769346DFAA830E4D
        called release
        airlock example: release <release@example.org>
        EdDSA 256; signs with EdDSA 256; expires 2036-11-20 11:01:09 +0000
        may sign for: bundle, commit, summary
      8AA5D056565EE636C3A015B02D86CFD3A29A31A2
        called officer
        airlock example: officer <officer@example.org>
        EdDSA 256; signs with EdDSA 256; expires 2036-11-20 11:01:10 +0000
        may sign for: bundle, trust

    A bundle is accepted
      of refs example/** (line 8)
        when all 2 of these have signed it: release, officer
        and it is not older than 60 days
        and it says when it expires
      of any other ref: never

    A commit is accepted
      of refs example/** (line 15)
        when release has signed it
      of any other ref: never

    A summary is accepted
      of every ref (line 19)
        when release has signed it

    A change of this trust, or a permission to go back, is accepted
      in any case (line 23)
        when officer has signed it
    ");
}

/// A remote that verifies less than it could is exit 4, and the table fits 80 columns of a terminal.
#[test]
fn client_config_check_exits() {
    let place = Place::new();
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/keys/release.asc");
    let words = "client-config --check os.conf";
    assert_eq!(place.airlock(words).code, 3, "no such file");
    let conf = "[remote \"os\"]\nurl=http://os.example.org\ngpg-verify=false\n";
    std::fs::write(place.path().join("os.conf"), conf).expect("written");
    let ended = place.airlock(&format!("{words} --trust {keys}"));
    assert_eq!(ended.code, 4);
    insta::assert_snapshot!(ended.stdout, @r"
    REMOTE  COMMITS       SUMMARY       KEYS  STATE  FILE
    os      NOT VERIFIED  NOT VERIFIED     0  look   os.conf

    os
      - gpg-verify=false: commits are not verified
      - gpg-verify-summary is not set: the summary is not verified, so an old one
        can be served
      - note: http://os.example.org has no TLS: signatures protect what arrives, not
        that anything new arrives
    ");
    let ended = place.airlock("client-config --check os.conf --remote os");
    assert_eq!(ended.code, 2, "to check or to write");
}

/// A key without a file would sign nothing: exit 2, and no key is opened for it.
#[test]
fn an_inventory_is_signed_only_in_a_file() {
    let place = place();
    for by in ["--key test.key", "--gpg-sign nobody@example.org"] {
        let line = format!("inventory --repo repo {by}");
        let ended = place.airlock(&line);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{line}");
        explains(&line, &ended.stderr);
        assert!(ended.stderr.contains("Add -o FILE"), "{}", ended.stderr);
    }
    let ended = place.airlock("inventory --repo repo --key test.key -o site.json");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(place.path().join("site.json.asc").is_file());
}
