//! Normalisation to mean 0 and variance 1, to a root mean square of 1, or to a norm of 1. Statistics are computed in double
//! precision: the variance in a second pass over the differences from the mean, so that it does not cancel.

use crate::index::{broadcast_strides, for_each, strides, MAX_RANK};
use crate::real::{Float, Real};

/// `Σ f(x)` in double precision, in eight partial sums.
fn sum<T: Float>(row: &[T], f: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 8];
    let chunks = row.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += f(x.widen().to_f64());
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += f(x.widen().to_f64());
    }
    lanes.iter().sum()
}

/// Mean, and `1 / √(variance + epsilon)`; the variance is that of the population.
fn standard<T: Float>(row: &[T], epsilon: f64) -> (f64, f64) {
    let count = row.len() as f64;
    let mean = sum(row, |x| x) / count;
    let variance = sum(row, |x| (x - mean) * (x - mean)) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// `y = (x − mean)·factor + bias`.
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
    let row = (group * size).max(1);
    for (n, (x, y)) in x.chunks_exact(row).zip(y.chunks_exact_mut(row)).enumerate() {
        let (mean, inverse) = standard(x, epsilon);
        let channels = x.chunks_exact(size).zip(y.chunks_exact_mut(size));
        for (i, (x, y)) in channels.enumerate() {
            let c = (n * group + i) % scale.len();
            shift_and_scale(x, mean, inverse * at(scale, c), at(bias, c), y);
        }
    }
}

/// A factor or addend that broadcasts to the array that is normalised.
#[derive(Clone, Copy)]
struct Affine<'a, S> {
    data: &'a [S],
    strides: [usize; MAX_RANK],
}

impl<'a, S: Float> Affine<'a, S> {
    fn new(data: &'a [S], shape: &[usize], of: &[usize]) -> Self {
        Self {
            data,
            strides: broadcast_strides(shape, of),
        }
    }

    /// Offset of the first element of row `row` of an array whose first axes are `outer`.
    fn start(&self, row: usize, outer: &[usize]) -> usize {
        let own = strides(outer);
        (0..outer.len())
            .map(|axis| row / own[axis].max(1) % outer[axis] * self.strides[axis])
            .sum()
    }

    /// The elements of a row if they lie one behind the other, as those of the row itself do.
    fn row(&self, row: usize, shape: &[usize], axis: usize) -> Option<&'a [S]> {
        let inner = &shape[axis..];
        let contiguous = strides(inner);
        let own = &self.strides[axis..shape.len()];
        let same = (0..inner.len()).all(|i| inner[i] == 1 || own[i] == contiguous[i]);
        let start = self.start(row, &shape[..axis]);
        same.then(|| &self.data[start..][..inner.iter().product()])
    }
}

/// `y = (x − mean) / √(variance + epsilon) · scale + bias`, mean and variance over the axes from `axis` on.
/// `scale` and `bias` broadcast to `x`.
pub fn layer_normalization<T: Float>(
    x: &[T],
    shape: &[usize],
    axis: usize,
    scale: &[T],
    scale_shape: &[usize],
    bias: Option<&[T]>,
    bias_shape: &[usize],
    epsilon: f64,
    y: &mut [T],
) {
    let width: usize = shape[axis..].iter().product();
    let scale = Affine::new(scale, scale_shape, shape);
    let bias = bias.map(|bias| Affine::new(bias, bias_shape, shape));
    let rows = x.chunks_exact(width.max(1));
    for (n, (x, y)) in rows.zip(y.chunks_exact_mut(width.max(1))).enumerate() {
        let (mean, inverse) = standard(x, epsilon);
        let (mean, inverse) = (T::Wide::from_f64(mean), T::Wide::from_f64(inverse));
        apply(x, n, shape, axis, scale, bias, y, |x| (x - mean) * inverse);
    }
}

