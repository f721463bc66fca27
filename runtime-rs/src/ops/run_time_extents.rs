//! Extents that only the data of a run tells. Kernels that end in `_extents` are called before the one that fills the array
//! and answer the extents of the result along the axes `at`; those that end in `_tensor` make a result whose rank, too, only
//! the run tells.

use crate::element::{Bool, Index, Number};
use crate::error::{Error, Result};
use crate::index::MAX_RANK;
use crate::tensor::Tensor;

/// The extents of a result.
pub(crate) struct Extents {
    rank: usize,
    list: [usize; MAX_RANK],
}

impl Extents {
    /// As many ones. An error beyond the greatest rank.
    pub fn ones(rank: usize) -> Result<Self> {
        if rank > MAX_RANK {
            return Err(Error::new(format!(
                "an array of rank {rank}; {MAX_RANK} is the most"
            )));
        }
        Ok(Self {
            rank,
            list: [1; MAX_RANK],
        })
    }

    /// None yet.
    pub fn new() -> Self {
        Self {
            rank: 0,
            list: [1; MAX_RANK],
        }
    }

    /// One more. Panics beyond the greatest rank.
    pub fn push(&mut self, extent: usize) {
        self.list[self.rank] = extent;
        self.rank += 1;
    }

    /// Those along `axes`, of which there are `N`.
    pub fn at<const N: usize>(&self, axes: &[usize]) -> [usize; N] {
        at_axes(&self.list[..self.rank], axes)
    }

    /// Gives `y` these extents and room for its elements.
    pub fn shape<'a, T: Clone + Default>(
        &self,
        y: &'a mut Tensor<T>,
    ) -> (&'a [usize], &'a mut [T]) {
        y.shape.clear();
        y.shape.extend_from_slice(self);
        y.data.resize(self.iter().product(), T::default());
        (&y.shape, &mut y.data)
    }
}

impl core::ops::Deref for Extents {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.list[..self.rank]
    }
}
impl core::ops::DerefMut for Extents {
    fn deref_mut(&mut self) -> &mut [usize] {
        &mut self.list[..self.rank]
    }
}

/// The extents along `at`, which has `N` axes.
pub(crate) fn at_axes<const N: usize>(extents: &[usize], at: &[usize]) -> [usize; N] {
    assert_eq!(N, at.len());
    core::array::from_fn(|n| extents[at[n]])
}

/// A size as an operand gives it; an error below 0.
pub(crate) fn size(what: &str, value: i64) -> Result<usize> {
    usize::try_from(value).map_err(|_| Error::new(format!("{what} is {value}")))
}

/// The element of an array of one. An error where there is none.
pub(crate) fn only<I: Index>(value: &[I]) -> Result<i64> {
    let first = value.first().map(|v| v.to_i64());
    first.ok_or_else(|| Error::new("an operand of one element is empty"))
}

/// A size given as the one element of an array. An error below 0.
pub fn scalar_extent<I: Index>(value: &[I]) -> Result<[usize; 1]> {
    Ok([size("a size", only(value)?)?])
}

/// `values` as an array of extents, those along `at` only.
pub fn given_extents<const N: usize, I: Index>(values: &[I], at: &[usize]) -> Result<[usize; N]> {
    let mut extents = [0; N];
    for (extent, &axis) in extents.iter_mut().zip(at) {
        let value = values.get(axis).ok_or_else(|| {
            Error::new(format!(
                "{} extents where {} are needed",
                values.len(),
                axis + 1
            ))
        })?;
        *extent = size("an extent", value.to_i64())?;
    }
    Ok(extents)
}

/// An error unless two shapes that the model takes as equal are equal in this run.
pub fn expect_extents(found: &[usize], expected: &[usize]) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::new(format!(
        "extents {found:?} where {expected:?} are needed"
    )))
}

/// Number of elements that are not zero (or true, or not NaN's opposite: NaN counts).
pub fn count_nonzero<T: Number>(x: &[T]) -> [usize; 1] {
    let zero = T::Wide::default();
    [x.iter().filter(|x| x.widen() != zero).count()]
}

/// Number of true elements among the first `limit`.
pub fn count_true(condition: &[Bool], limit: usize) -> [usize; 1] {
    [condition.iter().take(limit).filter(|c| c.get()).count()]
}
