//! The register tile: a few rows times one to eight vectors of columns, kept in registers over the whole sum.
//!
//! One micro-kernel serves matrix products and convolutions. Row `i` of A is found at `a + i·a_row`; the sum runs over
//! three nested loops (for a matrix product the outer two have one round):
//!
//! ```text
//! for o in 0..outer          a advances by a_outer   (a convolution's kernel row)
//!   for s in 0..inner        a advances by a_inner   (its kernel column)
//!     for k in 0..depth      a advances by a_depth   (its input channels), b by b_depth
//!       acc[i][j] += a[i·a_row] · b[j]
//! ```
//!
//! Columns come from panels of 16 (see [`super::pack`]): vector `j` is at offset `j·LANES mod 16` of panel
//! `j·LANES / 16`, so AVX-512 takes two panels side by side, AVX2 both halves of one, SIMD128 one half at a time.
//!
//! Every element of the result is one chain of multiply-adds in the order of the sum, whatever the tile. Hence the result
//! does not depend on how rows and columns are split into tiles or between threads.
//!
//! Tiles are functions behind pointers: the loops around them are compiled once, not once for each instruction set.

use core::mem::MaybeUninit;
use core::ptr::null;

use crate::activation::Activation::{self, Identity};
use crate::simd::{Isa, Kernel, Vector};

/// Columns in a panel of packed B.
pub const PANEL: usize = 16;

/// Most rows of a tile, and most floats that it holds, over all instruction sets.
const MAX_ROWS: usize = 14;
const MAX_TILE: usize = MAX_ROWS * 2 * PANEL;

/// What a tile computes; extents and strides are in elements.
#[derive(Clone, Copy)]
pub struct Tile {
    /// First row, first element of the sum.
    pub a: *const f32,
    /// From one row to the next.
    pub a_row: usize,
    /// See the module.
    pub a_outer: usize,
    /// See the module.
    pub a_inner: usize,
    /// See the module.
    pub a_depth: usize,
    /// Rounds of the outer loop.
    pub outer: usize,
    /// Rounds of the inner loop.
    pub inner: usize,
    /// Rounds of the innermost loop.
    pub depth: usize,
    /// First column of B.
    pub b: *const f32,
    /// From one row of B to the next: 16 when packed.
    pub b_depth: usize,
    /// From one panel of 16 columns to the next.
    pub b_panel: usize,
    /// First element of the result.
    pub c: *mut f32,
    /// From one row of the result to the next.
    pub c_row: usize,
    /// Columns that exist; of the others nothing is written.
    pub columns: usize,
    /// The sum continues the one that C holds.
    pub continues: bool,
    /// What is done to the finished sums; none while the sum is to be continued.
    pub finish: Option<Finish>,
}

/// The end of a sum: `activation(alpha · sum + bias + residual)` or `activation(alpha · sum + bias) + residual`.
#[derive(Clone, Copy)]
pub struct Finish {
    /// Factor of the sum.
    pub alpha: f32,
    /// A value for each column, or null.
    pub bias: *const f32,
    /// The first element to add, with rows as far apart as those of C, or null. May be C itself.
    pub residual: *const f32,
    /// The residual is added after the activation.
    pub residual_after: bool,
    /// The activation.
    pub activation: Activation,
}

impl Finish {
    /// The bounds, if no more than a bias, a residual and a clamp are needed.
    fn clamp(&self) -> Option<(f32, f32)> {
        self.activation.bounds().filter(|_| !self.residual_after)
    }

    /// The same for what begins `columns` further to the right.
    pub fn past(self, columns: usize) -> Self {
        self.shifted(columns, columns)
    }

    /// The same with bias and residual moved on.
    pub fn shifted(self, bias: usize, residual: usize) -> Self {
        let advance = |p: *const f32, by: usize| if p.is_null() { p } else { p.wrapping_add(by) };
        Finish {
            bias: advance(self.bias, bias),
            residual: advance(self.residual, residual),
            ..self
        }
    }
}

/// A tile of fixed size for one instruction set.
///
/// # Safety
/// The processor has the instruction set, and for the tile's rows and `columns` all addresses that [`Tile`] describes are
/// valid: A and residual for reading, B for reading whole panels, bias for reading `columns`, C for writing `columns` and,
/// if `continues`, for reading.
pub type TileFn = unsafe fn(&Tile);

