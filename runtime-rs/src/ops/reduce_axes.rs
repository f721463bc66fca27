//! Reductions over any axes.
//!
//! Sums of f32 and narrower floats are taken in lanes of f32 that are emptied into f64 after at most 16 elements each, and
//! rounded once. Error before the rounding, to first order: ≤ 16·2⁻²⁴ · Σ|x| (Higham 2002, §4.2), however many elements.

use super::reduce::Reduce;
use super::run_time_extents::Extents;
use crate::element::{Index, Number};
use crate::error::Result;
use crate::index::{for_each, MAX_RANK};
use crate::simd::{dispatch, Kernel, Vector};
use crate::tensor::Tensor;

/// Lanes of a short sum.
const LANES: usize = 16;
/// Elements that a lane takes before it is emptied.
const DEPTH: usize = 16;
/// Columns that are reduced side by side.
const COLUMNS: usize = 64;

/// `y[kept…] = op over x[kept…, reduced…]`, the reduced axes being `axes` (each at most once, counted from the front);
/// `y` has the kept extents, whether or not the others stay as ones.
pub fn reduce<T: Number, R: Reduce<T::Wide>>(
    _op: R,
    x: &[T],
    shape: &[usize],
    axes: &[usize],
    y: &mut [T],
) {
    let mut reduced = [false; MAX_RANK];
    for &axis in axes {
        reduced[axis] = true;
    }
    Groups::of(shape, &reduced).reduce::<T, R>(x, y);
}

/// `reduce` over axes that the run computes: negative ones count from the end; none at all mean every axis where
/// `all_if_none` says so. An error for axes that the array does not have.
pub fn reduce_along<T: Number, R: Reduce<T::Wide>, I: Index>(
    _op: R,
    x: &[T],
    shape: &[usize],
    axes: &[I],
    all_if_none: bool,
    y: &mut [T],
) -> Result<()> {
    Groups::of(shape, &reduced_axes(shape, axes, all_if_none)?).reduce::<T, R>(x, y);
    Ok(())
}

/// Extents along `at` of the result of `reduce_along`, reduced axes staying as ones where `keep`.
pub fn reduce_extents<const N: usize, I: Index>(
    shape: &[usize],
    axes: &[I],
    all_if_none: bool,
    keep: bool,
    at: &[usize],
) -> Result<[usize; N]> {
    let reduced = reduced_axes(shape, axes, all_if_none)?;
    Ok(remaining(shape, &reduced, keep).at(at))
}

/// As `reduce_along`, where even the number of axes is data: `y` gets the kept axes.
pub fn reduce_tensor<T: Number, R: Reduce<T::Wide>, I: Index>(
    _op: R,
    x: &[T],
    shape: &[usize],
    axes: &[I],
    all_if_none: bool,
    y: &mut Tensor<T>,
) -> Result<()> {
    let reduced = reduced_axes(shape, axes, all_if_none)?;
    let (_, data) = remaining(shape, &reduced, false).shape(y);
    Groups::of(shape, &reduced).reduce::<T, R>(x, data);
    Ok(())
}

fn remaining(shape: &[usize], reduced: &[bool; MAX_RANK], keep: bool) -> Extents {
    let mut extents = Extents::new();
    for (&extent, &gone) in shape.iter().zip(reduced) {
        match (gone, keep) {
            (false, _) => extents.push(extent),
            (true, true) => extents.push(1),
            (true, false) => {}
        }
    }
    extents
}

fn reduced_axes<I: Index>(
    shape: &[usize],
    axes: &[I],
    all_if_none: bool,
) -> Result<[bool; MAX_RANK]> {
    let mut reduced = [axes.is_empty() && all_if_none; MAX_RANK];
    for axis in axes {
        reduced[super::index_in(axis.to_i64(), shape.len())?] = true;
    }
    Ok(reduced)
}

/// Merged axes of one kind, with their strides.
struct Axes {
    extents: [usize; MAX_RANK],
    strides: [usize; MAX_RANK],
    rank: usize,
}

