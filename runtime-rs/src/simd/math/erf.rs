//! The error function and what is made of it.

use super::{exp, polynomial, sigmoid::tanh};
use crate::simd::Vector;

/// From here on the complement is computed instead.
const SPLIT: f32 = 0.875;

/// `erf(z)` for |z| ≤ [`SPLIT`]: z + z·p(z²).
#[inline(always)]
fn small<V: Vector>(z: V) -> V {
    let p = polynomial(
        z * z,
        [
            1.283_791_7e-1,
            -3.761_263_5e-1,
            1.128_373_3e-1,
            -2.686_158_4e-2,
            5.206_747_4e-3,
            -8.211_104e-4,
            8.675_392e-5,
        ],
    );
    z.mul_add(p, z)
}

/// `1 − erf(z)` for z ≥ [`SPLIT`]: exp(−z·q(z)). Relative error below 10⁻⁵ for z ≤ 6, where it is 2·10⁻¹⁷.
#[inline(always)]
fn complement<V: Vector>(z: V) -> V {
    let q = polynomial(
        z.min(V::splat(6.0)),
        [
            1.128_793_6,
            6.345_611e-1,
            1.071_922_9e-1,
            -2.453_963_6e-2,
            3.964_021_3e-3,
            -3.730_974_6e-4,
            3.963_474_2e-6,
            3.576_976_7e-6,
            -3.967_337e-7,
            1.445_656_6e-8,
        ],
    );
    exp(-(z * q))
}

/// Error function. Error ≤ 2 ulp.
#[inline(always)]
pub fn erf<V: Vector>(x: V) -> V {
    let z = x.abs();
    let y = V::select(
        z.lt(V::splat(SPLIT)),
        small(z),
        V::splat(1.0) - complement(z),
    );
    y.copysign(x)
}

/// GELU, `x·Φ(x) = ½·x·(1 + erf(x/√2))`. Error ≤ 3 ulp for x ≥ −1.2, ≤ 2·10⁻⁵ relative below, where the terms of the
/// formula would cancel; −0 at −∞.
#[inline(always)]
pub fn gelu<V: Vector>(x: V) -> V {
    // Far left the result is −0; the bound keeps −∞ · 0 away.
    let x = x.max(V::splat(-100.0));
    let z = x * V::splat(core::f32::consts::FRAC_1_SQRT_2);
    let size = z.abs();
    let tail = complement(size);
    let outer = V::select(z.lt(V::zero()), tail, V::splat(2.0) - tail);
    let twice_phi = V::select(size.lt(V::splat(SPLIT)), V::splat(1.0) + small(z), outer);
    V::splat(0.5) * x * twice_phi
}

/// The approximation of GELU by tanh: `½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`.
///
/// Absolute error ≤ 4·10⁻⁷·max(1, |x|) of this formula.
#[inline(always)]
pub fn gelu_tanh<V: Vector>(x: V) -> V {
    const SQRT_2_OVER_PI: f32 = 0.797_884_56;
    let x = x.max(V::splat(-100.0));
    let cubic = (x * x).mul_add(V::splat(0.044_715), V::splat(1.0));
    let t = tanh(x * V::splat(SQRT_2_OVER_PI) * cubic);
    V::splat(0.5) * x * (V::splat(1.0) + t)
}