/// `y = f(x)·scale + bias` for row `n`.
fn apply<T: Float, S: Float>(
    x: &[T],
    n: usize,
    shape: &[usize],
    axis: usize,
    scale: Affine<S>,
    bias: Option<Affine<S>>,
    y: &mut [S],
    f: impl Fn(T::Wide) -> T::Wide,
) {
    let scaled = |x: &T, scale: &S| S::Wide::from_f64(f(x.widen()).to_f64()) * scale.widen();
    let (factors, addends) = (
        scale.row(n, shape, axis),
        bias.map(|b| b.row(n, shape, axis)),
    );
    match (factors, addends) {
        (Some(factors), None) => {
            for ((y, x), s) in y.iter_mut().zip(x).zip(factors) {
                *y = S::narrow(scaled(x, s));
            }
        }
        (Some(factors), Some(Some(addends))) => {
            for (((y, x), s), b) in y.iter_mut().zip(x).zip(factors).zip(addends) {
                *y = S::narrow(scaled(x, s) + b.widen());
            }
        }
        _ => {
            let tail = |strides: &[usize; MAX_RANK]| {
                let mut own = [0; MAX_RANK];
                own[..shape.len() - axis].copy_from_slice(&strides[axis..shape.len()]);
                own
            };
            let start = |a: &Affine<S>| a.start(n, &shape[..axis]);
            let (from_scale, from_bias) = (start(&scale), bias.as_ref().map_or(0, start));
            let steps = bias.map_or([0; MAX_RANK], |b| tail(&b.strides));
            let mut elements = y.iter_mut().zip(x);
            for_each(&shape[axis..], [&tail(&scale.strides), &steps], |[s, b]| {
                let (y, x) = elements.next().expect("a row of y and x");
                let value = scaled(x, &scale.data[from_scale + s]);
                let bias = bias.map_or(S::Wide::ZERO, |bias| bias.data[from_bias + b].widen());
                *y = S::narrow(value + bias);
            });
        }
    }
}

/// Mean and `1 / √(variance + epsilon)` of each row of `width` elements.
pub fn layer_statistics<T: Float, U: Float>(
    x: &[T],
    width: usize,
    epsilon: f64,
    mean: &mut [U],
    inverse: &mut [U],
) {
    for (n, (mean, inverse)) in mean.iter_mut().zip(inverse).enumerate() {
        let (m, i) = standard(&x[n * width..][..width], epsilon);
        *mean = U::narrow(U::Wide::from_f64(m));
        *inverse = U::narrow(U::Wide::from_f64(i));
    }
}

/// `y = x / √(mean(x²) + epsilon) · scale`, the mean over the axes from `axis` on. `scale` broadcasts to `x`.
pub fn rms_normalization<T: Float, S: Float>(
    x: &[T],
    shape: &[usize],
    axis: usize,
    scale: &[S],
    scale_shape: &[usize],
    epsilon: f64,
    y: &mut [S],
) {
    let width: usize = shape[axis..].iter().product();
    let scale = Affine::new(scale, scale_shape, shape);
    let rows = x.chunks_exact(width.max(1));
    for (n, (x, y)) in rows.zip(y.chunks_exact_mut(width.max(1))).enumerate() {
        let square = sum(x, |x| x * x) / width as f64;
        let inverse = T::Wide::from_f64(1.0 / (square + epsilon).sqrt());
        apply(x, n, shape, axis, scale, None, y, |x| x * inverse);
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
    fn a_large_mean_does_not_cancel_the_variance() {
        let x = [1e6f32 - 1.0, 1e6 + 1.0];
        let mut y = [0.0; 2];
        layer_normalization(&x, &[1, 2], 1, &[2.0], &[1], None, &[], 0.0, &mut y);
        assert_eq!(y, [-2.0, 2.0]);
    }

    #[test]
    fn factors_broadcast_along_any_axis() {
        let x = [-1.0f32, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0];
        let mut y = [0.0; 8];
        let (scale, bias) = ([1.0, 10.0], [0.0, 100.0]);
        layer_normalization(
            &x,
            &[2, 2, 2],
            2,
            &scale,
            &[2, 1, 1],
            Some(&bias),
            &[2, 1],
            0.0,
            &mut y,
        );
        assert_eq!(y, [-1.0, 1.0, 99.0, 101.0, -10.0, 10.0, 90.0, 110.0]);
    }

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
