//! Direct convolution: the register tile of the matrix product, its rows being pixels of the input.
//!
//! Output pixels of one row are rows of A, `stride` pixels apart; the sum runs over the kernel's rows, its columns and the
//! input channels. Without dilation and groups, the columns and channels of one kernel row are adjacent in memory and
//! become one long inner loop: a 7 × 7 kernel on 3 channels is 7 rounds of 21.
//!
//! Padding above and below costs nothing: kernel rows that lie outside are left out of the sum. Where columns of the
//! padding are needed, the input rows of a block are first copied into scratch memory with zeros left and right; a block
//! is small enough to stay in the second-level cache. One copy of the input per call is 1 to 2 % of a 3 × 3 convolution.

use super::Conv2d;
use crate::activation::{Epilogue, Residual};
use crate::gemm::tile::{Block, Finish, Tile, Tiles, PANEL};
use crate::gemm::{self, check_len, finish, Matrix};
use crate::simd;
use crate::threads::{part, Pool, SharedMut};

/// Values of one block of input rows, half of a small second-level cache (256 KiB).
const BLOCK: usize = 1 << 16;

/// Values of B in one pass, so that a panel pair stays in the second-level cache.
const PASS: usize = 1 << 16;

/// Number of values that [`pack_conv2d`] writes.
pub fn conv2d_packed_len(shape: &Conv2d) -> usize {
    shape.groups * gemm::packed_len(depth(shape), shape.out_channels / shape.groups)
}

/// Products in the sum of one output.
fn depth(shape: &Conv2d) -> usize {
    shape.kernel[0] * shape.kernel[1] * (shape.channels / shape.groups)
}

/// Packs weights for [`conv2d`]: `w` is in ONNX's order `[out_channels][channels / groups][rows][columns]`.
///
/// For each group, one after the other, the matrix with rows `(ky·columns + kx)·(channels / groups) + ic` and a column for
/// each output channel of the group is packed by [`gemm::pack_b`].
///
/// # Panics
/// Panics if a slice is too short or the extents are contradictory.
pub fn pack_conv2d(shape: &Conv2d, w: &[f32], packed: &mut [f32]) {
    shape.check();
    let (inputs, outputs) = (
        shape.channels / shape.groups,
        shape.out_channels / shape.groups,
    );
    let taps = shape.kernel[0] * shape.kernel[1];
    check_len("w", w.len(), shape.out_channels * inputs * taps);
    let packed = &mut packed[..conv2d_packed_len(shape)];
    packed.fill(0.0);
    let group_len = gemm::packed_len(depth(shape), outputs);
    for (i, &x) in w[..shape.out_channels * inputs * taps].iter().enumerate() {
        let (tap, ic, oc) = (i % taps, i / taps % inputs, i / (taps * inputs));
        let (p, j) = (tap * inputs + ic, oc % outputs);
        packed[oc / outputs * group_len + (j / PANEL * taps * inputs + p) * PANEL + j % PANEL] = x;
    }
}

/// Values of scratch memory that [`conv2d`] needs to run on `threads` threads.
pub fn conv2d_scratch_len(shape: &Conv2d, threads: usize) -> usize {
    shape.check();
    if is_product(shape) {
        return 0;
    }
    let scan = Scan::of(shape);
    scan.scratch_len() * scan.tasks(threads).min(threads)
}

/// Is the convolution a plain matrix product?
fn is_product(shape: &Conv2d) -> bool {
    shape.kernel == [1, 1] && shape.stride == [1, 1] && shape.pads == [0; 4] && shape.groups == 1
}