/// The tiles of one instruction set.
pub struct Tiles {
    /// `wide[r − 1]`: r rows and [`Tiles::width`] columns. Its length is the most rows that a tile takes.
    pub wide: &'static [TileFn],
    /// Columns of the wide tiles.
    pub width: usize,
    /// `narrow[r − 1]`: r rows and [`Tiles::narrow_width`] columns, for what is left at the right edge.
    pub narrow: &'static [TileFn],
    /// Columns of the narrow tiles.
    pub narrow_width: usize,
    /// `skinny[r − 1]`: r rows and more columns than the wide tile has; for products of few rows, where the time goes
    /// into reading B.
    pub skinny: &'static [(TileFn, usize)],
}

/// The sums of a tile, column after column.
type Sums<V, const ROWS: usize, const VECTORS: usize> = [[V; ROWS]; VECTORS];

/// The micro-kernel. See the module.
///
/// The sums stay in registers only if every index into them is a constant once loops are unrolled. The compiler unrolls
/// loops over rows because their bodies are a few instructions without branches; keep them so. What has branches is spelled
/// out for each vector of columns.
///
/// # Safety
/// As for [`TileFn`].
#[inline(always)]
unsafe fn run<V: Vector, const ROWS: usize, const VECTORS: usize>(t: &Tile) {
    let mut acc = [[V::zero(); ROWS]; VECTORS];
    if t.continues {
        // SAFETY: the caller's promise.
        unsafe { load(t, &mut acc) };
    }
    let (mut b, mut a_outer) = (t.b, t.a);
    for _ in 0..t.outer {
        let mut a_inner = a_outer;
        for _ in 0..t.inner {
            let mut a = a_inner;
            for _ in 0..t.depth {
                // SAFETY: the caller's promise: these are the addresses that the tile describes.
                unsafe { step(&mut acc, a, t.a_row, b, t.b_panel) };
                a = a.wrapping_add(t.a_depth);
                b = b.wrapping_add(t.b_depth);
            }
            a_inner = a_inner.wrapping_add(t.a_inner);
        }
        a_outer = a_outer.wrapping_add(t.a_outer);
    }
    // SAFETY: the caller's promise.
    unsafe { store(t, &acc) };
}

/// One round of the sum: `acc[j][i] += a[i·a_row] · b[j]`.
///
/// # Safety
/// `a` must be valid for reading one element in each row, `b` for whole vectors.
#[inline(always)]
unsafe fn step<V: Vector, const ROWS: usize, const VECTORS: usize>(
    acc: &mut Sums<V, ROWS, VECTORS>,
    a: *const f32,
    a_row: usize,
    b: *const f32,
    b_panel: usize,
) {
    let mut columns = [V::zero(); VECTORS];
    for j in 0..VECTORS {
        let offset = j * V::LANES / PANEL * b_panel + j * V::LANES % PANEL;
        // SAFETY: the caller's promise.
        columns[j] = unsafe { V::load_ptr(b.add(offset)) };
    }
    for i in 0..ROWS {
        // SAFETY: the caller's promise.
        let x = V::splat(unsafe { *a.add(i * a_row) });
        for j in 0..VECTORS {
            acc[j][i] = x.mul_add(columns[j], acc[j][i]);
        }
    }
}

/// Loads what C holds: whole vectors directly, the edge by way of a buffer.
///
/// # Safety
/// As for [`TileFn`], with `continues`.
#[inline(always)]
unsafe fn load<V: Vector, const ROWS: usize, const VECTORS: usize>(
    t: &Tile,
    acc: &mut Sums<V, ROWS, VECTORS>,
) {
    let width = VECTORS * V::LANES;
    let (mut edge, mut c, mut c_row) = ([0.0; MAX_TILE], t.c.cast_const(), t.c_row);
    if t.columns < width {
        for i in 0..ROWS {
            let row = t.c.wrapping_add(i * t.c_row);
            // SAFETY: the caller's promise; a tile has at most MAX_TILE sums.
            unsafe { row.copy_to_nonoverlapping(edge.as_mut_ptr().add(i * width), t.columns) };
        }
        (c, c_row) = (edge.as_ptr(), width);
    }
    for j in 0..VECTORS {
        for i in 0..ROWS {
            // SAFETY: the caller's promise, or the buffer's size.
            acc[j][i] = unsafe { V::load_ptr(c.wrapping_add(i * c_row + j * V::LANES)) };
        }
    }
}

/// Finishes the sums and writes them, one vector of columns after the other.
///
/// # Safety
/// As for [`TileFn`].
#[inline(always)]
unsafe fn store<V: Vector, const ROWS: usize, const VECTORS: usize>(
    t: &Tile,
    acc: &Sums<V, ROWS, VECTORS>,
) {
    let clamp = t.finish.as_ref().and_then(Finish::clamp);
    macro_rules! columns {
        ($($j:literal)*) => {$(
            if $j < VECTORS {
                // SAFETY: the caller's promise.
                unsafe { store_column(t, clamp, &acc[$j], $j * V::LANES) };
            }
        )*};
    }
    columns!(0 1 2 3 4 5 6 7);
}

