//! Reading our own source, well enough for the rules: comments are cut, paths are found.

use std::path::{Path, PathBuf};

/// One Rust file of this project.
pub struct Source {
    /// Its path below the project's root.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Returns the directory of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the paths of all files below a directory, but for what is built or hidden.
pub fn files(below: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(below)];
    while let Some(dir) = waiting.pop() {
        let entries = std::fs::read_dir(&dir).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let is_hidden = path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
            if path.is_dir() && !is_hidden && path != root().join("target") {
                waiting.push(path);
            } else if path.is_file() {
                found.push(relative(&path));
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    let path: PathBuf = path
        .strip_prefix(root())
        .expect("it was found below the root")
        .into();
    path.into_os_string()
        .into_string()
        .expect("our names are UTF-8")
}

/// Returns the Rust files below a directory.
pub fn sources(below: &str) -> Vec<Source> {
    let rust = files(below)
        .into_iter()
        .filter(|path| path.ends_with(".rs"));
    rust.map(|path| Source {
        text: std::fs::read_to_string(root().join(&path)).unwrap(),
        path,
    })
    .collect()
}

impl Source {
    /// Returns the room: the first directory or file below `src`.
    pub fn room(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split(['/', '.']).next().unwrap_or_default()
    }

    /// Returns the text without comments.
    pub fn code(&self) -> String {
        let lines = self
            .text
            .lines()
            .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Returns what follows every `crate::`, groups taken apart.
    pub fn crate_paths(&self) -> Vec<String> {
        let code = self.code();
        let mut found = Vec::new();
        for (at, path) in code.match_indices("crate::") {
            if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
                continue;
            }
            let rest = &code[at + path.len()..];
            match rest.strip_prefix('{') {
                Some(group) => found.extend(split_group(group)),
                None => found.push(identifier(rest)),
            }
        }
        found
    }

    /// Tells whether a chain of `super` is as long as the file is deep.
    pub fn climbs_out(&self) -> bool {
        let depth = self.module().matches("::").count();
        let code = self.code();
        let production = code.split("#[cfg(test)]").next().unwrap_or_default();
        production.contains(&"super::".repeat(depth))
    }

    /// Tells whether code names a crate.
    pub fn names(&self, name: &str) -> bool {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let code = self.code();
        code.match_indices(name).any(|(at, _)| {
            !code[..at].ends_with(is_word) && code[at + name.len()..].starts_with("::")
                || code[..at].ends_with("use ") && code[at + name.len()..].starts_with(';')
        })
    }

    /// Tells whether Cargo, not a `mod` line, finds this file.
    pub fn is_root(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        matches!(
            parts.as_slice(),
            ["src", "lib.rs"]
                | ["src", "bin", _, "main.rs"]
                | ["tests", _]
                | ["tests", _, "main.rs"]
                | ["tests", "fuzz", "src", "lib.rs"]
                | ["tests", "fuzz", "src", "bin", _]
        )
    }

    /// Returns the module this file is: `src::format::tree`.
    pub fn module(&self) -> String {
        let path = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let path = path.strip_suffix("/mod").unwrap_or(path);
        path.replace('/', "::")
    }

    /// Returns the modules that this file declares.
    pub fn declared(&self) -> Vec<String> {
        let module = self.module();
        let parent = match self.is_root() {
            true => module.rsplit_once("::").map_or("", |(parent, _)| parent),
            false => &module,
        };
        let code = self.code();
        let mods = code.lines().filter_map(|line| {
            let (visibility, name) = line.split_once("mod ")?;
            let visible = matches!(visibility.trim(), "" | "pub" | "pub(crate)" | "pub(super)")
                || visibility.trim().starts_with("pub(in ");
            let name = name.trim().strip_suffix(';').filter(|_| visible)?;
            Some(format!("{parent}::{name}"))
        });
        mods.collect()
    }
}

fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|&c| c.is_alphanumeric() || c == '_')
        .collect()
}

/// Returns the first identifier of every path in a group, up to its closing brace.
fn split_group(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut found = vec![String::new()];
    for letter in group.chars() {
        match letter {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => found.push(String::new()),
            _ if depth == 0 => found.last_mut().expect("never empty").push(letter),
            _ => {}
        }
    }
    let names = found.iter().map(|path| identifier(path.trim_start()));
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn paths_are_found_in_groups_and_not_in_comments() {
    let text =
        "use crate::{a::{b, c}, d, Class};\n// crate::no\nlet x = crate::e::f();\nother_crate::g;";
    let source = Source {
        path: "src/format/x.rs".into(),
        text: text.into(),
    };
    assert_eq!(source.crate_paths(), ["a", "d", "Class", "e"]);
    assert_eq!(
        (source.room(), source.module().as_str()),
        ("format", "src::format::x")
    );
}
