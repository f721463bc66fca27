//! 3 × 3 convolution with stride 1 by Winograd's minimal filtering F(4×4, 3×3): 36 multiplications for 16 outputs instead
//! of 144 (Lavin & Gray 2015, "Fast Algorithms for Convolutional Neural Networks", §4.3; interpolation points 0, ±1, ±2, ∞).
//!
//! ```text
//! Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A       g: 3×3 filter, d: 6×6 input tile, Y: 4×4 output tile
//! ```
//!
//! The sum over input channels turns the elementwise product into 36 matrix products, one for each position in the tile:
//! `M[p] (tiles × out_channels) = V[p] (tiles × channels) · U[p] (channels × out_channels)`. Weights are transformed (U)
//! when compiling. A task takes a block of tiles through all three steps, so that V and M stay in the second-level cache.
//!
//! *Accuracy.* The transforms amplify rounding: the error is 3·10⁻⁶ to 1.5·10⁻⁵ of the largest output, about ten times that
//! of the direct sum. It does not depend on the number of threads.
//!
//! *When it wins* ([`winograd_wins`]): with enough channels that the products outweigh the transforms, and enough tiles that
//! the transformed weights, four times the size of the filters, are used often enough after each read.

use super::store::Output;
use super::Conv2d;
use crate::activation::Epilogue;
use crate::gemm::tile::{Block, Tile, Tiles, PANEL};
use crate::gemm::{check_len, finish, TASK};
use crate::simd::{self, Isa, Kernel, Vector};
use crate::threads::{part, Pool};

/// Outputs of a tile along one axis, and inputs.
const OUT: usize = 4;
const IN: usize = 6;
/// Positions in a tile.
const POSITIONS: usize = IN * IN;
/// Output channels that pass through M at a time: two panels.
const CHUNK: usize = 2 * PANEL;
/// Values of V for one block: 512 KiB.
const BLOCK: usize = 1 << 17;
/// A cache line between the positions in V and M, lest they all fall into the same cache set.
const GAP: usize = 16;

