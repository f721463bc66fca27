//! Samples of arrays at places between their elements.

use core::fmt::Debug;

use crate::arithmetic::{from_f64, to_f64, Arithmetic};
use crate::element::Number;
use crate::index::MAX_RANK;
use crate::ops::window::for_each_index;
use crate::real::{Float, Real};

/// How values between elements come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The nearest element, ties to even.
    Nearest,
    /// Linear along each axis.
    Linear,
    /// Cubic convolution with coefficient −0.75 along each axis (Keys 1981).
    Cubic,
}

/// What lies outside of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// Zeros.
    Zeros,
    /// The nearest element of the border.
    Border,
    /// The array mirrored at its border.
    Reflection,
}

/// What `grid_sample` does.
#[derive(Clone, Copy, Debug)]
pub struct Sampling {
    /// How values between elements come about.
    pub interpolation: Interpolation,
    /// What lies outside.
    pub outside: Outside,
    /// −1 and 1 are the centres of the first and the last element; otherwise their outer edges.
    pub align_corners: bool,
}

/// The elements along one axis that a sample is made of, with their weights.
#[derive(Clone, Copy, Default)]
pub(crate) struct Taps {
    count: usize,
    /// Nothing for elements outside that are 0.
    at: [Option<usize>; 4],
    weights: [f64; 4],
}

impl Taps {
    pub(crate) fn new(place: f64, extent: usize, sampling: Sampling) -> Self {
        let border = if sampling.align_corners {
            (0.0, extent as f64 - 1.0)
        } else {
            (-0.5, extent as f64 - 0.5)
        };
        // So far outside that more makes no difference, and finite.
        let place = place.clamp(-1e15, 1e15);
        let place = match sampling.interpolation {
            Interpolation::Nearest => place.round_ties_even(),
            _ => place,
        };
        let mut taps = Self::default();
        let first = match sampling.interpolation {
            Interpolation::Nearest => {
                taps.count = 1;
                taps.weights[0] = 1.0;
                place
            }
            Interpolation::Linear => {
                let part = place - place.floor();
                taps.count = 2;
                taps.weights = [1.0 - part, part, 0.0, 0.0];
                place.floor()
            }
            Interpolation::Cubic => {
                taps.count = 4;
                taps.weights = cubic_weights(place - place.floor(), -0.75);
                place.floor() - 1.0
            }
        };
        for (i, at) in taps.at[..taps.count].iter_mut().enumerate() {
            *at = element(first + i as f64, extent, border, sampling.outside);
        }
        taps
    }
}

/// The element at a whole number, or what stands for it outside.
fn element(place: f64, extent: usize, border: (f64, f64), outside: Outside) -> Option<usize> {
    let last = extent.checked_sub(1)? as f64;
    let inside = match outside {
        Outside::Zeros => return (0.0..=last).contains(&place).then_some(place as usize),
        Outside::Border => place,
        Outside::Reflection => reflect(place, border),
    };
    Some(inside.clamp(0.0, last) as usize)
}

/// A place mirrored at the borders until it lies between them.
fn reflect(place: f64, (low, high): (f64, f64)) -> f64 {
    let range = high - low;
    if range <= 0.0 || !place.is_finite() {
        return low;
    }
    let distance = (place - low).rem_euclid(2.0 * range);
    low + distance.min(2.0 * range - distance)
}

/// Weights of the four elements around a place that lies `part` behind the second (Keys 1981, equation 4).
pub(crate) fn cubic_weights(part: f64, a: f64) -> [f64; 4] {
    let near = |d: f64| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
    let far = |d: f64| ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
    [
        far(part + 1.0),
        near(part),
        near(1.0 - part),
        far(2.0 - part),
    ]
}

/// The place of normalised coordinate `x`, −1 … 1 along an axis.
fn denormalized(x: f64, extent: usize, align_corners: bool) -> f64 {
    let extent = extent as f64;
    if align_corners {
        (x + 1.0) / 2.0 * (extent - 1.0)
    } else {
        ((x + 1.0) * extent - 1.0) / 2.0
    }
}

/// Samples each channel of `x` `[n, c, spatial…]` where `grid` `[n, places…, axes]` says, in coordinates from −1 to 1, the
/// last axis first. `y` is `[n, c, places…]`. Integers are rounded to nearest; NaN places count as −1.
pub fn grid_sample<T: Number, G: Float>(
    x: &[T],
    x_shape: &[usize],
    grid: &[G],
    sampling: Sampling,
    y: &mut [T],
    y_shape: &[usize],
) where
    T::Wide: Arithmetic,
{
    each_sample(
        x_shape,
        grid,
        sampling,
        y_shape,
        |taps, axes, x_start, at| {
            let mut sum = 0.0;
            each_tap(taps, axes, |offset, weight| {
                sum += weight * to_f64(x[x_start + offset])
            });
            y[at] = from_f64(sum);
        },
    );
}

