//! Lists of strings that kernels look things up in: written out, or packed in the weights.

/// A list of strings.
pub trait Strings {
    /// How many.
    fn len(&self) -> usize;
    /// The `i`-th. Panics past the end.
    fn get(&self, i: usize) -> &str;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where `text` is, in a list that is sorted by bytes.
    fn find(&self, text: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            match self.get(middle).cmp(text) {
                core::cmp::Ordering::Less => low = middle + 1,
                core::cmp::Ordering::Greater => high = middle,
                core::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

/// Strings that are written out.
#[derive(Clone, Copy, Debug)]
pub struct StringList<'a> {
    /// The strings.
    pub texts: &'a [&'a str],
}

impl Strings for StringList<'_> {
    fn len(&self) -> usize {
        self.texts.len()
    }
    fn get(&self, i: usize) -> &str {
        self.texts[i]
    }
}

/// Strings one after the other.
#[derive(Clone, Copy, Debug)]
pub struct StringTable<'a> {
    /// All of them in UTF-8.
    pub bytes: &'a [u8],
    /// Where each ends.
    pub ends: &'a [u32],
}

impl Strings for StringTable<'_> {
    fn len(&self) -> usize {
        self.ends.len()
    }
    fn get(&self, i: usize) -> &str {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        let text = &self.bytes[start as usize..self.ends[i] as usize];
        core::str::from_utf8(text).expect("the compiler has written UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_find_the_same() {
        let list = StringList {
            texts: &["", "a", "é"],
        };
        let table = StringTable {
            bytes: "aé".as_bytes(),
            ends: &[0, 1, 3],
        };
        for (text, at) in [
            ("", Some(0)),
            ("a", Some(1)),
            ("é", Some(2)),
            ("b", None),
            ("ê", None),
        ] {
            assert_eq!(list.find(text), at);
            assert_eq!(table.find(text), at);
        }
    }
}
