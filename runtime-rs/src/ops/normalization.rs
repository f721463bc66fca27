//! Normalisation of channels, of groups of them, and along any axes. Statistics are computed in double precision: the
//! variance in a second pass over the differences from the mean, so that it does not cancel.

use crate::index::{for_each, strides, MAX_RANK};
use crate::real::{Float, Real};
use crate::simd::{dispatch, Kernel, Vector};

/// Partial sums of `sum`: a fixed number, so that they stay in registers.
const LANES: usize = 16;

/// `Σ f(x)` in double precision, in partial sums, which become vectors where the caller is compiled for them.
#[inline(always)]
pub(crate) fn sum<T: Float>(row: &[T], f: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] += f(chunk[i].widen().to_f64());
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += f(x.widen().to_f64());
    }
    lanes.iter().sum()
}

/// Mean, and `1 / √(variance + epsilon)`; the variance is that of the population.
#[inline(always)]
pub(crate) fn standard<T: Float>(row: &[T], epsilon: f64) -> (f64, f64) {
    let count = row.len() as f64;
    let mean = sum(row, |x| x) / count;
    let variance = sum(row, |x| (x - mean) * (x - mean)) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// `y = (x − mean)·factor + bias`.
#[inline(always)]
fn shift_and_scale<T: Float>(x: &[T], mean: f64, factor: f64, bias: f64, y: &mut [T]) {
    let (mean, factor, bias) = (
        T::Wide::from_f64(mean),
        T::Wide::from_f64(factor),
        T::Wide::from_f64(bias),
    );
    for (y, x) in y.iter_mut().zip(x) {
        *y = T::narrow((x.widen() - mean) * factor + bias);
    }
}

/// An element in double precision.
#[inline(always)]
fn at<T: Float>(x: &[T], i: usize) -> f64 {
    x[i].widen().to_f64()
}

/// `y[n, c, …] = (x[n, c, …] − mean[c]) · scale[c] / √(variance[c] + epsilon) + bias[c]`; channels have `size` elements.
pub fn batch_normalization<T: Float, S: Float, M: Float>(
    x: &[T],
    size: usize,
    scale: &[S],
    bias: &[S],
    mean: &[M],
    variance: &[M],
    epsilon: f64,
    y: &mut [T],
) {
    let channels = x.chunks_exact(size.max(1));
    for (n, (x, y)) in channels.zip(y.chunks_exact_mut(size.max(1))).enumerate() {
        let c = n % scale.len();
        let factor = at(scale, c) / (at(variance, c) + epsilon).sqrt();
        shift_and_scale(x, at(mean, c), factor, at(bias, c), y);
    }
}

/// As `batch_normalization` with mean and variance of the batch, which move the running ones:
/// `running = given·momentum + batch·(1 − momentum)`.
pub fn batch_normalization_training<T: Float, S: Float, M: Float>(
    x: &[T],
    size: usize,
    scale: &[S],
    bias: &[S],
    mean: &[M],
    variance: &[M],
    &[epsilon, momentum]: &[f64; 2],
    y: &mut [T],
    running_mean: &mut [M],
    running_variance: &mut [M],
) {
    let channels = scale.len();
    let images = x.len() / (channels * size).max(1);
    let count = (images * size) as f64;
    let moved =
        |old: f64, new: f64| M::narrow(M::Wide::from_f64(old * momentum + new * (1.0 - momentum)));
    for c in 0..channels {
        let plane = |n: usize| (n * channels + c) * size..(n * channels + c + 1) * size;
        let total = |f: &dyn Fn(f64) -> f64| (0..images).map(|n| sum(&x[plane(n)], f)).sum::<f64>();
        let batch_mean = total(&|x| x) / count;
        let batch_variance = total(&|x| (x - batch_mean) * (x - batch_mean)) / count;
        let factor = at(scale, c) / (batch_variance + epsilon).sqrt();
        for n in 0..images {
            shift_and_scale(
                &x[plane(n)],
                batch_mean,
                factor,
                at(bias, c),
                &mut y[plane(n)],
            );
        }
        running_mean[c] = moved(at(mean, c), batch_mean);
        running_variance[c] = moved(at(variance, c), batch_variance);
    }
}

/// Standardises each group of `group` channels of each image, then `scale[c]·… + bias[c]`; channels have `size` elements.
/// One channel to a group is instance normalisation.
pub fn group_normalization<T: Float, S: Float>(
    x: &[T],
    size: usize,
    group: usize,
    scale: &[S],
    bias: &[S],
    epsilon: f64,
    y: &mut [T],
) {
    if group * size > 0 {
        dispatch(Groups {
            x,
            size,
            group,
            scale,
            bias,
            epsilon,
            y,
        });
    }
}

/// The operands of `group_normalization`, for compilation with vectors.
struct Groups<'a, T, S> {
    x: &'a [T],
    size: usize,
    group: usize,
    scale: &'a [S],
    bias: &'a [S],
    epsilon: f64,
    y: &'a mut [T],
}