/// The store of the vectors of columns from `column` on: in registers if the vectors are whole and finished by a bias, a
/// residual and a clamp, or not finished yet; else out of line.
///
/// # Safety
/// As for [`TileFn`].
#[inline(always)]
unsafe fn store_column<V: Vector, const ROWS: usize>(
    t: &Tile,
    clamp: Option<(f32, f32)>,
    sums: &[V; ROWS],
    column: usize,
) {
    let c = t.c.wrapping_add(column);
    match (&t.finish, clamp, t.columns >= column + V::LANES) {
        (None, _, true) => {
            for i in 0..ROWS {
                // SAFETY: the caller's promise.
                unsafe { sums[i].store_ptr(c.wrapping_add(i * t.c_row)) };
            }
        }
        (Some(finish), Some(bounds), true) if finish.residual.is_null() => {
            // SAFETY: the caller's promise.
            let finish = unsafe { Clamp::new(finish, bounds, column) };
            for i in 0..ROWS {
                // SAFETY: the caller's promise.
                unsafe { finish.of(sums[i]).store_ptr(c.wrapping_add(i * t.c_row)) };
            }
        }
        (Some(finish), Some(bounds), true) => {
            let residual = finish.residual.wrapping_add(column);
            // SAFETY: the caller's promise.
            let finish = unsafe { Clamp::new(finish, bounds, column) };
            for i in 0..ROWS {
                // SAFETY: the caller's promise.
                unsafe {
                    let residual = V::load_ptr(residual.wrapping_add(i * t.c_row));
                    finish
                        .of_both(sums[i], residual)
                        .store_ptr(c.wrapping_add(i * t.c_row));
                }
            }
        }
        _ => {
            let mut buffer = [MaybeUninit::<f32>::uninit(); MAX_ROWS * PANEL];
            let buffer: *mut f32 = buffer.as_mut_ptr().cast();
            for i in 0..ROWS {
                // SAFETY: the buffer has room for MAX_ROWS vectors.
                unsafe { sums[i].store_ptr(buffer.wrapping_add(i * V::LANES)) };
            }
            V::outlined(Store {
                tile: t,
                sums: buffer,
                rows: ROWS,
                column,
            });
        }
    }
}

/// `min(max(alpha · sum + bias + residual, lo), hi)` for one vector of columns.
struct Clamp<V> {
    alpha: V,
    bias: V,
    lo: V,
    hi: V,
}

impl<V: Vector> Clamp<V> {
    /// # Safety
    /// The bias must be null or valid for a vector at `column`.
    #[inline(always)]
    unsafe fn new(finish: &Finish, (lo, hi): (f32, f32), column: usize) -> Self {
        // SAFETY: the caller's promise.
        let bias = unsafe { load_or_zero(finish.bias, column, V::LANES) };
        Clamp {
            alpha: V::splat(finish.alpha),
            bias,
            lo: V::splat(lo),
            hi: V::splat(hi),
        }
    }

    #[inline(always)]
    fn of(&self, sum: V) -> V {
        sum.mul_add(self.alpha, self.bias).max(self.lo).min(self.hi)
    }

    #[inline(always)]
    fn of_both(&self, sum: V, residual: V) -> V {
        (sum.mul_add(self.alpha, self.bias) + residual)
            .max(self.lo)
            .min(self.hi)
    }
}

/// The first `left` values at `p + at`, or zeros if `p` is null.
///
/// # Safety
/// `p` must be null or valid for reading `min(left, LANES)` values there.
#[inline(always)]
unsafe fn load_or_zero<V: Vector>(p: *const f32, at: usize, left: usize) -> V {
    if p.is_null() {
        return V::zero();
    }
    // SAFETY: the caller's promise.
    unsafe { V::load_partial_ptr(p.wrapping_add(at), left) }
}

/// The store of one vector of columns with whatever epilogue, and at the right edge.
struct Store<'a> {
    tile: &'a Tile,
    /// A vector for each row.
    sums: *const f32,
    rows: usize,
    column: usize,
}

/// Rows for which [`Store`] chooses the activation once.
const GROUP: usize = 4;

