//! Deformable convolution: taps that read where the data says.

use crate::index::MAX_RANK;
use crate::ops::grid_sample::{each_tap, Interpolation, Outside, Sampling, Taps};
use crate::ops::window::{for_each_index, Window};
use crate::real::{Float, Real};

/// Extents and groups of a deformable convolution.
#[derive(Clone, Copy, Debug)]
pub struct Deformable<'a> {
    /// Of `x`.
    pub x_shape: &'a [usize],
    /// Of `y`.
    pub y_shape: &'a [usize],
    /// Groups of channels that the convolution keeps apart.
    pub groups: usize,
    /// Groups of input channels that share their offsets.
    pub offset_groups: usize,
}

/// A convolution whose taps are moved by `offset` `[n, offset_groups · taps · axes, places…]` and weighted by `mask`
/// `[n, offset_groups · taps, places…]`; between elements it reads linearly, outside zeros. `columns` holds
/// `channels · taps` numbers.
pub fn deform_conv<T: Float>(
    x: &[T],
    w: &[T],
    offset: &[T],
    bias: Option<&[T]>,
    mask: Option<&[T]>,
    extents: Deformable,
    window: Window,
    columns: &mut [f64],
    y: &mut [T],
) {
    let (axes, places) = (&extents.x_shape[2..], &extents.y_shape[2..]);
    let (channels, outputs) = (extents.x_shape[1], extents.y_shape[1]);
    let taps: usize = window.kernel.iter().product();
    let count: usize = places.iter().product();
    let size: usize = axes.iter().product();
    let reads = Reads {
        axes,
        window,
        taps,
        count,
    };
    for n in 0..extents.x_shape[0] {
        let mut place = 0;
        for_each_index(places, |position| {
            for c in 0..channels {
                let group = n * extents.offset_groups + c * extents.offset_groups / channels;
                let plane = &x[(n * channels + c) * size..][..size];
                let row = &mut columns[c * taps..][..taps];
                reads.fill(plane, offset, mask, group, (position, place), row);
            }
            for m in 0..outputs {
                let per_group = channels / extents.groups * taps;
                let group = m * extents.groups / outputs;
                let weights = &w[m * per_group..][..per_group];
                let values = &columns[group * per_group..][..per_group];
                let start = bias.map_or(0.0, |b| b[m].widen().to_f64());
                let terms = weights.iter().zip(values);
                let sum = terms.fold(start, |sum, (w, v)| sum + w.widen().to_f64() * v);
                y[(n * outputs + m) * count + place] = T::narrow(T::Wide::from_f64(sum));
            }
            place += 1;
        });
    }
}

/// What the taps of a deformable convolution read.
#[derive(Clone, Copy)]
struct Reads<'a> {
    axes: &'a [usize],
    window: Window<'a>,
    taps: usize,
    /// Places of the result.
    count: usize,
}

impl Reads<'_> {
    /// Fills `row` with what each tap reads of a channel at one place of the result.
    fn fill<T: Float>(
        &self,
        plane: &[T],
        offset: &[T],
        mask: Option<&[T]>,
        group: usize,
        (position, place): (&[usize], usize),
        row: &mut [f64],
    ) {
        let rank = self.axes.len();
        let linear = Sampling {
            interpolation: Interpolation::Linear,
            outside: Outside::Zeros,
            align_corners: true,
        };
        let mut tap = 0;
        let mut along = [Taps::default(); MAX_RANK];
        for_each_index(self.window.kernel, |index| {
            let moved = (group * self.taps + tap) * rank;
            for axis in 0..rank {
                let fixed = position[axis] * self.window.strides[axis]
                    + index[axis] * self.window.dilations[axis];
                let shift = offset[(moved + axis) * self.count + place].widen().to_f64();
                let at = fixed as f64 - self.window.pads[axis] as f64 + shift;
                along[axis] = Taps::new(at, self.axes[axis], linear);
            }
            let mut sum = 0.0;
            each_tap(&along[..rank], self.axes, |at, weight| {
                sum += weight * plane[at].widen().to_f64();
            });
            let factor = mask.map_or(1.0, |mask| {
                let at = (group * self.taps + tap) * self.count + place;
                mask[at].widen().to_f64()
            });
            row[tap] = sum * factor;
            tap += 1;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_moves_a_tap() {
        let extents = Deformable {
            x_shape: &[1, 1, 3],
            y_shape: &[1, 1, 2],
            groups: 1,
            offset_groups: 1,
        };
        let window = Window {
            kernel: &[1],
            strides: &[1],
            dilations: &[1],
            pads: &[0],
        };
        let mut y = [0.0f32; 2];
        deform_conv(
            &[1.0f32, 2.0, 4.0],
            &[1.0],
            &[0.5, 1.5],
            None,
            Some(&[2.0, 1.0]),
            extents,
            window,
            &mut [0.0],
            &mut y,
        );
        assert_eq!(y, [3.0, 2.0]);
    }
}
