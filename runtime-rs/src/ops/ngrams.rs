//! Counting n-grams in rows of tokens.
//!
//! Source: https://onnx.ai/onnx/operators/onnx__TfIdfVectorizer.html

use core::cmp::Ordering;

use crate::element::Index;

use super::string_table::Strings;

/// N-grams of one length in ascending order.
#[derive(Clone, Copy, Debug)]
pub struct Grams<'a> {
    /// Tokens of an n-gram.
    pub size: usize,
    /// All of them, one n-gram after the other.
    pub tokens: &'a [i64],
    /// The place in the result of each.
    pub places: &'a [u32],
}

impl Grams<'_> {
    /// The place of the n-gram whose tokens `token` gives.
    fn find(&self, token: impl Fn(usize) -> i64) -> Option<usize> {
        let (mut low, mut high) = (0, self.places.len());
        while low < high {
            let middle = (low + high) / 2;
            let gram = &self.tokens[middle * self.size..][..self.size];
            match gram
                .iter()
                .enumerate()
                .map(|(i, t)| t.cmp(&token(i)))
                .find(|o| o.is_ne())
            {
                Some(Ordering::Less) => low = middle + 1,
                Some(_) => high = middle,
                None => return Some(self.places[middle] as usize),
            }
        }
        None
    }
}

/// What to count, and how.
#[derive(Clone, Copy, Debug)]
pub struct NGrams<'a> {
    /// Tokens of a row.
    pub width: usize,
    /// Tokens of an n-gram may be up to so many apart, all equally.
    pub max_skip: usize,
    /// What to look for.
    pub grams: &'a [Grams<'a>],
    /// Count each n-gram of a row once.
    pub once: bool,
    /// Factors of the results.
    pub weights: Option<&'a [f32]>,
}

/// Counts n-grams in rows of `width` tokens; `y` is `[rows, places]`. Exact up to 2²⁴, weighted counts are rounded once.
pub fn count_ngrams<I: Index>(n: &NGrams, x: &[I], y: &mut [f32]) {
    let rows = (x.len() / n.width.max(1)).max(1);
    y.fill(0.0);
    let places = y.len() / rows;
    if places == 0 {
        return;
    }
    for (row, y) in x
        .chunks_exact(n.width.max(1))
        .zip(y.chunks_exact_mut(places))
    {
        for grams in n.grams {
            count_row(n, grams, row, y);
        }
        let weights = n.weights.unwrap_or(&[]);
        for (i, y) in y.iter_mut().enumerate() {
            let count = if n.once { y.min(1.0) } else { *y };
            *y = count * weights.get(i).unwrap_or(&1.0);
        }
    }
}

fn count_row<I: Index>(n: &NGrams, grams: &Grams, row: &[I], y: &mut [f32]) {
    // Single tokens do not depend on the skip.
    let steps = if grams.size == 1 { 1 } else { n.max_skip + 1 };
    for step in 1..=steps {
        let reach = (grams.size - 1) * step;
        for start in 0..row.len().saturating_sub(reach) {
            if let Some(place) = grams.find(|i| row[start + i * step].to_i64()) {
                y[place] += 1.0;
            }
        }
    }
}

/// Counts n-grams of texts, whose tokens are their numbers in a sorted vocabulary. `scratch` holds a number for each text.
pub fn count_text_ngrams(
    n: &NGrams,
    x: &[String],
    vocabulary: &impl Strings,
    y: &mut [f32],
    scratch: &mut [i64],
) {
    let ids = &mut scratch[..x.len()];
    for (id, text) in ids.iter_mut().zip(x) {
        *id = vocabulary.find(text).map_or(-1, |i| i as i64);
    }
    count_ngrams(n, ids, y);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::StringList;

    #[test]
    fn texts_skips_and_weights() {
        // a, b; then "a b", "b a", counted over a b x a.
        let grams = [
            Grams {
                size: 1,
                tokens: &[0, 1],
                places: &[0, 1],
            },
            Grams {
                size: 2,
                tokens: &[0, 1, 1, 0],
                places: &[3, 2],
            },
        ];
        let n = NGrams {
            width: 4,
            max_skip: 1,
            grams: &grams,
            once: false,
            weights: Some(&[1.0, 10.0, 100.0, 0.5]),
        };
        let x = ["a", "b", "x", "a"].map(String::from);
        let mut y = [9.0; 4];
        let vocabulary = StringList { texts: &["a", "b"] };
        count_text_ngrams(&n, &x, &vocabulary, &mut y, &mut [0; 4]);
        assert_eq!(y, [2.0, 10.0, 100.0, 0.5]);
        let once = NGrams {
            once: true,
            weights: None,
            ..n
        };
        count_text_ngrams(&once, &x, &vocabulary, &mut y, &mut [0; 4]);
        assert_eq!(y, [1.0, 1.0, 1.0, 1.0]);
    }
}
