//! Where along an axis the greatest or least element is.

use core::cmp::Ordering;

use super::order::Ordered;
use super::reduce::{Max, Min, Reduce};
use super::reduce_axes::run_of;
use crate::element::Number;
use crate::index::around;
use crate::simd::{dispatch, Kernel, Vector};

/// Columns that are searched side by side.
const COLUMNS: usize = 64;

/// Which of two numbers a search prefers.
pub trait Preference: Copy {
    /// Whether `new` is preferred to `old`; neither is NaN.
    fn prefers<W: PartialOrd>(new: W, old: W) -> bool;
}
impl Preference for Max {
    #[inline(always)]
    fn prefers<W: PartialOrd>(new: W, old: W) -> bool {
        new > old
    }
}
impl Preference for Min {
    #[inline(always)]
    fn prefers<W: PartialOrd>(new: W, old: W) -> bool {
        new < old
    }
}

/// Whether `new`, which comes later, takes the place of `old`: by preference, NaN before everything, and among equals where
/// `ties`.
#[inline(always)]
#[allow(clippy::eq_op)] // Only NaN differs from itself.
fn better<W: PartialOrd + Copy, P: Preference>(new: W, old: W, ties: bool) -> bool {
    let old_is_number = old == old;
    P::prefers(new, old) & old_is_number | (ties & same(new, old)) | ((new != new) & old_is_number)
}

/// Equal, or both NaN.
#[inline(always)]
#[allow(clippy::eq_op)]
fn same<W: PartialOrd + Copy>(a: W, b: W) -> bool {
    a == b || (a != a && b != b)
}

/// `y[o, n]` is the `e` at which `x[o, e, n]` is preferred (`Max`: greatest, `Min`: least): the first of equals, or the last
/// where `last`. The first (or last) NaN, where there is one. The axis must not be empty unless `y` is.
pub fn arg<T: Number<Wide: PartialOrd>, P: Preference + Reduce<T::Wide>>(
    _which: P,
    x: &[T],
    shape: &[usize],
    axis: usize,
    last: bool,
    y: &mut [i64],
) {
    let (_, extent, inner) = around(shape, axis);
    if y.is_empty() {
        return;
    }
    assert!(extent > 0, "no element to choose along axis {axis}");
    if inner == 1 {
        for (row, y) in x.chunks_exact(extent).zip(y) {
            *y = place_in_row::<T, P>(row, last) as i64;
        }
        return;
    }
    let block = extent * inner;
    for (x, y) in x.chunks_exact(block).zip(y.chunks_exact_mut(inner)) {
        for (n, at) in y.chunks_mut(COLUMNS).enumerate() {
            let x = &x[n * COLUMNS..];
            dispatch(Search::<T, P> {
                x,
                extent,
                inner,
                last,
                at,
                which: core::marker::PhantomData,
            });
        }
    }
}

/// The preferred value first, which takes no branches, then its place.
fn place_in_row<T: Number<Wide: PartialOrd>, P: Reduce<T::Wide>>(row: &[T], last: bool) -> usize {
    let best = P::finish(run_of::<T, P>(P::whole(), row), row.len());
    let is_best = |x: &T| same(x.widen(), best);
    let place = if last {
        row.iter().rposition(is_best)
    } else {
        row.iter().position(is_best)
    };
    place.unwrap_or(0)
}

/// Columns of one block, `inner` elements from row to row.
struct Search<'a, T, P> {
    x: &'a [T],
    extent: usize,
    inner: usize,
    last: bool,
    at: &'a mut [i64],
    which: core::marker::PhantomData<P>,
}

impl<T: Number<Wide: PartialOrd>, P: Preference> Kernel for Search<'_, T, P> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let width = self.at.len();
        let mut best = [T::Wide::default(); COLUMNS];
        let mut at = [0i64; COLUMNS];
        for (best, x) in best.iter_mut().zip(&self.x[..width]) {
            *best = x.widen();
        }
        for e in 1..self.extent {
            let row = &self.x[e * self.inner..e * self.inner + width];
            for ((best, at), x) in best.iter_mut().zip(&mut at).zip(row) {
                let new = x.widen();
                let taken = better::<T::Wide, P>(new, *best, self.last);
                *best = if taken { new } else { *best };
                *at = if taken { e as i64 } else { *at };
            }
        }
        self.at.copy_from_slice(&at[..width]);
    }
}

