//! Coefficients of VP8 and their inverse transforms (RFC 6386, §13 and §14).

use super::bools::Bools;

/// Probabilities of one plane's coefficients.
pub(super) type Odds = [[[u8; 11]; 3]; 8];

const ZIGZAG: [u8; 16] = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];
/// The band of each coefficient.
const BANDS: [u8; 16] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7];
/// Probabilities of the extra bits of large values, from 11, 19, 35 and 67 on.
const LARGE: [&[u8]; 4] = [
    &[173, 148, 140],
    &[176, 155, 140, 135],
    &[180, 157, 141, 134, 130],
    &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
];

/// Reads the coefficients of a block from number `first` on, times their factors (of the first one, and the others).
/// `neighbours` is the number of blocks above and to the left that have any; true if this one has.
pub(super) fn read(
    bools: &mut Bools,
    odds: &Odds,
    neighbours: usize,
    first: usize,
    factors: [i32; 2],
    block: &mut [i32],
) -> bool {
    let mut context = neighbours;
    let mut after_zero = false;
    for n in first..16 {
        let odds = &odds[usize::from(BANDS[n])][context];
        if !after_zero && !bools.read(odds[0]) {
            return n > first;
        }
        after_zero = !bools.read(odds[1]);
        if after_zero {
            context = 0;
            continue;
        }
        let magnitude = magnitude(bools, odds);
        context = if magnitude == 1 { 1 } else { 2 };
        let value = if bools.flag() { -magnitude } else { magnitude };
        block[usize::from(ZIGZAG[n])] = value * factors[usize::from(n > 0)];
    }
    true
}

fn magnitude(bools: &mut Bools, odds: &[u8; 11]) -> i32 {
    if !bools.read(odds[2]) {
        return 1;
    }
    if !bools.read(odds[3]) {
        if !bools.read(odds[4]) {
            return 2;
        }
        return 3 + i32::from(bools.read(odds[5]));
    }
    if !bools.read(odds[6]) {
        if !bools.read(odds[7]) {
            return 5 + i32::from(bools.read(159));
        }
        return 7 + 2 * i32::from(bools.read(165)) + i32::from(bools.read(145));
    }
    let high = usize::from(bools.read(odds[8]));
    let class = 2 * high + usize::from(bools.read(odds[9 + high]));
    let extra = LARGE[class]
        .iter()
        .fold(0, |n, &odds| 2 * n + i32::from(bools.read(odds)));
    3 + (8 << class) + extra
}

/// Sixteen first coefficients from the block that holds them (§14.3).
pub(super) fn inverse_hadamard(block: &[i32; 16]) -> [i32; 16] {
    let pass = |x: [i32; 4]| {
        let (a, b) = (x[0] + x[3], x[1] + x[2]);
        let (c, d) = (x[1] - x[2], x[0] - x[3]);
        [a + b, c + d, a - b, d - c]
    };
    both_ways(block, pass, |v| (v + 3) >> 3)
}

/// The differences of a block of 4 × 4 pixels from its prediction (§14.4).
pub(super) fn inverse_cosine(block: &[i32; 16]) -> [i32; 16] {
    // Damaged files may have coefficients that are too large.
    let times = |x: i32, factor: i64| ((i64::from(x) * factor) >> 16) as i32;
    let cosine = |x: i32| x + times(x, 20_091);
    let sine = |x: i32| times(x, 35_468);
    let pass = |x: [i32; 4]| {
        let (a, b) = (x[0] + x[2], x[0] - x[2]);
        let (c, d) = (sine(x[1]) - cosine(x[3]), cosine(x[1]) + sine(x[3]));
        [a + d, b + c, b - c, a - d]
    };
    both_ways(block, pass, |v| (v + 4) >> 3)
}

/// A transform of the columns and then of the rows.
fn both_ways(
    block: &[i32; 16],
    pass: impl Fn([i32; 4]) -> [i32; 4],
    last: impl Fn(i32) -> i32,
) -> [i32; 16] {
    let mut columns = [0; 16];
    for x in 0..4 {
        let column = pass(core::array::from_fn(|y| block[4 * y + x]));
        for y in 0..4 {
            columns[4 * y + x] = column[y];
        }
    }
    let mut result = [0; 16];
    for y in 0..4 {
        let row = pass(core::array::from_fn(|x| columns[4 * y + x]));
        for x in 0..4 {
            result[4 * y + x] = last(row[x]);
        }
    }
    result
}
