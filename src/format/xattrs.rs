//! Extended attributes, `a(ayay)`: name with its NUL, value; sorted by name, each name once.

use super::FormatError;
use super::gvariant::{Value, View};
use super::limits::{MAX_FILE_HEADER, MAX_XATTR_NAME, MAX_XATTR_VALUE};

const WHAT: &str = "xattrs";

/// The extended attributes of a file or directory: sorted, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Xattrs(Vec<(Vec<u8>, Vec<u8>)>);

impl Xattrs {
    /// The type in headers and objects.
    pub const TYPE: &'static str = "a(ayay)";

    /// Sorts pairs of name (without NUL) and value; an empty or repeated name is refused.
    pub fn new(pairs: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<Xattrs, FormatError> {
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        let xattrs = Xattrs(pairs);
        xattrs.check()?;
        Ok(xattrs)
    }

    /// Iterates over names (without NUL) and values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> + '_ {
        self.0
            .iter()
            .map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Returns the value of a name (without NUL).
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter()
            .find_map(|(other, value)| (other == name).then_some(value))
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads them; unsorted or repeated names, and names that are empty or without NUL, are refused.
    pub fn from_view(view: View<'_>) -> Result<Xattrs, FormatError> {
        if view.type_str() != Xattrs::TYPE {
            return Err(FormatError::Signature(view.type_str().to_owned()));
        }
        let mut pairs = Vec::with_capacity(view.len());
        for pair in view.iter() {
            let [name, value] = pair.tuple().ok_or(FormatError::Truncated(WHAT))?;
            let Some((0, name)) = name.bytes().split_last() else {
                return Err(FormatError::Field {
                    what: WHAT,
                    fault: "a name has no NUL at its end",
                });
            };
            pairs.push((name.to_vec(), value.bytes().to_vec()));
        }
        let xattrs = Xattrs(pairs);
        xattrs.check()?;
        Ok(xattrs)
    }

    /// Reads bytes of type `a(ayay)`.
    pub fn decode(bytes: &[u8]) -> Result<Xattrs, FormatError> {
        Xattrs::from_view(View::parse(Xattrs::TYPE, bytes)?)
    }

    /// Writes them as a value.
    pub fn to_value(&self) -> Value {
        let pair = |(name, value): (&[u8], &[u8])| {
            Value::tuple([Value::ay([name, &[0]].concat()), Value::ay(value)])
        };
        Value::array("(ayay)", self.iter().map(pair))
    }

    fn check(&self) -> Result<(), FormatError> {
        self.check_sizes()?;
        let lossy = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let names = || self.iter().map(|(name, _)| name);
        if let Some(name) = names().find(|name| name.is_empty() || name.contains(&0)) {
            return Err(FormatError::Name {
                what: WHAT,
                name: lossy(name),
            });
        }
        for (name, next) in names().zip(names().skip(1)) {
            match name.cmp(next) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => {
                    return Err(FormatError::Duplicate {
                        what: WHAT,
                        name: lossy(next),
                    });
                }
                std::cmp::Ordering::Greater => {
                    return Err(FormatError::Unsorted {
                        what: WHAT,
                        name: lossy(next),
                    });
                }
            }
        }
        Ok(())
    }

    /// Checks that a kernel could have given them, and that a header has room for all.
    fn check_sizes(&self) -> Result<(), FormatError> {
        let within = |what, size: usize, limit: usize| match size <= limit {
            true => Ok(()),
            false => Err(FormatError::TooLarge {
                what,
                size: size as u64,
                limit: limit as u64,
            }),
        };
        let mut total = 0_usize;
        for (name, value) in self.iter() {
            within("name of an xattr", name.len(), MAX_XATTR_NAME)?;
            within("value of an xattr", value.len(), MAX_XATTR_VALUE)?;
            total = total.saturating_add(name.len() + value.len());
        }
        within("xattrs", total, MAX_FILE_HEADER)
    }
}
