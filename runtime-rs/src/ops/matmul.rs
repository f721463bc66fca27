//! Matrix products of any element type: `y[i, j] = Σₖ a[i, k]·b[k, j]` over broadcast batches.
//!
//! The loops run i-k-j: a row of `y` is summed in the wide type while rows of `b` stream by, so that all inner loops are
//! contiguous. Error of float products: ≤ K·ε·Σ|a·b|, ε of the wide type (Higham 2002, §3.1). Integers are exact mod 2ⁿ.

use crate::arithmetic::{from_f64, to_f64, Arithmetic};
use crate::element::Number;
use crate::index::{broadcast_strides, for_each};

/// A matrix in memory: element (i, k) is at `i·row + k·column`.
#[derive(Clone, Copy)]
struct Matrix<'a, T> {
    data: &'a [T],
    row: usize,
    column: usize,
}

/// `acc[j] = Σₖ a[i, k]·b[k, j]` for one row `i` of a matrix of `depth` columns.
fn row_product<T: Number>(a: Matrix<T>, i: usize, depth: usize, b: Matrix<T>, acc: &mut [T::Wide])
where
    T::Wide: Arithmetic,
{
    if b.column != 1 && acc.len() > 1 {
        return row_dots(a, i, depth, b, acc);
    }
    acc.fill(T::Wide::ZERO);
    for k in 0..depth {
        let left = a.data[i * a.row + k * a.column].widen();
        let row = &b.data[k * b.row..][..acc.len()];
        for (sum, &right) in acc.iter_mut().zip(row) {
            *sum = sum.plus(left.times(right.widen()));
        }
    }
}

/// As `row_product` for a `b` whose columns are contiguous: one dot product per element.
fn row_dots<T: Number>(a: Matrix<T>, i: usize, depth: usize, b: Matrix<T>, acc: &mut [T::Wide])
where
    T::Wide: Arithmetic,
{
    for (j, sum) in acc.iter_mut().enumerate() {
        // Eight partial sums, since a single one would wait for each addition.
        let mut lanes = [T::Wide::ZERO; 8];
        for k in 0..depth {
            let left = a.data[i * a.row + k * a.column].widen();
            let right = b.data[k * b.row + j * b.column].widen();
            lanes[k % 8] = lanes[k % 8].plus(left.times(right));
        }
        *sum = lanes
            .into_iter()
            .reduce(|p, q| p.plus(q))
            .unwrap_or_default();
    }
}

/// Extents of the last two axes of an array of rank 2 or more.
fn matrix_extents(shape: &[usize]) -> (usize, usize) {
    let [.., rows, columns] = *shape else {
        panic!("a matrix has two axes, {shape:?} has not");
    };
    (rows, columns)
}

/// The batch axes of `shape` as strides in elements over the batch axes of the product.
fn batch_strides(shape: &[usize], batch: &[usize]) -> [usize; crate::index::MAX_RANK] {
    let (rows, columns) = matrix_extents(shape);
    let mut strides = broadcast_strides(&shape[..shape.len() - 2], batch);
    for s in &mut strides {
        *s *= rows * columns;
    }
    strides
}

/// `y[…, i, j] = Σₖ a[…, i, k]·b[…, k, j]`; leading axes broadcast. All ranks are at least 2. `acc` holds a row of `y`.
pub fn matmul<T: Number>(
    a: &[T],
    a_shape: &[usize],
    b: &[T],
    b_shape: &[usize],
    acc: &mut [T::Wide],
    y: &mut [T],
    y_shape: &[usize],
) where
    T::Wide: Arithmetic,
{
    let (rows, columns) = matrix_extents(y_shape);
    let (_, depth) = matrix_extents(a_shape);
    let batch = &y_shape[..y_shape.len() - 2];
    if rows * columns == 0 {
        return;
    }
    let mut matrices = y.chunks_exact_mut(rows * columns);
    let strides = (batch_strides(a_shape, batch), batch_strides(b_shape, batch));
    for_each(batch, [&strides.0, &strides.1], |[from_a, from_b]| {
        let a = Matrix {
            data: &a[from_a..],
            row: depth,
            column: 1,
        };
        let b = Matrix {
            data: &b[from_b..],
            row: columns,
            column: 1,
        };
        let y = matrices.next().expect("y has the extents of y_shape");
        for (i, row) in y.chunks_exact_mut(columns).enumerate() {
            row_product(a, i, depth, b, acc);
            for (out, &sum) in row.iter_mut().zip(&*acc) {
                *out = T::narrow(sum);
            }
        }
    });
}

