//! Elements chosen by conditions or by where they stand.

use crate::element::{Bf16, Bool, Index, Number, F16};
use crate::error::{Error, Result};
use crate::index::{around, MAX_RANK};

/// The indices of the elements that are not zero, in row-major order: `y[axis, n]` is the index of the n-th along `axis`.
/// `y` holds rank · count numbers.
pub fn nonzero<T: Number>(x: &[T], shape: &[usize], y: &mut [i64]) {
    let rank = shape.len();
    let Some(count) = y.len().checked_div(rank) else {
        return;
    };
    let zero = T::Wide::default();
    let mut index = [0usize; MAX_RANK];
    let mut n = 0;
    for x in x {
        if x.widen() != zero {
            for (axis, &i) in index[..rank].iter().enumerate() {
                y[axis * count + n] = i as i64;
            }
            n += 1;
        }
        for axis in (0..rank).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// The entries along an axis where `condition` is true; entries beyond its end are left out, and so are conditions beyond
/// the end of the axis.
pub fn compress<T: Clone>(x: &[T], shape: &[usize], condition: &[Bool], axis: usize, y: &mut [T]) {
    let (_, extent, inner) = around(shape, axis);
    if y.is_empty() {
        return;
    }
    let mut rows = y.chunks_exact_mut(inner);
    for block in x.chunks_exact(extent * inner) {
        for (from, chosen) in block.chunks_exact(inner).zip(condition) {
            if chosen.get() {
                rows.next()
                    .expect("y has a row for each condition")
                    .clone_from_slice(from);
            }
        }
    }
}

/// Rows of `columns` elements in matrices of `rows` of them: where `upper`, elements with column − row ≥ k stay, else
/// those with column − row ≤ k; the others become zero.
pub fn trilu<T: Clone + Default>(
    x: &[T],
    rows: usize,
    columns: usize,
    k: &[i64],
    upper: bool,
    y: &mut [T],
) {
    let k = k.first().map_or(0, |&k| k);
    if columns == 0 {
        return;
    }
    let lines = x.chunks_exact(columns).zip(y.chunks_exact_mut(columns));
    for (n, (from, to)) in lines.enumerate() {
        let diagonal = k.saturating_add((n % rows) as i64);
        let edge = if upper {
            diagonal
        } else {
            diagonal.saturating_add(1)
        };
        let edge = edge.clamp(0, columns as i64) as usize;
        let kept = if upper { edge..columns } else { 0..edge };
        to.fill(T::default());
        to[kept.clone()].clone_from_slice(&from[kept]);
    }
}

/// The first `lengths[b]` entries along the time axis reversed, for each entry of the batch axis; the two are the first
/// axes, `shape` has both. Errors for a length that the axis does not have.
pub fn reverse_sequence<T: Clone>(
    x: &[T],
    shape: &[usize],
    lengths: &[i64],
    time_first: bool,
    y: &mut [T],
) -> Result<()> {
    let (first, second) = (shape[0], shape[1]);
    let inner: usize = shape[2..].iter().product();
    let (times, batches) = if time_first {
        (first, second)
    } else {
        (second, first)
    };
    let at = |time: usize, batch: usize| {
        let (i, j) = if time_first {
            (time, batch)
        } else {
            (batch, time)
        };
        (i * second + j) * inner
    };
    for batch in 0..batches {
        let length = usize::try_from(lengths[batch]).ok().filter(|&n| n <= times);
        let length = length.ok_or_else(|| {
            Error::new(format!(
                "a sequence of length {} on an axis of extent {times}",
                lengths[batch]
            ))
        })?;
        for time in 0..times {
            let from = if time < length {
                length - 1 - time
            } else {
                time
            };
            let (from, to) = (at(from, batch), at(time, batch));
            y[to..to + inner].clone_from_slice(&x[from..from + inner]);
        }
    }
    Ok(())
}

/// Indices that are floats lose their fraction.
macro_rules! float_index {
    ($($t:ty),*) => {$(impl Index for $t {
        #[inline(always)]
        fn to_i64(self) -> i64 { self.widen() as i64 }
    })*};
}
float_index!(f32, f64, F16, Bf16);

/// `y[o, d, n]` is `values[1]` where `indices[o, n]` (from the end where negative) is `d`, else `values[0]`; `o` runs over
/// `outer` and `d` over `depth`. Indices outside of `-depth..depth` are nowhere.
pub fn one_hot<T: Clone, I: Index>(
    indices: &[I],
    values: &[T],
    outer: usize,
    depth: usize,
    y: &mut [T],
) {
    y.fill(values[0].clone());
    let inner = indices.len().checked_div(outer).unwrap_or(0);
    for (i, index) in indices.iter().enumerate() {
        let (o, n) = (i / inner, i % inner);
        if let Ok(d) = super::index_in(index.to_i64(), depth) {
            y[(o * depth + d) * inner + n] = values[1].clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_of_nonzeros_stand_in_columns() {
        let mut y = [0; 6];
        nonzero(&[1.0f32, 0.0, f32::NAN, -1.0], &[2, 2], &mut y);
        assert_eq!(y, [0, 1, 1, 0, 0, 1]);
    }

    #[test]
    fn conditions_may_be_short_or_long() {
        let c = [false, true, true].map(Bool::from);
        let mut y = [0; 2];
        compress(&[1, 2, 3, 4], &[2, 2], &c, 1, &mut y);
        assert_eq!(y, [2, 4]);
        compress(&[1, 2, 3, 4], &[4], &c, 0, &mut y);
        assert_eq!(y, [2, 3]);
    }

    #[test]
    fn triangles_of_every_matrix() {
        let x = [1, 2, 3, 4, 5, 6];
        let mut y = [9; 6];
        trilu(&x, 2, 3, &[], true, &mut y);
        assert_eq!(y, [1, 2, 3, 0, 5, 6]);
        trilu(&x, 2, 3, &[-1], false, &mut y);
        assert_eq!(y, [0, 0, 0, 4, 0, 0]);
        trilu(&x, 3, 2, &[i64::MAX], false, &mut y);
        assert_eq!(y, x);
    }

    #[test]
    fn only_the_sequence_is_reversed() {
        let x = [1, 2, 3, 4, 5, 6];
        let mut y = [0; 6];
        reverse_sequence(&x, &[2, 3], &[2, 3], false, &mut y).unwrap();
        assert_eq!(y, [2, 1, 3, 6, 5, 4]);
        reverse_sequence(&x, &[3, 2], &[3, 0], true, &mut y).unwrap();
        assert_eq!(y, [5, 2, 3, 4, 1, 6]);
        assert!(reverse_sequence(&x, &[3, 2], &[4, 0], true, &mut y).is_err());
    }

    #[test]
    fn indices_out_of_range_are_nowhere_hot() {
        let mut y = [0; 6];
        one_hot(&[-1i64, 3], &[7, 8], 2, 3, &mut y);
        assert_eq!(y, [7, 7, 8, 7, 7, 7]);
        one_hot(&[0i64, 2], &[7, 8], 1, 3, &mut y);
        assert_eq!(y, [8, 7, 7, 7, 7, 8]);
    }
}
