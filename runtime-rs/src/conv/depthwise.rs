//! Depthwise convolution: every channel has a filter of its own.
//!
//! Vectors are channels. Inside the image, a tile of one or two output lines by four pixels is computed for one vector of
//! channels after the other: memory is read in long contiguous runs, each input vector is loaded once for all the taps and
//! pixels that use it, and two lines share most of their input rows. 3 × 3 and 5 × 5 with stride 1 or 2 are unrolled; other
//! kernels, and pixels whose window reaches into the padding, go pixel by pixel over the taps that are inside.
//!
//! The last vector of channels, and the last tile of a line, overlap the one before instead of being partial.

use super::store::Output;
use super::Conv2d;
use crate::activation::{Epilogue, Residual};
use crate::gemm::{check_len, finish, TASK};
use crate::simd::{self, Kernel, Vector};
use crate::threads::{part, Pool};

/// Pixels in a tile.
const PIXELS: usize = 4;

/// Packs weights for [`depthwise`]: from ONNX's order `[channels][1][rows][columns]` to
/// `packed[(ky·columns + kx)·channels + c]`.
///
/// # Panics
/// Panics if a slice is too short.
pub fn pack_depthwise(shape: &Conv2d, w: &[f32], packed: &mut [f32]) {
    let taps = shape.kernel[0] * shape.kernel[1];
    for (i, &x) in w[..shape.channels * taps].iter().enumerate() {
        packed[i % taps * shape.channels + i / taps] = x;
    }
}

/// Depthwise convolution: [`super::conv2d`] with as many groups and output channels as input channels. No scratch memory.
///
/// `y[n][oy][ox][c] = epilogue(Σ x[n][oy·sy + ky·dy − top][ox·sx + kx·dx − left][c] · w[c][ky][kx])`, with `w` as packed by
/// [`pack_depthwise`]. Error ≤ (taps + 1)·ε·Σ|x·w| to first order, ε = 2⁻²⁴.
///
/// # Panics
/// Panics if a slice is too short, or unless `channels`, `out_channels` and `groups` are equal.
pub fn depthwise(
    pool: &Pool,
    shape: &Conv2d,
    x: &[f32],
    w: &[f32],
    epilogue: &Epilogue<'_>,
    y: &mut [f32],
) {
    shape.check();
    let channels = shape.channels;
    assert!(
        shape.groups == channels && shape.out_channels == channels,
        "a depthwise convolution has one group and one output for each channel"
    );
    check_len("x", x.len(), shape.input_len());
    check_len("w", w.len(), shape.kernel[0] * shape.kernel[1] * channels);
    let [height, width] = shape.output();
    let (y, finish) = finish(
        epilogue,
        1.0,
        shape.batch * height * width,
        channels,
        y,
        channels,
    );
    let lines = shape.batch * height;
    if lines == 0 || width == 0 || channels == 0 {
        return;
    }
    let in_place = epilogue.residual == Residual::InPlace;
    let (isa, output) = (simd::current(), Output { y, finish });
    // A multiply-add costs more here than in a matrix product: the time goes into memory.
    let tasks = (shape.macs() * 4 / TASK)
        .clamp(1, 4 * pool.threads())
        .min(lines);
    pool.run(tasks, |task| {
        let lines = part(lines, 2, tasks, task);
        simd::dispatch_on(
            isa,
            Lines {
                shape,
                x,
                w,
                output,
                lines,
                in_place,
            },
        );
    });
}

/// The lines of one task, counted over all images.
struct Lines<'a> {
    shape: &'a Conv2d,
    x: &'a [f32],
    w: &'a [f32],
    output: Output,
    lines: core::ops::Range<usize>,
    /// The output holds the residual, so nothing may be computed twice.
    in_place: bool,
}

impl Kernel for Lines<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let shape = self.shape;
        let [height, width] = shape.output();
        let inside = [0, 1].map(|axis| inside(shape, axis));
        let unrolled = shape.dilation == [1, 1] && shape.channels >= V::LANES;
        let mut line = self.lines.start;
        while line < self.lines.end {
            let (image, oy) = (line / height, line % height);
            let place = Place {
                image,
                oy,
                at: line * width * shape.channels,
            };
            let whole = |oy: usize| unrolled && inside[0].contains(&oy);
            let two = line + 1 < self.lines.end && whole(oy) && whole(oy + 1) && oy + 1 < height;
            // SAFETY: the lines exist; `inside` says where no window reaches into the padding; the lines of a task are its
            // own. Shapes, lengths and `unrolled` are checked.
            let done = unsafe {
                match (shape.kernel, shape.stride, two) {
                    ([3, 3], [1, 1], true) => self.tiles::<V, 3, 1, 2>(&place, &inside[1]),
                    ([5, 5], [1, 1], true) => self.tiles::<V, 5, 1, 2>(&place, &inside[1]),
                    ([3, 3], [2, 2], _) if whole(oy) => {
                        self.tiles::<V, 3, 2, 1>(&place, &inside[1])
                    }
                    ([5, 5], [2, 2], _) if whole(oy) => {
                        self.tiles::<V, 5, 2, 1>(&place, &inside[1])
                    }
                    _ => self.pixels::<V>(&place, 0..width),
                }
            };
            line += done;
        }
    }
}

