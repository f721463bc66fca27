//! Softmax and its logarithm along one axis, as extents before, at and behind it.
//!
//! The greatest element is subtracted first, so that nothing overflows: eˣ of it is 1. An axis with a +∞ or a NaN is all
//! NaN. Error: ≤ (K + 4)·ε relative for softmax, ≤ (K + 4)·ε·max(1, |y|) absolute for its logarithm.

use crate::element::Number;
use crate::ops::softmax_vectors::Softmax;
use crate::real::{Float, Real};
use crate::simd::dispatch;

/// Columns of one block: `extent` rows of `inner` elements, with room for their exponentials, greatest element and sum.
struct Columns<'a, W> {
    exponentials: &'a mut [W],
    greatest: &'a mut [W],
    sums: &'a mut [W],
}

impl<'a, W: Real> Columns<'a, W> {
    fn new(scratch: &'a mut [W], extent: usize, inner: usize) -> Self {
        let (exponentials, rest) = scratch.split_at_mut(extent * inner);
        let (greatest, sums) = rest.split_at_mut(inner);
        Self {
            exponentials,
            greatest,
            sums,
        }
    }

    /// Fills everything from the elements of a block.
    fn fill<T: Number<Wide = W>>(&mut self, x: &[T], inner: usize) {
        self.greatest.fill(W::NEG_INFINITY);
        self.sums.fill(W::ZERO);
        for row in x.chunks_exact(inner) {
            for (m, x) in self.greatest.iter_mut().zip(row) {
                *m = m.maximum(x.widen());
            }
        }
        let rows = x.chunks_exact(inner);
        for (row, out) in rows.zip(self.exponentials.chunks_exact_mut(inner)) {
            for (i, (x, e)) in row.iter().zip(out).enumerate() {
                *e = (x.widen() - self.greatest[i]).exp();
                self.sums[i] += *e;
            }
        }
    }
}

/// `y = e^(x − max) / Σ e^(x − max)` along the middle axis. `scratch` holds `(extent + 2)·inner` elements.
pub fn softmax<T: Float>(
    x: &[T],
    &[outer, extent, inner]: &[usize; 3],
    scratch: &mut [T::Wide],
    y: &mut [T],
) {
    let block = extent * inner;
    if block == 0 {
        return;
    }
    debug_assert_eq!(x.len(), outer * block);
    if vectors(x, [extent, inner], false, y) {
        return;
    }
    let mut columns = Columns::new(scratch, extent, inner);
    for (x, y) in x.chunks_exact(block).zip(y.chunks_exact_mut(block)) {
        columns.fill(x, inner);
        let rows = columns.exponentials.chunks_exact(inner);
        for (row, y) in rows.zip(y.chunks_exact_mut(inner)) {
            for ((y, &e), &sum) in y.iter_mut().zip(row).zip(&*columns.sums) {
                *y = T::narrow(e / sum);
            }
        }
    }
}

/// `y = x − max − ln Σ e^(x − max)` along the middle axis. `scratch` holds `(extent + 2)·inner` elements.
pub fn log_softmax<T: Float>(
    x: &[T],
    &[outer, extent, inner]: &[usize; 3],
    scratch: &mut [T::Wide],
    y: &mut [T],
) {
    let block = extent * inner;
    if block == 0 {
        return;
    }
    debug_assert_eq!(x.len(), outer * block);
    if vectors(x, [extent, inner], true, y) {
        return;
    }
    let mut columns = Columns::new(scratch, extent, inner);
    for (x, y) in x.chunks_exact(block).zip(y.chunks_exact_mut(block)) {
        columns.fill(x, inner);
        for sum in columns.sums.iter_mut() {
            *sum = sum.ln();
        }
        for (row, y) in x.chunks_exact(inner).zip(y.chunks_exact_mut(inner)) {
            for (i, (y, x)) in y.iter_mut().zip(row).enumerate() {
                *y = T::narrow(x.widen() - columns.greatest[i] - columns.sums[i]);
            }
        }
    }
}

/// The kernel for f32, where that is the type.
fn vectors<T: Float>(x: &[T], extents: [usize; 2], logarithm: bool, y: &mut [T]) -> bool {
    let (Some(x), Some(y)) = (T::as_f32(x), T::as_f32_mut(y)) else {
        return false;
    };
    dispatch(Softmax {
        x,
        extents,
        logarithm,
        y,
    });
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_elements_do_not_overflow_and_masked_ones_vanish() {
        let mut y = [0.0f32; 3];
        let x = [1e30, 1e30, f32::NEG_INFINITY];
        softmax(&x, &[1, 3, 1], &mut [0.0; 5], &mut y);
        assert_eq!(y, [0.5, 0.5, 0.0]);
        log_softmax(&x, &[1, 3, 1], &mut [0.0; 5], &mut y);
        assert_eq!(y[2], f32::NEG_INFINITY);
    }

    #[test]
    fn an_inner_axis_is_summed_across() {
        let mut y = [0.0f64; 4];
        softmax(&[0.0, 5.0, 0.0, 5.0], &[1, 2, 2], &mut [0.0; 8], &mut y);
        assert_eq!(y, [0.5; 4]);
    }
}
