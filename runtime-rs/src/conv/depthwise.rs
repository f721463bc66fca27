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
    let (isa, output) = (simd::current(), Output::new(y, finish));
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
            let rows = taps(shape, 0, oy);
            // Two lines need 8 sums, a row of 6 or 8 pixels and a weight in registers.
            let fits = V::REGISTERS >= 32 || (V::FUSED && shape.kernel == [3, 3]);
            let two = fits
                && line + 1 < self.lines.end
                && inside[0].contains(&oy)
                && inside[0].contains(&(oy + 1));
            // SAFETY: the lines exist; `taps` and `inside` say what does not reach into the padding; the lines of a task
            // are its own. Shapes, lengths and `unrolled` are checked.
            let done = unsafe {
                match (shape.kernel, shape.stride, two) {
                    _ if !unrolled => self.pixels::<V>(&place, 0..width),
                    ([3, 3], [1, 1], true) => self.tiles::<V, 3, 1, 2>(&place, &inside[1], &rows),
                    ([3, 3], [1, 1], false) => self.tiles::<V, 3, 1, 1>(&place, &inside[1], &rows),
                    ([3, 3], [2, 2], _) => self.tiles::<V, 3, 2, 1>(&place, &inside[1], &rows),
                    ([5, 5], [1, 1], true) => self.tiles::<V, 5, 1, 2>(&place, &inside[1], &rows),
                    ([5, 5], [1, 1], false) => self.tiles::<V, 5, 1, 1>(&place, &inside[1], &rows),
                    ([5, 5], [2, 2], _) => self.tiles::<V, 5, 2, 1>(&place, &inside[1], &rows),
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
    /// The lines must exist, and the rows `rows` of their windows lie inside the image: all rows, if there are two lines. The
    /// kernel is K × K with stride S and without dilation; there are at least `V::LANES` channels; no other thread writes
    /// the lines.
    #[inline(always)]
    unsafe fn tiles<V: Vector, const K: usize, const S: usize, const L: usize>(
        &self,
        place: &Place,
        inside: &core::ops::Range<usize>,
        rows: &core::ops::Range<usize>,
    ) -> usize {
        let width = self.shape.output()[1];
        let (mut ox, end) = (inside.start.min(width), inside.end.min(width));
        let repeat = end >= ox + PIXELS && !self.in_place;
        // SAFETY (all): the caller's promise; columns inside `inside` need no padding.
        unsafe {
            self.border::<V, L>(place, 0..ox);
            while ox + PIXELS <= end {
                self.tile::<V, K, S, L>(place, rows, ox);
                ox += PIXELS;
            }
            if ox < end && repeat {
                self.tile::<V, K, S, L>(place, rows, end - PIXELS);
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

    /// Four pixels of `L` lines, all channels, over the rows `rows` of the windows.
    ///
    /// # Safety
    /// As for [`Lines::tiles`]; the columns of the windows of the pixels lie inside the image.
    #[inline(always)]
    unsafe fn tile<V: Vector, const K: usize, const S: usize, const L: usize>(
        &self,
        place: &Place,
        rows: &core::ops::Range<usize>,
        ox: usize,
    ) {
        let shape = self.shape;
        let (channels, width) = (shape.channels, shape.output()[1]);
        let (iy, ix) = (
            place.oy * S + rows.start - shape.pads[0],
            ox * S - shape.pads[1],
        );
        let row = shape.width * channels;
        let x = self
            .x
            .as_ptr()
            .wrapping_add((place.image * shape.height + iy) * row + ix * channels);
        let w = self.w.as_ptr().wrapping_add(rows.start * K * channels);
        let y = place.at + ox * channels;
        let mut c = 0;
        loop {
            // SAFETY: there are LANES channels from `c` on, and all windows lie inside the image.
            let window = Window {
                x: x.wrapping_add(c),
                row,
                channels,
                w: w.wrapping_add(c),
                rows: rows.len(),
            };
            let sums = unsafe { sums::<V, K, S, L>(&window) };
            // SAFETY (both): as above; the caller's promise.
            unsafe { self.output.put(sums[0], y + c, channels, c, V::LANES) };
            if L == 2 {
                unsafe {
                    self.output
                        .put(sums[1], y + width * channels + c, channels, c, V::LANES)
                };
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

    /// One pixel, the channels from `c` on: the taps that lie inside, four vectors at a time while there are as many.
    ///
    /// # Safety
    /// As for [`Lines::pixels`].
    #[inline(always)]
    unsafe fn pixel<V: Vector>(&self, place: &Place, ox: usize, c: usize) {
        let shape = self.shape;
        let channels = shape.channels;
        let taps = [taps(shape, 0, place.oy), taps(shape, 1, ox)];
        let at = place.at + ox * channels;
        let mut c = c;
        // SAFETY (all): the channels from `c` on exist; the caller's promise.
        while c + 4 * V::LANES <= channels {
            let sums = unsafe { self.taps::<V, 4>(place, ox, &taps, c) };
            unsafe { self.output.put_channels(sums, at + c, c) };
            c += 4 * V::LANES;
        }
        while c < channels {
            let [sum] = unsafe { self.taps::<V, 1>(place, ox, &taps, c) };
            unsafe { self.output.put_one(sum, at + c, c, channels - c) };
            c += V::LANES;
        }
    }

    /// The sums of `N` vectors of channels from `c` on over the given taps of one pixel; of a single vector, only the
    /// channels that exist.
    ///
    /// # Safety
    /// The taps must lie inside the image, and the channels must exist.
    #[inline(always)]
    unsafe fn taps<V: Vector, const N: usize>(
        &self,
        place: &Place,
        ox: usize,
        taps: &[core::ops::Range<usize>; 2],
        c: usize,
    ) -> [V; N] {
        let shape = self.shape;
        let channels = shape.channels;
        let mut sums = [V::zero(); N];
        for ky in taps[0].clone() {
            let iy = place.oy * shape.stride[0] + ky * shape.dilation[0] - shape.pads[0];
            for kx in taps[1].clone() {
                let ix = ox * shape.stride[1] + kx * shape.dilation[1] - shape.pads[1];
                let x = ((place.image * shape.height + iy) * shape.width + ix) * channels + c;
                let w = (ky * shape.kernel[1] + kx) * channels + c;
                for j in 0..N {
                    let (x, w) = (
                        self.x.as_ptr().wrapping_add(x),
                        self.w.as_ptr().wrapping_add(w),
                    );
                    // SAFETY: the caller's promise.
                    unsafe {
                        if N == 1 {
                            let left = channels - c;
                            sums[0] = V::load_partial_ptr(x, left)
                                .mul_add(V::load_partial_ptr(w, left), sums[0]);
                        } else {
                            let at = j * V::LANES;
                            sums[j] =
                                V::load_ptr(x.add(at)).mul_add(V::load_ptr(w.add(at)), sums[j]);
                        }
                    }
                }
            }
        }
        sums
    }
}

/// Most input pixels under a row of a tile: four outputs of a 5-wide kernel with stride 2.
const REACH: usize = 11;

/// The input of one tile: pointers to the first element of the first window and to the weights, and the distances between
/// rows and between pixels.
#[derive(Clone, Copy)]
struct Window {
    x: *const f32,
    row: usize,
    channels: usize,
    w: *const f32,
    /// Rows of the window that lie inside the image; the pointers are at the first of them.
    rows: usize,
}

/// The sums of `L` ≤ 2 lines of four pixels for the channels of one vector. Two lines need stride 1.
///
/// Which register holds what is spelled out, here and below, instead of left to the unrolling of loops: an index that
/// stays variable sends all sums through memory, at a third of the speed.
///
/// # Safety
/// `x` must be valid for reading vectors at all rows and pixels of the windows, and `w` for K·K vectors, `channels` apart.
#[inline(always)]
unsafe fn sums<V: Vector, const K: usize, const S: usize, const L: usize>(
    t: &Window,
) -> [[V; PIXELS]; 2] {
    let mut upper = [V::zero(); PIXELS];
    let mut lower = [V::zero(); PIXELS];
    // SAFETY (all): the caller's promise.
    unsafe {
        if L == 1 {
            for ky in 0..t.rows {
                upper = add_row::<V, K, S>(upper, &load_row::<V, K, S>(t, ky), t, ky);
            }
            return [upper, lower];
        }
        upper = add_row::<V, K, S>(upper, &load_row::<V, K, S>(t, 0), t, 0);
        for ky in 1..K {
            let values = load_row::<V, K, S>(t, ky);
            upper = add_row::<V, K, S>(upper, &values, t, ky);
            lower = add_row::<V, K, S>(lower, &values, t, ky - 1);
        }
        lower = add_row::<V, K, S>(lower, &load_row::<V, K, S>(t, K), t, K - 1);
    }
    [upper, lower]
}

/// The input pixels of row `iy` that a tile needs; the others are zero.
///
/// # Safety
/// As for [`sums`].
#[inline(always)]
unsafe fn load_row<V: Vector, const K: usize, const S: usize>(t: &Window, iy: usize) -> [V; REACH] {
    let row = t.x.wrapping_add(iy * t.row);
    // SAFETY: the caller's promise.
    unsafe {
        [
            load_pixel::<V, K, S>(t, row, 0),
            load_pixel::<V, K, S>(t, row, 1),
            load_pixel::<V, K, S>(t, row, 2),
            load_pixel::<V, K, S>(t, row, 3),
            load_pixel::<V, K, S>(t, row, 4),
            load_pixel::<V, K, S>(t, row, 5),
            load_pixel::<V, K, S>(t, row, 6),
            load_pixel::<V, K, S>(t, row, 7),
            load_pixel::<V, K, S>(t, row, 8),
            load_pixel::<V, K, S>(t, row, 9),
            load_pixel::<V, K, S>(t, row, 10),
        ]
    }
}

/// Pixel `ix` of a row, or zero if no window reaches so far.
///
/// # Safety
/// As for [`sums`].
#[inline(always)]
unsafe fn load_pixel<V: Vector, const K: usize, const S: usize>(
    t: &Window,
    row: *const f32,
    ix: usize,
) -> V {
    if ix >= (PIXELS - 1) * S + K {
        return V::zero();
    }
    // SAFETY: the caller's promise.
    unsafe { V::load_ptr(row.wrapping_add(ix * t.channels)) }
}

/// `sums` and the products of a row of the input with row `ky` of the kernel.
///
/// # Safety
/// As for [`sums`].
#[inline(always)]
unsafe fn add_row<V: Vector, const K: usize, const S: usize>(
    mut sums: [V; PIXELS],
    values: &[V; REACH],
    t: &Window,
    ky: usize,
) -> [V; PIXELS] {
    let w = t.w.wrapping_add(ky * K * t.channels);
    // SAFETY (all): the caller's promise.
    unsafe {
        sums = add_column::<V, S>(sums, values, V::load_ptr(w), 0);
        sums = add_column::<V, S>(sums, values, V::load_ptr(w.wrapping_add(t.channels)), 1);
        sums = add_column::<V, S>(sums, values, V::load_ptr(w.wrapping_add(2 * t.channels)), 2);
        if K == 5 {
            sums = add_column::<V, S>(sums, values, V::load_ptr(w.wrapping_add(3 * t.channels)), 3);
            sums = add_column::<V, S>(sums, values, V::load_ptr(w.wrapping_add(4 * t.channels)), 4);
        }
    }
    sums
}

/// `sums` and the products of a row of the input with one weight, that of column `kx`.
#[inline(always)]
fn add_column<V: Vector, const S: usize>(
    sums: [V; PIXELS],
    values: &[V; REACH],
    weight: V,
    kx: usize,
) -> [V; PIXELS] {
    [
        values[kx].mul_add(weight, sums[0]),
        values[S + kx].mul_add(weight, sums[1]),
        values[2 * S + kx].mul_add(weight, sums[2]),
        values[3 * S + kx].mul_add(weight, sums[3]),
    ]
}