/// Which operands of `gemm` are read transposed, and the factors of its two terms.
#[derive(Clone, Copy, Debug)]
pub struct Gemm {
    /// `a` has the extents [K, M].
    pub trans_a: bool,
    /// `b` has the extents [N, K].
    pub trans_b: bool,
    /// Factor of the product.
    pub alpha: f64,
    /// Factor of `c`.
    pub beta: f64,
}

/// `y = alpha·a·b + beta·c` for matrices; `c` broadcasts to `y`'s extents [M, N]. `acc` holds a row of `y`.
///
/// Factors other than 1 are applied in double precision.
pub fn gemm<T: Number>(
    a: &[T],
    b: &[T],
    depth: usize,
    c: Option<&[T]>,
    c_shape: &[usize],
    options: Gemm,
    acc: &mut [T::Wide],
    y: &mut [T],
    y_shape: &[usize],
) where
    T::Wide: Arithmetic,
{
    let (rows, columns) = matrix_extents(y_shape);
    if rows * columns == 0 {
        return;
    }
    let a = Matrix {
        data: a,
        row: if options.trans_a { 1 } else { depth },
        column: if options.trans_a { rows } else { 1 },
    };
    let b = Matrix {
        data: b,
        row: if options.trans_b { 1 } else { columns },
        column: if options.trans_b { depth } else { 1 },
    };
    let addend = broadcast_strides(c_shape, y_shape);
    for (i, row) in y.chunks_exact_mut(columns).enumerate() {
        row_product(a, i, depth, b, acc);
        for (j, (out, &sum)) in row.iter_mut().zip(&*acc).enumerate() {
            let mut value = scaled(sum, options.alpha);
            if let Some(c) = c {
                let term = c[i * addend[0] + j * addend[1]].widen();
                value = value.plus(scaled(term, options.beta));
            }
            *out = T::narrow(value);
        }
    }
}

fn scaled<W: Arithmetic>(x: W, factor: f64) -> W {
    if factor == 1.0 {
        return x;
    }
    W::from_f64(x.to_f64() * factor)
}

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
    fn batches_broadcast() {
        let (a, b) = (
            [1.0f32, 2.0, 3.0, 4.0],
            [1.0f32, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0],
        );
        let mut y = [0.0; 8];
        matmul(
            &a,
            &[2, 2],
            &b,
            &[2, 2, 2],
            &mut [0.0; 2],
            &mut y,
            &[2, 2, 2],
        );
        assert_eq!(y, [1.0, 2.0, 3.0, 4.0, 2.0, 1.0, 4.0, 3.0]);
    }

    #[test]
    fn no_terms_sum_to_zero() {
        let mut y = [7i64; 2];
        matmul(&[], &[2, 0], &[], &[0, 1], &mut [0i64; 1], &mut y, &[2, 1]);
        assert_eq!(y, [0, 0]);
    }

    #[test]
    fn transposed_operands_give_the_same_product() {
        let (a, at) = ([1i32, 2, 3, 4, 5, 6], [1i32, 4, 2, 5, 3, 6]);
        let (b, bt) = ([1i32, 2, 3, 4, 5, 6], [1i32, 3, 5, 2, 4, 6]);
        for (trans_a, trans_b) in [(false, false), (false, true), (true, false), (true, true)] {
            let options = Gemm {
                trans_a,
                trans_b,
                alpha: 1.0,
                beta: 2.0,
            };
            let mut y = [0; 4];
            gemm(
                if trans_a { &at } else { &a },
                if trans_b { &bt } else { &b },
                3,
                Some(&[1, 10]),
                &[2],
                options,
                &mut [0; 2],
                &mut y,
                &[2, 2],
            );
            assert_eq!(y, [24, 48, 51, 84]);
        }
    }

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
