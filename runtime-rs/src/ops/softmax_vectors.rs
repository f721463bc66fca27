//! Softmax and its logarithm of f32 in vectors: along rows where the axis is the last, else across columns. Exponentials
//! are stored in the result and divided in a last pass.

use crate::simd::{math, Kernel, Vector};

/// Softmax along the middle of three axes; `x` and `y` have as many elements.
pub(crate) struct Softmax<'a> {
    pub x: &'a [f32],
    /// Extents of the axis and behind it; neither is 0.
    pub extents: [usize; 2],
    /// The logarithm instead.
    pub logarithm: bool,
    pub y: &'a mut [f32],
}

impl Kernel for Softmax<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let [extent, inner] = self.extents;
        let block = extent * inner;
        let blocks = self.x.chunks_exact(block);
        for (x, y) in blocks.zip(self.y.chunks_exact_mut(block)) {
            if inner == 1 {
                row::<V>(x, self.logarithm, y);
                continue;
            }
            for start in (0..inner).step_by(V::LANES) {
                columns::<V>(x, [extent, inner], start, self.logarithm, y);
            }
        }
    }
}

/// One row: the lanes run along the axis.
#[inline(always)]
fn row<V: Vector>(x: &[f32], logarithm: bool, y: &mut [f32]) {
    let whole = x.len() - x.len() % V::LANES;
    let mut greatest = V::splat(f32::NEG_INFINITY);
    for chunk in x[..whole].chunks_exact(V::LANES) {
        greatest = greatest.max(V::load(chunk));
    }
    let rest = x[whole..].iter().fold(f32::NEG_INFINITY, |m, &x| m.max(x));
    // A NaN that gets lost here still makes the sum NaN.
    let greatest = greatest.max_lane().max(rest);
    let mut sums = V::zero();
    for (x, y) in x[..whole]
        .chunks_exact(V::LANES)
        .zip(y.chunks_exact_mut(V::LANES))
    {
        let e = math::exp(V::load(x) - V::splat(greatest));
        sums = sums + e;
        if !logarithm {
            e.store(y);
        }
    }
    let last = math::exp(V::load_partial(&x[whole..]) - V::splat(greatest));
    let lanes = last.to_array();
    let mut sum = sums.sum();
    for e in &lanes[..x.len() - whole] {
        sum += e;
    }
    if logarithm {
        let shift = (V::splat(greatest), V::splat(sum.ln()));
        for (x, y) in x.chunks(V::LANES).zip(y.chunks_mut(V::LANES)) {
            (V::load_partial(x) - shift.0 - shift.1).store_partial(y);
        }
        return;
    }
    last.store_partial(&mut y[whole..]);
    let sum = V::splat(sum);
    for y in y.chunks_mut(V::LANES) {
        (V::load_partial(y) / sum).store_partial(y);
    }
}

/// The columns of a block from `start` on, at most as many as there are lanes: each lane sums its own.
#[inline(always)]
fn columns<V: Vector>(
    x: &[f32],
    [extent, inner]: [usize; 2],
    start: usize,
    logarithm: bool,
    y: &mut [f32],
) {
    let width = V::LANES.min(inner - start);
    let at = |k: usize| k * inner + start..k * inner + start + width;
    let mut greatest = V::splat(f32::NEG_INFINITY);
    for k in 0..extent {
        greatest = greatest.max(V::load_partial(&x[at(k)]));
    }
    let mut sum = V::zero();
    for k in 0..extent {
        let e = math::exp(V::load_partial(&x[at(k)]) - greatest);
        sum = sum + e;
        if !logarithm {
            e.store_partial(&mut y[at(k)]);
        }
    }
    if logarithm {
        let logarithms = math::ln(sum);
        for k in 0..extent {
            (V::load_partial(&x[at(k)]) - greatest - logarithms).store_partial(&mut y[at(k)]);
        }
        return;
    }
    for k in 0..extent {
        (V::load_partial(&y[at(k)]) / sum).store_partial(&mut y[at(k)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{log_softmax, softmax};
    use crate::simd::{available, dispatch, with_isa};

    /// Everything that vectors can do, against the general kernel in double precision.
    fn check(extent: usize, inner: usize) {
        let x: Vec<f32> = (0..2 * extent * inner)
            .map(|i| ((i * 37 % 101) as f32 - 50.0) / 7.0)
            .collect();
        let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        let mut expected = vec![0.0; x.len()];
        let mut scratch = vec![0.0; (extent + 2) * inner];
        for logarithm in [false, true] {
            let kernel = if logarithm { log_softmax } else { softmax };
            kernel(&wide, &[2, extent, inner], &mut scratch, &mut expected);
            for isa in available() {
                let mut y = vec![0.0; x.len()];
                with_isa(isa, || {
                    dispatch(Softmax {
                        x: &x,
                        extents: [extent, inner],
                        logarithm,
                        y: &mut y,
                    });
                });
                for (y, e) in y.iter().zip(&expected) {
                    let bound = 1e-6 * if logarithm { e.abs().max(1.0) } else { e.abs() };
                    assert!(
                        (f64::from(*y) - e).abs() <= bound,
                        "{isa:?} {extent}x{inner}: {y} {e}"
                    );
                }
            }
        }
    }

    #[test]
    fn rows_and_columns_of_any_length_agree_with_the_general_kernel() {
        for (extent, inner) in [(1, 1), (3, 1), (16, 1), (50, 1), (5, 2), (7, 16), (3, 35)] {
            check(extent, inner);
        }
    }

    #[test]
    fn a_nan_or_an_infinity_makes_its_row_nan() {
        for special in [f32::NAN, f32::INFINITY] {
            for place in [0, 17, 20] {
                let mut x = [1.0f32; 21];
                x[place] = special;
                let mut y = [0.0; 21];
                dispatch(Softmax {
                    x: &x,
                    extents: [21, 1],
                    logarithm: false,
                    y: &mut y,
                });
                assert!(y.iter().all(|y| y.is_nan()), "{special} at {place}: {y:?}");
            }
        }
    }
}
