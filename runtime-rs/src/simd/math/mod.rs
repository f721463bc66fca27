//! Elementary functions of vectors.
//!
//! Each is branch-free polynomial code of the same form: reduce the argument, evaluate a polynomial that is the minimax
//! fit of the reduced function (found with the Remez exchange algorithm, weighted for the relative error of the result),
//! undo the reduction. The error bounds in ulp are of the fused instruction sets; where products are not fused
//! ([`Vector::FUSED`]) they may be one ulp larger. The tests compare dense samples with `f64` functions of the standard
//! library, and, when asked to (`cargo test --release -- --ignored exhaustive`), every one of the 2³² arguments.
//!
//! NaN gives NaN. Results below the normal range are computed as subnormal numbers.

mod erf;
mod exp;
mod log;
mod pow;
mod sigmoid;
mod trig;

#[cfg(test)]
mod tests;

pub use erf::{erf, gelu, gelu_tanh};
pub use exp::{exp, exp2, exp_m1};
pub use log::{ln, ln_1p, log10, log2};
pub use pow::pow;
pub use sigmoid::{hard_sigmoid, mish, sigmoid, silu, softplus, tanh};
pub use trig::{cos, sin, tan};

use super::{IntVector, Vector};

/// `c₀ + c₁·x + c₂·x² + …` by Horner's rule; `c` runs from the constant up.
#[inline(always)]
pub(crate) fn polynomial<V: Vector, const N: usize>(x: V, c: [f32; N]) -> V {
    let mut sum = V::splat(c[N - 1]);
    for i in (0..N - 1).rev() {
        sum = sum.mul_add(x, V::splat(c[i]));
    }
    sum
}

/// Adding this number (1.5·2²³) rounds a small float to the nearest integer and leaves that integer in the low bits.
const ROUND: f32 = 12582912.0;

/// The nearest integer of `x`, |x| < 2²², as a float and as an integer.
#[inline(always)]
fn nearest<V: Vector>(x: V) -> (V, V::Int) {
    let shifted = x + V::splat(ROUND);
    (
        shifted - V::splat(ROUND),
        shifted.to_bits() - V::Int::splat(ROUND.to_bits() as i32),
    )
}

/// `y · 2ⁿ` for −250 ≤ n ≤ 250, in two steps, so that overflow gives ∞ and underflow rounds (at most) twice.
#[inline(always)]
fn scale<V: Vector>(y: V, n: V::Int) -> V {
    let sum = n + V::Int::splat(254);
    let half = sum.shr(1);
    y * half.shl(23).as_float() * (sum - half).shl(23).as_float()
}
