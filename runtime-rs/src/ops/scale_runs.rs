//! Which scale and zero point the elements of a quantised array have: one for the whole array, one for each index of an axis,
//! or one for each block of indices of an axis.

use super::convert::{as_f64, Convert};
use crate::index::around;

/// Elements in a row whose scales are in a row, too: the n-th has `scales[first + n · step]`.
pub(super) struct Run {
    pub len: usize,
    pub first: usize,
    pub step: usize,
}

/// Calls `f` for the runs of an array of `shape`, in order. `block` is the number of elements along `axis` that share a
/// scale, 0 where each index has one for all other axes.
#[inline(always)]
pub(super) fn each_run(
    shape: &[usize],
    scales: usize,
    axis: usize,
    block: usize,
    mut f: impl FnMut(Run),
) {
    let mut run = |len, first, step| f(Run { len, first, step });
    let count = shape.iter().product();
    if block == 0 && scales == 1 || count == 0 {
        return run(count, 0, 0);
    }
    let (outer, extent, inner) = around(shape, axis);
    for o in 0..outer {
        match (block, inner) {
            (0, 1) => run(extent, 0, 1),
            (0, _) => (0..extent).for_each(|k| run(inner, k, 0)),
            (_, 1) => (0..extent.div_ceil(block)).for_each(|b| {
                let len = block.min(extent - b * block);
                run(len, o * extent.div_ceil(block) + b, 0);
            }),
            _ => (0..extent).for_each(|k| {
                run(inner, (o * extent.div_ceil(block) + k / block) * inner, 1);
            }),
        }
    }
}

/// The zero point of scale `k`; one may serve all.
#[inline(always)]
pub(super) fn zero_at<T: Convert>(zero: Option<&[T]>, k: usize) -> f64 {
    match zero {
        None => 0.0,
        Some([only]) => as_f64(*only),
        Some(all) => as_f64(all[k]),
    }
}
