//! Strings: joining, splitting, normalising. Text is UTF-8; white space and letter case are Unicode's.

use crate::error::{Error, Result};
use crate::index::{broadcast_strides, for_each};

/// `z[i] = x[i] ++ y[i]`, both read with `z`'s extents.
pub fn string_concat(
    x: &[String],
    x_shape: &[usize],
    y: &[String],
    y_shape: &[usize],
    z: &mut [String],
    z_shape: &[usize],
) {
    let strides = [
        broadcast_strides(x_shape, z_shape),
        broadcast_strides(y_shape, z_shape),
    ];
    let mut out = z.iter_mut();
    for_each(z_shape, [&strides[0], &strides[1]], |[i, j]| {
        let z = out.next().expect("z has the extents of z_shape");
        z.clear();
        z.push_str(&x[i]);
        z.push_str(&y[j]);
    });
}

/// Calls `f` with the pieces of `text`: between delimiters, or between runs of white space if the delimiter is empty. After
/// `max_splits` pieces the rest is the last one.
fn pieces<'a>(
    text: &'a str,
    delimiter: &str,
    max_splits: Option<usize>,
    mut f: impl FnMut(&'a str),
) {
    let limit = max_splits.unwrap_or(usize::MAX);
    if !delimiter.is_empty() {
        return text.splitn(limit.saturating_add(1), delimiter).for_each(f);
    }
    let mut rest = text.trim_start();
    for _ in 0..limit {
        let Some(end) = rest.find(char::is_whitespace) else {
            break;
        };
        f(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    let last = if limit == 0 {
        text.trim()
    } else {
        rest.trim_end()
    };
    if !last.is_empty() {
        f(last);
    }
}

/// The greatest number of pieces that an element of `x` has.
pub fn string_split_extents(
    x: &[String],
    delimiter: &str,
    max_splits: Option<usize>,
) -> [usize; 1] {
    let count = |text: &String| {
        let mut n = 0;
        pieces(text, delimiter, max_splits, |_| n += 1);
        n
    };
    [x.iter().map(count).max().unwrap_or(0)]
}

/// Splits each element into a row of `y`, filled up with empty strings; `counts` has the numbers of pieces.
pub fn string_split(
    x: &[String],
    delimiter: &str,
    max_splits: Option<usize>,
    y: &mut [String],
    counts: Option<&mut [i64]>,
) {
    let width = y.len() / x.len().max(1);
    let mut counts = counts.map(|c| c.iter_mut());
    for (i, text) in x.iter().enumerate() {
        let row = &mut y[i * width..][..width];
        let mut n = 0;
        pieces(text, delimiter, max_splits, |piece| {
            row[n].clear();
            row[n].push_str(piece);
            n += 1;
        });
        row[n..].iter_mut().for_each(String::clear);
        if let Some(count) = counts.as_mut().and_then(Iterator::next) {
            *count = n as i64;
        }
    }
}

/// What becomes of the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterCase {
    /// Stays.
    Keep,
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
}

impl LetterCase {
    fn apply(self, text: &str) -> String {
        match self {
            Self::Keep => text.to_owned(),
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
        }
    }
}

/// Words to leave out, in ascending order.
#[derive(Clone, Copy, Debug)]
pub struct StopWords<'a> {
    /// The words, their letters in the case `fold`.
    pub words: &'a [&'a str],
    /// The case in which words are compared.
    pub fold: LetterCase,
}

impl StopWords<'_> {
    fn contain(&self, text: &str) -> bool {
        if self.fold == LetterCase::Keep {
            return self.words.binary_search(&text).is_ok();
        }
        self.words.binary_search(&&*self.fold.apply(text)).is_ok()
    }
}

/// Number of elements that are left, at least 1: where none is, an empty string stands for them. Fails unless `x` is
/// `[count]` or `[1, count]`.
pub fn string_normalizer_extents(
    x: &[String],
    shape: &[usize],
    stop: &StopWords,
) -> Result<[usize; 1]> {
    if shape.len() == 2 && shape[0] != 1 {
        return Err(Error::new(format!(
            "strings to normalise have the shape {shape:?}, expected [n] or [1, n]"
        )));
    }
    Ok([x.iter().filter(|text| !stop.contain(text)).count().max(1)])
}

/// Elements that are no stop words, their letters changed.
pub fn string_normalizer(x: &[String], stop: &StopWords, case: LetterCase, y: &mut [String]) {
    let kept = x
        .iter()
        .filter(|text| !stop.contain(text))
        .map(|text| case.apply(text));
    for (y, text) in y
        .iter_mut()
        .zip(kept.chain(core::iter::once(String::new())))
    {
        *y = text;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, delimiter: &str, max: Option<usize>) -> Vec<String> {
        let mut list = Vec::new();
        pieces(text, delimiter, max, |p| list.push(p.to_owned()));
        list
    }

    #[test]
    fn delimiters_split_and_white_space_runs_do() {
        assert_eq!(split("a,,b,", ",", None), ["a", "", "b", ""]);
        assert_eq!(split("", ",", None), [""]);
        assert_eq!(split("a,b,c", ",", Some(1)), ["a", "b,c"]);
        assert_eq!(split("  hello \t world ", "", None), ["hello", "world"]);
        assert_eq!(split(" a  b  c ", "", Some(1)), ["a", "b  c"]);
        assert_eq!(split(" a b ", "", Some(0)), ["a b"]);
        assert_eq!(split("   ", "", None), [""; 0]);
    }

    #[test]
    fn nothing_left_is_an_empty_string() {
        let x = ["The".to_owned(), "THE".to_owned()];
        let stop = StopWords {
            words: &["the"],
            fold: LetterCase::Lower,
        };
        assert_eq!(string_normalizer_extents(&x, &[2], &stop), Ok([1]));
        let mut y = ["old".to_owned()];
        string_normalizer(&x, &stop, LetterCase::Upper, &mut y);
        assert_eq!(y, [""]);
    }
}
