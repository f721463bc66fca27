//! Pools: one value out of each window of a channel, over any number of spatial axes, channels first.
//!
//! As in convolutions the taps are the outer loop and runs of positions the inner one. Padding takes no part in a maximum;
//! to sums it adds 0.

use crate::arithmetic::Arithmetic;
use crate::element::Number;
use crate::ops::window::{for_each_index, tap_rows, Window};
use crate::real::{Float, Real};

/// Extents of the spatial axes on both sides, and their products.
struct Planes<'a> {
    input: &'a [usize],
    output: &'a [usize],
    input_size: usize,
    output_size: usize,
}

impl<'a> Planes<'a> {
    fn new(x_shape: &'a [usize], y_shape: &'a [usize]) -> Self {
        let (input, output) = (&x_shape[2..], &y_shape[2..]);
        Self {
            input,
            output,
            input_size: input.iter().product(),
            output_size: output.iter().product(),
        }
    }

    /// The input of output plane number `plane`.
    fn input<'x, T>(&self, x: &'x [T], plane: usize) -> &'x [T] {
        &x[plane * self.input_size..][..self.input_size]
    }
}

/// `y[n, c, o] = max_t x[n, c, o·stride + t·dilation − pad]`; NaN where the window has one. A window that lies in the
/// padding gives −∞ or the least integer.
pub fn max_pool<T: Number>(
    x: &[T],
    x_shape: &[usize],
    window: Window,
    y: &mut [T],
    y_shape: &[usize],
) where
    T::Wide: Arithmetic,
{
    let planes = Planes::new(x_shape, y_shape);
    let stride = window.strides.last().copied().unwrap_or(1);
    y.fill(T::narrow(T::Wide::LOWEST));
    for (n, out) in y.chunks_exact_mut(planes.output_size.max(1)).enumerate() {
        let x = planes.input(x, n);
        for_each_index(window.kernel, |tap| {
            tap_rows(
                planes.input,
                planes.output,
                window,
                tap,
                |from, to, count| {
                    let reads = x[from..].iter().step_by(stride);
                    for (y, x) in out[to..to + count].iter_mut().zip(reads) {
                        *y = T::narrow(y.widen().greater(x.widen()));
                    }
                },
            );
        });
    }
}

/// As `max_pool`, and where in `x` each maximum was first met, counted over all of `x` in row-major order; `column_major`
/// counts within a plane with the first spatial axis fastest. −1 for a window that lies in the padding.
pub fn max_pool_indices<T: Number>(
    x: &[T],
    x_shape: &[usize],
    window: Window,
    column_major: bool,
    y: &mut [T],
    indices: &mut [i64],
    y_shape: &[usize],
) where
    T::Wide: Arithmetic,
{
    let planes = Planes::new(x_shape, y_shape);
    let stride = window.strides.last().copied().unwrap_or(1);
    y.fill(T::narrow(T::Wide::LOWEST));
    indices.fill(-1);
    let size = planes.output_size.max(1);
    let results = y.chunks_exact_mut(size).zip(indices.chunks_exact_mut(size));
    for (n, (out, at)) in results.enumerate() {
        let x = planes.input(x, n);
        for_each_index(window.kernel, |tap| {
            tap_rows(
                planes.input,
                planes.output,
                window,
                tap,
                |from, to, count| {
                    for i in 0..count {
                        let read = from + i * stride;
                        let (new, old) = (x[read].widen(), out[to + i].widen());
                        if at[to + i] < 0 || new > old || (is_nan(new) && !is_nan(old)) {
                            out[to + i] = x[read];
                            at[to + i] = read as i64;
                        }
                    }
                },
            );
        });
        let first = n * planes.input_size;
        for index in at.iter_mut().filter(|i| **i >= 0) {
            let within = *index as usize;
            let counted = if column_major {
                transposed_offset(within, planes.input)
            } else {
                within
            };
            *index = (first + counted) as i64;
        }
    }
}

#[allow(clippy::eq_op)]
fn is_nan<W: PartialEq>(x: W) -> bool {
    x != x
}

/// The offset in an array whose first axis is contiguous of the element at row-major `offset`.
fn transposed_offset(mut offset: usize, shape: &[usize]) -> usize {
    let mut step: usize = shape.iter().product();
    let mut result = 0;
    for &extent in shape.iter().rev() {
        step /= extent;
        result += offset % extent * step;
        offset /= extent;
    }
    result
}

/// `y[n, c, o]` is the mean of the window's elements: of those inside of `x`, or where `end` (padding behind `x`, by axis)
/// is given of those inside of `x` and its padding. `acc` holds one plane of `y`.
pub fn average_pool<T: Float>(
    x: &[T],
    x_shape: &[usize],
    window: Window,
    end: Option<&[usize]>,
    acc: &mut [T::Wide],
    y: &mut [T],
    y_shape: &[usize],
) {
    let planes = Planes::new(x_shape, y_shape);
    for (n, out) in y.chunks_exact_mut(planes.output_size.max(1)).enumerate() {
        sum_windows(planes.input(x, n), &planes, window, acc, |x| x);
        let mut results = out.iter_mut().zip(&*acc);
        for_each_index(planes.output, |position| {
            let (y, &sum) = results.next().expect("acc holds a plane of y");
            let mut count = 1;
            for axis in 0..position.len() {
                count *= taps_inside(&planes, &window, end, axis, position[axis]);
            }
            *y = T::narrow(sum / T::Wide::from_f64(count as f64));
        });
    }
}

