//! Matrix products in `f32`.
//!
//! * [`gemm`]: B is packed beforehand ([`pack_b`] documents the layout), usually weights that the compiler has packed.
//! * [`matmul`]: both operands are run-time values, with any strides, batched with broadcasting.
//!
//! Both end with an [`Epilogue`]: bias, residual and activation are applied on the way to memory.
//!
//! Numerics: each element is one sum over k in ascending order, `((a₀b₀ + a₁b₁) + a₂b₂) + …`, with products added
//! unrounded where the hardware fuses ([`crate::simd::Vector::FUSED`]), so to first order the error is at most
//! (k+1)·ε·Σ|a·b| with ε = 2⁻²⁴ (Higham 2002, §3.1). It does not depend on the number of threads. NaN and ∞ propagate as
//! in the sum; k = 0 gives the epilogue of zero.

mod matmul;
mod pack;
pub(crate) mod tile;

#[cfg(test)]
pub(crate) mod tests;

pub use matmul::{matmul, matmul_scratch_len, BatchAxis, MatMul, MAX_BATCH_AXES};
pub use pack::{pack_b, packed_len};

use crate::activation::{Epilogue, Residual};
use crate::simd;
use crate::threads::{part, Pool, SharedMut};
use tile::{Block, Finish, Tile, Tiles, PANEL};

/// A matrix in memory: element (i, j) is `data[i·row + j·column]`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The elements and what lies between them.
    pub data: &'a [f32],
    /// From one row to the next.
    pub row: usize,
    /// From one column to the next.
    pub column: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one after the other, `row` elements apart.
    pub fn rows(data: &'a [f32], row: usize) -> Self {
        Matrix {
            data,
            row,
            column: 1,
        }
    }

    /// The transpose of [`Matrix::rows`]: columns one after the other, `column` elements apart.
    pub fn columns(data: &'a [f32], column: usize) -> Self {
        Matrix {
            data,
            row: 1,
            column,
        }
    }

    /// The matrix without its first `j` columns.
    fn columns_from(self, j: usize) -> Self {
        Matrix {
            data: self.data.get(j * self.column..).unwrap_or(&[]),
            ..self
        }
    }

    /// Panics unless `rows` × `columns` elements exist.
    fn check(&self, name: &str, rows: usize, columns: usize) {
        check_len(
            name,
            self.data.len(),
            span(rows, self.row, columns, self.column),
        );
    }
}

/// Elements from the first to the last of a strided matrix; 0 if it is empty.
fn span(rows: usize, row: usize, columns: usize, column: usize) -> usize {
    if rows == 0 || columns == 0 {
        return 0;
    }
    let last = (rows - 1)
        .checked_mul(row)
        .zip((columns - 1).checked_mul(column));
    last.and_then(|(r, c)| r.checked_add(c)?.checked_add(1))
        .expect("the extents of a matrix overflow")
}

/// Panics if a buffer of `len` values is too short.
#[track_caller]
pub(crate) fn check_len(name: &str, len: usize, needed: usize) {
    assert!(
        len >= needed,
        "{name} has {len} values, {needed} are needed"
    );
}

/// Multiply-adds that are worth a task of their own: a few microseconds.
pub(crate) const TASK: usize = 1 << 18;

/// Depth of the sum in one pass over B: a panel of AVX-512 (32 columns) then takes at most 128 KiB of the second-level
/// cache.
const DEPTH: usize = 1024;

/// Values of A in one pass over B, half of a small second-level cache (256 KiB).
const BLOCK: usize = 1 << 16;

/// `C = epilogue(A · B)` with packed B: A is `m` × `k`, B is `k` × `n` as packed by [`pack_b`], C is `m` × `n` with rows
/// `c_row` apart.
///
/// A may be transposed or otherwise strided; it is read in place.
///
/// ```
/// use onnxidize_runtime::{activation::{Activation, Epilogue}, gemm::*, threads::Pool};
/// let (a, b) = ([1.0, 2.0, 3.0, 4.0], [1.0, -1.0, 2.0, 0.5]);
/// let mut packed = vec![0.0; packed_len(2, 2)];
/// pack_b(2, 2, Matrix::rows(&b, 2), &mut packed);
/// let mut c = [0.0; 4];
/// let relu = Epilogue::new(None, Activation::Relu);
/// gemm(&Pool::sequential(), [2, 2, 2], Matrix::rows(&a, 2), &packed, &relu, &mut c, 2);
/// assert_eq!(c, [5.0, 0.0, 11.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if a slice is too short for the extents, or if rows of C overlap.
pub fn gemm(
    pool: &Pool,
    [m, k, n]: [usize; 3],
    a: Matrix<'_>,
    b_packed: &[f32],
    epilogue: &Epilogue<'_>,
    c: &mut [f32],
    c_row: usize,
) {
    a.check("a", m, k);
    check_len("b_packed", b_packed.len(), packed_len(k, n));
    let (c, finish) = finish(epilogue, 1.0, m, n, c, c_row);
    let product = Product {
        a: a.data.as_ptr(),
        a_row: a.row,
        a_column: a.column,
        b: b_packed.as_ptr(),
        b_row: PANEL,
        b_panel: PANEL * k,
        c,
        c_row,
        finish,
        in_place: epilogue.residual == Residual::InPlace,
    };
    // SAFETY: the lengths have been checked.
    unsafe { product.run(pool, [m, k, n]) }
}