/// Where a line of the output is.
struct Place {
    image: usize,
    /// Its row in the image.
    oy: usize,
    /// Its first element.
    at: usize,
}

/// The outputs along `axis` whose windows lie inside the image.
fn inside(shape: &Conv2d, axis: usize) -> core::ops::Range<usize> {
    let (extent, before, stride) = (
        [shape.height, shape.width][axis],
        shape.pads[axis],
        shape.stride[axis],
    );
    let reach = shape.dilation[axis] * (shape.kernel[axis] - 1) + 1;
    let first = before.div_ceil(stride);
    let end = (extent + before)
        .checked_sub(reach)
        .map_or(0, |room| room / stride + 1);
    first..end.min(shape.output()[axis]).max(first)
}

/// The taps along `axis` of output `o` that lie inside the image.
#[inline(always)]
fn taps(shape: &Conv2d, axis: usize, o: usize) -> core::ops::Range<usize> {
    let (extent, before, dilation) = (
        [shape.height, shape.width][axis],
        shape.pads[axis],
        shape.dilation[axis],
    );
    let at = o * shape.stride[axis];
    let first = before.saturating_sub(at).div_ceil(dilation);
    let end = (extent + before)
        .saturating_sub(at)
        .div_ceil(dilation)
        .min(shape.kernel[axis]);
    first..end.max(first)
}

