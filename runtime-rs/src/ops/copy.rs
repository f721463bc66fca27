//! Copies of whole values, as control flow needs them.

use crate::element::Index;
use crate::tensor::Tensor;

/// `to` gets `from`'s elements.
pub fn copy<T: Clone>(from: &[T], to: &mut [T]) {
    to.clone_from_slice(from);
}

/// `to` becomes a copy of `from`, whatever its size was.
pub fn assign_elements<T: Clone>(from: &[T], to: &mut Vec<T>) {
    to.clear();
    to.extend_from_slice(from);
}

/// `to` becomes a copy of the array with these elements and extents.
pub fn assign_tensor<T: Clone>(from: &[T], shape: &[usize], to: &mut Tensor<T>) {
    assign_elements(from, &mut to.data);
    assign_elements(shape, &mut to.shape);
}

/// `to` becomes a copy of the sequence.
pub fn assign_sequence<T: Clone>(from: &[T], to: &mut Vec<T>) {
    assign_elements(from, to);
}

/// `to` becomes a copy of an optional or map.
pub fn assign<T: Clone>(from: &T, to: &mut T) {
    to.clone_from(from);
}

/// Every element becomes `value`.
pub fn fill<T: Clone>(value: T, to: &mut [T]) {
    to.fill(value);
}

/// Empties a growing result.
pub fn clear<T>(to: &mut Vec<T>) {
    to.clear();
}

/// Appends the elements of one iteration to a growing result.
pub fn append<T: Clone>(from: &[T], to: &mut Vec<T>) {
    to.extend_from_slice(from);
}

/// Writes the elements of iteration `at[0]` to their place in a stack of them.
pub fn store_at<T: Clone, I: Index>(from: &[T], at: &[I], to: &mut [T]) {
    let start = at[0].to_i64() as usize * from.len();
    to[start..start + from.len()].clone_from_slice(from);
}

/// Where entry `at[0]` of `axis` lies in an array of `shape`, in batch `batch[0]` of the first axis if `axis` is not it:
/// (start, number of runs, distance between runs, length of a run).
fn slice_of<I: Index>(
    shape: &[usize],
    axis: usize,
    batch: &[I],
    at: &[I],
    reverse: bool,
    batched: bool,
) -> (usize, usize, usize, usize) {
    let (outer, extent, inner) = crate::index::around(shape, axis);
    let at = at[0].to_i64() as usize;
    let at = if reverse { extent - 1 - at } else { at };
    let runs = if batched { outer / shape[0] } else { outer };
    (
        batch[0].to_i64() as usize * runs * extent * inner + at * inner,
        runs,
        extent * inner,
        inner,
    )
}

/// `to` gets entry `at[0]` of `axis` (counted from its end if `reverse`), the axis dropped. Where `to` is one batch of the
/// first axis, `batch[0]` says which.
pub fn take_slice<T: Clone, I: Index>(
    from: &[T],
    shape: &[usize],
    axis: usize,
    batch: &[I],
    at: &[I],
    reverse: bool,
    to: &mut [T],
) {
    let whole: usize = shape.iter().product::<usize>() / shape[axis].max(1);
    let (start, runs, step, len) = slice_of(
        shape,
        axis,
        batch,
        at,
        reverse,
        axis > 0 && to.len() < whole,
    );
    for r in 0..runs {
        to[r * len..(r + 1) * len].clone_from_slice(&from[start + r * step..][..len]);
    }
}

/// The reverse of [`take_slice`]: entry `at[0]` of `axis` in `to` gets `from`.
pub fn put_slice<T: Clone, I: Index>(
    from: &[T],
    to: &mut [T],
    shape: &[usize],
    axis: usize,
    batch: &[I],
    at: &[I],
    reverse: bool,
) {
    let whole: usize = shape.iter().product::<usize>() / shape[axis].max(1);
    let (start, runs, step, len) = slice_of(
        shape,
        axis,
        batch,
        at,
        reverse,
        axis > 0 && from.len() < whole,
    );
    for r in 0..runs {
        to[start + r * step..][..len].clone_from_slice(&from[r * len..(r + 1) * len]);
    }
}

/// An error: a branch was taken that cannot work with the sizes that the model was compiled for.
pub fn refuse(message: &str) -> crate::error::Result<()> {
    Err(crate::error::Error::new(message))
}