/// Two-dimensional convolution (cross-correlation, as in ONNX's Conv):
/// `y[n][oy][ox][oc] = epilogue(Σ x[n][oy·sy + ky·dy − top][ox·sx + kx·dx − left][ic] · w[oc][ic][ky][kx])`, where `x` is
/// zero outside the image.
///
/// `w_packed` comes from [`pack_conv2d`]; `scratch` holds [`conv2d_scratch_len`] values; with fewer, but enough for one
/// thread, fewer threads are used. A 1 × 1 convolution with stride 1 is one matrix product.
///
/// Numerics as for [`gemm::gemm`], with k = rows · columns · channels / groups.
///
/// ```
/// use onnxidize_runtime::{activation::Epilogue, conv::*, threads::Pool};
/// let shape = Conv2d { pads: [1, 1, 1, 1], ..Conv2d::new([2, 2, 1], 1, [3, 3]) };
/// let mut packed = vec![0.0; conv2d_packed_len(&shape)];
/// pack_conv2d(&shape, &[1.0; 9], &mut packed);
/// let pool = Pool::sequential();
/// let mut scratch = vec![0.0; conv2d_scratch_len(&shape, 1)];
/// let mut y = [0.0; 4];
/// conv2d(&pool, &shape, &[1.0, 2.0, 3.0, 4.0], &packed, &Epilogue::default(), &mut y, &mut scratch);
/// assert_eq!(y, [10.0; 4]);
/// ```
///
/// # Panics
/// Panics if a slice is too short or the extents are contradictory.
pub fn conv2d(
    pool: &Pool,
    shape: &Conv2d,
    x: &[f32],
    w_packed: &[f32],
    epilogue: &Epilogue<'_>,
    y: &mut [f32],
    scratch: &mut [f32],
) {
    shape.check();
    check_len("x", x.len(), shape.input_len());
    check_len("w_packed", w_packed.len(), conv2d_packed_len(shape));
    let [height, width] = shape.output();
    let pixels = shape.batch * height * width;
    let (inputs, outputs) = (shape.channels, shape.out_channels);
    if is_product(shape) {
        let a = Matrix::rows(x, inputs);
        return gemm::gemm(
            pool,
            [pixels, inputs, outputs],
            a,
            w_packed,
            epilogue,
            y,
            outputs,
        );
    }
    let in_place = epilogue.residual == Residual::InPlace;
    let (y, finish) = finish(epilogue, 1.0, pixels, outputs, y, outputs);
    let scan = Scan::of(shape);
    // SAFETY: the lengths have been checked.
    unsafe {
        scan.run(
            pool,
            &Buffers {
                x,
                w: w_packed,
                y,
                finish,
                in_place,
            },
            scratch,
        )
    }
}

/// The memory of one call, known to be large enough for its [`Scan`].
pub(super) struct Buffers<'a> {
    pub x: &'a [f32],
    pub w: &'a [f32],
    pub y: SharedMut<f32>,
    pub finish: Finish,
    /// The residual is the output itself, so sums must not pass through it.
    pub in_place: bool,
}

// SAFETY: pointers are only numbers; `Scan::run` argues that its tasks write disjoint parts.
unsafe impl Sync for Buffers<'_> {}

/// How the output is computed: for output line `i`, pixel `j`, tap `(s, t)`, the input is at row `i·stride + s·dilation −
/// before`, column likewise. Also describes one phase of a transposed convolution, hence the signs and the strides of the
/// output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    pub batch: usize,
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    pub groups: usize,
    /// Lines and pixels to compute.
    pub output: [usize; 2],
    pub taps: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    pub before: [isize; 2],
    /// From one image, line and pixel of the output to the next.
    pub y_image: usize,
    pub y_line: usize,
    pub y_pixel: usize,
}

impl Scan {
    fn of(shape: &Conv2d) -> Scan {
        let [height, width] = shape.output();
        Scan {
            batch: shape.batch,
            input: [shape.height, shape.width],
            channels: shape.channels,
            out_channels: shape.out_channels,
            groups: shape.groups,
            output: [height, width],
            taps: shape.kernel,
            stride: shape.stride,
            dilation: shape.dilation,
            before: [shape.pads[0] as isize, shape.pads[1] as isize],
            y_image: height * width * shape.out_channels,
            y_line: width * shape.out_channels,
            y_pixel: shape.out_channels,
        }
    }

    /// Columns of the input from the first to the last that a line needs, those in the padding included.
    fn columns(&self) -> usize {
        self.output[1].saturating_sub(1) * self.stride[1]
            + self.taps[1].saturating_sub(1) * self.dilation[1]
            + 1
    }

    /// Does a line reach into the padding left or right?
    fn is_padded(&self) -> bool {
        let empty = self.output.contains(&0) || self.taps.contains(&0);
        !empty
            && (self.before[1] > 0
                || self.columns() as isize - self.before[1] > self.input[1] as isize)
    }

    /// Rows of the input that `lines` lines need.
    fn input_rows(&self, lines: usize) -> usize {
        ((lines - 1) * self.stride[0] + self.taps[0].saturating_sub(1) * self.dilation[0] + 1)
            .min(self.input[0])
    }

    /// Lines in a block: as many as [`BLOCK`] has room for the input of, at least one.
    fn block_lines(&self) -> usize {
        let row = self.columns() * self.channels;
        let room =
            (BLOCK / row.max(1)).saturating_sub(self.taps[0].saturating_sub(1) * self.dilation[0]);
        (room / self.stride[0]).clamp(1, self.output[0].max(1))
    }

    /// Values of scratch memory for one thread: the padded input rows of one block.
    pub fn scratch_len(&self) -> usize {
        if !self.is_padded() {
            return 0;
        }
        self.input_rows(self.block_lines()) * self.columns() * self.channels
    }