/// Checks the buffers of an epilogue and of the output, and takes their pointers.
pub(crate) fn finish(
    epilogue: &Epilogue<'_>,
    alpha: f32,
    m: usize,
    n: usize,
    c: &mut [f32],
    c_row: usize,
) -> (SharedMut<f32>, Finish) {
    assert!(
        m <= 1 || c_row >= n,
        "rows of c overlap: {n} columns, {c_row} apart"
    );
    let len = span(m, c_row, n, 1);
    check_len("c", c.len(), len);
    let c = c.as_mut_ptr();
    let bias = epilogue.bias.map_or(core::ptr::null(), |bias| {
        check_len("bias", bias.len(), n);
        bias.as_ptr()
    });
    let residual = match epilogue.residual {
        Residual::None => core::ptr::null(),
        Residual::Add(residual) => {
            check_len("residual", residual.len(), len);
            residual.as_ptr()
        }
        Residual::InPlace => c.cast_const(),
    };
    let Epilogue {
        residual_after,
        activation,
        ..
    } = *epilogue;
    (
        SharedMut(c),
        Finish {
            alpha,
            bias,
            residual,
            residual_after,
            activation,
        },
    )
}

/// A product of matrices that are known to be large enough.
#[derive(Clone, Copy)]
struct Product {
    a: *const f32,
    a_row: usize,
    a_column: usize,
    b: *const f32,
    b_row: usize,
    b_panel: usize,
    c: SharedMut<f32>,
    c_row: usize,
    finish: Finish,
    /// The residual is C itself, so sums must not pass through C.
    in_place: bool,
}

// SAFETY: pointers are only numbers; `Product::run` argues that its tasks write disjoint parts.
unsafe impl Sync for Product {}

impl Product {
    /// Computes the product in as many tasks as are worth it.
    ///
    /// # Safety
    /// A, B, C, bias and residual must be valid for the extents; B in whole panels.
    unsafe fn run(&self, pool: &Pool, [m, k, n]: [usize; 3]) {
        let tiles = Tiles::of(simd::current());
        let (row_parts, column_parts) = partition(pool.threads(), tiles, [m, k, n]);
        pool.run(row_parts * column_parts, |task| {
            let rows = part(m, 1, row_parts, task / column_parts);
            // Whole wide tiles, and on the way whole panels.
            let columns = part(n, tiles.width.max(PANEL), column_parts, task % column_parts);
            // SAFETY: the caller's promise; the blocks of the tasks are disjoint.
            unsafe { self.block(tiles, rows, columns, k) };
        });
    }

    /// Computes a block of C, which begins with a panel of B.
    ///
    /// # Safety
    /// As for [`Product::run`]; nobody else may touch the block.
    unsafe fn block(
        &self,
        tiles: &Tiles,
        rows: core::ops::Range<usize>,
        columns: core::ops::Range<usize>,
        k: usize,
    ) {
        // Few rows pass over B once anyway.
        let passes = if self.in_place || rows.len() <= tiles.rows() {
            1
        } else {
            k.div_ceil(DEPTH).max(1)
        };
        for pass in 0..passes {
            let depths = part(k, 1, passes, pass);
            let height = (BLOCK / depths.len().max(1)).next_multiple_of(tiles.rows());
            for top in rows.clone().step_by(height) {
                let corner = top * self.c_row + columns.start;
                let origin = Tile {
                    a: self
                        .a
                        .wrapping_add(top * self.a_row + depths.start * self.a_column),
                    a_row: self.a_row,
                    a_outer: 0,
                    a_inner: 0,
                    a_depth: self.a_column,
                    outer: 1,
                    inner: 1,
                    depth: depths.len(),
                    b: self.b.wrapping_add(
                        columns.start / PANEL * self.b_panel + depths.start * self.b_row,
                    ),
                    b_depth: self.b_row,
                    b_panel: self.b_panel,
                    c: self.c.get().wrapping_add(corner),
                    c_row: self.c_row,
                    columns: 0,
                    continues: pass > 0,
                    finish: (pass + 1 == passes)
                        .then(|| self.finish.shifted(columns.start, corner)),
                };
                // SAFETY: the caller's promise.
                unsafe {
                    tiles.block(
                        &origin,
                        &Block::plain(height.min(rows.end - top), columns.len()),
                    )
                };
            }
        }
    }
}

/// Into how many parts rows and columns are split for `threads` threads.
fn partition(threads: usize, tiles: &Tiles, [m, k, n]: [usize; 3]) -> (usize, usize) {
    let tasks = (m * n * k.max(1) / TASK).clamp(1, 4 * threads);
    if threads == 1 || tasks == 1 {
        return (1, 1);
    }
    // Rows first: their parts share B. But a part of few rows would read B for little work.
    let row_parts = tasks.min(m.div_ceil(3 * tiles.rows()));
    let column_parts = tasks
        .div_ceil(row_parts)
        .min(n.div_ceil(tiles.width.max(PANEL)));
    (row_parts, column_parts)
}
