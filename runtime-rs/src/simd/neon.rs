//! NEON (every 64-bit ARM processor): 4 lanes, 32 registers.

use core::arch::aarch64::*;

use super::vector::{operators, sealed::Sealed};
use super::{IntVector, Isa, Kernel, Mask, Vector};

/// 4 floats.
#[derive(Clone, Copy)]
pub struct Neon(float32x4_t);
/// 4 integers.
#[derive(Clone, Copy)]
pub struct Int(int32x4_t);
/// All bits of a lane, set or clear.
#[derive(Clone, Copy)]
pub struct Bits(uint32x4_t);

operators!(Neon { Add add vaddq_f32; Sub sub vsubq_f32; Mul mul vmulq_f32; Div div vdivq_f32; });
operators!(Int {
    Add add vaddq_s32; Sub sub vsubq_s32; BitAnd bitand vandq_s32; BitOr bitor vorrq_s32; BitXor bitxor veorq_s32;
});
operators!(Bits { BitAnd bitand vandq_u32; BitOr bitor vorrq_u32; });

// SAFETY of the intrinsics below: NEON is part of the target (aarch64's baseline).
impl core::ops::Not for Bits {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        unsafe { Self(vmvnq_u32(self.0)) }
    }
}

impl Mask for Bits {
    #[inline(always)]
    fn any(self) -> bool {
        unsafe { vmaxvq_u32(self.0) != 0 }
    }
    #[inline(always)]
    fn all(self) -> bool {
        unsafe { vminvq_u32(self.0) != 0 }
    }
}

impl core::ops::Neg for Neon {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        unsafe { Self(vnegq_f32(self.0)) }
    }
}

impl IntVector for Int {
    type Float = Neon;
    #[inline(always)]
    fn splat(x: i32) -> Self {
        unsafe { Self(vdupq_n_s32(x)) }
    }
    #[inline(always)]
    fn shl(self, count: u32) -> Self {
        unsafe { Self(vshlq_s32(self.0, vdupq_n_s32(count as i32))) }
    }
    #[inline(always)]
    fn shr(self, count: u32) -> Self {
        unsafe {
            Self(vreinterpretq_s32_u32(vshlq_u32(
                vreinterpretq_u32_s32(self.0),
                vdupq_n_s32(-(count as i32)),
            )))
        }
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Bits {
        unsafe { Bits(vceqq_s32(self.0, other.0)) }
    }
    #[inline(always)]
    fn gt(self, other: Self) -> Bits {
        unsafe { Bits(vcgtq_s32(self.0, other.0)) }
    }
    #[inline(always)]
    fn select(mask: Bits, a: Self, b: Self) -> Self {
        unsafe { Self(vbslq_s32(mask.0, a.0, b.0)) }
    }
    #[inline(always)]
    fn as_float(self) -> Neon {
        unsafe { Neon(vreinterpretq_f32_s32(self.0)) }
    }
    #[inline(always)]
    fn to_float(self) -> Neon {
        unsafe { Neon(vcvtq_f32_s32(self.0)) }
    }
}

impl Sealed for Neon {}

impl Vector for Neon {
    type Mask = Bits;
    type Int = Int;
    const LANES: usize = 4;
    const REGISTERS: usize = 32;
    const ISA: Isa = Isa::Neon;
    const FUSED: bool = true;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        unsafe { Self(vdupq_n_f32(x)) }
    }
    #[inline(always)]
    unsafe fn load_ptr(p: *const f32) -> Self {
        unsafe { Self(vld1q_f32(p)) }
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
        unsafe { vst1q_f32(p, self.0) }
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
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        unsafe { Self(vfmaq_f32(c.0, self.0, b.0)) }
    }
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        unsafe { Self(vfmsq_f32(c.0, self.0, b.0)) }
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        unsafe { Self(vminq_f32(self.0, other.0)) }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        unsafe { Self(vmaxq_f32(self.0, other.0)) }
    }
    #[inline(always)]
    fn abs(self) -> Self {
        unsafe { Self(vabsq_f32(self.0)) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        unsafe { Self(vsqrtq_f32(self.0)) }
    }
    #[inline(always)]
    fn floor(self) -> Self {
        unsafe { Self(vrndmq_f32(self.0)) }
    }
    #[inline(always)]
    fn ceil(self) -> Self {
        unsafe { Self(vrndpq_f32(self.0)) }
    }
    #[inline(always)]
    fn round_ties_even(self) -> Self {
        unsafe { Self(vrndnq_f32(self.0)) }
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Bits {
        unsafe { Bits(vcltq_f32(self.0, other.0)) }
    }
    #[inline(always)]
    fn le(self, other: Self) -> Bits {
        unsafe { Bits(vcleq_f32(self.0, other.0)) }
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Bits {
        unsafe { Bits(vceqq_f32(self.0, other.0)) }
    }
    #[inline(always)]
    fn select(mask: Bits, a: Self, b: Self) -> Self {
        unsafe { Self(vbslq_f32(mask.0, a.0, b.0)) }
    }
    #[inline(always)]
    fn to_bits(self) -> Int {
        unsafe { Int(vreinterpretq_s32_f32(self.0)) }
    }
    #[inline(always)]
    fn round_to_int(self) -> Int {
        unsafe { Int(vcvtnq_s32_f32(self.0)) }
    }
    #[inline(always)]
    fn interleave(self, other: Self) -> (Self, Self) {
        unsafe {
            (
                Self(vzip1q_f32(self.0, other.0)),
                Self(vzip2q_f32(self.0, other.0)),
            )
        }
    }
    #[inline(always)]
    fn outlined<K: Kernel>(kernel: K) -> K::Out {
        enter_outlined(kernel)
    }
}

/// Runs `kernel` with NEON.
pub fn enter<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Neon>()
}

/// As [`enter`], never inlined.
#[inline(never)]
fn enter_outlined<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Neon>()
}
