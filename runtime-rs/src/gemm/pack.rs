//! Packing of B: the layout in which every kernel of this module reads weights.

use super::tile::PANEL;
use super::Matrix;

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
    for (p, row) in panel.chunks_exact_mut(PANEL).enumerate().take(k) {
        for (j, x) in row.iter_mut().enumerate() {
            *x = if j < columns {
                b.data[p * b.row + j * b.column]
            } else {
                0.0
            };
        }
    }
}
