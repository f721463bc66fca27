//! WebAssembly SIMD128: 4 lanes. With `+relaxed-simd`, products are added by the engine's fused instruction.

use core::arch::wasm32::*;

use super::vector::{operators, sealed::Sealed};
use super::{IntVector, Isa, Kernel, Mask, Vector};

/// 4 floats.
#[derive(Clone, Copy)]
pub struct Wasm(v128);
/// 4 integers.
#[derive(Clone, Copy)]
pub struct Int(v128);
/// All bits of a lane, set or clear.
#[derive(Clone, Copy)]
pub struct Bits(v128);

operators!(Wasm { Add add f32x4_add; Sub sub f32x4_sub; Mul mul f32x4_mul; Div div f32x4_div; });
operators!(Int { Add add i32x4_add; Sub sub i32x4_sub; BitAnd bitand v128_and; BitOr bitor v128_or; BitXor bitxor v128_xor; });
operators!(Bits { BitAnd bitand v128_and; BitOr bitor v128_or; });

impl core::ops::Not for Bits {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(v128_not(self.0))
    }
}

impl Mask for Bits {
    #[inline(always)]
    fn any(self) -> bool {
        v128_any_true(self.0)
    }
    #[inline(always)]
    fn all(self) -> bool {
        i32x4_all_true(self.0)
    }
}

impl core::ops::Neg for Wasm {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(f32x4_neg(self.0))
    }
}

impl IntVector for Int {
    type Float = Wasm;
    #[inline(always)]
    fn splat(x: i32) -> Self {
        Self(i32x4_splat(x))
    }
    #[inline(always)]
    fn shl(self, count: u32) -> Self {
        Self(i32x4_shl(self.0, count))
    }
    #[inline(always)]
    fn shr(self, count: u32) -> Self {
        Self(u32x4_shr(self.0, count))
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Bits {
        Bits(i32x4_eq(self.0, other.0))
    }
    #[inline(always)]
    fn gt(self, other: Self) -> Bits {
        Bits(i32x4_gt(self.0, other.0))
    }
    #[inline(always)]
    fn select(mask: Bits, a: Self, b: Self) -> Self {
        Self(blend(a.0, b.0, mask.0))
    }
    #[inline(always)]
    fn as_float(self) -> Wasm {
        Wasm(self.0)
    }
    #[inline(always)]
    fn to_float(self) -> Wasm {
        Wasm(f32x4_convert_i32x4(self.0))
    }
}

/// `a` where all bits of the mask's lane are set, `b` where none is.
#[inline(always)]
fn blend(a: v128, b: v128, mask: v128) -> v128 {
    // Lanes of masks are all ones or all zeros, for which the relaxed instruction is exact, and one instruction on x86.
    #[cfg(target_feature = "relaxed-simd")]
    return i32x4_relaxed_laneselect(a, b, mask);
    #[cfg(not(target_feature = "relaxed-simd"))]
    v128_bitselect(a, b, mask)
}

// The pseudo-minimum is one instruction on x86, the NaN-exact one is seven. But where relaxed instructions are allowed, LLVM
// turns it into one that may lose a NaN, so there it is spelled out.
#[cfg(not(target_feature = "relaxed-simd"))]
use core::arch::wasm32::{f32x4_pmax as maximum, f32x4_pmin as minimum};

#[cfg(target_feature = "relaxed-simd")]
#[inline(always)]
fn minimum(a: v128, b: v128) -> v128 {
    blend(b, a, f32x4_lt(b, a))
}

#[cfg(target_feature = "relaxed-simd")]
#[inline(always)]
fn maximum(a: v128, b: v128) -> v128 {
    blend(b, a, f32x4_lt(a, b))
}

impl Sealed for Wasm {}

impl Vector for Wasm {
    type Mask = Bits;
    type Int = Int;
    const LANES: usize = 4;
    const REGISTERS: usize = 16;
    const ISA: Isa = Isa::Wasm;
    /// Relaxed products may be fused or not, as the engine likes.
    const FUSED: bool = false;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self(f32x4_splat(x))
    }
    #[inline(always)]
    unsafe fn load_ptr(p: *const f32) -> Self {
        unsafe { Self(v128_load(p.cast())) }
    }
    #[inline(always)]
    unsafe fn load_partial_ptr(p: *const f32, n: usize) -> Self {
        if n >= 4 {
            return unsafe { Self::load_ptr(p) };
        }
        let mut lanes = [0.0; 4];
        unsafe { core::ptr::copy_nonoverlapping(p, lanes.as_mut_ptr(), n) };
        unsafe { Self::load_ptr(lanes.as_ptr()) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32) {
        unsafe { v128_store(p.cast(), self.0) }
    }
    #[inline(always)]
    unsafe fn store_partial_ptr(self, p: *mut f32, n: usize) {
        if n >= 4 {
            return unsafe { self.store_ptr(p) };
        }
        let mut lanes = [0.0; 4];
        unsafe { self.store_ptr(lanes.as_mut_ptr()) };
        unsafe { core::ptr::copy_nonoverlapping(lanes.as_ptr(), p, n) };
    }
    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Self(f32x4_relaxed_madd(self.0, b.0, c.0))
    }
    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self * b + c
    }
    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        Self(f32x4_relaxed_nmadd(self.0, b.0, c.0))
    }
    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        c - self * b
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(minimum(self.0, other.0))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(maximum(self.0, other.0))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(f32x4_abs(self.0))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(f32x4_sqrt(self.0))
    }
    #[inline(always)]
    fn floor(self) -> Self {
        Self(f32x4_floor(self.0))
    }
    #[inline(always)]
    fn ceil(self) -> Self {
        Self(f32x4_ceil(self.0))
    }
    #[inline(always)]
    fn round_ties_even(self) -> Self {
        Self(f32x4_nearest(self.0))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Bits {
        Bits(f32x4_lt(self.0, other.0))
    }
    #[inline(always)]
    fn le(self, other: Self) -> Bits {
        Bits(f32x4_le(self.0, other.0))
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Bits {
        Bits(f32x4_eq(self.0, other.0))
    }
    #[inline(always)]
    fn select(mask: Bits, a: Self, b: Self) -> Self {
        Self(blend(a.0, b.0, mask.0))
    }
    #[inline(always)]
    fn to_bits(self) -> Int {
        Int(self.0)
    }
    #[inline(always)]
    fn round_to_int(self) -> Int {
        Int(i32x4_trunc_sat_f32x4(f32x4_nearest(self.0)))
    }
    #[inline(always)]
    fn interleave(self, other: Self) -> (Self, Self) {
        (
            Self(i32x4_shuffle::<0, 4, 1, 5>(self.0, other.0)),
            Self(i32x4_shuffle::<2, 6, 3, 7>(self.0, other.0)),
        )
    }
    #[inline(always)]
    fn outlined<K: Kernel>(kernel: K) -> K::Out {
        enter_outlined(kernel)
    }
}

/// Runs `kernel` with SIMD128.
pub fn enter<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Wasm>()
}

/// As [`enter`], never inlined.
#[inline(never)]
fn enter_outlined<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Wasm>()
}
