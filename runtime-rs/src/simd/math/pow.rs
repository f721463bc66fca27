//! Powers.

use super::{nearest, polynomial, scale};
use crate::simd::{IntVector, Vector};

/// A number in two parts, the second at most half a unit in the last place of the first.
#[derive(Clone, Copy)]
struct Pair<V> {
    high: V,
    low: V,
}

/// `a · b` exactly: fused, or by splitting the factors (Dekker 1971).
#[inline(always)]
fn product<V: Vector>(a: V, b: V) -> Pair<V> {
    let high = a * b;
    if V::FUSED {
        return Pair {
            high,
            low: a.mul_add(b, -high),
        };
    }
    let upper = |v: V| (v.to_bits() & V::Int::splat(!0xfff)).as_float();
    let (a1, b1) = (upper(a), upper(b));
    let (a2, b2) = (a - a1, b - b1);
    Pair {
        high,
        low: ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2,
    }
}

/// `a + b` exactly, for |a| ≥ |b| or a = 0.
#[inline(always)]
fn ordered_sum<V: Vector>(a: V, b: V) -> Pair<V> {
    let high = a + b;
    Pair {
        high,
        low: b - (high - a),
    }
}

/// log₂ of finite x > 0 to about 2⁻³¹ relative: with x = 2ᵉ·m, s = (m − 1)/(m + 1), it is e + 2·atanh(s)/ln 2.
#[inline(always)]
fn log2_pair<V: Vector>(x: V) -> Pair<V> {
    const SQRT_HALF_BITS: i32 = 0x3f35_04f3;
    let tiny = x.lt(V::splat(f32::MIN_POSITIVE));
    let scaled = V::select(tiny, x * V::splat(8388608.0), x);
    let bits = scaled.to_bits() + V::Int::splat(0x3f80_0000 - SQRT_HALF_BITS);
    let e = bits.shr(23).to_float() - V::select(tiny, V::splat(150.0), V::splat(127.0));
    let m = ((bits & V::Int::splat(0x007f_ffff)) + V::Int::splat(SQRT_HALF_BITS)).as_float();

    // s in two parts: the quotient, and what is left of the dividend over the divisor.
    let f = m - V::splat(1.0);
    let divisor = m + V::splat(1.0);
    let divisor_low = m - (divisor - V::splat(1.0));
    let s = f / divisor;
    let back = product(s, divisor);
    let s_low = ((f - back.high) - back.low - s * divisor_low) / divisor;

    // atanh(s) = s + s³·p(s²)
    let square = s * s;
    let p = polynomial(
        square,
        [
            3.333_333e-1,
            2.000_016_7e-1,
            1.426_866_2e-1,
            1.179_095_95e-1,
        ],
    );
    let rest = (square * s).mul_add(p, s_low);

    // 2/ln 2 in two parts.
    const SCALE: f32 = 2.885_39;
    const SCALE_LOW: f32 = 3.851_926e-8;
    let main = product(s, V::splat(SCALE));
    let low = rest.mul_add(V::splat(SCALE), s.mul_add(V::splat(SCALE_LOW), main.low));
    let sum = ordered_sum(e, main.high);
    let low = sum.low + low;
    ordered_sum(sum.high, low)
}

/// `xʸ` with the special cases of C's `pow`: 1 for y = 0 or x = 1 (even with NaN), NaN for negative x and fractional y,
/// the sign of x for odd y. Error ≤ 3 ulp for results in the normal range.
#[inline(always)]
pub fn pow<V: Vector>(x: V, y: V) -> V {
    let one = V::splat(1.0);
    let size = x.abs();
    let log = log2_pair(size);
    let exponent = product(y, log.high);
    let fits = exponent.high.abs().lt(V::splat(200.0));
    let low = V::select(fits, y.mul_add(log.low, exponent.low), V::zero());
    let high = exponent.high.min(V::splat(200.0)).max(V::splat(-200.0));
    let (n, shift) = nearest(high);
    let r = (high - n) + low;
    let q = polynomial(
        r,
        [
            6.931_472e-1,
            2.402_265e-1,
            5.550_410_2e-2,
            9.618_037e-3,
            1.333_393_9e-3,
            1.546_700_8e-4,
            1.519_593_1e-5,
        ],
    );
    let power = scale(q.mul_add(r, one), shift);

    let grows = V::zero().lt(y);
    let infinity = V::splat(f32::INFINITY);
    let power = V::select(
        size.eq(V::zero()),
        V::select(grows, V::zero(), infinity),
        power,
    );
    let power = V::select(
        size.eq(infinity),
        V::select(grows, infinity, V::zero()),
        power,
    );
    let power = V::select(x.is_nan() | y.is_nan(), x + y, power);

    let whole = y.floor().eq(y);
    let half = y * V::splat(0.5);
    let odd = whole & !half.floor().eq(half);
    let negative = x.lt(V::zero());
    // −0 is not below zero, but an odd power keeps its sign.
    let power = V::select(odd, power.copysign(x), power);
    let undefined = negative & !whole & x.gt(-infinity);
    let power = V::select(undefined, V::splat(f32::NAN), power);
    let is_one = y.eq(V::zero()) | x.eq(one) | (size.eq(one) & y.abs().eq(infinity));
    V::select(is_one, one, power)
}