impl<T: Float, S: Float> Kernel for Groups<'_, T, S> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let row = self.group * self.size;
        let rows = self.x.chunks_exact(row).zip(self.y.chunks_exact_mut(row));
        for (n, (x, y)) in rows.enumerate() {
            let (mean, inverse) = standard(x, self.epsilon);
            let channels = x.chunks_exact(self.size).zip(y.chunks_exact_mut(self.size));
            for (i, (x, y)) in channels.enumerate() {
                let c = (n * self.group + i) % self.scale.len();
                shift_and_scale(x, mean, inverse * at(self.scale, c), at(self.bias, c), y);
            }
        }
    }
}

/// `y = x / ‖x‖ₚ` along the middle of three axes, for `p` 1 or 2. Where the norm is 0 the result is 0.
pub fn lp_normalization<T: Float>(
    x: &[T],
    &[outer, extent, inner]: &[usize; 3],
    p: u32,
    y: &mut [T],
) {
    for o in 0..outer {
        for i in 0..inner {
            let place = |k: usize| (o * extent + k) * inner + i;
            let power = |x: f64| if p == 1 { x.abs() } else { x * x };
            let total: f64 = (0..extent).map(|k| power(at(x, place(k)))).sum();
            let norm = if p == 1 { total } else { total.sqrt() };
            for k in 0..extent {
                let value = if norm == 0.0 {
                    0.0
                } else {
                    at(x, place(k)) / norm
                };
                y[place(k)] = T::narrow(T::Wide::from_f64(value));
            }
        }
    }
}

/// `y[n, c, i] = x[n, c, i] / (bias + alpha / size · Σ x[n, k, i]²)^beta`, where `k` runs over the `size` channels around
/// `c` that exist, from `c − ⌊(size − 1) / 2⌋` on. Extents are images, channels and elements of a channel.
pub fn local_response_normalization<T: Float>(
    x: &[T],
    &[images, channels, plane]: &[usize; 3],
    size: usize,
    &[alpha, beta, bias]: &[f64; 3],
    y: &mut [T],
) {
    let before = size.saturating_sub(1) / 2;
    for n in 0..images {
        for c in 0..channels {
            let around = c.saturating_sub(before)..(c + size - before).min(channels);
            for i in 0..plane {
                let squares: f64 = around
                    .clone()
                    .map(|k| at(x, (n * channels + k) * plane + i).powi(2))
                    .sum();
                let place = (n * channels + c) * plane + i;
                let value = at(x, place) / (bias + alpha / size as f64 * squares).powf(beta);
                y[place] = T::narrow(T::Wide::from_f64(value));
            }
        }
    }
}

/// `y = (x − mean) / (√variance + 10⁻⁹)`, mean and variance of the population over `axes`, which are distinct.
pub fn mean_variance_normalization<T: Float>(
    x: &[T],
    shape: &[usize],
    axes: &[usize],
    y: &mut [T],
) {
    let own = strides(shape);
    let (mut kept, mut reduced) = (Axes::default(), Axes::default());
    for axis in 0..shape.len() {
        let side = if axes.contains(&axis) {
            &mut reduced
        } else {
            &mut kept
        };
        side.push(shape[axis], own[axis]);
    }
    let count = reduced.extents().iter().product::<usize>() as f64;
    for_each(kept.extents(), [&kept.strides], |[start]| {
        let each = |f: &mut dyn FnMut(usize)| {
            for_each(reduced.extents(), [&reduced.strides], |[i]| f(start + i));
        };
        let mut total = 0.0;
        each(&mut |i| total += at(x, i));
        let mean = total / count;
        let mut squares = 0.0;
        each(&mut |i| squares += (at(x, i) - mean) * (at(x, i) - mean));
        let deviation = (squares / count).sqrt() + 1e-9;
        each(&mut |i| y[i] = T::narrow(T::Wide::from_f64((at(x, i) - mean) / deviation)));
    });
}

/// Some axes of an array, with their strides.
#[derive(Default)]
struct Axes {
    rank: usize,
    sizes: [usize; MAX_RANK],
    strides: [usize; MAX_RANK],
}

impl Axes {
    fn push(&mut self, extent: usize, stride: usize) {
        self.sizes[self.rank] = extent;
        self.strides[self.rank] = stride;
        self.rank += 1;
    }
    fn extents(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_statistics_move_to_those_of_the_batch() {
        let (mut y, mut mean, mut variance) = ([0.0f32; 4], [0.0f32], [0.0f32]);
        let x = [1.0f32, 3.0, 1.0, 3.0];
        batch_normalization_training(
            &x,
            2,
            &[1.0f32],
            &[0.0],
            &[4.0f32],
            &[2.0],
            &[0.0, 0.5],
            &mut y,
            &mut mean,
            &mut variance,
        );
        assert_eq!((y, mean, variance), ([-1.0, 1.0, -1.0, 1.0], [3.0], [1.5]));
    }

    #[test]
    fn statistics_run_over_any_axes() {
        let x = [1.0f32, 10.0, 3.0, 30.0];
        let mut y = [0.0; 4];
        mean_variance_normalization(&x, &[2, 2], &[0], &mut y);
        assert_eq!(y, [-1.0, -1.0, 1.0, 1.0]);
    }

    #[test]
    fn a_zero_vector_stays_zero() {
        let mut y = [1.0f32; 2];
        lp_normalization(&[0.0f32, 0.0], &[1, 2, 1], 2, &mut y);
        assert_eq!(y, [0.0, 0.0]);
    }
}
