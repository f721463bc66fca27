//! Matrix products of any element type: `y[i, j] = Σₖ a[i, k]·b[k, j]` over broadcast batches.
//!
//! The loops run i-k-j: a row of `y` is summed in the wide type while rows of `b` stream by, so that all inner loops are
//! contiguous. Error of float products: ≤ K·ε·Σ|a·b|, ε of the wide type (Higham 2002, §3.1). Integers are exact mod 2ⁿ.

use crate::arithmetic::Arithmetic;
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
        let (left, right) = (&a.data[i * a.row..], &b.data[j * b.column..]);
        *sum = if a.column == 1 && b.row == 1 {
            dot(&left[..depth], &right[..depth])
        } else {
            (0..depth).fold(T::Wide::ZERO, |sum, k| {
                sum.plus(left[k * a.column].widen().times(right[k * b.row].widen()))
            })
        };
    }
}

/// `Σ a·b`, in partial sums, since a single one would wait for each addition.
fn dot<T: Number>(a: &[T], b: &[T]) -> T::Wide
where
    T::Wide: Arithmetic,
{
    const LANES: usize = 16;
    let mut lanes = [T::Wide::ZERO; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for i in 0..LANES {
            lanes[i] = lanes[i].plus(a[i].widen().times(b[i].widen()));
        }
    }
    for (lane, (a, b)) in lanes.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *lane = lane.plus(a.widen().times(b.widen()));
    }
    lanes.iter().fold(T::Wide::ZERO, |sum, &x| sum.plus(x))
}

/// Extents of the last two axes of an array of rank 2 or more.
pub(crate) fn matrix_extents(shape: &[usize]) -> (usize, usize) {
    let [.., rows, columns] = *shape else {
        panic!("a matrix has two axes, {shape:?} has not");
    };
    (rows, columns)
}

/// The batch axes of `shape` as strides in elements over the batch axes of the product.
pub(crate) fn batch_strides(shape: &[usize], batch: &[usize]) -> [usize; crate::index::MAX_RANK] {
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
}