/// 1 at the first greatest element along an axis, 0 elsewhere.
pub fn hardmax<T: Number<Wide: PartialOrd + From<u8>>>(
    x: &[T],
    shape: &[usize],
    axis: usize,
    y: &mut [T],
) {
    let (_, extent, inner) = around(shape, axis);
    if y.is_empty() {
        return;
    }
    y.fill(T::narrow(0.into()));
    let block = extent * inner;
    for (x, y) in x.chunks_exact(block).zip(y.chunks_exact_mut(block)) {
        for n in 0..inner {
            let mut at = n;
            for i in (n..block).step_by(inner).skip(1) {
                if better::<T::Wide, Max>(x[i].widen(), x[at].widen(), false) {
                    at = i;
                }
            }
            y[at] = T::narrow(1.into());
        }
    }
}

/// The `k` greatest (or least) elements along an axis, in order, and their indices; of equal ones those of lower index.
/// NaN counts as the greatest number. `order` holds the axis's extent.
pub fn top_k<T: Number<Wide: PartialOrd>>(
    x: &[T],
    shape: &[usize],
    axis: usize,
    largest: bool,
    order: &mut [i64],
    values: &mut [T],
    indices: &mut [i64],
    k: usize,
) -> crate::error::Result<()> {
    let (outer, extent, inner) = around(shape, axis);
    if k > extent {
        return Err(crate::error::Error::new(format!(
            "{k} elements are wanted of an axis of extent {extent}"
        )));
    }
    for o in 0..outer {
        for n in 0..inner {
            let at = |e: i64| x[(o * extent + e as usize) * inner + n];
            best_first(order, k, |&a, &b| {
                let by_value = at(a).order(&at(b));
                let by_value = if largest {
                    by_value.reverse()
                } else {
                    by_value
                };
                by_value.then(a.cmp(&b))
            });
            for (j, &e) in order[..k].iter().enumerate() {
                let to = (o * k + j) * inner + n;
                values[to] = at(e);
                indices[to] = e;
            }
        }
    }
    Ok(())
}

/// `order` becomes 0, 1, … with the first `k` by `compare` in front, sorted.
fn best_first(order: &mut [i64], k: usize, mut compare: impl FnMut(&i64, &i64) -> Ordering) {
    for (i, e) in order.iter_mut().enumerate() {
        *e = i as i64;
    }
    if k == 0 {
        return;
    }
    if k < order.len() {
        order.select_nth_unstable_by(k - 1, &mut compare);
    }
    order[..k].sort_unstable_by(compare);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_and_nan_have_an_order() {
        let x = [1.0f32, 3.0, 3.0, f32::NAN, 2.0, f32::NAN];
        let mut y = [0];
        arg(Max, &x[..3], &[3], 0, false, &mut y);
        assert_eq!(y, [1]);
        arg(Max, &x[..3], &[3], 0, true, &mut y);
        assert_eq!(y, [2]);
        arg(Min, &x, &[6], 0, false, &mut y);
        assert_eq!(y, [3]);
        arg(Max, &x, &[6], 0, true, &mut y);
        assert_eq!(y, [5]);
    }

    #[test]
    fn the_best_come_sorted_and_equals_by_index() {
        let x = [2, 7, 7, 1, 7, 0];
        let (mut order, mut values, mut indices) = ([0; 6], [0; 4], [0; 4]);
        top_k(&x, &[6], 0, true, &mut order, &mut values, &mut indices, 4).unwrap();
        assert_eq!((values, indices), ([7, 7, 7, 2], [1, 2, 4, 0]));
        top_k(&x, &[6], 0, false, &mut order, &mut values, &mut indices, 4).unwrap();
        assert_eq!((values, indices), ([0, 1, 2, 7], [5, 3, 0, 1]));
        let mut few = [0; 3];
        assert!(top_k(
            &x[..3],
            &[3],
            0,
            true,
            &mut few,
            &mut values,
            &mut indices,
            4
        )
        .is_err());
    }

    #[test]
    fn one_hot_of_the_first_maximum() {
        let mut y = [9.0f32; 6];
        hardmax(&[1.0, 5.0, 3.0, 5.0, 3.0, 0.0], &[3, 2], 0, &mut y);
        assert_eq!(y, [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    }
}
