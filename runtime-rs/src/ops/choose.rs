//! Elementwise kernels over elements of any type, strings too: choice by a condition, equality, limits.

use super::run_time_extents::size;
use crate::element::{Bool, Index, Number};
use crate::error::Result;
use crate::index::{broadcast_strides, for_each, Rows};
use crate::tensor::Tensor;

/// `y[i] = a[i]` where the condition is true, else `b[i]`; all three broadcast to `y`'s extents.
pub fn select<T: Clone>(
    condition: &[Bool],
    condition_shape: &[usize],
    a: &[T],
    a_shape: &[usize],
    b: &[T],
    b_shape: &[usize],
    y: &mut [T],
    y_shape: &[usize],
) {
    let rows = Rows::new(y_shape, [condition_shape, a_shape, b_shape]);
    let mut out = y.chunks_exact_mut(rows.len.max(1));
    let [dc, da, db] = rows.steps;
    rows.for_each(|[c, i, j]| {
        let y = out.next().expect("y has the extents of y_shape");
        for (k, y) in y.iter_mut().enumerate() {
            y.clone_from(if condition[c + k * dc].get() {
                &a[i + k * da]
            } else {
                &b[j + k * db]
            });
        }
    });
}

/// `y[i] = (a[i] == b[i])`, broadcast.
pub fn equal<T: PartialEq>(
    a: &[T],
    a_shape: &[usize],
    b: &[T],
    b_shape: &[usize],
    y: &mut [Bool],
    y_shape: &[usize],
) {
    let (sa, sb) = (
        broadcast_strides(a_shape, y_shape),
        broadcast_strides(b_shape, y_shape),
    );
    let mut out = y.iter_mut();
    for_each(y_shape, [&sa, &sb], |[i, j]| {
        *out.next().expect("y has the extents of y_shape") = (a[i] == b[j]).into();
    });
}

/// `y[i] = min(max(x[i], low), high)`; bounds that are absent do not limit. NaN stays, and a bound that is NaN makes NaN.
pub fn clip<T: Number>(x: &[T], low: Option<&[T]>, high: Option<&[T]>, y: &mut [T]) {
    assert_eq!(x.len(), y.len());
    let (low, high) = (low.map(|b| b[0].widen()), high.map(|b| b[0].widen()));
    for (y, &x) in y.iter_mut().zip(x) {
        *y = T::narrow(clamped(x.widen(), low, high));
    }
}

// Negated comparisons are true for NaN, which differs from itself.
#[allow(clippy::eq_op, clippy::neg_cmp_op_on_partial_ord)]
#[inline(always)]
fn clamped<W: Copy + PartialOrd>(x: W, low: Option<W>, high: Option<W>) -> W {
    let mut x = x;
    if let Some(low) = low {
        if x == x && !(x >= low) {
            x = low;
        }
    }
    if let Some(high) = high {
        if x == x && !(x <= high) {
            x = high;
        }
    }
    x
}

/// Every element becomes `value`, rounded once.
pub fn fill_wide<T: Number>(value: T::Wide, y: &mut [T]) {
    y.fill(T::narrow(value));
}

/// An array of the extents `shape`, every element `value`; an error where an extent is negative.
pub fn fill_tensor<T: Number, I: Index>(
    value: T::Wide,
    shape: &[I],
    y: &mut Tensor<T>,
) -> Result<()> {
    y.shape.clear();
    for &extent in shape {
        y.shape.push(size("an extent", extent.to_i64())?);
    }
    y.data.clear();
    y.data.resize(y.shape.iter().product(), T::narrow(value));
    Ok(())
}

/// Ones on the diagonal `y[i, i + offset]`, else zeros.
pub fn eye<T: super::Convert>(shape: &[usize], offset: i64, y: &mut [T]) {
    let columns = shape[1];
    y.fill(super::from_float(0.0));
    for row in 0..shape[0] {
        let column = usize::try_from(row as i64 + offset);
        if let Some(column) = column.ok().filter(|&c| c < columns) {
            y[row * columns + column] = super::from_float(1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_broadcasts() {
        let condition = [true, false].map(Bool::from);
        let words = ["a", "b"].map(String::from);
        let mut y = vec![String::new(); 4];
        select(
            &condition,
            &[2, 1],
            &words,
            &[2],
            &words[..1],
            &[],
            &mut y,
            &[2, 2],
        );
        assert_eq!(y, ["a", "b", "a", "a"]);
    }

    #[test]
    fn limits() {
        let mut y = [0f32; 4];
        let x = [-2.0, 0.5, 2.0, f32::NAN];
        clip(&x, Some(&[-1.0]), Some(&[1.0]), &mut y);
        assert_eq!(y[..3], [-1.0, 0.5, 1.0]);
        assert!(y[3].is_nan());
        clip(&x, Some(&[1.0]), Some(&[0.0]), &mut y);
        assert_eq!(y[..3], [0.0, 0.0, 0.0]);
        clip(&x, Some(&[f32::NAN]), None, &mut y);
        assert!(y.iter().all(|y| y.is_nan()));
        let mut y = [0u8; 2];
        clip(&[1, 9], None, Some(&[5]), &mut y);
        assert_eq!(y, [1, 5]);
    }

    #[test]
    fn diagonals() {
        let mut y = [7i32; 6];
        eye(&[2, 3], 1, &mut y);
        assert_eq!(y, [0, 1, 0, 0, 0, 1]);
        eye(&[2, 3], -1, &mut y);
        assert_eq!(y, [0, 0, 0, 1, 0, 0]);
        eye(&[2, 3], 9, &mut y);
        assert_eq!(y, [0; 6]);
    }
}
