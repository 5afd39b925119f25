//! Every help page, as a snapshot: `INSTA_UPDATE=always cargo test --test cli` writes them anew.

use crate::run::Place;

/// The verbs that a help page lists, in its order.
fn verbs(page: &str) -> Vec<&str> {
    let list = page.lines().skip_while(|line| *line != "Commands:").skip(1);
    list.take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect()
}

fn pages(place: &Place, verb: &str, found: &mut Vec<(String, String)>) {
    let page = place.airlock(&format!("{verb} --help"));
    assert_eq!((page.code, page.stderr.as_str()), (0, ""), "{verb} --help");
    for below in verbs(&page.stdout) {
        pages(place, format!("{verb} {below}").trim(), found);
    }
    found.push((verb.to_owned(), page.stdout));
}

fn all_pages() -> Vec<(String, String)> {
    let mut found = Vec::new();
    pages(&Place::new(), "", &mut found);
    found
}

#[test]
fn every_page_is_as_it_was() {
    for (verb, page) in all_pages() {
        let name = format!("airlock {verb}").trim_end().replace(' ', "-");
        insta::assert_snapshot!(name, page);
    }
}

#[test]
fn every_page_fits_a_terminal() {
    for (verb, page) in all_pages() {
        // A usage line is not broken: it is what a reader may copy.
        for line in page.lines().filter(|line| !line.starts_with("Usage: ")) {
            assert!(line.chars().count() <= 80, "airlock {verb} --help: {line}");
        }
    }
}

#[test]
fn every_verb_has_a_manual_page() {
    let place = Place::new();
    assert_eq!(place.airlock("man pages").code, 0);
    for (verb, _) in all_pages() {
        let name = format!("airlock {verb}").trim_end().replace(' ', "-");
        let page = place.path().join(format!("pages/{name}.1"));
        assert!(page.is_file(), "{}", page.display());
    }
}