/// Taps of the window at `position` along one axis that read inside of the input, or of the input with its padding.
fn taps_inside(
    planes: &Planes,
    window: &Window,
    end: Option<&[usize]>,
    axis: usize,
    position: usize,
) -> usize {
    let pad = window.pads[axis];
    let (first, limit) = match end {
        Some(end) => (0, planes.input[axis] + pad + end[axis]),
        None => (pad, planes.input[axis] + pad),
    };
    let start = position * window.strides[axis];
    let dilation = window.dilations[axis];
    let below = first.saturating_sub(start).div_ceil(dilation);
    let upto = limit
        .saturating_sub(start)
        .div_ceil(dilation)
        .min(window.kernel[axis]);
    upto.saturating_sub(below)
}

/// `acc[o] = Σ_t f(x[o·stride + t·dilation − pad])`.
fn sum_windows<T: Float>(
    x: &[T],
    planes: &Planes,
    window: Window,
    acc: &mut [T::Wide],
    f: impl Fn(T::Wide) -> T::Wide,
) {
    let stride = window.strides.last().copied().unwrap_or(1);
    acc.fill(T::Wide::ZERO);
    for_each_index(window.kernel, |tap| {
        tap_rows(
            planes.input,
            planes.output,
            window,
            tap,
            |from, to, count| {
                let reads = x[from..].iter().step_by(stride);
                for (sum, x) in acc[to..to + count].iter_mut().zip(reads) {
                    *sum += f(x.widen());
                }
            },
        );
    });
}

/// `|x|ᵖ` and its inverse for sums of such powers.
#[derive(Clone, Copy)]
pub(crate) struct NormPower(pub u32);

impl NormPower {
    pub(crate) fn of<W: Real>(self, x: W) -> W {
        match self.0 {
            1 => x.abs(),
            2 => x * x,
            p => W::from_f64(x.abs().to_f64().powi(p as i32)),
        }
    }
    pub(crate) fn root<W: Real>(self, sum: W) -> W {
        match self.0 {
            1 => sum,
            2 => sum.sqrt(),
            p => W::from_f64(sum.to_f64().powf(1.0 / f64::from(p))),
        }
    }
}

/// `y[n, c, o] = (Σ_t |x[…]|ᵖ)^(1/p)` over the window. `acc` holds one plane of `y`.
pub fn lp_pool<T: Float>(
    x: &[T],
    x_shape: &[usize],
    window: Window,
    p: u32,
    acc: &mut [T::Wide],
    y: &mut [T],
    y_shape: &[usize],
) {
    let planes = Planes::new(x_shape, y_shape);
    for (n, out) in y.chunks_exact_mut(planes.output_size.max(1)).enumerate() {
        sum_windows(planes.input(x, n), &planes, window, acc, |x| {
            NormPower(p).of(x)
        });
        for (y, &sum) in out.iter_mut().zip(&*acc) {
            *y = T::narrow(NormPower(p).root(sum));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: Window = Window {
        kernel: &[2],
        strides: &[2],
        dilations: &[1],
        pads: &[1],
    };

    #[test]
    fn padding_is_no_maximum_and_indices_count_over_all_channels() {
        let x = [-3i8, -2, -1, -6, -5, -4];
        let (mut y, mut at) = ([0; 4], [0; 4]);
        max_pool_indices(&x, &[1, 2, 3], PAIR, false, &mut y, &mut at, &[1, 2, 2]);
        assert_eq!((y, at), ([-3, -1, -6, -4], [0, 2, 3, 5]));
        let mut plain = [0; 4];
        max_pool(&x, &[1, 2, 3], PAIR, &mut plain, &[1, 2, 2]);
        assert_eq!(plain, y);
    }

    #[test]
    fn column_major_indices_run_down_columns() {
        assert_eq!(transposed_offset(5, &[2, 3]), 5);
        assert_eq!(transposed_offset(1, &[2, 3]), 2);
    }

    #[test]
    fn averages_count_padding_only_when_told_and_never_beyond_it() {
        let x = [2.0f32, 4.0, 6.0];
        let mut y = [0.0; 3];
        average_pool(
            &x,
            &[1, 1, 3],
            PAIR,
            None,
            &mut [0.0; 3],
            &mut y,
            &[1, 1, 3],
        );
        assert!(y[2].is_nan());
        assert_eq!(y[..2], [2.0, 5.0]);
        average_pool(
            &x,
            &[1, 1, 3],
            PAIR,
            Some(&[1]),
            &mut [0.0; 3],
            &mut y,
            &[1, 1, 3],
        );
        assert_eq!(y, [1.0, 5.0, 0.0]);
    }
}
