//! Looking values up in sorted keys, and writing labels: of classifiers, of encoders.

use core::cmp::Ordering;

use crate::error::{Error, Result};

use super::string_table::{StringList, StringTable, Strings};

/// Keys of an encoder in ascending order.
pub trait Keys<X> {
    /// Where `x` is.
    fn find(&self, x: &X) -> Option<usize>;
}

/// Labels by number, with one for what has none.
pub trait Labels<Y> {
    /// Writes the `i`-th label, or the one for none.
    fn write(&self, i: Option<usize>, y: &mut Y);
}

/// `y[i]` is the label of the key that `x[i]` is.
pub fn label_encoder<X, Y>(x: &[X], keys: &impl Keys<X>, labels: &impl Labels<Y>, y: &mut [Y]) {
    for (x, y) in x.iter().zip(y) {
        labels.write(keys.find(x), y);
    }
}

/// A number that is looked up.
pub trait Key: Copy {
    /// Total order: −0 is 0, and NaN is equal to itself and above all others.
    fn order(self, other: Self) -> Ordering;
}
macro_rules! integer_key {
    ($($t:ty),*) => {$(impl Key for $t {
        #[inline(always)]
        fn order(self, other: Self) -> Ordering { self.cmp(&other) }
    })*};
}
integer_key!(i8, i16, i32, i64, u8, u16, u32, u64);
macro_rules! float_key {
    ($($t:ty),*) => {$(impl Key for $t {
        #[inline(always)]
        fn order(self, other: Self) -> Ordering {
            self.partial_cmp(&other).unwrap_or_else(|| self.is_nan().cmp(&other.is_nan()))
        }
    })*};
}
float_key!(f32, f64);

/// Numbers in ascending order.
#[derive(Clone, Copy, Debug)]
pub struct NumberKeys<'a, T> {
    /// The keys.
    pub sorted: &'a [T],
}

impl<T: Key> Keys<T> for NumberKeys<'_, T> {
    fn find(&self, &x: &T) -> Option<usize> {
        self.sorted.binary_search_by(|key| key.order(x)).ok()
    }
}
impl Keys<String> for StringList<'_> {
    fn find(&self, x: &String) -> Option<usize> {
        Strings::find(self, x)
    }
}
impl Keys<String> for StringTable<'_> {
    fn find(&self, x: &String) -> Option<usize> {
        Strings::find(self, x)
    }
}

/// Labels that are numbers.
#[derive(Clone, Copy, Debug)]
pub struct NumberLabels<'a, T> {
    /// The labels.
    pub values: &'a [T],
    /// For what has none.
    pub default: &'a [T; 1],
}

impl<T: Copy> Labels<T> for NumberLabels<'_, T> {
    fn write(&self, i: Option<usize>, y: &mut T) {
        *y = i.map_or(self.default[0], |i| self.values[i]);
    }
}

/// Labels that are texts.
#[derive(Clone, Copy, Debug)]
pub struct TextLabels<'a, S> {
    /// The labels.
    pub values: &'a S,
    /// For what has none.
    pub default: &'a str,
}

impl<S: Strings> Labels<String> for TextLabels<'_, S> {
    fn write(&self, i: Option<usize>, y: &mut String) {
        y.clear();
        y.push_str(i.map_or(self.default, |i| self.values.get(i)));
    }
}

/// For each element a row of zeros with a 1 at the place of its key. An element that is no key has a row of zeros, or is an
/// error unless `zeros`.
pub fn one_hot_encoder<X>(
    x: &[X],
    keys: &impl Keys<X>,
    places: &[u32],
    zeros: bool,
    y: &mut [f32],
) -> Result<()> {
    let width = y.len() / x.len().max(1);
    y.fill(0.0);
    for (i, x) in x.iter().enumerate() {
        match keys.find(x) {
            Some(key) => y[i * width + places[key] as usize] = 1.0,
            None if zeros => {}
            None => return Err(Error::new(format!("element {i} is of no category"))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_a_key_and_zeros_are_one() {
        let keys = NumberKeys {
            sorted: &[-1.5, 0.0, f32::NAN],
        };
        let labels = NumberLabels {
            values: &[1i64, 2, 3],
            default: &[-1],
        };
        let mut y = [0; 5];
        label_encoder(
            &[-0.0, f32::NAN, -1.5, 1.0, f32::INFINITY],
            &keys,
            &labels,
            &mut y,
        );
        assert_eq!(y, [2, 3, 1, -1, -1]);
    }

    #[test]
    fn texts_become_texts() {
        let labels = TextLabels {
            values: &StringList { texts: &["x"] },
            default: "?",
        };
        let mut y = [String::from("old"), String::new()];
        label_encoder(
            &[String::from("a"), String::from("b")],
            &StringList { texts: &["a"] },
            &labels,
            &mut y,
        );
        assert_eq!(y, ["x", "?"]);
    }
}
