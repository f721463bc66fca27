//! Convolutions over any number of spatial axes, channels first: `x[n, c, …]`, `w[m, c, …]`, `y[n, m, …]`.
//!
//! The loops run image, output channel, input channel, tap, position: the plane of one output channel is summed in the wide
//! type while taps add shifted rows of the input to it, so that inner loops are contiguous where the stride is 1.
//! Error of float convolutions: ≤ (K + 1)·ε·(|bias| + Σ|x·w|), K terms, ε of the wide type (Higham 2002, §3.1).

use crate::arithmetic::Arithmetic;
use crate::element::Number;
use crate::ops::window::{for_each_index, tap_rows, Window};

/// Extents of a convolution, from the shapes of its arrays.
pub(crate) struct Extents<'a> {
    pub(crate) images: usize,
    pub(crate) group_inputs: usize,
    pub(crate) group_outputs: usize,
    pub(crate) groups: usize,
    pub(crate) input: &'a [usize],
    pub(crate) output: &'a [usize],
    pub(crate) input_size: usize,
    pub(crate) output_size: usize,
    pub(crate) taps: usize,
}

impl<'a> Extents<'a> {
    pub(crate) fn new(
        x_shape: &'a [usize],
        y_shape: &'a [usize],
        groups: usize,
        window: &Window,
    ) -> Self {
        let (input, output) = (&x_shape[2..], &y_shape[2..]);
        Self {
            images: x_shape[0],
            group_inputs: x_shape[1] / groups,
            group_outputs: y_shape[1] / groups,
            groups,
            input,
            output,
            input_size: input.iter().product(),
            output_size: output.iter().product(),
            taps: window.kernel.iter().product(),
        }
    }

    pub(crate) fn outputs(&self) -> usize {
        self.groups * self.group_outputs
    }

    pub(crate) fn inputs(&self) -> usize {
        self.groups * self.group_inputs
    }
}

/// `acc[to + i] += weight·(x[from + i·stride] − zero)` for `count` positions.
#[inline(always)]
fn add_row<X: Number, Acc: Arithmetic>(
    acc: &mut [Acc],
    x: &[X],
    stride: usize,
    weight: Acc,
    zero: Acc,
) where
    X::Wide: Into<Acc>,
{
    let term = |x: X| weight.times(x.widen().into().minus(zero));
    if stride == 1 {
        for (sum, &x) in acc.iter_mut().zip(x) {
            *sum = sum.plus(term(x));
        }
        return;
    }
    for (sum, &x) in acc.iter_mut().zip(x.iter().step_by(stride)) {
        *sum = sum.plus(term(x));
    }
}

/// Adds to the plane `acc` what the channels of one group of one image give for output channel `m`.
fn sum_plane<X: Number, W: Number, Acc: Arithmetic>(
    x: &[X],
    x_zero: Acc,
    w: &[W],
    w_zero: Acc,
    extents: &Extents,
    window: Window,
    acc: &mut [Acc],
) where
    X::Wide: Into<Acc>,
    W::Wide: Into<Acc>,
{
    let stride = window.strides.last().copied().unwrap_or(1);
    let weights = w.chunks_exact(extents.taps.max(1));
    for (plane, weights) in x.chunks_exact(extents.input_size.max(1)).zip(weights) {
        let mut weights = weights.iter();
        for_each_index(window.kernel, |tap| {
            let weight = weights.next().expect("one weight per tap").widen().into();
            let weight: Acc = weight.minus(w_zero);
            tap_rows(
                extents.input,
                extents.output,
                window,
                tap,
                |from, to, count| {
                    add_row(
                        &mut acc[to..to + count],
                        &plane[from..],
                        stride,
                        weight,
                        x_zero,
                    );
                },
            );
        });
    }
}

/// `y[n, m, o] = bias[m] + Σ_c Σ_t w[m, c, t]·x[n, c, o·stride + t·dilation − pad]`, where `c` runs over the channels of
/// `m`'s group. `acc` holds one plane of `y`.
pub fn conv<T: Number>(
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
    let zero = T::Wide::ZERO;
    for (plane, out) in y.chunks_exact_mut(extents.output_size).enumerate() {
        acc.fill(bias.map_or(zero, |b| b[plane % extents.outputs()].widen()));
        let (x, w) = operands(x, w, plane, &extents);
        sum_plane(x, zero, w, zero, &extents, window, acc);
        for (y, &sum) in out.iter_mut().zip(&*acc) {
            *y = T::narrow(sum);
        }
    }
}

/// The input channels and the weights that output plane number `plane` (over images and channels) is made of.
fn operands<'a, X, W>(
    x: &'a [X],
    w: &'a [W],
    plane: usize,
    extents: &Extents,
) -> (&'a [X], &'a [W]) {
    let (image, channel) = (plane / extents.outputs(), plane % extents.outputs());
    let group = channel / extents.group_outputs;
    let inputs = extents.group_inputs * extents.input_size;
    let weights = extents.group_inputs * extents.taps;
    (
        &x[(image * extents.groups + group) * inputs..][..inputs],
        &w[channel * weights..][..weights],
    )
}

/// As `conv` for integers with zero points, in 32 bits modulo 2³²: `Σ (w − w_zero)·(x − x_zero)`. Padding adds nothing.
/// `w_zero` is one number or one per output channel.
pub fn conv_integer<X: Number, W: Number>(
    x: &[X],
    x_shape: &[usize],
    x_zero: Option<&[X]>,
    w: &[W],
    w_zero: Option<&[W]>,
    groups: usize,
    window: Window,
    y: &mut [i32],
    y_shape: &[usize],
) where
    X::Wide: Into<i32>,
    W::Wide: Into<i32>,
{
    let extents = Extents::new(x_shape, y_shape, groups, &window);
    if y.is_empty() {
        return;
    }
    let x_zero = x_zero.map_or(0, |z| z[0].widen().into());
    for (plane, out) in y.chunks_exact_mut(extents.output_size).enumerate() {
        let w_zero = match w_zero {
            Some([zero]) => zero.widen().into(),
            Some(zeros) => zeros[plane % extents.outputs()].widen().into(),
            None => 0,
        };
        out.fill(0);
        let (x, w) = operands(x, w, plane, &extents);
        sum_plane(x, x_zero, w, w_zero, &extents, window, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_strides_and_dilations_select_the_taps() {
        let window = Window {
            kernel: &[2],
            strides: &[2],
            dilations: &[3],
            pads: &[1],
        };
        let (x, mut y) = ([1.0f32, 2.0, 3.0, 4.0, 5.0], [0.0f32; 2]);
        conv(
            &x,
            &[1, 1, 5],
            &[1.0, 10.0],
            None,
            1,
            window,
            &mut [0.0; 2],
            &mut y,
            &[1, 1, 2],
        );
        assert_eq!(y, [30.0, 52.0]);
    }

    #[test]
    fn groups_see_their_own_channels() {
        let window = Window {
            kernel: &[1],
            strides: &[1],
            dilations: &[1],
            pads: &[0],
        };
        let mut y = [0i32; 4];
        let x = [1u8, 2, 3, 4];
        conv_integer(
            &x,
            &[1, 2, 2],
            Some(&[1]),
            &[5i8, 7],
            Some(&[0, 1]),
            2,
            window,
            &mut y,
            &[1, 2, 2],
        );
        assert_eq!(y, [0, 5, 12, 18]);
    }
}
