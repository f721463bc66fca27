//! Running sums and products along an axis.

use super::reduce::Reduce;
use crate::element::{Index, Number};
use crate::error::Result;
use crate::index::around;

/// Columns that are accumulated side by side.
const COLUMNS: usize = 32;

/// Running reductions along `axis` (one element, counted from the end where negative): `y[…, j, …]` is over the entries up
/// to `j`, from `j` on where `reverse`, without `j` itself where `exclusive`. Floats are accumulated in f64 and every result
/// is rounded once.
pub fn cumulate<T: Number, R: Reduce<T::Wide>, I: Index>(
    _op: R,
    x: &[T],
    shape: &[usize],
    axis: &[I],
    exclusive: bool,
    reverse: bool,
    y: &mut [T],
) -> Result<()> {
    let axis = super::index_in(super::run_time_extents::only(axis)?, shape.len())?;
    let (_, extent, inner) = around(shape, axis);
    if y.is_empty() {
        return Ok(());
    }
    let block = extent * inner;
    for (x, y) in x.chunks_exact(block).zip(y.chunks_exact_mut(block)) {
        for first in (0..inner).step_by(COLUMNS) {
            let end = inner.min(first + COLUMNS);
            let mut running = [R::whole(); COLUMNS];
            for j in 0..extent {
                let j = if reverse { extent - 1 - j } else { j };
                let at = j * inner + first..j * inner + end;
                row::<T, R>(&mut running, &x[at.clone()], exclusive, &mut y[at]);
            }
        }
    }
    Ok(())
}

#[inline(always)]
fn row<T: Number, R: Reduce<T::Wide>>(
    running: &mut [R::Whole; COLUMNS],
    x: &[T],
    exclusive: bool,
    y: &mut [T],
) {
    for ((y, x), whole) in y.iter_mut().zip(x).zip(running) {
        let before = *whole;
        *whole = R::add(before, R::take(R::part(), x.widen()));
        let result = if exclusive { before } else { *whole };
        *y = T::narrow(R::finish(result, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::super::reduce::{Prod, Sum};
    use super::*;

    #[test]
    fn forwards_backwards_with_and_without_itself() {
        let x = [1i32, 2, 3, 4, 5, 6];
        let mut y = [0; 6];
        let mut sums = |axis: i32, exclusive, reverse| {
            cumulate(Sum, &x, &[2, 3], &[axis], exclusive, reverse, &mut y).unwrap();
            y
        };
        assert_eq!(sums(-1, false, false), [1, 3, 6, 4, 9, 15]);
        assert_eq!(sums(1, true, false), [0, 1, 3, 0, 4, 9]);
        assert_eq!(sums(1, false, true), [6, 5, 3, 15, 11, 6]);
        assert_eq!(sums(0, true, true), [4, 5, 6, 0, 0, 0]);
        let mut z = [0.0f32; 3];
        cumulate(Prod, &[2.0, 3.0, 4.0], &[3], &[0i64], true, true, &mut z).unwrap();
        assert_eq!(z, [12.0, 4.0, 1.0]);
    }
}
