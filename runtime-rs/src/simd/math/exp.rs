//! Exponential functions.

use super::{nearest, polynomial, scale};
use crate::simd::{IntVector, Vector};

/// ln 2 in two parts; products of the first with integers below 2¹² are exact.
pub(super) const LN2_HI: f32 = 0.693_359_375;
pub(super) const LN2_LO: f32 = -2.121_944_4e-4;

/// `eˣ`. Error ≤ 1.1 ulp (2 where products are not fused); overflow gives ∞, underflow 0.
///
/// x = n·ln 2 + r with |r| ≤ ½ ln 2, and eʳ = 1 + r + r²·q(r) (Cody & Waite 1980, chapter 6).
#[inline(always)]
pub fn exp<V: Vector>(x: V) -> V {
    // Beyond these the result is 0 or ∞ anyway.
    let x = x.min(V::splat(89.0)).max(V::splat(-104.0));
    let (n, exponent) = nearest(x * V::splat(core::f32::consts::LOG2_E));
    let r = n.neg_mul_add(V::splat(LN2_LO), n.neg_mul_add(V::splat(LN2_HI), x));
    let q = polynomial(
        r,
        [
            4.999_999_4e-1,
            1.666_652e-1,
            4.166_840_8e-2,
            8.368_914e-3,
            1.381_418_9e-3,
        ],
    );
    scale((r * r).mul_add(q, r) + V::splat(1.0), exponent)
}

/// `2ˣ`. Error ≤ 1.1 ulp (2 where products are not fused); overflow gives ∞, underflow 0.
#[inline(always)]
pub fn exp2<V: Vector>(x: V) -> V {
    let x = x.min(V::splat(129.0)).max(V::splat(-151.0));
    let (n, exponent) = nearest(x);
    let r = x - n;
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
    scale(q.mul_add(r, V::splat(1.0)), exponent)
}

/// `eˣ − 1`, without cancellation near 0. Error ≤ 1.5 ulp (3 where products are not fused).
#[inline(always)]
pub fn exp_m1<V: Vector>(x: V) -> V {
    let clamped = x.min(V::splat(89.0)).max(V::splat(-30.0));
    let (n, exponent) = nearest(clamped * V::splat(core::f32::consts::LOG2_E));
    let r = n.neg_mul_add(V::splat(LN2_LO), n.neg_mul_add(V::splat(LN2_HI), clamped));
    let q = polynomial(
        r,
        [
            5e-1,
            1.666_666_6e-1,
            4.166_655_2e-2,
            8.333_649e-3,
            1.392_495_7e-3,
            1.963_007_1e-4,
        ],
    );
    let e = (r * r).mul_add(q, r);
    // 2ⁿ·(e + 1) − 1 with half the power, which does not overflow for n = 128.
    let half = (exponent + V::Int::splat(126)).shl(23).as_float();
    let y = half.mul_add(e, half - V::splat(0.5));
    V::select(x.eq(V::zero()), x, y + y)
}
