//! `--jobs`: a command, and what it runs, keep to so many cores.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::run::Place;

#[test]
fn a_command_and_its_gate_keep_to_so_many_cores() {
    let place = Place::new();
    let gate = place.path().join("gate");
    fs::create_dir(place.path().join("tree")).unwrap();
    fs::write(&gate, "#!/bin/sh\nnproc > \"${0%gate}cores\"\nfalse\n").unwrap();
    fs::set_permissions(&gate, fs::Permissions::from_mode(0o755)).unwrap();
    let gate = gate.display();
    for line in [
        "init --repo repo",
        "key generate --user-id test -o test",
        "commit --repo repo -b os/dev --tree dir=tree --jobs 1",
    ] {
        let ended = place.airlock(line);
        assert_eq!(ended.code, 0, "{line}: {}", ended.stderr);
    }
    let promote = format!("promote --repo repo os/dev os/stable --key test.key --gate {gate}");
    let all = std::thread::available_parallelism().unwrap().get();
    for (jobs, cores) in [(" --jobs 1", 1), ("", all), (" --jobs 999999", all)] {
        assert_eq!(place.airlock(&format!("{promote}{jobs}")).code, 6, "{jobs}");
        let said = fs::read_to_string(place.path().join("cores")).unwrap();
        assert_eq!(said.trim(), cores.to_string(), "{jobs}");
    }
    assert_eq!(place.airlock(&format!("{promote} --jobs 0")).code, 2);
}
