//! What generated crates need around their steps: inputs with extents, growing buffers, sizes.

use crate::error::{Error, Result};

/// Elements with their extents: an input or output whose sizes vary.
#[derive(Debug)]
pub struct View<'a, T, const RANK: usize> {
    /// Row-major elements.
    pub data: &'a [T],
    /// Extents, outermost first.
    pub shape: [usize; RANK],
}

// Not derived: a view of strings can be copied, too, though strings cannot.
impl<T, const RANK: usize> Clone for View<'_, T, RANK> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, const RANK: usize> Copy for View<'_, T, RANK> {}

impl<T, const RANK: usize> View<'_, T, RANK> {
    /// Errors unless there are as many elements as the extents say.
    pub fn check(&self, name: &str) -> Result<()> {
        let expected = self.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if expected == Some(self.data.len()) {
            return Ok(());
        }
        Err(Error::new(format!(
            "input {name}: {} elements for extents {:?}",
            self.data.len(),
            self.shape
        )))
    }
}

/// The buffer with exactly `len` elements; their contents are whatever was there, or the default.
pub fn room<T: Clone + Default>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    buffer.resize(len, T::default());
    buffer
}

/// A slice as an array. Panics if the lengths differ, which would be a bug of the compiler.
pub fn fixed<T, const N: usize>(slice: &[T]) -> &[T; N] {
    slice.try_into().expect("the compiler knows the extents")
}

/// An error unless an input's extent is what the other inputs imply.
pub fn expect_extent(found: usize, expected: usize, axis: usize, input: &str) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::new(format!(
        "input {input}: extent of axis {axis}: expected {expected}, found {found}"
    )))
}

/// `found`, or an error if it is outside of the bounds that the model was compiled for.
pub fn bounded(found: usize, min: usize, max: usize, what: &str) -> Result<usize> {
    if (min..=max).contains(&found) {
        return Ok(found);
    }
    Err(Error::new(format!(
        "{what}: {found} is not between {min} and {max}, which the model was compiled for"
    )))
}

/// The common extent of two axes, one of which may be 1.
pub fn broadcast_extent<T: Copy + PartialEq + From<u8>>(a: T, b: T) -> T {
    if a == T::from(1) {
        b
    } else {
        a
    }
}

/// The larger extent.
pub fn max_extent(a: usize, b: usize) -> usize {
    a.max(b)
}

/// The smaller extent.
pub fn min_extent(a: usize, b: usize) -> usize {
    a.min(b)
}

/// A trip count as a number of iterations: negative ones mean none.
pub fn trip_limit(count: i64) -> usize {
    usize::try_from(count).unwrap_or(0)
}

/// Writes sizes, and numbers made of them, as integers.
pub fn write_dims<T: TryFrom<i64> + Copy>(dims: &[i64], y: &mut [T]) {
    for (y, &d) in y.iter_mut().zip(dims) {
        *y = T::try_from(d).unwrap_or_else(|_| panic!("size {d} does not fit the integer type"));
    }
}
