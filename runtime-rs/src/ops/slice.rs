//! Every `step`-th entry between two ends, along any axes.

use super::run_time_extents::at_axes;
use super::strided::{copy_from_strided, signed_strides, Axes};
use crate::element::Index;
use crate::error::{Error, Result};
use crate::index::MAX_RANK;

/// `y[i…] = x[first + i·step …]` for each axis. `origins` has the first index of every axis; where the step is negative,
/// one more than it, so that an empty slice has an origin, too.
pub fn slice<T: Clone>(
    x: &[T],
    x_shape: &[usize],
    origins: &[usize],
    steps: &[i64],
    y: &mut [T],
    y_shape: &[usize],
) {
    if y.is_empty() {
        return;
    }
    let own = signed_strides(x_shape);
    let mut axes = Axes::new();
    let mut start = 0;
    for axis in 0..x_shape.len() {
        let backwards = steps[axis] < 0;
        start += (origins[axis] as isize - backwards as isize) * own[axis];
        axes.push(y_shape[axis], own[axis] * steps[axis] as isize);
    }
    copy_from_strided(x, start, &axes, y);
}

/// Ends and steps as a run gives them; empty `axes` are all of them in order, empty `steps` are ones.
#[derive(Clone, Copy)]
pub struct Bounds<'a, I> {
    /// First index along each of `axes`; negative ones count from the end, and both ends are clamped to the axis.
    pub starts: &'a [I],
    /// The index behind the last (before it where the step is negative).
    pub ends: &'a [I],
    /// Which axes are sliced.
    pub axes: &'a [I],
    /// Never 0.
    pub steps: &'a [I],
}

struct Resolved {
    origins: [usize; MAX_RANK],
    steps: [i64; MAX_RANK],
    extents: [usize; MAX_RANK],
}

impl<I: Index> Bounds<'_, I> {
    fn resolve(&self, shape: &[usize]) -> Result<Resolved> {
        let mut all = Resolved {
            origins: [0; MAX_RANK],
            steps: [1; MAX_RANK],
            extents: [0; MAX_RANK],
        };
        all.extents[..shape.len()].copy_from_slice(shape);
        let count = self.starts.len();
        for (given, needed) in [(self.ends, true), (self.axes, false), (self.steps, false)] {
            if needed || !given.is_empty() {
                super::expect_extents(&[given.len()], &[count])?;
            }
        }
        for n in 0..count {
            let axis = self.axes.get(n).map_or(n as i64, |a| a.to_i64());
            let axis = super::index_in(axis, shape.len())?;
            let step = self.steps.get(n).map_or(1, |s| s.to_i64());
            if step == 0 {
                return Err(Error::new("a step of a slice is 0"));
            }
            let extent = shape[axis] as i64;
            // Counted as entries before the end: with negative steps an end is one more than its index.
            let bias = (step < 0) as i64;
            let place = |i: i64| -> i64 {
                let from_front = if i < 0 { i.saturating_add(extent) } else { i };
                from_front.saturating_add(bias).clamp(0, extent)
            };
            let (start, end) = (place(self.starts[n].to_i64()), place(self.ends[n].to_i64()));
            let span = if step < 0 { start - end } else { end - start };
            all.origins[axis] = start as usize;
            all.steps[axis] = step;
            all.extents[axis] = (span.max(0) as u64).div_ceil(step.unsigned_abs()) as usize;
        }
        Ok(all)
    }
}

/// Extents of the slice along `at`.
pub fn slice_extents<const N: usize, I: Index>(
    shape: &[usize],
    bounds: Bounds<I>,
    at: &[usize],
) -> Result<[usize; N]> {
    Ok(at_axes(&bounds.resolve(shape)?.extents, at))
}

/// `slice` with bounds that the run computes. Errors for a step of 0 and for axes that the array does not have.
pub fn slice_between<T: Clone, I: Index>(
    x: &[T],
    x_shape: &[usize],
    bounds: Bounds<I>,
    y: &mut [T],
    y_shape: &[usize],
) -> Result<()> {
    let all = bounds.resolve(x_shape)?;
    slice(x, x_shape, &all.origins, &all.steps, y, y_shape);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Python's `range(5)[start:end:step]`.
    #[test]
    fn bounds_are_clamped_as_in_python() {
        let cases: &[(i64, i64, i64, &[i32])] = &[
            (0, i64::MAX, 1, &[0, 1, 2, 3, 4]),
            (-2, i64::MAX, 1, &[3, 4]),
            (0, -1, 2, &[0, 2]),
            (7, 9, 1, &[]),
            (3, 1, 1, &[]),
            (i64::MIN, 2, 1, &[0, 1]),
            (-1, i64::MIN, -1, &[4, 3, 2, 1, 0]),
            (i64::MAX, 0, -2, &[4, 2]),
            (1, 3, -1, &[]),
        ];
        for &(start, end, step, expected) in cases {
            let x: Vec<i32> = (0..5).collect();
            let bounds = Bounds {
                starts: &[start],
                ends: &[end],
                axes: &[],
                steps: &[step],
            };
            let [n] = slice_extents(&[5], bounds, &[0]).unwrap();
            let mut y = vec![-1; n];
            slice_between(&x, &[5], bounds, &mut y, &[n]).unwrap();
            assert_eq!(y, expected, "{start}:{end}:{step}");
        }
    }
}