impl Kernel for Store<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Store {
            tile: t,
            sums,
            rows,
            column,
        } = self;
        if column >= t.columns {
            return;
        }
        let left = t.columns - column;
        let none = Finish {
            alpha: 1.0,
            bias: null(),
            residual: null(),
            residual_after: false,
            activation: Identity,
        };
        let finish = t.finish.as_ref().unwrap_or(&none);
        let alpha = V::splat(finish.alpha);
        // SAFETY (all): the promise of `TileFn`; no more than the existing columns are read or written.
        let bias = unsafe { load_or_zero::<V>(finish.bias, column, left) };
        for first in (0..rows).step_by(GROUP) {
            let (mut y, mut after) = ([V::zero(); GROUP], [V::zero(); GROUP]);
            let group = first..rows.min(first + GROUP);
            for (k, i) in group.clone().enumerate() {
                // Multiplied and added as in `Clamp`, so that the edge rounds as the inside does.
                let sum = unsafe { V::load_ptr(sums.wrapping_add(i * V::LANES)) };
                y[k] = sum.mul_add(alpha, bias);
                let residual =
                    unsafe { load_or_zero::<V>(finish.residual, i * t.c_row + column, left) };
                if finish.residual_after {
                    after[k] = residual;
                } else {
                    y[k] = y[k] + residual;
                }
            }
            let y = finish.activation.apply_all(y);
            for (k, i) in group.enumerate() {
                let c = t.c.wrapping_add(i * t.c_row + column);
                unsafe { (y[k] + after[k]).store_partial_ptr(c, left) };
            }
        }
    }
}

/// The tables of one instruction set: wide tiles, narrow tiles, skinny tiles, each as `rows × vectors`.
macro_rules! tiles {
    ($name:ident, $vector:ty, $lanes:literal, $features:literal,
     wide $wide:literal: $($wr:literal)*; narrow $narrow:literal: $($nr:literal)*; skinny: $($sr:literal x $sv:literal),*) => {
        pub static $name: Tiles = {
            #[target_feature(enable = $features)]
            unsafe fn tile<const ROWS: usize, const VECTORS: usize>(t: &Tile) {
                // SAFETY: the caller's promise.
                unsafe { run::<$vector, ROWS, VECTORS>(t) }
            }
            Tiles {
                wide: &[$(tile::<$wr, $wide>),*],
                width: $wide * $lanes,
                narrow: &[$(tile::<$nr, $narrow>),*],
                narrow_width: $narrow * $lanes,
                skinny: &[$((tile::<$sr, $sv>, $sv * $lanes)),*],
            }
        };
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use crate::simd::vectors::{Avx2, Avx512};

    // 14 × 2 sums, two columns, one element of A: 31 of 32 registers.
    tiles!(AVX512, Avx512, 16, "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma",
        wide 2: 1 2 3 4 5 6 7 8 9 10 11 12 13 14; narrow 1: 1 2 3 4 5 6 7 8;
        skinny: 1 x 8, 2 x 4, 3 x 4, 4 x 4, 5 x 4, 6 x 4);
    // 6 × 2 sums, two columns, one element of A: 15 of 16 registers.
    tiles!(AVX2, Avx2, 8, "avx2,fma", wide 2: 1 2 3 4 5 6; narrow 1: 1 2 3 4 5 6; skinny: 1 x 8, 2 x 4);
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::*;
    use crate::simd::vectors::Neon;

    // 6 × 4 sums, four columns, one element of A: 29 of 32 registers.
    tiles!(NEON, Neon, 4, "neon", wide 4: 1 2 3 4 5 6; narrow 4: 1 2 3 4 5 6; skinny: 1 x 8);
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm {
    use super::*;
    use crate::simd::vectors::Wasm;

    // Engines map to the 16 registers of x86: 4 × 2 sums, two columns, one element of A, one product.
    tiles!(WASM, Wasm, 4, "simd128", wide 2: 1 2 3 4; narrow 2: 1 2 3 4; skinny: 1 x 4, 2 x 4);
}

/// One lane: small tiles for the 16 or 32 floating-point registers of small processors.
pub static SCALAR: Tiles = {
    unsafe fn tile<const ROWS: usize, const VECTORS: usize>(t: &Tile) {
        // SAFETY: the caller's promise.
        unsafe { run::<crate::simd::vectors::Scalar, ROWS, VECTORS>(t) }
    }
    Tiles {
        wide: &[tile::<1, 4>, tile::<2, 4>, tile::<3, 4>, tile::<4, 4>],
        width: 4,
        narrow: &[tile::<1, 4>, tile::<2, 4>, tile::<3, 4>, tile::<4, 4>],
        narrow_width: 4,
        skinny: &[(tile::<1, 8>, 8)],
    }
};

impl Tiles {
    /// The tiles of `isa`, which must be one that [`crate::simd::current`] has given.
    pub fn of(isa: Isa) -> &'static Tiles {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 if crate::simd::usable(isa) => &x86::AVX512,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 if crate::simd::usable(isa) => &x86::AVX2,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => &arm::NEON,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::Wasm => &wasm::WASM,
            _ => &SCALAR,
        }
    }

    /// The tiles for a block of `rows` rows with `columns` columns left to do.
    fn choose(&self, rows: usize, columns: usize) -> Choice<'_> {
        // What is read must exist: B has whole panels.
        let padded = columns.next_multiple_of(PANEL);
        if let Some((tile, width)) = self.skinny.get(rows - 1) {
            if *width <= padded {
                return Choice {
                    tiles: core::slice::from_ref(tile),
                    lowest: rows,
                    width: *width,
                };
            }
        }
        if self.width <= padded {
            return Choice {
                tiles: self.wide,
                lowest: 1,
                width: self.width,
            };
        }
        Choice {
            tiles: self.narrow,
            lowest: 1,
            width: self.narrow_width,
        }
    }

    /// The most rows of a tile.
    pub fn rows(&self) -> usize {
        self.wide.len()
    }

    /// Computes a block; `origin` describes its first tile, and `origin.columns` is ignored. The first column of B is the
    /// first of a panel.
    ///
    /// # Safety
    /// As for [`TileFn`], for the whole block.
    pub unsafe fn block(&self, origin: &Tile, block: &Block) {
        if block.rows == 0 {
            return;
        }
        let mut j = 0;
        while j < block.columns {
            let choice = self.choose(block.rows, block.columns - j);
            let mut t = *origin;
            t.columns = (block.columns - j).min(choice.width);
            t.b = origin
                .b
                .wrapping_add(j / PANEL * origin.b_panel + j % PANEL);
            for line in 0..block.lines {
                let (a, c) = (line * block.a_line, line * block.c_line + j);
                t.a = origin.a.wrapping_add(a);
                t.c = origin.c.wrapping_add(c);
                t.finish = origin.finish.map(|finish| finish.shifted(j, c));
                // SAFETY: the caller's promise.
                unsafe { choice.column(&mut t, block.rows) };
            }
            j += choice.width;
        }
    }
}

