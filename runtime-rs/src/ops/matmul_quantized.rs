//! Products of quantised matrices, and the scaling that brings their sums back to 8 bits.

use crate::arithmetic::{from_f64, to_f64, Arithmetic};
use crate::element::Number;
use crate::index::{broadcast_strides, for_each};
use crate::ops::matmul::{batch_strides, matrix_extents};

/// `y[…, i, j] = Σₖ (a[…, i, k] − a_zero)·(b[…, k, j] − b_zero)` in the type of `y` (i32 mod 2³² for integers).
///
/// Zero points broadcast: `a_zero` to […, M, 1], `b_zero` to […, 1, N]; absent ones are 0.
pub fn matmul_quantized<A: Number, B: Number, Y: Arithmetic>(
    a: &[A],
    a_shape: &[usize],
    a_zero: Option<&[A]>,
    a_zero_shape: &[usize],
    b: &[B],
    b_shape: &[usize],
    b_zero: Option<&[B]>,
    b_zero_shape: &[usize],
    y: &mut [Y],
    y_shape: &[usize],
) where
    A::Wide: Into<Y>,
    B::Wide: Into<Y>,
{
    let (rows, columns) = matrix_extents(y_shape);
    let (_, depth) = matrix_extents(a_shape);
    let rank = y_shape.len();
    let batch = &y_shape[..rank - 2];
    if rows * columns == 0 {
        return;
    }
    let zero_a = broadcast_strides(a_zero_shape, y_shape);
    let zero_b = broadcast_strides(b_zero_shape, y_shape);
    let from_a = batch_strides(a_shape, batch);
    let from_b = batch_strides(b_shape, batch);
    let mut matrices = y.chunks_exact_mut(rows * columns);
    for_each(
        batch,
        [&from_a, &from_b, &zero_a, &zero_b],
        |[a_at, b_at, za, zb]| {
            let y = matrices.next().expect("y has the extents of y_shape");
            for (i, row) in y.chunks_exact_mut(columns).enumerate() {
                row.fill(Y::ZERO);
                let shift_a =
                    a_zero.map_or(Y::ZERO, |z| z[za + i * zero_a[rank - 2]].widen().into());
                for k in 0..depth {
                    let left = a[a_at + i * depth + k].widen().into().minus(shift_a);
                    let rights = &b[b_at + k * columns..][..columns];
                    for (j, (sum, right)) in row.iter_mut().zip(rights).enumerate() {
                        let shift_b =
                            b_zero.map_or(Y::ZERO, |z| z[zb + j * zero_b[rank - 1]].widen().into());
                        *sum = sum.plus(left.times(right.widen().into().minus(shift_b)));
                    }
                }
            }
        },
    );
}

/// How `requantize` brings sums to an integer type of narrow range: scales, and the shapes that they broadcast from.
#[derive(Clone, Copy, Debug)]
pub struct Scales<'a, S> {
    /// Scale of the left operand.
    pub a: &'a [S],
    /// Extents of `a`, broadcast to those of the sums.
    pub a_shape: &'a [usize],
    /// Scale of the right operand.
    pub b: &'a [S],
    /// Extents of `b`.
    pub b_shape: &'a [usize],
    /// The one scale of the result.
    pub y: &'a [S],
}

/// `y = saturate(round((sum + bias)·a_scale·b_scale / y_scale) + y_zero)`, rounded to nearest even; in double precision.
///
/// `bias` broadcasts from `bias_shape`. For floats of 8 bits the only rounding is that to the type.
pub fn requantize<S: Number, Acc: Arithmetic, Y: Number>(
    sums: &[Acc],
    bias: Option<&[Acc]>,
    bias_shape: &[usize],
    scales: Scales<S>,
    y_zero: Option<&[Y]>,
    integer: bool,
    y: &mut [Y],
    y_shape: &[usize],
) where
    S::Wide: Arithmetic,
    Y::Wide: Arithmetic,
{
    let strides = [
        &broadcast_strides(scales.a_shape, y_shape),
        &broadcast_strides(scales.b_shape, y_shape),
        &broadcast_strides(bias_shape, y_shape),
    ];
    let y_scale = to_f64(scales.y[0]);
    let zero = y_zero.map_or(0.0, |z| to_f64(z[0]));
    let mut out = y.iter_mut().zip(sums);
    for_each(y_shape, strides, |[a, b, c]| {
        let (y, &sum) = out.next().expect("y has the extents of y_shape");
        let sum = bias.map_or(sum, |bias| sum.plus(bias[c]));
        let scaled = sum.to_f64() * (to_f64(scales.a[a]) * to_f64(scales.b[b]) / y_scale);
        let rounded = if integer {
            scaled.round_ties_even()
        } else {
            scaled
        };
        *y = from_f64(rounded + zero);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_comes_before_the_zero_point() {
        let scales = Scales {
            a: &[0.5f32],
            a_shape: &[],
            b: &[1.0],
            b_shape: &[],
            y: &[1.0],
        };
        let mut y = [0u8; 3];
        requantize(
            &[1, 3, 1000],
            None,
            &[],
            scales,
            Some(&[1]),
            true,
            &mut y,
            &[3],
        );
        assert_eq!(y, [1, 3, 255]);
    }
}