impl Axes {
    fn new() -> Self {
        Self {
            extents: [1; MAX_RANK],
            strides: [0; MAX_RANK],
            rank: 0,
        }
    }

    fn push(&mut self, extent: usize, stride: usize) {
        self.extents[self.rank] = extent;
        self.strides[self.rank] = stride;
        self.rank += 1;
    }

    fn count(&self) -> usize {
        self.extents[..self.rank].iter().product()
    }

    /// All but the innermost, and the innermost's extent and stride (one of a single element where there is none).
    fn split_last(&self) -> (&[usize], usize, usize) {
        match self.rank {
            0 => (&[], 1, 0),
            n => (
                &self.extents[..n - 1],
                self.extents[n - 1],
                self.strides[n - 1],
            ),
        }
    }
}

/// The axes of an array: neighbours that are both kept or both reduced are merged into one, ones dropped.
struct Groups {
    kept: Axes,
    gone: Axes,
    /// Whether the innermost group is a reduced one.
    last_gone: bool,
}

impl Groups {
    fn of(shape: &[usize], reduced: &[bool; MAX_RANK]) -> Self {
        let mut groups = [(1usize, false); MAX_RANK];
        let mut count = 0;
        for (&extent, &gone) in shape.iter().zip(reduced) {
            if extent == 1 {
                continue;
            }
            if count > 0 && groups[count - 1].1 == gone {
                groups[count - 1].0 *= extent;
                continue;
            }
            groups[count] = (extent, gone);
            count += 1;
        }
        let (mut kept, mut gone) = (Axes::new(), Axes::new());
        for n in 0..count {
            let (extent, is_gone) = groups[n];
            let stride = groups[n + 1..count].iter().map(|g| g.0).product();
            let axes = if is_gone { &mut gone } else { &mut kept };
            axes.push(extent, stride);
        }
        Self {
            kept,
            gone,
            last_gone: count > 0 && groups[count - 1].1,
        }
    }

    fn reduce<T: Number, R: Reduce<T::Wide>>(&self, x: &[T], y: &mut [T]) {
        if self.last_gone {
            self.rows::<T, R>(x, y);
        } else {
            self.columns::<T, R>(x, y);
        }
    }

    /// Each result is over runs of neighbouring elements.
    fn rows<T: Number, R: Reduce<T::Wide>>(&self, x: &[T], y: &mut [T]) {
        let (outer, run, _) = self.gone.split_last();
        let count = self.gone.count();
        if self.kept.rank <= 1 && self.gone.rank == 1 && run > 0 {
            for (y, row) in y.iter_mut().zip(x.chunks_exact(run)) {
                *y = T::narrow(R::finish(run_of::<T, R>(R::whole(), row), run));
            }
            return;
        }
        let mut results = y.iter_mut();
        for_each(
            &self.kept.extents[..self.kept.rank],
            [&self.kept.strides],
            |[o]| {
                let mut whole = R::whole();
                for_each(outer, [&self.gone.strides], |[i]| {
                    whole = run_of::<T, R>(whole, &x[o + i..o + i + run]);
                });
                let y = results.next().expect("y has the kept extents");
                *y = T::narrow(R::finish(whole, count));
            },
        );
    }

    /// Results stand side by side as the elements do: rows of them are reduced at once.
    fn columns<T: Number, R: Reduce<T::Wide>>(&self, x: &[T], y: &mut [T]) {
        let (outer, width, _) = self.kept.split_last();
        if width == 0 {
            return;
        }
        let mut rows = y.chunks_exact_mut(width);
        for_each(outer, [&self.kept.strides], |[o]| {
            let row = rows.next().expect("y has the kept extents");
            for (n, results) in row.chunks_mut(COLUMNS).enumerate() {
                self.strip::<T, R>(x, o + n * COLUMNS, results);
            }
        });
    }

