//! Conversions between f32 and the narrower floats. Rounding is to nearest, ties to even, and happens once.
//!
//! Source: IEEE 754-2019; Micikevicius et al. 2022, "FP8 formats for deep learning"; OCP Microscaling Formats 1.0.

/// f16 to f32: exact, NaN stays NaN.
#[inline(always)]
pub fn f16_to_f32(h: u16) -> f32 {
    let sign = ((h & 0x8000) as u32) << 16;
    let exponent = (h >> 10) & 31;
    let mantissa = (h & 0x3ff) as u32;
    match exponent {
        0 => f32::from_bits(sign | (mantissa as f32 * 5.960_464_5e-8).to_bits()),
        31 => f32::from_bits(sign | 0x7f80_0000 | (mantissa << 13)),
        e => f32::from_bits(sign | ((e as u32 + 112) << 23) | (mantissa << 13)),
    }
}

/// f32 to f16, to nearest even; overflow gives infinity.
#[inline(always)]
pub fn f32_to_f16(x: f32) -> u16 {
    let bits = x.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    if magnitude > 0x7f80_0000 {
        return sign | 0x7e00;
    }
    sign | small_float(magnitude, 10, 15, 0x7c00) as u16
}

/// bf16 to f32: exact.
#[inline(always)]
pub fn bf16_to_f32(b: u16) -> f32 {
    f32::from_bits((b as u32) << 16)
}

/// f32 to bf16, to nearest even; NaN stays a quiet NaN.
#[inline(always)]
pub fn f32_to_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    if x.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) as u16
}

/// Rounds the magnitude of a finite or infinite f32 to `mantissa` bits and exponent bias `bias`; results past `limit` are `limit`.
#[inline(always)]
fn small_float(magnitude: u32, mantissa: u32, bias: i32, limit: u32) -> u32 {
    let shift = 23 - mantissa;
    let exponent = (magnitude >> 23) as i32 - 127;
    let rounded = if exponent < 1 - bias {
        // Below the normal range: the quotient by the smallest step, rounded to even by the addition of 2²³.
        let scaled = f32::from_bits(magnitude) as f64 * exp2(bias - 1 + mantissa as i32);
        round_even(scaled) as u32
    } else {
        let carry = (1 << (shift - 1)) - 1 + ((magnitude >> shift) & 1);
        ((magnitude + carry) >> shift).wrapping_sub(((127 - bias) as u32) << mantissa)
    };
    rounded.min(limit)
}

#[inline(always)]
fn exp2(n: i32) -> f64 {
    f64::from_bits(((1023 + n) as u64) << 52)
}

#[inline(always)]
fn round_even(x: f64) -> f64 {
    const SHIFTER: f64 = 4_503_599_627_370_496.0; // 2⁵²
    (x + SHIFTER) - SHIFTER
}

#[inline(always)]
fn expand(byte: u8, mantissa: u32, bias: i32) -> f32 {
    let magnitude = (byte & 0x7f) as u32;
    let exponent = (magnitude >> mantissa) as i32;
    let fraction = (magnitude & ((1 << mantissa) - 1)) as f64;
    let value = if exponent == 0 {
        fraction * exp2(1 - bias - mantissa as i32)
    } else {
        (fraction * exp2(-(mantissa as i32)) + 1.0) * exp2(exponent - bias)
    };
    if byte & 0x80 != 0 {
        -value as f32
    } else {
        value as f32
    }
}

/// Shared frame of the f8 encoders. `limit` is the largest finite code, `overflow` the code of what exceeds it unsaturated.
#[inline(always)]
fn f8(
    x: f32,
    mantissa: u32,
    bias: i32,
    limit: u32,
    nan: u8,
    overflow: u8,
    saturate: bool,
    fnuz: bool,
) -> u8 {
    if x.is_nan() {
        return if fnuz {
            nan
        } else {
            nan | ((x.to_bits() >> 24) & 0x80) as u8
        };
    }
    let sign = ((x.to_bits() >> 24) & 0x80) as u8;
    let code = small_float(x.to_bits() & 0x7fff_ffff, mantissa, bias, 0xff);
    if code > limit {
        let past = if saturate { limit as u8 } else { overflow };
        return if fnuz && !saturate {
            overflow
        } else {
            sign | past
        };
    }
    if fnuz && code == 0 {
        0
    } else {
        sign | code as u8
    }
}