/// The filter transform G.
const G: [[f64; 3]; IN] = [
    [0.25, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// Can `shape` be computed by [`winograd`]?
pub fn winograd_applies(shape: &Conv2d) -> bool {
    shape.kernel == [3, 3]
        && shape.stride == [1, 1]
        && shape.dilation == [1, 1]
        && shape.groups == 1
}

/// Is [`winograd`] faster than [`super::conv2d`] for `shape`? Judged by extents alone, from measurements with AVX-512, AVX2
/// and SIMD128:
///
/// * at least 16 input channels and 16 output channels: with fewer, the transforms outweigh what the products save;
/// * at least 12 tiles of 4 × 4 outputs: with fewer, reading the larger weights outweighs it;
/// * of these tiles, at least half of the outputs exist.
pub fn winograd_wins(shape: &Conv2d) -> bool {
    let [height, width] = shape.output();
    let tiles = shape.batch * height.div_ceil(OUT) * width.div_ceil(OUT);
    winograd_applies(shape)
        && shape.channels >= 16
        && shape.out_channels >= 16
        && tiles >= 12
        && 2 * shape.batch * height * width >= tiles * OUT * OUT
}

/// Number of values that [`pack_winograd`] writes.
pub fn winograd_packed_len(shape: &Conv2d) -> usize {
    POSITIONS * shape.channels * shape.out_channels.next_multiple_of(PANEL)
}

/// Transforms and packs weights for [`winograd`]: `w` is in ONNX's order `[out_channels][channels][3][3]`.
///
/// ```text
/// packed[((oc / 16 · 36 + 6i + j) · channels + ic) · 16 + oc % 16] = Σ G[i][ky] · G[j][kx] · w[oc][ic][ky][kx]
/// ```
///
/// with ky, kx summed in ascending order in `f64` and rounded once; the channels that pad the last panel are zero. G has the
/// rows (1/4, 0, 0), (−1/6, −1/6, −1/6), (−1/6, 1/6, −1/6), (1/24, 1/12, 1/6), (1/24, −1/12, 1/6), (0, 0, 1).
///
/// # Panics
/// Panics if a slice is too short.
pub fn pack_winograd(shape: &Conv2d, w: &[f32], packed: &mut [f32]) {
    let packed = &mut packed[..winograd_packed_len(shape)];
    packed.fill(0.0);
    for (i, filter) in w[..shape.out_channels * shape.channels * 9]
        .chunks_exact(9)
        .enumerate()
    {
        let (oc, ic) = (i / shape.channels, i % shape.channels);
        for p in 0..POSITIONS {
            let (row, column) = (G[p / IN], G[p % IN]);
            let mut sum = 0.0;
            for (tap, &x) in filter.iter().enumerate() {
                sum += row[tap / 3] * column[tap % 3] * f64::from(x);
            }
            let at = (oc / PANEL * POSITIONS + p) * shape.channels + ic;
            packed[at * PANEL + oc % PANEL] = sum as f32;
        }
    }
}

/// How the work is cut, from the extents and the number of threads.
#[derive(Clone, Copy)]
struct Plan {
    /// Tiles down and across, and in all images.
    down: usize,
    across: usize,
    tiles: usize,
    /// Blocks of tiles, and parts of the output channels: their product is the number of tasks.
    blocks: usize,
    parts: usize,
    /// Most tiles in a block.
    block: usize,
}

impl Plan {
    fn of(shape: &Conv2d, threads: usize) -> Plan {
        let [height, width] = shape.output();
        let (down, across) = (height.div_ceil(OUT), width.div_ceil(OUT));
        let tiles = shape.batch * down * across;
        // Blocks as large as V allows, but at least a few register tiles of rows; then more, to feed all threads.
        let most = (BLOCK / (POSITIONS * shape.channels).max(1)).clamp(28, 112);
        let work = POSITIONS * tiles * shape.channels * shape.out_channels;
        let tasks = if threads == 1 {
            1
        } else {
            (work / TASK).clamp(1, 4 * threads)
        };
        let blocks = tiles.div_ceil(most).max(tasks.min(tiles / 28)).max(1);
        let parts = tasks
            .div_ceil(blocks)
            .min(shape.out_channels.div_ceil(CHUNK))
            .max(1);
        Plan {
            down,
            across,
            tiles,
            blocks,
            parts,
            block: tiles.div_ceil(blocks),
        }
    }

    /// From one position of V to the next.
    fn v_step(&self, shape: &Conv2d) -> usize {
        self.block * shape.channels + GAP
    }

    /// From one position of M to the next.
    fn m_step(&self) -> usize {
        self.block * CHUNK + GAP
    }

    /// Values of V and M.
    fn scratch_len(&self, shape: &Conv2d) -> usize {
        POSITIONS * (self.v_step(shape) + self.m_step())
    }
}

/// Values of scratch memory that [`winograd`] needs to run on `threads` threads.
pub fn winograd_scratch_len(shape: &Conv2d, threads: usize) -> usize {
    let plan = Plan::of(shape, threads);
    // With fewer pieces than threads (the caller may have a smaller pool), blocks are larger.
    plan.scratch_len(shape)
        .max(Plan::of(shape, 1).scratch_len(shape))
        * (plan.blocks * plan.parts).min(threads)
}

/// [`super::conv2d`] for 3 × 3 kernels with stride 1, without dilation and groups, by Winograd's algorithm; see the module
/// for accuracy. `w_packed` comes from [`pack_winograd`], `scratch` holds [`winograd_scratch_len`] values; with fewer, but
/// enough for one thread, fewer threads are used.
///
/// # Panics
/// Panics if a slice is too short, or unless [`winograd_applies`].
pub fn winograd(
    pool: &Pool,
    shape: &Conv2d,
    x: &[f32],
    w_packed: &[f32],
    epilogue: &Epilogue<'_>,
    y: &mut [f32],
    scratch: &mut [f32],
) {
    shape.check();
    assert!(
        winograd_applies(shape),
        "not a 3 × 3 convolution with stride 1, without dilation and groups"
    );
    check_len("x", x.len(), shape.input_len());
    check_len("w_packed", w_packed.len(), winograd_packed_len(shape));
    let [height, width] = shape.output();
    let channels = shape.out_channels;
    let (y, finish) = finish(
        epilogue,
        1.0,
        shape.batch * height * width,
        channels,
        y,
        channels,
    );
    if shape.batch * height * width * channels == 0 {
        return;
    }
    let mut plan = Plan::of(shape, pool.threads());
    if scratch.len() < plan.scratch_len(shape) {
        plan = Plan::of(shape, 1);
    }
    let (isa, output) = (simd::current(), Output::new(y, finish));
    let call = Call {
        shape,
        plan,
        x,
        u: w_packed,
        output,
        isa,
    };
    pool.run_with_scratch(
        scratch,
        plan.scratch_len(shape),
        plan.blocks * plan.parts,
        |task, scratch| {
            let tiles = part(plan.tiles, 1, plan.blocks, task / plan.parts);
            let channels = part(channels, CHUNK, plan.parts, task % plan.parts);
            call.block(tiles, channels, scratch);
        },
    );
}

/// One call, its operands checked.
struct Call<'a> {
    shape: &'a Conv2d,
    plan: Plan,
    x: &'a [f32],
    u: &'a [f32],
    output: Output,
    isa: Isa,
}

impl Call<'_> {
    /// Computes the outputs of some tiles and channels.
    fn block(
        &self,
        tiles: core::ops::Range<usize>,
        channels: core::ops::Range<usize>,
        scratch: &mut [f32],
    ) {
        let (v, m) = scratch.split_at_mut(POSITIONS * self.plan.v_step(self.shape));
        simd::dispatch_on(
            self.isa,
            Input {
                call: self,
                tiles: tiles.clone(),
                v,
            },
        );
        for first in channels.clone().step_by(CHUNK) {
            let count = CHUNK.min(channels.end - first);
            self.products(tiles.len(), first, count, v, m);
            simd::dispatch_on(
                self.isa,
                Inverse {
                    call: self,
                    tiles: tiles.clone(),
                    first,
                    count,
                    m,
                },
            );
        }
    }

    /// `M[p] = V[p] · U[p]` for all positions, the output channels from `first` on.
    fn products(&self, tiles: usize, first: usize, count: usize, v: &[f32], m: &mut [f32]) {
        let depth = self.shape.channels;
        let (v_step, m_step) = (self.plan.v_step(self.shape), self.plan.m_step());
        let registers = Tiles::of(self.isa);
        let m = m.as_mut_ptr();
        for p in 0..POSITIONS {
            let origin = Tile {
                a: v.as_ptr().wrapping_add(p * v_step),
                a_row: depth,
                a_outer: 0,
                a_inner: 0,
                a_depth: 1,
                outer: 1,
                inner: 1,
                depth,
                b: self
                    .u
                    .as_ptr()
                    .wrapping_add((first / PANEL * POSITIONS + p) * depth * PANEL),
                b_depth: PANEL,
                b_panel: POSITIONS * depth * PANEL,
                c: m.wrapping_add(p * m_step),
                c_row: CHUNK,
                columns: 0,
                continues: false,
                finish: None,
            };
            // SAFETY: V and M have room for this many tiles at each position, U for whole panels.
            unsafe { registers.block(&origin, &Block::plain(tiles, count)) };
        }
    }

    /// Image, row and column of the first output of a tile.
    #[inline(always)]
    fn place(&self, tile: usize) -> [usize; 3] {
        let (column, row) = (tile % self.plan.across, tile / self.plan.across);
        [
            row / self.plan.down,
            row % self.plan.down * OUT,
            column * OUT,
        ]
    }
}

