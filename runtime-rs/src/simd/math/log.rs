//! Logarithms.

use super::polynomial;
use crate::simd::{IntVector, Vector};

/// √½ as a bit pattern: mantissas are taken from [√½, √2).
const SQRT_HALF_BITS: i32 = 0x3f35_04f3;

/// x = 2ᵉ·(1 + f) with √½ ≤ 1 + f < √2, for finite x > 0; other arguments give nonsense.
#[inline(always)]
fn split<V: Vector>(x: V) -> (V, V) {
    // Subnormal numbers are scaled up first.
    let tiny = x.lt(V::splat(f32::MIN_POSITIVE));
    let scaled = V::select(tiny, x * V::splat(8388608.0), x);
    let bits = scaled.to_bits() + V::Int::splat(0x3f80_0000 - SQRT_HALF_BITS);
    let exponent = bits.shr(23).to_float() - V::select(tiny, V::splat(150.0), V::splat(127.0));
    let mantissa = ((bits & V::Int::splat(0x007f_ffff)) + V::Int::splat(SQRT_HALF_BITS)).as_float();
    (exponent, mantissa - V::splat(1.0))
}

/// `ln(1 + f) − f` for √½ ≤ 1 + f < √2: −f²/2 + f³·p(f).
#[inline(always)]
fn tail<V: Vector>(f: V) -> V {
    let p = polynomial(
        f,
        [
            3.333_331_3e-1,
            -2.500_001e-1,
            2.000_211_9e-1,
            -1.666_799_6e-1,
            1.421_955_2e-1,
            -1.240_558_85e-1,
            1.188_816_2e-1,
            -1.167_565_3e-1,
            6.746_642e-2,
        ],
    );
    let square = f * f;
    (square * f).mul_add(p, V::splat(-0.5) * square)
}

/// The cases that [`split`] does not cover: −∞ at zero, NaN below, ∞ at ∞.
#[inline(always)]
fn special<V: Vector>(x: V, y: V) -> V {
    let y = V::select(x.lt(V::splat(f32::INFINITY)), y, x);
    let y = V::select(x.eq(V::zero()), V::splat(f32::NEG_INFINITY), y);
    V::select(x.lt(V::zero()), V::splat(f32::NAN), y)
}

/// Natural logarithm. Error ≤ 1 ulp (2 where products are not fused); ln ±0 = −∞, NaN below zero.
#[inline(always)]
pub fn ln<V: Vector>(x: V) -> V {
    let (e, f) = split(x);
    let low = e.mul_add(V::splat(super::exp::LN2_LO), tail(f)) + f;
    special(x, e.mul_add(V::splat(super::exp::LN2_HI), low))
}

/// Logarithm to base 2, exact at powers of two. Error ≤ 2 ulp (3 where products are not fused).
#[inline(always)]
pub fn log2<V: Vector>(x: V) -> V {
    const LOG2_E: f32 = core::f32::consts::LOG2_E;
    let (e, f) = split(x);
    // log₂e = 1 + 0.4427: the 1 costs no rounding.
    let t = tail(f);
    let low = t.mul_add(V::splat(LOG2_E - 1.0), f * V::splat(LOG2_E - 1.0)) + t + f;
    special(x, e + low)
}

/// Logarithm to base 10. Error ≤ 2 ulp (3 where products are not fused).
#[inline(always)]
pub fn log10<V: Vector>(x: V) -> V {
    const LOG10_E: f32 = core::f32::consts::LOG10_E;
    // log₁₀2 in two parts; products of the first with exponents are exact.
    const HI: f32 = 0.301_025_39;
    const LO: f32 = 4.605_038_98e-6;
    let (e, f) = split(x);
    let low = e.mul_add(V::splat(LO), tail(f) * V::splat(LOG10_E));
    let low = f.mul_add(V::splat(LOG10_E), low);
    special(x, e.mul_add(V::splat(HI), low))
}

/// `ln(1 + x)`, without cancellation near 0. Error ≤ 2 ulp (3 where products are not fused).
///
/// What 1 + x loses by rounding is put back as a first-order term.
#[inline(always)]
pub fn ln_1p<V: Vector>(x: V) -> V {
    let u = x + V::splat(1.0);
    let y = ln(u);
    let lost = (x - (u - V::splat(1.0))) / u;
    let finite = V::zero().lt(u) & u.lt(V::splat(f32::INFINITY));
    let y = V::select(finite, y + lost, y);
    V::select(x.abs().lt(V::splat(1e-8)), x, y)
}
