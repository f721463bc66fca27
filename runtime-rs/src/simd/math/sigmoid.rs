//! Functions of sigmoid shape.

use super::{exp, ln_1p, polynomial};
use crate::simd::Vector;

/// Hyperbolic tangent. Error ≤ 2 ulp.
///
/// Below 0.625 an odd polynomial, above 1 − 2/(e²ˣ + 1).
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    let z = x.abs();
    let square = z * z;
    let p = polynomial(
        square,
        [
            -3.333_333e-1,
            1.333_320_4e-1,
            -5.394_657e-2,
            2.169_959_4e-2,
            -8.174_563e-3,
            2.140_284_3e-3,
        ],
    );
    let small = (z * square).mul_add(p, z);
    let large = V::splat(1.0) - V::splat(2.0) / (exp(z + z) + V::splat(1.0));
    V::select(z.lt(V::splat(0.625)), small, large).copysign(x)
}

/// `1 / (1 + e⁻ˣ)`. Error ≤ 3 ulp, down to the subnormal results.
#[inline(always)]
pub fn sigmoid<V: Vector>(x: V) -> V {
    // e^−|x| does not overflow, and the left half keeps its relative accuracy.
    let e = exp(-x.abs());
    let right = V::splat(1.0) / (V::splat(1.0) + e);
    V::select(x.lt(V::zero()), e * right, right)
}

/// SiLU, also called Swish: `x · sigmoid(x)`. Error ≤ 4 ulp, plus 10⁻⁴² where the sigmoid is subnormal; NaN at −∞, as the formula gives.
#[inline(always)]
pub fn silu<V: Vector>(x: V) -> V {
    x * sigmoid(x)
}

/// `ln(1 + eˣ)`. Error ≤ 3 ulp.
#[inline(always)]
pub fn softplus<V: Vector>(x: V) -> V {
    x.max(V::zero()) + ln_1p(exp(-x.abs()))
}

/// `x · tanh(softplus(x))`. Error ≤ 5 ulp, plus 10⁻⁴² where eˣ is subnormal; NaN at −∞, as the formula gives.
///
/// With e = eˣ, tanh(ln(1 + e)) = (e² + 2e) / (e² + 2e + 2); for x > 0 numerator and denominator are scaled by e⁻²ˣ.
#[inline(always)]
pub fn mish<V: Vector>(x: V) -> V {
    let e = exp(-x.abs());
    let square = e * e;
    let left = e.mul_add(V::splat(2.0), square);
    let right = e.mul_add(V::splat(2.0), V::splat(1.0));
    let two = V::splat(2.0);
    let negative = x.lt(V::zero());
    let numerator = V::select(negative, left, right);
    let denominator = V::select(negative, left + two, square.mul_add(two, right));
    x * (numerator / denominator)
}

/// `clamp(alpha·x + beta, 0, 1)`.
#[inline(always)]
pub fn hard_sigmoid<V: Vector>(x: V, alpha: f32, beta: f32) -> V {
    x.mul_add(V::splat(alpha), V::splat(beta))
        .max(V::zero())
        .min(V::splat(1.0))
}