    fn strip<T: Number, R: Reduce<T::Wide>>(&self, x: &[T], first: usize, results: &mut [T]) {
        let (outer, rows, stride) = self.gone.split_last();
        let mut wholes = [R::whole(); COLUMNS];
        let wholes = &mut wholes[..results.len()];
        for_each(outer, [&self.gone.strides], |[i]| {
            dispatch(Strip::<T, R> {
                x: x.get(first + i..).unwrap_or(&[]),
                rows,
                stride,
                wholes,
            });
        });
        let count = self.gone.count();
        for (y, whole) in results.iter_mut().zip(wholes) {
            *y = T::narrow(R::finish(*whole, count));
        }
    }
}

/// `rows` rows of neighbouring columns, each `stride` behind the other.
struct Strip<'a, T: Number, R: Reduce<T::Wide>> {
    x: &'a [T],
    rows: usize,
    stride: usize,
    wholes: &'a mut [R::Whole],
}

impl<T: Number, R: Reduce<T::Wide>> Kernel for Strip<'_, T, R> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let width = self.wholes.len();
        for first in (0..self.rows).step_by(DEPTH) {
            let mut parts = [R::part(); COLUMNS];
            for r in first..self.rows.min(first + DEPTH) {
                let row = &self.x[r * self.stride..r * self.stride + width];
                for (part, x) in parts.iter_mut().zip(row) {
                    *part = R::take(*part, x.widen());
                }
            }
            for (whole, part) in self.wholes.iter_mut().zip(parts) {
                *whole = R::add(*whole, part);
            }
        }
    }
}

/// The elements of `x` more.
#[inline(always)]
pub(super) fn run_of<T: Number, R: Reduce<T::Wide>>(mut whole: R::Whole, x: &[T]) -> R::Whole {
    if x.len() >= 4 * LANES {
        return dispatch(Run::<T, R> { whole, x });
    }
    for block in x.chunks(DEPTH) {
        let part = block.iter().fold(R::part(), |p, x| R::take(p, x.widen()));
        whole = R::add(whole, part);
    }
    whole
}

struct Run<'a, T: Number, R: Reduce<T::Wide>> {
    whole: R::Whole,
    x: &'a [T],
}