/// f8 e4m3fn to f32.
pub fn e4m3fn_to_f32(b: u8) -> f32 {
    if b & 0x7f == 0x7f {
        f32::NAN
    } else {
        expand(b, 3, 7)
    }
}
/// f32 to f8 e4m3fn; past 448: 448 if `saturate`, else NaN.
pub fn f32_to_e4m3fn(x: f32, saturate: bool) -> u8 {
    f8(x, 3, 7, 0x7e, 0x7f, 0x7f, saturate, false)
}
/// f8 e4m3fnuz to f32.
pub fn e4m3fnuz_to_f32(b: u8) -> f32 {
    if b == 0x80 {
        f32::NAN
    } else {
        expand(b, 3, 8)
    }
}
/// f32 to f8 e4m3fnuz; past 240: 240 if `saturate`, else NaN.
pub fn f32_to_e4m3fnuz(x: f32, saturate: bool) -> u8 {
    f8(x, 3, 8, 0x7f, 0x80, 0x80, saturate, true)
}
/// f8 e5m2 to f32.
pub fn e5m2_to_f32(b: u8) -> f32 {
    match b & 0x7f {
        0x7c => f32::INFINITY.copysign(if b & 0x80 != 0 { -1.0 } else { 1.0 }),
        m if m > 0x7c => f32::NAN,
        _ => expand(b, 2, 15),
    }
}
/// f32 to f8 e5m2; past 57344: 57344 if `saturate`, else infinity.
pub fn f32_to_e5m2(x: f32, saturate: bool) -> u8 {
    f8(x, 2, 15, 0x7b, 0x7f, 0x7c, saturate, false)
}
/// f8 e5m2fnuz to f32.
pub fn e5m2fnuz_to_f32(b: u8) -> f32 {
    if b == 0x80 {
        f32::NAN
    } else {
        expand(b, 2, 16)
    }
}
/// f32 to f8 e5m2fnuz; past 57344: 57344 if `saturate`, else NaN.
pub fn f32_to_e5m2fnuz(x: f32, saturate: bool) -> u8 {
    f8(x, 2, 16, 0x7f, 0x80, 0x80, saturate, true)
}

/// How a value between two powers of two becomes an e8m0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum E8m0Round {
    /// To the greater one.
    Up,
    /// To the smaller one.
    Down,
    /// To the nearer one, ties up.
    Nearest,
}

/// e8m0 to f32: 2^(code − 127), 0xff is NaN.
pub fn e8m0_to_f32(b: u8) -> f32 {
    match b {
        0xff => f32::NAN,
        0 => f32::from_bits(0x0040_0000),
        e => f32::from_bits((e as u32) << 23),
    }
}
/// The magnitude of x as a power of two. Past the range, and at zero: the limit if `saturate`, else NaN.
pub fn f32_to_e8m0(x: f32, saturate: bool, round: E8m0Round) -> u8 {
    if x.is_nan() {
        return 0xff;
    }
    let bits = x.to_bits() & 0x7fff_ffff;
    if bits >= 0x7f80_0000 {
        return if saturate { 0xfe } else { 0xff };
    }
    const SMALLEST: u32 = 0x0040_0000;
    if bits < SMALLEST {
        return if saturate { 0 } else { 0xff };
    }
    let (exponent, fraction) = (bits >> 23, bits & 0x007f_ffff);
    let up = match round {
        // Exponent 0 holds the subnormals: 2⁻¹²⁷ is the code 0, everything above it rounds up to code 1.
        E8m0Round::Up if exponent == 0 => fraction > SMALLEST,
        E8m0Round::Up => fraction > 0,
        E8m0Round::Down => false,
        E8m0Round::Nearest if exponent == 0 => fraction >= 0x0060_0000,
        E8m0Round::Nearest => fraction >= 0x0040_0000,
    };
    let code = exponent + up as u32;
    if code > 0xfe {
        if saturate {
            0xfe
        } else {
            0xff
        }
    } else {
        code as u8
    }
}

const E2M1: [f32; 8] = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0];
/// f4 e2m1 (low bits of the byte) to f32.
pub fn e2m1_to_f32(b: u8) -> f32 {
    let value = E2M1[(b & 7) as usize];
    if b & 8 != 0 {
        -value
    } else {
        value
    }
}
/// f32 to f4 e2m1, to nearest even, saturating; NaN, which the type lacks, gives −0.
pub fn f32_to_e2m1(x: f32) -> u8 {
    let sign = if x.is_sign_negative() { 8 } else { 0 };
    if x.is_nan() {
        return 8;
    }
    let a = x.abs();
    // Midpoints between neighbours; ties go to the even code.
    let code = if a <= 0.25 {
        0
    } else if a < 0.75 {
        1
    } else if a <= 1.25 {
        2
    } else if a < 1.75 {
        3
    } else if a <= 2.5 {
        4
    } else if a < 3.5 {
        5
    } else if a <= 5.0 {
        6
    } else {
        7
    };
    sign | code
}
