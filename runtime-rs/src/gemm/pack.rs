//! Packing of B: the layout in which every kernel of this module reads weights.

use super::tile::PANEL;
use super::Matrix;
use crate::simd::{dispatch, Kernel, Vector};

/// Number of values that [`pack_b`] writes for a `k` × `n` matrix: columns are padded to a multiple of 16.
pub const fn packed_len(k: usize, n: usize) -> usize {
    n.div_ceil(PANEL) * PANEL * k
}

/// Packs the `k` × `n` matrix `b` into panels of 16 columns. This is the reference for compilers that pack weights:
///
/// ```text
/// packed[(j / 16 · k + p) · 16 + j % 16] = b[p][j]      for p < k, j < n
/// ```
///
/// The columns that pad the last panel are zero.
///
/// # Panics
/// Panics if `b` or `packed` is too short.
pub fn pack_b(k: usize, n: usize, b: Matrix<'_>, packed: &mut [f32]) {
    b.check("b", k, n);
    let packed = &mut packed[..packed_len(k, n)];
    for (panel, target) in packed.chunks_exact_mut((PANEL * k).max(1)).enumerate() {
        pack_panel(b.columns_from(panel * PANEL), k, n - panel * PANEL, target);
    }
}

/// Packs the first `min(columns, 16)` columns of `b` into one panel.
pub(super) fn pack_panel(b: Matrix<'_>, k: usize, columns: usize, panel: &mut [f32]) {
    let columns = columns.min(PANEL);
    if b.column == 1 {
        for (p, row) in panel.chunks_exact_mut(PANEL).enumerate().take(k) {
            row[..columns].copy_from_slice(&b.data[p * b.row..][..columns]);
            row[columns..].fill(0.0);
        }
        return;
    }
    let done = if b.row == 1 && columns == PANEL {
        dispatch(Transpose { b, k, panel })
    } else {
        0
    };
    for (p, row) in panel.chunks_exact_mut(PANEL).enumerate().take(k).skip(done) {
        for (j, x) in row.iter_mut().enumerate() {
            *x = if j < columns {
                b.data[p * b.row + j * b.column]
            } else {
                0.0
            };
        }
    }
}

/// Packs 16 columns whose elements are adjacent, in squares as large as a vector; returns the number of rows done.
struct Transpose<'a> {
    b: Matrix<'a>,
    k: usize,
    panel: &'a mut [f32],
}

impl Kernel for Transpose<'_> {
    type Out = usize;
    #[inline(always)]
    fn run<V: Vector>(self) -> usize {
        let whole = self.k - self.k % V::LANES;
        for p in (0..whole).step_by(V::LANES) {
            for j in (0..PANEL).step_by(V::LANES) {
                let from = &self.b.data[j * self.b.column + p..];
                let to = &mut self.panel[p * PANEL + j..];
                match V::LANES {
                    16 => square::<V, 16>(from, self.b.column, to),
                    8 => square::<V, 8>(from, self.b.column, to),
                    4 => square::<V, 4>(from, self.b.column, to),
                    _ => to[0] = from[0],
                }
            }
        }
        whole
    }
}

/// Transposes a square of N × N = LANES × LANES values, whose columns are `step` apart, into rows that are 16 apart.
///
/// Interleaving row i with row i + N/2 for all i < N/2 moves the highest bit of the row number to the lowest of the column
/// number; after log₂ N rounds rows and columns have changed places.
#[inline(always)]
fn square<V: Vector, const N: usize>(from: &[f32], step: usize, to: &mut [f32]) {
    let mut rows = [V::zero(); N];
    for i in 0..N {
        rows[i] = V::load(&from[i * step..]);
    }
    rows = interleave(rows);
    rows = interleave(rows);
    if N >= 8 {
        rows = interleave(rows);
    }
    if N >= 16 {
        rows = interleave(rows);
    }
    for i in 0..N {
        rows[i].store(&mut to[i * PANEL..]);
    }
}

/// One round of [`square`].
#[inline(always)]
fn interleave<V: Vector, const N: usize>(rows: [V; N]) -> [V; N] {
    let mut next = rows;
    for i in 0..N / 2 {
        (next[2 * i], next[2 * i + 1]) = rows[i].interleave(rows[i + N / 2]);
    }
    next
}