impl Lines<'_> {
    /// Computes `L` lines: tiles inside, single pixels at the borders. Returns `L`.
    ///
    /// # Safety
    /// The lines must exist and no window of theirs reach into the padding above or below; the kernel is K × K with stride
    /// S and without dilation; there are at least `V::LANES` channels; no other thread writes the lines.
    #[inline(always)]
    unsafe fn tiles<V: Vector, const K: usize, const S: usize, const L: usize>(
        &self,
        place: &Place,
        inside: &core::ops::Range<usize>,
    ) -> usize {
        let width = self.shape.output()[1];
        let (mut ox, end) = (inside.start.min(width), inside.end.min(width));
        let repeat = end >= ox + PIXELS && !self.in_place;
        // SAFETY (all): the caller's promise; columns inside `inside` need no padding.
        unsafe {
            self.border::<V, L>(place, 0..ox);
            while ox + PIXELS <= end {
                self.tile::<V, K, S, L>(place, ox);
                ox += PIXELS;
            }
            if ox < end && repeat {
                self.tile::<V, K, S, L>(place, end - PIXELS);
                ox = end;
            }
            self.border::<V, L>(place, ox..width);
        }
        L
    }

    /// Pixels of `L` lines, one by one.
    ///
    /// # Safety
    /// The lines and pixels must exist; no other thread writes them.
    #[inline(always)]
    unsafe fn border<V: Vector, const L: usize>(
        &self,
        place: &Place,
        pixels: core::ops::Range<usize>,
    ) {
        let line_len = self.shape.output()[1] * self.shape.channels;
        for line in 0..L {
            let place = Place {
                oy: place.oy + line,
                at: place.at + line * line_len,
                ..*place
            };
            // SAFETY: the caller's promise.
            unsafe { self.pixels::<V>(&place, pixels.clone()) };
        }
    }

    /// Four pixels of `L` lines, all channels.
    ///
    /// # Safety
    /// As for [`Lines::tiles`]; the windows of the pixels lie inside the image.
    #[inline(always)]
    unsafe fn tile<V: Vector, const K: usize, const S: usize, const L: usize>(
        &self,
        place: &Place,
        ox: usize,
    ) {
        let shape = self.shape;
        let (channels, width) = (shape.channels, shape.output()[1]);
        let (iy, ix) = (place.oy * S - shape.pads[0], ox * S - shape.pads[1]);
        let row = shape.width * channels;
        // SAFETY: the window of the first pixel lies inside the image.
        let x = unsafe {
            self.x
                .as_ptr()
                .add((place.image * shape.height + iy) * row + ix * channels)
        };
        let y = place.at + ox * channels;
        let mut c = 0;
        loop {
            // SAFETY: there are LANES channels from `c` on, and all windows lie inside the image.
            let sums =
                unsafe { window::<V, K, S, L>(x.add(c), row, channels, self.w.as_ptr().add(c)) };
            for (line, sums) in sums.into_iter().enumerate() {
                let at: [usize; PIXELS] =
                    core::array::from_fn(|p| y + (line * width + p) * channels + c);
                // SAFETY: as above; the caller's promise.
                unsafe { self.output.put(sums, at, c, V::LANES) };
            }
            let next = c + V::LANES;
            if next >= channels {
                return;
            }
            if next + V::LANES > channels && self.in_place {
                // SAFETY: the caller's promise.
                return unsafe { self.rest::<V, L>(place, ox, next) };
            }
            c = next.min(channels - V::LANES);
        }
    }

    /// The channels from `c` on of a tile, pixel by pixel.
    ///
    /// # Safety
    /// As for [`Lines::tile`].
    #[inline(always)]
    unsafe fn rest<V: Vector, const L: usize>(&self, place: &Place, ox: usize, c: usize) {
        let line_len = self.shape.output()[1] * self.shape.channels;
        for (line, p) in (0..L).flat_map(|line| (0..PIXELS).map(move |p| (line, p))) {
            let place = Place {
                oy: place.oy + line,
                at: place.at + line * line_len,
                ..*place
            };
            // SAFETY: the caller's promise.
            unsafe { self.pixel::<V>(&place, ox + p, c) };
        }
    }

    /// Pixels of one line, whatever their windows. Returns 1.
    ///
    /// # Safety
    /// The line and the pixels must exist; no other thread writes them.
    #[inline(always)]
    unsafe fn pixels<V: Vector>(&self, place: &Place, pixels: core::ops::Range<usize>) -> usize {
        for ox in pixels {
            // SAFETY: the caller's promise.
            unsafe { self.pixel::<V>(place, ox, 0) };
        }
        1
    }

    /// One pixel, the channels from `c` on: the taps that lie inside, four vectors at a time.
    ///
    /// # Safety
    /// As for [`Lines::pixels`].
    #[inline(always)]
    unsafe fn pixel<V: Vector>(&self, place: &Place, ox: usize, c: usize) {
        let shape = self.shape;
        let channels = shape.channels;
        let (rows, columns) = (taps(shape, 0, place.oy), taps(shape, 1, ox));
        for c in (c..channels).step_by(4 * V::LANES) {
            let mut sums = [V::zero(); 4];
            for (ky, kx) in rows
                .clone()
                .flat_map(|ky| columns.clone().map(move |kx| (ky, kx)))
            {
                let iy = place.oy * shape.stride[0] + ky * shape.dilation[0] - shape.pads[0];
                let ix = ox * shape.stride[1] + kx * shape.dilation[1] - shape.pads[1];
                let x = &self.x
                    [((place.image * shape.height + iy) * shape.width + ix) * channels..]
                    [..channels];
                let w = &self.w[(ky * shape.kernel[1] + kx) * channels..][..channels];
                for (j, sum) in sums.iter_mut().enumerate() {
                    let c = (c + j * V::LANES).min(channels);
                    *sum = V::load_partial(&x[c..]).mul_add(V::load_partial(&w[c..]), *sum);
                }
            }
            let at = place.at + ox * channels;
            for (j, sum) in sums.into_iter().enumerate() {
                let c = c + j * V::LANES;
                if c < channels {
                    // SAFETY: the channels from `c` on exist; the caller's promise.
                    unsafe { self.output.put([sum], [at + c], c, channels - c) };
                }
            }
        }
    }
}

/// The sums of `L` lines of four pixels for the channels of one vector; `x` is the first pixel of the first window.
///
/// # Safety
/// `x` must be valid for reading vectors at all rows (`row` apart) and pixels (`channels` apart) of the windows, and `w` for
/// K·K vectors, `channels` apart.
#[inline(always)]
unsafe fn window<V: Vector, const K: usize, const S: usize, const L: usize>(
    x: *const f32,
    row: usize,
    channels: usize,
    w: *const f32,
) -> [[V; PIXELS]; L] {
    let mut sums = [[V::zero(); PIXELS]; L];
    for iy in 0..(L - 1) * S + K {
        // One row of the input: (PIXELS − 1)·S + K ≤ 11 vectors.
        let mut values = [V::zero(); 11];
        for (ix, value) in values.iter_mut().enumerate().take((PIXELS - 1) * S + K) {
            // SAFETY: the caller's promise.
            *value = unsafe { V::load_ptr(x.add(iy * row + ix * channels)) };
        }
        for (line, sums) in sums.iter_mut().enumerate() {
            // The row of the kernel that this line sees there.
            if iy < line * S || iy >= line * S + K {
                continue;
            }
            let ky = iy - line * S;
            for kx in 0..K {
                // SAFETY: the caller's promise.
                let weight = unsafe { V::load_ptr(w.add((ky * K + kx) * channels)) };
                for (p, sum) in sums.iter_mut().enumerate() {
                    *sum = values[p * S + kx].mul_add(weight, *sum);
                }
            }
        }
    }
    sums
}
