//! The inverse cosine transform of 8 × 8 blocks in fixed point.
//!
//! Loeffler, Ligtenberg and Moschytz 1989 ("Practical fast 1-D DCT algorithms with 11 multiplications"): columns first, with
//! two more bits than the samples, then rows; factors have 13 bits behind the point. With these widths the result has the
//! same bits as libjpeg's "islow".

const FRACTION: u32 = 13;
const EXTRA: u32 = 2;

/// √2-scaled cosines and their sums, times 2¹³.
const F_0_298: i32 = 2446;
const F_0_390: i32 = 3196;
const F_0_541: i32 = 4433;
const F_0_765: i32 = 6270;
const F_0_899: i32 = 7373;
const F_1_175: i32 = 9633;
const F_1_501: i32 = 12299;
const F_1_847: i32 = 15137;
const F_1_961: i32 = 16069;
const F_2_053: i32 = 16819;
const F_2_562: i32 = 20995;
const F_3_072: i32 = 25172;

/// One dimension: the results are scaled by √8·2¹³.
fn transform(x: [i32; 8]) -> [i32; 8] {
    let x = x.map(core::num::Wrapping);
    let c = core::num::Wrapping;
    // Even places.
    let common = (x[2] + x[6]) * c(F_0_541);
    let (e2, e3) = (common - x[6] * c(F_1_847), common + x[2] * c(F_0_765));
    let (e0, e1) = (
        (x[0] + x[4]) << FRACTION as usize,
        (x[0] - x[4]) << FRACTION as usize,
    );
    let even = [e0 + e3, e1 + e2, e1 - e2, e0 - e3];
    // Odd places.
    let sum = (x[7] + x[3] + x[5] + x[1]) * c(F_1_175);
    let (z1, z2) = ((x[7] + x[1]) * c(-F_0_899), (x[5] + x[3]) * c(-F_2_562));
    let (z3, z4) = (
        (x[7] + x[3]) * c(-F_1_961) + sum,
        (x[5] + x[1]) * c(-F_0_390) + sum,
    );
    let odd = [
        x[1] * c(F_1_501) + z1 + z4,
        x[3] * c(F_3_072) + z2 + z3,
        x[5] * c(F_2_053) + z2 + z4,
        x[7] * c(F_0_298) + z1 + z3,
    ];
    core::array::from_fn(|i| {
        let k = i.min(7 - i);
        (if i < 4 {
            even[k] + odd[k]
        } else {
            even[k] - odd[k]
        })
        .0
    })
}

/// `x / 2ⁿ`, halves up.
fn rounded(x: i32, shift: u32) -> i32 {
    x.wrapping_add(1 << (shift - 1)) >> shift
}

/// The samples of a block, row by row, from its coefficients.
pub(super) fn inverse(coefficients: &[i16], table: &[u16; 64]) -> [u8; 64] {
    let mut columns = [0i32; 64];
    for x in 0..8 {
        let column = core::array::from_fn(|y| {
            i32::from(coefficients[8 * y + x]).wrapping_mul(i32::from(table[8 * y + x]))
        });
        for (y, value) in transform(column).into_iter().enumerate() {
            columns[8 * y + x] = rounded(value, FRACTION - EXTRA);
        }
    }
    let mut samples = [0; 64];
    for (row, out) in columns.chunks_exact(8).zip(samples.chunks_exact_mut(8)) {
        let row = core::array::from_fn(|x| row[x]);
        for (value, out) in transform(row).into_iter().zip(out) {
            *out = (rounded(value, FRACTION + EXTRA + 3) + 128).clamp(0, 255) as u8;
        }
    }
    samples
}