/// The input transform of some tiles: `V[p][tile][c]`.
struct Input<'a> {
    call: &'a Call<'a>,
    tiles: core::ops::Range<usize>,
    v: &'a mut [f32],
}

impl Kernel for Input<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let shape = self.call.shape;
        let channels = shape.channels;
        let step = self.call.plan.v_step(shape);
        for (i, tile) in self.tiles.enumerate() {
            let [image, oy, ox] = self.call.place(tile);
            // The rows and columns of the tile that lie inside the image.
            let inside = |o: usize, pad: usize, extent: usize| {
                let first = pad.saturating_sub(o).min(IN);
                first..(extent + pad).saturating_sub(o).min(IN).max(first)
            };
            let rows = inside(oy, shape.pads[0], shape.height);
            let columns = inside(ox, shape.pads[1], shape.width);
            let row = shape.width * channels;
            let corner = (image * shape.height + oy) * row + ox * channels;
            let x = self.call.x.as_ptr().wrapping_add(corner);
            let tile = Patch {
                // Where the tile would begin; only what lies inside is read.
                x: x.wrapping_sub(shape.pads[0] * row + shape.pads[1] * channels),
                row,
                pixel: channels,
                rows,
                columns,
            };
            for c in (0..channels).step_by(V::LANES) {
                let v = &mut self.v[i * channels + c..];
                let left = channels - c;
                // SAFETY: channels from `c` on exist, in the image and at each position of V; all else is checked inside.
                unsafe {
                    if tile.rows == (0..IN) && tile.columns == (0..IN) && left >= V::LANES {
                        tile.transform::<V, true>(c, v.as_mut_ptr(), step, left);
                    } else {
                        tile.transform::<V, false>(c, v.as_mut_ptr(), step, left);
                    }
                }
            }
        }
    }
}

