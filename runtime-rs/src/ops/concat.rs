//! Arrays side by side, and taken apart again.

/// The `parts` joined along an axis. `rows[p]` is the number of elements of part `p` from that axis inwards; the number
/// of rows follows from `y`'s length.
pub fn concat<T: Clone>(parts: &[&[T]], rows: &[usize], y: &mut [T]) {
    let row: usize = rows.iter().sum();
    if row == 0 {
        return;
    }
    for (o, to) in y.chunks_exact_mut(row).enumerate() {
        let mut rest = to;
        for (part, &n) in parts.iter().zip(rows) {
            let (head, tail) = rest.split_at_mut(n);
            head.clone_from_slice(&part[o * n..o * n + n]);
            rest = tail;
        }
    }
}

/// One part of an array that is cut along an axis: `y[o, i] = x[o, first + i]` over rows of `x_row` elements of which `y`
/// has `y_row` each, counted from the axis inwards.
pub fn split<T: Clone>(x: &[T], x_row: usize, first: usize, y: &mut [T], y_row: usize) {
    if y_row == 0 || y.is_empty() {
        return;
    }
    for (from, to) in x.chunks_exact(x_row).zip(y.chunks_exact_mut(y_row)) {
        to.clone_from_slice(&from[first..first + y_row]);
    }
}

/// Extents of the parts of an axis of `extent`, which they must fill; those numbered `at`.
pub fn split_extents<const N: usize, I: crate::element::Index>(
    extent: usize,
    sizes: &[I],
    at: &[usize],
) -> crate::error::Result<[usize; N]> {
    let mut total = 0;
    for s in sizes {
        total += super::run_time_extents::size("the extent of a part", s.to_i64())?;
    }
    super::expect_extents(&[total], &[extent])?;
    Ok(core::array::from_fn(|n| sizes[at[n]].to_i64() as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_as_they_went_in() {
        let (a, b) = ([1, 2, 3, 4], [5, 6]);
        let mut y = [0; 6];
        concat(&[&a, &b], &[2, 1], &mut y);
        assert_eq!(y, [1, 2, 5, 3, 4, 6]);
        let (mut a2, mut b2) = ([0; 4], [0; 2]);
        split(&y, 3, 0, &mut a2, 2);
        split(&y, 3, 2, &mut b2, 1);
        assert_eq!((a2, b2), (a, b));
    }

    #[test]
    fn parts_that_do_not_fill_the_axis_are_an_error() {
        assert!(split_extents::<2, i64>(5, &[2, 2], &[0, 1]).is_err());
        assert!(split_extents::<2, i64>(1, &[2, -1], &[0, 1]).is_err());
        assert_eq!(split_extents::<1, i64>(5, &[2, 3], &[1]).unwrap(), [3]);
    }
}
