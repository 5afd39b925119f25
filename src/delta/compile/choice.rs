//! How a file travels of which there is an old one, and why: what `--dry-run` explains.

use serde::Serialize;

/// How the new file of a pair travels, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Choice {
    /// How it travels.
    pub way: Way,
    /// Why.
    pub why: Why,
    /// About how many bytes it takes that way; a patch is weighed at a low level, and comes out a
    /// little smaller among others.
    pub weight: u64,
    /// What of that was made, where only some windows were compared.
    #[serde(skip)]
    pub made: u64,
}

/// How the new file of a pair travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// As a patch of the old file.
    Patched,
    /// As ranges of the old file, and what is new between them.
    Copied,
    /// In a part, whole.
    Whole,
    /// Not in the delta: as it is, elsewhere.
    Declined,
}

/// Why it travels that way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// What the patch saves is worth it.
    Saves,
    /// The patch would save too little, or nothing.
    SavesLittle,
    /// Moving what a patch would save is faster than deflating the file again.
    MovesFaster,
    /// There is no old file to read, or one of both has no content.
    NoOldFile,
    /// Too much of it is new for a part.
    TooLarge,
}