    /// Multiply-adds of the whole.
    fn macs(&self) -> usize {
        let outputs = self.batch * self.output[0] * self.output[1] * self.out_channels;
        outputs * self.taps[0] * self.taps[1] * (self.channels / self.groups)
    }

    /// Into how many tasks the work is split for `threads` threads.
    pub fn tasks(&self, threads: usize) -> usize {
        if threads == 1 {
            return 1;
        }
        (self.macs() / gemm::TASK).clamp(1, 4 * threads)
    }

    /// Computes everything.
    ///
    /// # Safety
    /// The output, bias and residual that `buffers` points to must be valid for what the scan describes, and nobody else
    /// may write there. (The slices are checked.)
    pub unsafe fn run(&self, pool: &Pool, buffers: &Buffers<'_>, scratch: &mut [f32]) {
        let lines = self.batch * self.output[0];
        if lines == 0 || self.output[1] == 0 {
            return;
        }
        let tiles = Tiles::of(simd::current());
        let tasks = self.tasks(pool.threads());
        // Lines first: their parts share the weights and no input is copied twice. With few lines, channels too.
        let line_parts = tasks.min(lines);
        let group = self.out_channels / self.groups;
        let unit = tiles.width.max(PANEL);
        let column_parts = tasks.div_ceil(line_parts).min(group.div_ceil(unit)).max(1);
        pool.run_with_scratch(
            scratch,
            self.scratch_len(),
            line_parts * column_parts,
            |task, rows| {
                let columns = part(group, unit, column_parts, task % column_parts);
                let mut lines = part(lines, 1, line_parts, task / column_parts);
                while !lines.is_empty() {
                    // The lines of this task that lie in one image, one block of them.
                    let (image, first) =
                        (lines.start / self.output[0], lines.start % self.output[0]);
                    let count = self
                        .block_lines()
                        .min(lines.len())
                        .min(self.output[0] - first);
                    let work = Work {
                        scan: self,
                        tiles,
                        buffers,
                        image,
                        columns: columns.clone(),
                    };
                    // SAFETY: the caller's promise; tasks have disjoint lines or columns.
                    unsafe { work.block(first..first + count, rows) };
                    lines.start += count;
                }
            },
        );
    }
}

/// A task's share of one image.
struct Work<'a> {
    scan: &'a Scan,
    tiles: &'a Tiles,
    buffers: &'a Buffers<'a>,
    image: usize,
    /// The output channels of each group to compute.
    columns: core::ops::Range<usize>,
}

/// The input rows of a block, zeros left and right where needed.
struct Rows {
    /// Row `first` of the input, at the column of tap 0 of pixel 0.
    data: *const f32,
    first: usize,
    /// From one row to the next.
    pitch: usize,
}

