//! Transposed convolution, as a few direct convolutions.
//!
//! With stride s, output row `oy` receives from input row `iy` through kernel row `ky` where `oy + top = iy·s + ky·d`. All
//! rows with the same *phase* `(oy + top) mod s` use the same kernel rows, and neighbours among them see the input shifted by
//! one: for each pair of phases (of rows and of columns), the outputs are a direct convolution with stride 1 and with the
//! kernel rows of that phase in reverse order. No product with an inserted zero is computed.

use super::direct::{Buffers, Scan};
use super::Conv2d;
use crate::activation::{Epilogue, Residual};
use crate::gemm::{self, check_len, finish, tile::PANEL};
use crate::threads::{Pool, SharedMut};

/// The kernel elements of one phase along one axis: `first`, `first + step`, …, `count` of them.
#[derive(Clone, Copy)]
struct Phase {
    first: usize,
    step: usize,
    count: usize,
    /// Distance of their input positions.
    dilation: usize,
}

impl Phase {
    /// The kernel elements `k` along `axis` with `k·dilation ≡ phase (mod stride)`.
    fn of(shape: &Conv2d, axis: usize, phase: usize) -> Phase {
        let (kernel, stride, dilation) =
            (shape.kernel[axis], shape.stride[axis], shape.dilation[axis]);
        let divisor = greatest_common_divisor(stride, dilation);
        let step = stride / divisor;
        let first = (0..kernel.min(step)).find(|k| k * dilation % stride == phase);
        let count = first.map_or(0, |first| (kernel - first).div_ceil(step));
        Phase {
            first: first.unwrap_or(0),
            step,
            count,
            dilation: dilation / divisor,
        }
    }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        return a;
    }
    greatest_common_divisor(b, a % b)
}

/// All pairs of phases, those of the rows outermost, with their kernel elements.
fn phases(shape: &Conv2d) -> impl Iterator<Item = ([usize; 2], [Phase; 2])> + '_ {
    let [rows, columns] = shape.stride;
    (0..rows * columns).map(move |i| {
        let pair = [i / columns, i % columns];
        (
            pair,
            [Phase::of(shape, 0, pair[0]), Phase::of(shape, 1, pair[1])],
        )
    })
}

/// Values of one phase's packed weights.
fn phase_len(shape: &Conv2d, taps: &[Phase; 2]) -> usize {
    let depth = taps[0].count * taps[1].count * (shape.channels / shape.groups);
    shape.groups * gemm::packed_len(depth, shape.out_channels / shape.groups)
}

/// Number of values that [`pack_conv_transpose2d`] writes.
pub fn conv_transpose2d_packed_len(shape: &Conv2d) -> usize {
    shape.check();
    phases(shape).map(|(_, taps)| phase_len(shape, &taps)).sum()
}

/// Packs weights for [`conv_transpose2d`]: `w` is in ONNX's order `[channels][out_channels / groups][rows][columns]`.
///
/// For each phase `(p, q)`, `p < stride rows`, `q < stride columns`, the latter fastest, let `ky` run over the kernel rows
/// with `ky·dilation ≡ p (mod stride)` in **descending** order, and `kx` likewise over the columns for `q`. Then, as in
/// [`super::pack_conv2d`]: for each group, the matrix whose rows are (ky, kx, ic), the last fastest, and whose columns are
/// the output channels of the group, packed by [`gemm::pack_b`].
///
/// # Panics
/// Panics if a slice is too short or the extents are contradictory.
pub fn pack_conv_transpose2d(shape: &Conv2d, w: &[f32], packed: &mut [f32]) {
    let packed = &mut packed[..conv_transpose2d_packed_len(shape)];
    packed.fill(0.0);
    let (inputs, outputs) = (
        shape.channels / shape.groups,
        shape.out_channels / shape.groups,
    );
    let kernel = shape.kernel[0] * shape.kernel[1];
    check_len("w", w.len(), shape.channels * outputs * kernel);
    let mut start = 0;
    for (_, [rows, columns]) in phases(shape) {
        let depth = rows.count * columns.count * inputs;
        let len = phase_len(shape, &[rows, columns]);
        for (i, group) in packed[start..start + len]
            .chunks_exact_mut((len / shape.groups).max(1))
            .enumerate()
        {
            for (p, j) in (0..depth).flat_map(|p| (0..outputs).map(move |j| (p, j))) {
                let (ic, tap) = (p % inputs, p / inputs);
                let ky = rows.first + (rows.count - 1 - tap / columns.count) * rows.step;
                let kx = columns.first + (columns.count - 1 - tap % columns.count) * columns.step;
                let from = ((i * inputs + ic) * outputs + j) * kernel + ky * shape.kernel[1] + kx;
                group[(j / PANEL * depth + p) * PANEL + j % PANEL] = w[from];
            }
        }
        start += len;
    }
}