/// A tile of the input.
struct Patch {
    x: *const f32,
    row: usize,
    pixel: usize,
    /// What lies inside the image.
    rows: core::ops::Range<usize>,
    columns: core::ops::Range<usize>,
}

impl Patch {
    /// `Bᵀ d B` for a vector of channels; position p goes to `v + p·step`.
    ///
    /// # Safety
    /// `min(left, LANES)` channels from `c` on must exist in the image's pixels `rows` × `columns` (all, if `WHOLE`, and full
    /// vectors of them) and after each of the 36 positions.
    #[inline(always)]
    unsafe fn transform<V: Vector, const WHOLE: bool>(
        &self,
        c: usize,
        v: *mut f32,
        step: usize,
        left: usize,
    ) {
        let mut half = [[V::zero(); IN]; IN];
        for j in 0..IN {
            // SAFETY (all): the caller's promise.
            let column = unsafe {
                [
                    self.load::<V, WHOLE>(0, j, c, left),
                    self.load::<V, WHOLE>(1, j, c, left),
                    self.load::<V, WHOLE>(2, j, c, left),
                    self.load::<V, WHOLE>(3, j, c, left),
                    self.load::<V, WHOLE>(4, j, c, left),
                    self.load::<V, WHOLE>(5, j, c, left),
                ]
            };
            let column = input_transform(column);
            half[0][j] = column[0];
            half[1][j] = column[1];
            half[2][j] = column[2];
            half[3][j] = column[3];
            half[4][j] = column[4];
            half[5][j] = column[5];
        }
        for (i, row) in half.iter().enumerate() {
            let row = input_transform(*row);
            let v = v.wrapping_add(i * IN * step);
            for j in 0..IN {
                let v = v.wrapping_add(j * step);
                // SAFETY (both): the caller's promise.
                if WHOLE {
                    unsafe { row[j].store_ptr(v) };
                } else {
                    unsafe { row[j].store_partial_ptr(v, left) };
                }
            }
        }
    }

    /// The channels of pixel (i, j), or zeros outside the image.
    ///
    /// # Safety
    /// As for [`Patch::transform`].
    #[inline(always)]
    unsafe fn load<V: Vector, const WHOLE: bool>(
        &self,
        i: usize,
        j: usize,
        c: usize,
        left: usize,
    ) -> V {
        let x = self.x.wrapping_add(i * self.row + j * self.pixel + c);
        // SAFETY (both): the caller's promise.
        if WHOLE {
            return unsafe { V::load_ptr(x) };
        }
        if !self.rows.contains(&i) || !self.columns.contains(&j) {
            return V::zero();
        }
        unsafe { V::load_partial_ptr(x, left) }
    }
}

