//! Sine, cosine, tangent.

use super::{nearest, polynomial};
use crate::simd::{IntVector, Mask, Vector};

/// Up to here the reduction below is accurate; larger arguments, and infinite ones, go lane by lane through `f64`.
const LARGEST: f32 = 8192.0;

/// x = n·π/2 + r with |r| ≤ π/4: r and n. The parts of π/2 have 11 bits, so that their products with n are exact.
#[inline(always)]
fn reduce<V: Vector>(x: V) -> (V, V::Int) {
    let (n, quadrant) = nearest(x * V::splat(core::f32::consts::FRAC_2_PI));
    let r = n.neg_mul_add(V::splat(1.570_312_5), x);
    let r = n.neg_mul_add(V::splat(4.837_512_969_970_703e-4), r);
    let r = n.neg_mul_add(V::splat(7.549_533_620_476_723e-8), r);
    (
        n.neg_mul_add(V::splat(2.563_344_068_257_184_7e-12), r),
        quadrant,
    )
}

/// Sine and cosine for |r| ≤ π/4.
#[inline(always)]
fn quarter<V: Vector>(r: V) -> (V, V) {
    let square = r * r;
    let p = polynomial(
        square,
        [
            -1.666_666_7e-1,
            8.333_329e-3,
            -1.983_930_3e-4,
            2.718_025_8e-6,
        ],
    );
    let q = polynomial(square, [4.166_664_6e-2, -1.388_730_8e-3, 2.443_221e-5]);
    let half = square * V::splat(0.5);
    let whole = V::splat(1.0) - half;
    let rest = (V::splat(1.0) - whole) - half;
    (
        (r * square).mul_add(p, r),
        whole + (square * square).mul_add(q, rest),
    )
}

/// The sine of x + `turn` · π/2.
#[inline(always)]
fn sin_turned<V: Vector>(x: V, turn: i32) -> V {
    let (r, n) = reduce(x);
    let n = n + V::Int::splat(turn);
    let (sin, cos) = quarter(r);
    let odd = (n & V::Int::splat(1)).eq(V::Int::splat(1));
    let sign = (n & V::Int::splat(2)).shl(30);
    (V::select(odd, cos, sin).to_bits() ^ sign).as_float()
}

/// `f` of each lane whose size is beyond [`LARGEST`]; rare, hence out of line of the fast path.
#[inline(always)]
fn by_lane<V: Vector>(x: V, y: V, f: fn(f64) -> f64) -> V {
    let large = !x.abs().le(V::splat(LARGEST));
    if !large.any() {
        return y;
    }
    let mut lanes = x.to_array();
    for lane in &mut lanes[..V::LANES] {
        *lane = f(f64::from(*lane)) as f32;
    }
    V::select(large, V::load(&lanes), y)
}

/// Sine. Error ≤ 2 ulp for every argument; NaN at ±∞.
#[inline(always)]
pub fn sin<V: Vector>(x: V) -> V {
    // The sine of −0 is −0, which the reduction may turn into +0.
    let y = V::select(x.eq(V::zero()), x, sin_turned(x, 0));
    by_lane(x, y, scalar::sin)
}

/// Cosine. Error ≤ 2 ulp for every argument; NaN at ±∞.
#[inline(always)]
pub fn cos<V: Vector>(x: V) -> V {
    by_lane(x, sin_turned(x, 1), scalar::cos)
}

/// Tangent. Error ≤ 4 ulp for every argument; NaN at ±∞.
#[inline(always)]
pub fn tan<V: Vector>(x: V) -> V {
    let (r, n) = reduce(x);
    let (sin, cos) = quarter(r);
    let odd = (n & V::Int::splat(1)).eq(V::Int::splat(1));
    let y = V::select(odd, -cos, sin) / V::select(odd, sin, cos);
    by_lane(x, V::select(x.eq(V::zero()), x, y), scalar::tan)
}

/// The standard library's functions, or, without it, those that come with the compiler.
mod scalar {
    #[cfg(feature = "std")]
    pub fn sin(x: f64) -> f64 {
        x.sin()
    }
    #[cfg(feature = "std")]
    pub fn cos(x: f64) -> f64 {
        x.cos()
    }
    #[cfg(feature = "std")]
    pub fn tan(x: f64) -> f64 {
        x.tan()
    }
    #[cfg(not(feature = "std"))]
    pub use core_only::*;

    #[cfg(not(feature = "std"))]
    mod core_only {
        mod c {
            extern "C" {
                pub fn sin(x: f64) -> f64;
                pub fn cos(x: f64) -> f64;
                pub fn tan(x: f64) -> f64;
            }
        }
        // SAFETY (all three): C's functions, defined for every argument; Rust's targets without an operating system link
        // them with the compiler's built-in functions.
        pub fn sin(x: f64) -> f64 {
            unsafe { c::sin(x) }
        }
        pub fn cos(x: f64) -> f64 {
            unsafe { c::cos(x) }
        }
        pub fn tan(x: f64) -> f64 {
            unsafe { c::tan(x) }
        }
    }
}