/// One phase as a direct convolution, and where its first output is; `None` if no output has the phase.
fn scan(
    shape: &Conv2d,
    output: [usize; 2],
    phase: [usize; 2],
    taps: &[Phase; 2],
) -> Option<(Scan, usize)> {
    let mut first = [0; 2];
    let mut count = [0; 2];
    let mut before = [0; 2];
    for axis in 0..2 {
        let (stride, pad) = (shape.stride[axis], shape.pads[axis]);
        // The first output of this phase, and how many there are.
        first[axis] = (phase[axis] + stride - pad % stride) % stride;
        count[axis] = output[axis].saturating_sub(first[axis]).div_ceil(stride);
        // Its input position for the first kernel element; the last one comes first in the scan.
        let reach = (taps[axis].first * shape.dilation[axis]) as isize;
        let position = ((first[axis] + pad) as isize - reach) / stride as isize;
        before[axis] =
            (taps[axis].count.saturating_sub(1) * taps[axis].dilation) as isize - position;
    }
    let channels = shape.out_channels;
    let scan = Scan {
        batch: shape.batch,
        input: [shape.height, shape.width],
        channels: shape.channels,
        out_channels: channels,
        groups: shape.groups,
        output: count,
        taps: [taps[0].count, taps[1].count],
        stride: [1, 1],
        dilation: [taps[0].dilation, taps[1].dilation],
        before,
        y_image: output[0] * output[1] * channels,
        y_line: shape.stride[0] * output[1] * channels,
        y_pixel: shape.stride[1] * channels,
    };
    let start = (first[0] * output[1] + first[1]) * channels;
    (count[0] > 0 && count[1] > 0).then_some((scan, start))
}

/// Values of scratch memory that [`conv_transpose2d`] needs to run on `threads` threads.
pub fn conv_transpose2d_scratch_len(shape: &Conv2d, output: [usize; 2], threads: usize) -> usize {
    shape.check();
    let scans = phases(shape).filter_map(|(phase, taps)| scan(shape, output, phase, &taps));
    scans
        .map(|(scan, _)| scan.scratch_len() * scan.tasks(threads).min(threads))
        .max()
        .unwrap_or(0)
}

/// Two-dimensional transposed convolution (ONNX's ConvTranspose):
/// `y[n][oy][ox][oc] = epilogue(Σ x[n][iy][ix][ic] · w[ic][oc][ky][kx])` over all `oy + top = iy·sy + ky·dy` and
/// `ox + left = ix·sx + kx·dx`.
///
/// `output` holds the rows and columns of the output; `pads[2..]` of `shape` are not used, since they and ONNX's
/// `output_padding` only determine those. `w_packed` comes from [`pack_conv_transpose2d`], `scratch` holds
/// [`conv_transpose2d_scratch_len`] values; with fewer, but enough for one thread, fewer threads are used.
///
/// Numerics as for [`gemm::gemm`], with k the products of one output.
///
/// ```
/// use onnxidize_runtime::{activation::Epilogue, conv::*, threads::Pool};
/// let shape = Conv2d { stride: [1, 2], ..Conv2d::new([1, 2, 1], 1, [1, 3]) };
/// let mut packed = vec![0.0; conv_transpose2d_packed_len(&shape)];
/// pack_conv_transpose2d(&shape, &[1.0, 2.0, 3.0], &mut packed);
/// let mut scratch = vec![0.0; conv_transpose2d_scratch_len(&shape, [1, 5], 1)];
/// let (pool, mut y) = (Pool::sequential(), [0.0; 5]);
/// conv_transpose2d(&pool, &shape, [1, 5], &[1.0, 10.0], &packed, &Epilogue::default(), &mut y, &mut scratch);
/// assert_eq!(y, [1.0, 2.0, 13.0, 20.0, 30.0]);
/// ```
///
/// # Panics
/// Panics if a slice is too short or the extents are contradictory.
pub fn conv_transpose2d(
    pool: &Pool,
    shape: &Conv2d,
    output: [usize; 2],
    x: &[f32],
    w_packed: &[f32],
    epilogue: &Epilogue<'_>,
    y: &mut [f32],
    scratch: &mut [f32],
) {
    check_len("x", x.len(), shape.input_len());
    check_len(
        "w_packed",
        w_packed.len(),
        conv_transpose2d_packed_len(shape),
    );
    let channels = shape.out_channels;
    let (y, finish) = finish(
        epilogue,
        1.0,
        shape.batch * output[0] * output[1],
        channels,
        y,
        channels,
    );
    let in_place = epilogue.residual == Residual::InPlace;
    let mut w = w_packed;
    for (phase, taps) in phases(shape) {
        let (own, rest) = w.split_at(phase_len(shape, &taps));
        w = rest;
        if let Some((scan, start)) = scan(shape, output, phase, &taps) {
            let y = SharedMut(y.get().wrapping_add(start));
            let buffers = Buffers {
                x,
                w: own,
                y,
                finish: finish.shifted(0, start),
                in_place,
            };
            // SAFETY: the lengths have been checked; the outputs of the phase lie inside the output.
            unsafe { scan.run(pool, &buffers, scratch) };
        }
    }
}