/// Several groups of rows (lines of an image) that share B: a panel of B serves all of them before the next is touched.
#[derive(Clone, Copy)]
pub struct Block {
    /// Rows in a line.
    pub rows: usize,
    /// Columns of B and C.
    pub columns: usize,
    /// Number of lines.
    pub lines: usize,
    /// From one line of A to the next.
    pub a_line: usize,
    /// From one line of C to the next.
    pub c_line: usize,
}

impl Block {
    /// A single line.
    pub fn plain(rows: usize, columns: usize) -> Self {
        Block {
            rows,
            columns,
            lines: 1,
            a_line: 0,
            c_line: 0,
        }
    }
}

/// How many rows of A, `row` elements apart, fit into the first-level cache together. Where rows are a multiple of 4 KiB
/// apart, all fall into one set of eight lines, and one is left for B.
fn distinct_sets(row: usize) -> usize {
    const SET_PERIOD: usize = 4096 / size_of::<f32>();
    if row != 0 && row.is_multiple_of(SET_PERIOD) {
        return 7;
    }
    usize::MAX
}

/// Tiles of one width; `tiles[r − lowest]` has r rows.
struct Choice<'a> {
    tiles: &'a [TileFn],
    lowest: usize,
    width: usize,
}

impl Choice<'_> {
    /// All tiles below each other, `t` being the first: as few as possible, and as equal as possible.
    ///
    /// # Safety
    /// As for [`TileFn`], for all the rows.
    #[inline]
    unsafe fn column(&self, t: &mut Tile, rows: usize) {
        let most = self.lowest + self.tiles.len() - 1;
        let count = rows.div_ceil(if t.a_depth == 1 {
            most.min(distinct_sets(t.a_row))
        } else {
            most
        });
        let mut left = rows;
        for done in 0..count {
            let height = left.div_ceil(count - done);
            // SAFETY: the caller's promise; the table has a tile of this height.
            unsafe { self.tiles[height - self.lowest](t) };
            t.a = t.a.wrapping_add(height * t.a_row);
            t.c = t.c.wrapping_add(height * t.c_row);
            t.finish = t.finish.map(|finish| finish.shifted(0, height * t.c_row));
            left -= height;
        }
    }
}
