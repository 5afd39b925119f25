//! A collection's `ostree-metadata` always travels whole: no site need have had the one before.

use airlock::workflow::export::{Base, MayReturn};

use crate::route::{Route, STABLE, V1, V2};

#[test]
fn it_needs_nothing_at_the_site() {
    let route = Route::of_collection("org.example.Os");
    let first = route.promote(V1);
    let imported = route.export(Base::Full, MayReturn::Nowhere);
    route.import(&imported.files).unwrap();
    // Exported and never imported: the twin believes that the site has this metadata.
    route.promote(V2);
    route.export(Base::Full, MayReturn::Nowhere);
    let third = route.promote(V1);
    let from = [first.to_string()];
    let update = route.export(Base::Revisions(&from), MayReturn::Nowhere);
    let needs: Vec<_> = update
        .releases
        .iter()
        .map(|release| (release.name.as_str(), release.from.as_slice()))
        .collect();
    assert_eq!(needs, [(STABLE, &[first][..]), ("ostree-metadata", &[])]);
    route.import(&update.files).unwrap();
    let refs = route.published().0;
    assert_eq!(refs[STABLE], third);
    let metadata = "ostree-metadata".parse().unwrap();
    let here = route.twin.repo.ref_commit(&metadata).unwrap();
    assert_eq!(refs.get(&metadata).copied(), here);
}