/// As `grid_sample` for elements of any type, which are taken as they are: the nearest one, or `T`'s default outside.
pub fn grid_sample_nearest<T: Clone + Default, G: Float>(
    x: &[T],
    x_shape: &[usize],
    grid: &[G],
    outside: Outside,
    align_corners: bool,
    y: &mut [T],
    y_shape: &[usize],
) {
    let sampling = Sampling {
        interpolation: Interpolation::Nearest,
        outside,
        align_corners,
    };
    each_sample(
        x_shape,
        grid,
        sampling,
        y_shape,
        |taps, axes, x_start, at| {
            y[at] = T::default();
            each_tap(taps, axes, |offset, _| y[at] = x[x_start + offset].clone());
        },
    );
}

/// Calls `f(taps along each axis, extents, start of the channel in x, place in y)` for every sample.
fn each_sample<G: Float>(
    x_shape: &[usize],
    grid: &[G],
    sampling: Sampling,
    y_shape: &[usize],
    mut f: impl FnMut(&[Taps], &[usize], usize, usize),
) {
    let axes = &x_shape[2..];
    let (channels, rank) = (x_shape[1], axes.len());
    let size: usize = axes.iter().product();
    let places: usize = y_shape[2..].iter().product();
    let mut taps = [Taps::default(); MAX_RANK];
    for (n, place) in (0..x_shape[0] * places).map(|i| (i / places, i % places)) {
        let coordinates = &grid[(n * places + place) * rank..][..rank];
        for (axis, x) in coordinates.iter().rev().enumerate() {
            let x = x.widen().to_f64();
            let x = if x.is_nan() { -1.0 } else { x };
            let at = denormalized(x, axes[axis], sampling.align_corners);
            taps[axis] = Taps::new(at, axes[axis], sampling);
        }
        for c in 0..channels {
            let channel = n * channels + c;
            f(
                &taps[..rank],
                axes,
                channel * size,
                channel * places + place,
            );
        }
    }
}

/// Calls `f(offset, weight)` for each element of a channel that a sample is made of.
pub(crate) fn each_tap(taps: &[Taps], axes: &[usize], mut f: impl FnMut(usize, f64)) {
    let mut counts = [0; MAX_RANK];
    for (count, taps) in counts.iter_mut().zip(taps) {
        *count = taps.count;
    }
    for_each_index(&counts[..taps.len()], |index| {
        let (mut offset, mut weight) = (0, 1.0);
        for ((taps, &i), &extent) in taps.iter().zip(index).zip(axes) {
            let Some(at) = taps.at[i] else {
                return;
            };
            offset = offset * extent + at;
            weight *= taps.weights[i];
        }
        f(offset, weight);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::affine_grid;

    #[test]
    fn places_are_mirrored_at_the_borders() {
        assert_eq!(reflect(-3.5, (-1.0, 1.0)), 0.5);
        assert_eq!(reflect(2.5, (0.0, 2.0)), 1.5);
        assert_eq!(reflect(f64::NAN, (0.0, 2.0)), 0.0);
        assert_eq!(reflect(7.0, (0.0, 0.0)), 0.0);
    }

    #[test]
    fn a_grid_at_the_centres_reads_the_array() {
        let x = [1i32, 2, 3, 4];
        let mut grid = [0.0f32; 8];
        affine_grid(
            &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            false,
            &mut grid,
            &[1, 2, 2, 2],
        );
        for interpolation in [
            Interpolation::Nearest,
            Interpolation::Linear,
            Interpolation::Cubic,
        ] {
            for outside in [Outside::Zeros, Outside::Border, Outside::Reflection] {
                let sampling = Sampling {
                    interpolation,
                    outside,
                    align_corners: false,
                };
                let mut y = [0; 4];
                grid_sample(&x, &[1, 1, 2, 2], &grid, sampling, &mut y, &[1, 1, 2, 2]);
                assert_eq!(y, x, "{sampling:?}");
            }
        }
    }

    #[test]
    fn weights_of_all_taps_are_one_together() {
        for part in [0.0, 0.25, 0.5, 0.9] {
            assert!((cubic_weights(part, -0.5).iter().sum::<f64>() - 1.0).abs() < 1e-15);
        }
    }
}