/// `Bᵀ d` for one column, or `d B` for one row:
///
/// ```text
///      4  0 -5  0  1  0
///      0 -4 -4  1  1  0
///      0  4 -4 -1  1  0
///      0 -2 -1  2  1  0
///      0  2 -1 -2  1  0
///      0  4  0 -5  0  1
/// ```
#[inline(always)]
fn input_transform<V: Vector>(d: [V; IN]) -> [V; IN] {
    let (two, four, five) = (V::splat(2.0), V::splat(4.0), V::splat(5.0));
    let even4 = four.neg_mul_add(d[2], d[4]);
    let odd4 = four.neg_mul_add(d[1], d[3]);
    let even = d[4] - d[2];
    let odd = two * (d[3] - d[1]);
    [
        four.mul_add(d[0], five.neg_mul_add(d[2], d[4])),
        even4 + odd4,
        even4 - odd4,
        even + odd,
        even - odd,
        four.mul_add(d[1], five.neg_mul_add(d[3], d[5])),
    ]
}

/// `Aᵀ m` for one column, or `m A` for one row:
///
/// ```text
///      1  1  1  1  1  0
///      0  1 -1  2 -2  0
///      0  1  1  4  4  0
///      0  1 -1  8 -8  1
/// ```
#[inline(always)]
fn output_transform<V: Vector>(m: [V; IN]) -> [V; OUT] {
    let (sum1, difference1) = (m[1] + m[2], m[1] - m[2]);
    let (sum2, difference2) = (m[3] + m[4], m[3] - m[4]);
    [
        m[0] + (sum1 + sum2),
        V::splat(2.0).mul_add(difference2, difference1),
        V::splat(4.0).mul_add(sum2, sum1),
        V::splat(8.0).mul_add(difference2, difference1 + m[5]),
    ]
}

/// The output transform of some tiles, for `count` output channels from `first` on.
struct Inverse<'a> {
    call: &'a Call<'a>,
    tiles: core::ops::Range<usize>,
    first: usize,
    count: usize,
    m: &'a [f32],
}

impl Kernel for Inverse<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let [height, width] = self.call.shape.output();
        let channels = self.call.shape.out_channels;
        let step = self.call.plan.m_step();
        for (i, tile) in self.tiles.clone().enumerate() {
            let [image, oy, ox] = self.call.place(tile);
            let at = ((image * height + oy) * width + ox) * channels + self.first;
            for c in (0..self.count).step_by(V::LANES) {
                let m = &self.m[i * CHUNK + c..];
                let y = transform_back::<V>(m, step);
                for (row, sums) in y.iter().enumerate().take(height - oy) {
                    let at = at + row * width * channels + c;
                    let (c, left) = (self.first + c, self.count - c);
                    // SAFETY: these pixels and channels exist, and the tile and the channels are this task's.
                    unsafe {
                        if width - ox >= OUT {
                            self.call.output.put(*sums, at, channels, c, left);
                            continue;
                        }
                        for (column, sum) in sums.iter().enumerate().take(width - ox) {
                            self.call
                                .output
                                .put_one(*sum, at + column * channels, c, left);
                        }
                    }
                }
            }
        }
    }
}

/// `Aᵀ m A` for one vector of channels; position p is at `m[p · step..]`.
#[inline(always)]
fn transform_back<V: Vector>(m: &[f32], step: usize) -> [[V; OUT]; OUT] {
    let mut half = [[V::zero(); IN]; OUT];
    for j in 0..IN {
        let column = output_transform([
            V::load(&m[j * step..]),
            V::load(&m[(IN + j) * step..]),
            V::load(&m[(2 * IN + j) * step..]),
            V::load(&m[(3 * IN + j) * step..]),
            V::load(&m[(4 * IN + j) * step..]),
            V::load(&m[(5 * IN + j) * step..]),
        ]);
        half[0][j] = column[0];
        half[1][j] = column[1];
        half[2][j] = column[2];
        half[3][j] = column[3];
    }
    [
        output_transform(half[0]),
        output_transform(half[1]),
        output_transform(half[2]),
        output_transform(half[3]),
    ]
}
