//! Normalisation of the last axes to mean 0 and variance 1, or to a root mean square of 1, with factors and addends that
//! broadcast. Statistics are computed in double precision.

use crate::index::{broadcast_strides, for_each, strides, MAX_RANK};
use crate::ops::normalization::{standard, sum};
use crate::real::{Float, Real};
use crate::simd::{dispatch, Kernel, Vector};

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
    dispatch(Rows {
        x,
        shape,
        axis,
        scale: Affine::new(scale, scale_shape, shape),
        bias: bias.map(|bias| Affine::new(bias, bias_shape, shape)),
        epsilon,
        centre: true,
        y,
    });
}

/// Rows to normalise, for compilation with vectors.
struct Rows<'a, T, S> {
    x: &'a [T],
    shape: &'a [usize],
    /// The first of the axes that make a row.
    axis: usize,
    scale: Affine<'a, S>,
    bias: Option<Affine<'a, S>>,
    epsilon: f64,
    /// To mean 0 and variance 1; otherwise to a mean square of 1.
    centre: bool,
    y: &'a mut [S],
}

impl<T: Float, S: Float> Kernel for Rows<'_, T, S> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let width: usize = self.shape[self.axis..].iter().product();
        let rows = self.x.chunks_exact(width.max(1));
        for (n, (x, y)) in rows.zip(self.y.chunks_exact_mut(width.max(1))).enumerate() {
            let (mean, inverse) = if self.centre {
                standard(x, self.epsilon)
            } else {
                let square = sum(x, |x| x * x) / width as f64;
                (0.0, 1.0 / (square + self.epsilon).sqrt())
            };
            let (mean, inverse) = (T::Wide::from_f64(mean), T::Wide::from_f64(inverse));
            apply(x, n, self.shape, self.axis, self.scale, self.bias, y, |x| {
                (x - mean) * inverse
            });
        }
    }
}

/// `y = f(x)·scale + bias` for row `n`.
#[inline(always)]
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
            let (x, factors) = (&x[..y.len()], &factors[..y.len()]);
            for i in 0..y.len() {
                y[i] = S::narrow(scaled(&x[i], &factors[i]));
            }
        }
        (Some(factors), Some(Some(addends))) => {
            let (x, factors, addends) = (&x[..y.len()], &factors[..y.len()], &addends[..y.len()]);
            for i in 0..y.len() {
                y[i] = S::narrow(scaled(&x[i], &factors[i]) + addends[i].widen());
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
    dispatch(Rows {
        x,
        shape,
        axis,
        scale: Affine::new(scale, scale_shape, shape),
        bias: None,
        epsilon,
        centre: false,
        y,
    });
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
}
