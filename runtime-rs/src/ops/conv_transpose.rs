//! Transposed convolutions, by the same loops as `conv` with input and output exchanged.

use crate::arithmetic::Arithmetic;
use crate::element::Number;
use crate::ops::conv::Extents;
use crate::ops::window::{for_each_index, tap_rows, Window};

/// The transpose of `conv`: `y[n, m, i·stride + t·dilation − pad] += w[c, m, t]·x[n, c, i]`, plus `bias[m]`. What falls
/// outside of `y` is dropped. `w` has the extents [C, M / groups, …]; `acc` holds one plane of `y`.
pub fn conv_transpose<T: Number>(
    x: &[T],
    x_shape: &[usize],
    w: &[T],
    bias: Option<&[T]>,
    groups: usize,
    window: Window,
    acc: &mut [T::Wide],
    y: &mut [T],
    y_shape: &[usize],
) where
    T::Wide: Arithmetic,
{
    let extents = Extents::new(x_shape, y_shape, groups, &window);
    if y.is_empty() {
        return;
    }
    debug_assert_eq!(
        extents.images * extents.outputs() * extents.output_size,
        y.len()
    );
    for (plane, out) in y.chunks_exact_mut(extents.output_size).enumerate() {
        let (image, channel) = (plane / extents.outputs(), plane % extents.outputs());
        acc.fill(bias.map_or(T::Wide::ZERO, |b| b[channel].widen()));
        let group = channel / extents.group_outputs;
        for c in group * extents.group_inputs..(group + 1) * extents.group_inputs {
            let x = &x[(image * extents.inputs() + c) * extents.input_size..][..extents.input_size];
            let at = c * extents.group_outputs + channel % extents.group_outputs;
            let weights = &w[at * extents.taps..][..extents.taps];
            scatter_plane(x, weights, &extents, window, acc);
        }
        for (y, &sum) in out.iter_mut().zip(&*acc) {
            *y = T::narrow(sum);
        }
    }
}

/// Adds one input channel, spread by the window, to the plane `acc`.
fn scatter_plane<T: Number>(
    x: &[T],
    weights: &[T],
    extents: &Extents,
    window: Window,
    acc: &mut [T::Wide],
) where
    T::Wide: Arithmetic,
{
    let stride = window.strides.last().copied().unwrap_or(1);
    let mut weights = weights.iter();
    for_each_index(window.kernel, |tap| {
        let weight = weights.next().expect("one weight per tap").widen();
        tap_rows(
            extents.output,
            extents.input,
            window,
            tap,
            |to, from, count| {
                let sums = acc[to..].iter_mut().step_by(stride);
                for (sum, x) in sums.zip(&x[from..from + count]) {
                    *sum = sum.plus(weight.times(x.widen()));
                }
            },
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposed_windows_overlap_and_are_cut_off() {
        let window = Window {
            kernel: &[3],
            strides: &[2],
            dilations: &[1],
            pads: &[1],
        };
        let mut y = [0.0f64; 3];
        let (x, w) = ([1.0f64, 2.0], [1.0f64, 10.0, 100.0]);
        conv_transpose(
            &x,
            &[1, 1, 2],
            &w,
            Some(&[0.5]),
            1,
            window,
            &mut [0.0; 3],
            &mut y,
            &[1, 1, 3],
        );
        assert_eq!(y, [10.5, 102.5, 20.5]);
    }
}
