//! Extents of resized arrays, and the factor that keeps their proportions.

use core::fmt::Debug;

use crate::element::Index;
use crate::error::{Error, Result};
use crate::ops::run_time_extents::at_axes;

/// What the sizes of a resized array are to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AspectRatio {
    /// Nothing.
    Stretch,
    /// The proportions, and no axis longer than its size.
    NotLarger,
    /// The proportions, and no axis shorter than its size.
    NotSmaller,
}

/// The one factor that keeps the proportions.
fn common_scale<I: Index>(shape: &[usize], sizes: &[I], axes: &[usize], ratio: AspectRatio) -> f64 {
    let scales = axes
        .iter()
        .zip(sizes)
        .map(|(&axis, size)| size.to_i64() as f64 / shape[axis] as f64);
    if ratio == AspectRatio::NotLarger {
        scales.fold(f64::INFINITY, f64::min)
    } else {
        scales.fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Extents along `at` of an array of `shape` whose `axes` are resized by `scales`: `⌊extent·scale⌋`, the product in f32.
///
/// Errors: factors that give no extent.
pub fn scaled_extents<const N: usize>(
    shape: &[usize],
    scales: &[f32],
    axes: &[usize],
    at: &[usize],
) -> Result<[usize; N]> {
    resized(shape, axes, at, |i, extent| {
        f64::from((extent as f32 * scales[i]).floor())
    })
}

/// Extents along `at` of an array of `shape` whose `axes` are resized to `sizes`; with a ratio to the nearest numbers that
/// keep the proportions, halves up.
///
/// Errors: sizes that are no extents.
pub fn sized_extents<const N: usize, I: Index>(
    shape: &[usize],
    sizes: &[I],
    axes: &[usize],
    ratio: AspectRatio,
    at: &[usize],
) -> Result<[usize; N]> {
    let scale = common_scale(shape, sizes, axes, ratio);
    resized(shape, axes, at, |i, extent| match ratio {
        AspectRatio::Stretch => sizes[i].to_i64() as f64,
        _ => (scale * extent as f64 + 0.5).floor(),
    })
}

fn resized<const N: usize>(
    shape: &[usize],
    axes: &[usize],
    at: &[usize],
    f: impl Fn(usize, usize) -> f64,
) -> Result<[usize; N]> {
    let mut extents = [0; crate::index::MAX_RANK];
    extents[..shape.len()].copy_from_slice(shape);
    for (i, &axis) in axes.iter().enumerate() {
        let extent = f(i, shape[axis]);
        if !(0.0..1e15).contains(&extent) || (shape[axis] == 0 && extent > 0.0) {
            let from = shape[axis];
            let message = format!("axis {axis} of extent {from} cannot have extent {extent}");
            return Err(Error::new(message));
        }
        extents[axis] = extent as usize;
    }
    Ok(at_axes(&extents, at))
}

/// The factor that keeps the proportions, for every axis.
pub fn keep_proportions<I: Index>(
    shape: &[usize],
    sizes: &[I],
    axes: &[usize],
    ratio: AspectRatio,
    scales: &mut [f64],
) {
    scales.fill(common_scale(shape, sizes, axes, ratio));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_are_kept_and_factors_round_in_single_precision() {
        let keep = |ratio| sized_extents::<2, i64>(&[2, 4], &[7, 8], &[0, 1], ratio, &[0, 1]);
        assert_eq!(keep(AspectRatio::NotLarger), Ok([4, 8]));
        assert_eq!(keep(AspectRatio::NotSmaller), Ok([7, 14]));
        assert_eq!(scaled_extents(&[10], &[0.7], &[0], &[0]), Ok([7]));
        assert!(scaled_extents::<1>(&[10], &[f32::NAN], &[0], &[0]).is_err());
    }
}
