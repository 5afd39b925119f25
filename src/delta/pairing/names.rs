//! What names have in common across versions.

/// Makes of a path what it shares with the paths of other versions; nothing if too little is left.
pub(super) type Rule = fn(&str) -> Option<String>;

/// The rules, closest first.
pub(super) const RULES: [Rule; 5] = [
    same_path,
    same_but_numbers,
    same_name,
    name_but_numbers,
    library,
];

fn same_path(path: &str) -> Option<String> {
    Some(path.to_owned())
}

fn same_but_numbers(path: &str) -> Option<String> {
    Some(without_numbers(path))
}

fn same_name(path: &str) -> Option<String> {
    Some(name(path).to_owned())
}

fn name_but_numbers(path: &str) -> Option<String> {
    let plain = without_numbers(name(path));
    // A name that is nothing but a number is nobody's.
    plain
        .contains(|letter: char| letter.is_alphabetic())
        .then_some(plain)
}

fn library(path: &str) -> Option<String> {
    let (stem, _) = name(path).split_once(".so")?;
    (!stem.is_empty()).then(|| stem.to_owned())
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Replaces every run of digits by `#`.
fn without_numbers(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    for letter in path.chars() {
        match letter {
            '0'..='9' if plain.ends_with('#') => {}
            '0'..='9' => plain.push('#'),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_replaced_run_by_run() {
        for (path, plain) in [
            ("a", "a"),
            ("6.1.0-42", "#.#.#-#"),
            ("lib/x86_64/python3.11", "lib/x#_#/python#.#"),
            ("2024", "#"),
        ] {
            assert_eq!(without_numbers(path), plain);
        }
        assert_eq!(name_but_numbers("/a/2024"), None);
        assert_eq!(library("/lib/libz.so.1.2"), Some("libz".to_owned()));
        assert_eq!(library("/lib/.so"), None);
    }
}