impl Work<'_> {
    /// Computes a block of lines.
    ///
    /// # Safety
    /// As for [`Scan::run`]; nobody else may write these lines and columns.
    unsafe fn block(&self, lines: core::ops::Range<usize>, scratch: &mut [f32]) {
        let scan = self.scan;
        let rows = self.rows(&lines, scratch);
        let mut start = lines.start;
        while start < lines.end {
            // Consecutive lines whose kernel rows inside the image are the same.
            let taps = self.taps_inside(start);
            let same = (start..lines.end)
                .take_while(|&line| self.taps_inside(line) == taps)
                .count();
            for group in 0..scan.groups {
                // SAFETY: the caller's promise.
                unsafe { self.lines(start, same, taps.clone(), group, &rows) };
            }
            start += same;
        }
    }

    /// The rows of the kernel that meet the image in output line `line`.
    fn taps_inside(&self, line: usize) -> core::ops::Range<usize> {
        let scan = self.scan;
        let row =
            |tap: usize| (line * scan.stride[0] + tap * scan.dilation[0]) as isize - scan.before[0];
        let start = (0..scan.taps[0])
            .find(|&tap| row(tap) >= 0)
            .unwrap_or(scan.taps[0]);
        let end = (start..scan.taps[0])
            .find(|&tap| row(tap) >= scan.input[0] as isize)
            .unwrap_or(scan.taps[0]);
        // Lines without any are all alike.
        if start == end {
            0..0
        } else {
            start..end
        }
    }

    /// The input rows of a block, in place or copied with padding.
    fn rows(&self, lines: &core::ops::Range<usize>, scratch: &mut [f32]) -> Rows {
        let scan = self.scan;
        let image = &self.buffers.x[self.image * scan.input[0] * scan.input[1] * scan.channels..];
        if !scan.is_padded() {
            let column = (-scan.before[1]).max(0) as usize;
            let data = image.as_ptr().wrapping_add(column * scan.channels);
            return Rows {
                data,
                first: 0,
                pitch: scan.input[1] * scan.channels,
            };
        }
        let row = |line: usize, tap: usize| {
            (line * scan.stride[0] + tap * scan.dilation[0]) as isize - scan.before[0]
        };
        let inside = |row: isize| row.clamp(0, scan.input[0] as isize) as usize;
        let first = inside(row(lines.start, 0));
        let end = inside(row(lines.end - 1, scan.taps[0] - 1) + 1);
        let pitch = scan.columns() * scan.channels;
        for (target, y) in scratch.chunks_exact_mut(pitch).zip(first..end) {
            self.copy_row(
                &image[y * scan.input[1] * scan.channels..][..scan.input[1] * scan.channels],
                target,
            );
        }
        Rows {
            data: scratch.as_ptr(),
            first,
            pitch,
        }
    }

    /// Copies a row of the input, which begins `before` columns further to the right in `target`.
    fn copy_row(&self, row: &[f32], target: &mut [f32]) {
        let channels = self.scan.channels;
        let before = self.scan.before[1];
        let left = (before.max(0) as usize * channels).min(target.len());
        let row = &row[((-before).max(0) as usize * channels).min(row.len())..];
        let middle = row.len().min(target.len() - left);
        target[..left].fill(0.0);
        target[left..left + middle].copy_from_slice(&row[..middle]);
        target[left + middle..].fill(0.0);
    }

    /// Computes `count` lines from `line` on, in all of which the kernel rows `taps` meet the image.
    ///
    /// # Safety
    /// As for [`Work::block`].
    unsafe fn lines(
        &self,
        line: usize,
        count: usize,
        taps: core::ops::Range<usize>,
        group: usize,
        rows: &Rows,
    ) {
        let scan = self.scan;
        let (inputs, outputs) = (scan.channels / scan.groups, scan.out_channels / scan.groups);
        let depth = scan.taps[0] * scan.taps[1] * inputs;
        let panel = PANEL * depth;
        let tap_depth = scan.taps[1] * inputs;
        // Where columns and channels of a kernel row are adjacent, they are one loop.
        let joined = scan.groups == 1 && (scan.dilation[1] == 1 || scan.taps[1] == 1);
        let (inner, inner_depth) = if joined {
            (1, tap_depth)
        } else {
            (scan.taps[1], inputs)
        };
        let corner =
            self.image * scan.y_image + line * scan.y_line + group * outputs + self.columns.start;
        let finish = self
            .buffers
            .finish
            .shifted(group * outputs + self.columns.start, corner);
        let block = Block {
            rows: scan.output[1],
            columns: self.columns.len(),
            lines: count,
            a_line: scan.stride[0] * rows.pitch,
            c_line: scan.y_line,
        };
        // A panel pair that is too large for the cache is used a few kernel rows at a time.
        let large = taps.len() * tap_depth * self.tiles.width > PASS && count > 1;
        let passes = if large && !self.buffers.in_place {
            taps.len()
        } else {
            1
        };
        for pass in 0..passes {
            let taps = match passes {
                1 => taps.clone(),
                _ => taps.start + pass..taps.start + pass + 1,
            };
            let input_row =
                (line * scan.stride[0] + taps.start * scan.dilation[0]) as isize - scan.before[0];
            let row = if taps.is_empty() {
                0
            } else {
                input_row as usize - rows.first
            };
            let b = self.buffers.w.as_ptr().wrapping_add(
                group * gemm::packed_len(depth, outputs)
                    + self.columns.start / PANEL * panel
                    + taps.start * tap_depth * PANEL,
            );
            let origin = Tile {
                a: rows.data.wrapping_add(row * rows.pitch + group * inputs),
                a_row: scan.stride[1] * scan.channels,
                a_outer: scan.dilation[0] * rows.pitch,
                a_inner: scan.dilation[1] * scan.channels,
                a_depth: 1,
                outer: taps.len(),
                inner,
                depth: inner_depth,
                b,
                b_depth: PANEL,
                b_panel: panel,
                c: self.buffers.y.get().wrapping_add(corner),
                c_row: scan.y_pixel,
                columns: 0,
                continues: pass > 0,
                finish: (pass + 1 == passes).then_some(finish),
            };
            // SAFETY: every tap of every pixel lies inside the rows: above and below by the choice of `taps`, left and
            // right because the rows are padded or reach far enough. The rest is the caller's promise.
            unsafe { self.tiles.block(&origin, &block) };
        }
    }
}