impl<T: Number, R: Reduce<T::Wide>> Kernel for Run<'_, T, R> {
    type Out = R::Whole;
    #[inline(always)]
    fn run<V: Vector>(self) -> R::Whole {
        let mut whole = self.whole;
        for block in self.x.chunks(DEPTH * LANES) {
            let mut lanes = [R::part(); LANES];
            let chunks = block.chunks_exact(LANES);
            let rest = chunks.remainder();
            for chunk in chunks {
                for (lane, x) in lanes.iter_mut().zip(chunk) {
                    *lane = R::take(*lane, x.widen());
                }
            }
            for (lane, x) in lanes.iter_mut().zip(rest) {
                *lane = R::take(*lane, x.widen());
            }
            for lane in lanes {
                whole = R::add(whole, lane);
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::super::reduce::*;
    use super::*;
    use crate::element::{Bool, F16};

    /// Every set of axes of several shapes against a sum in f64.
    #[test]
    fn sums_over_any_axes_equal_the_naive_loop() {
        let shapes: &[&[usize]] = &[
            &[],
            &[7],
            &[3, 70],
            &[300, 2, 3],
            &[2, 5, 1, 9, 4],
            &[2, 0, 3],
        ];
        for shape in shapes {
            let count: usize = shape.iter().product();
            let x: Vec<f32> = (0..count).map(|i| ((i * 37) % 101) as f32 - 50.0).collect();
            for set in 0..1u32 << shape.len() {
                let axes: Vec<usize> = (0..shape.len()).filter(|a| set >> a & 1 == 1).collect();
                let mut strides = crate::index::strides(shape);
                let kept: usize = (0..shape.len())
                    .filter(|a| !axes.contains(a))
                    .map(|a| shape[a])
                    .product();
                let mut step = 1;
                for a in (0..shape.len()).rev() {
                    strides[a] = if axes.contains(&a) { 0 } else { step };
                    step *= if axes.contains(&a) { 1 } else { shape[a] };
                }
                let mut expected = vec![0.0f64; kept];
                let mut each = x.iter();
                for_each(shape, [&strides], |[at]| {
                    expected[at] += *each.next().unwrap() as f64
                });
                let mut y = vec![9.0f32; kept];
                reduce(Sum, &x, shape, &axes, &mut y);
                let expected: Vec<f32> = expected.iter().map(|&s| s as f32).collect();
                assert_eq!(y, expected, "{shape:?} {axes:?}");
            }
        }
    }

    /// The bound that the module states, over a sum that cancels.
    #[test]
    fn long_sums_stay_within_the_bound() {
        let x: Vec<f32> = (0..100_000)
            .map(|i| {
                if i % 2 == 0 {
                    1.1
                } else {
                    -1.1 + (i as f32) * 1e-9
                }
            })
            .collect();
        let exact: f64 = x.iter().map(|&x| x as f64).sum();
        let size: f64 = x.iter().map(|&x| x.abs() as f64).sum();
        let mut y = [0.0];
        reduce(Sum, &x, &[100_000], &[0], &mut y);
        assert!((y[0] as f64 - exact).abs() <= 16.0 * 2f64.powi(-24) * size);
    }

    fn of<T: Number, R: Reduce<T::Wide>>(op: R, x: &[T]) -> T {
        let mut y = [T::default()];
        reduce(op, x, &[x.len()], &[0], &mut y);
        y[0]
    }

    #[test]
    fn nothing_reduces_to_the_neutral_value() {
        let none: [f32; 0] = [];
        assert_eq!(of(Sum, &none), 0.0);
        assert_eq!(of(Prod, &none), 1.0);
        assert_eq!(of(Max, &none), f32::NEG_INFINITY);
        assert_eq!(of(Min, &none), f32::INFINITY);
        assert_eq!(of(LogSum, &none), f32::NEG_INFINITY);
        assert_eq!(of(LogSumExp, &none), f32::NEG_INFINITY);
        assert!(of(Mean, &none).is_nan());
        assert_eq!(of(Max, &[0i32; 0]), i32::MIN);
        assert_eq!(of(Mean, &[0i32; 0]), 0);
        assert!(!of(Max, &[Bool(0); 0]).get());
        assert!(of(Min, &[Bool(0); 0]).get());
    }

    #[test]
    fn large_and_special_values() {
        assert_eq!(of(L2, &[3e30f32, 4e30]), 5e30);
        assert_eq!(of(LogSumExp, &[1000.0f32, 1000.0]), 1000.0 + 2f32.ln());
        assert_eq!(of(LogSumExp, &[f32::NEG_INFINITY; 3]), f32::NEG_INFINITY);
        assert_eq!(
            of(LogSumExp, &[f32::INFINITY, 1.0, f32::INFINITY]),
            f32::INFINITY
        );
        assert!(of(LogSumExp, &[1.0, f32::NAN, 2.0]).is_nan());
        assert!(of(Max, &[1.0f32, f32::NAN, 2.0]).is_nan());
        assert_eq!(of(Mean, &[-3i32, -4]), -3);
        assert_eq!(of(L2, &[3i64, -4]), 5);
        let halves = [F16::narrow(1.0); 3000];
        assert_eq!(of(Sum, &halves).widen(), 3000.0);
    }

    #[test]
    fn axes_may_be_data() {
        let x = [1i32, 2, 3, 4, 5, 6];
        let mut y = [0; 3];
        reduce_along(Sum, &x, &[2, 3], &[-2i64], true, &mut y).unwrap();
        assert_eq!(y, [5, 7, 9]);
        let keep = reduce_extents(&[2, 3], &[-2i64], true, true, &[0, 1]).unwrap();
        assert_eq!(keep, [1, 3]);
        let drop = reduce_extents(&[2, 3], &[0i64], true, false, &[0]).unwrap();
        assert_eq!(drop, [3]);
        let none = reduce_extents(&[2, 3], &[0i64; 0], false, true, &[0, 1]).unwrap();
        assert_eq!(none, [2, 3]);
        assert!(reduce_along(Sum, &x, &[2, 3], &[2i64], true, &mut y).is_err());
    }
}
