//! AVX-512 (F, BW, DQ, VL: every server core since Skylake-X and Zen 4): 16 lanes, 32 registers.

use core::arch::x86_64::*;

use super::vector::{operators, sealed::Sealed};
use super::{IntVector, Isa, Kernel, Mask, Vector};

/// 16 floats.
#[derive(Clone, Copy)]
pub struct Avx512(__m512);
/// 16 integers.
#[derive(Clone, Copy)]
pub struct Int(__m512i);
/// One bit per lane.
#[derive(Clone, Copy)]
pub struct Bits(__mmask16);

operators!(Avx512 { Add add _mm512_add_ps; Sub sub _mm512_sub_ps; Mul mul _mm512_mul_ps; Div div _mm512_div_ps; });
operators!(Int {
    Add add _mm512_add_epi32; Sub sub _mm512_sub_epi32;
    BitAnd bitand _mm512_and_si512; BitOr bitor _mm512_or_si512; BitXor bitxor _mm512_xor_si512;
});
operators!(Bits { BitAnd bitand core::ops::BitAnd::bitand; BitOr bitor core::ops::BitOr::bitor; });

impl core::ops::Not for Bits {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl Mask for Bits {
    #[inline(always)]
    fn any(self) -> bool {
        self.0 != 0
    }
    #[inline(always)]
    fn all(self) -> bool {
        self.0 == u16::MAX
    }
}

impl core::ops::Neg for Avx512 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        (self.to_bits() ^ Int::splat(i32::MIN)).as_float()
    }
}

// SAFETY of the intrinsics below: values of these types exist only where the processor has the instructions (see `Vector`).
impl IntVector for Int {
    type Float = Avx512;
    #[inline(always)]
    fn splat(x: i32) -> Self {
        unsafe { Self(_mm512_set1_epi32(x)) }
    }
    #[inline(always)]
    fn shl(self, count: u32) -> Self {
        unsafe { Self(_mm512_sll_epi32(self.0, _mm_cvtsi32_si128(count as i32))) }
    }
    #[inline(always)]
    fn shr(self, count: u32) -> Self {
        unsafe { Self(_mm512_srl_epi32(self.0, _mm_cvtsi32_si128(count as i32))) }
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Bits {
        unsafe { Bits(_mm512_cmpeq_epi32_mask(self.0, other.0)) }
    }
    #[inline(always)]
    fn gt(self, other: Self) -> Bits {
        unsafe { Bits(_mm512_cmpgt_epi32_mask(self.0, other.0)) }
    }
    #[inline(always)]
    fn select(mask: Bits, a: Self, b: Self) -> Self {
        unsafe { Self(_mm512_mask_blend_epi32(mask.0, b.0, a.0)) }
    }
    #[inline(always)]
    fn as_float(self) -> Avx512 {
        unsafe { Avx512(_mm512_castsi512_ps(self.0)) }
    }
    #[inline(always)]
    fn to_float(self) -> Avx512 {
        unsafe { Avx512(_mm512_cvtepi32_ps(self.0)) }
    }
}

/// The first `min(n, 16)` lanes.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    if n >= 16 {
        return u16::MAX;
    }
    (1 << n) - 1
}

impl Sealed for Avx512 {}

impl Vector for Avx512 {
    type Mask = Bits;
    type Int = Int;
    const LANES: usize = 16;
    const REGISTERS: usize = 32;
    const ISA: Isa = Isa::Avx512;
    const FUSED: bool = true;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        unsafe { Self(_mm512_set1_ps(x)) }
    }
    #[inline(always)]
    unsafe fn load_ptr(p: *const f32) -> Self {
        unsafe { Self(_mm512_loadu_ps(p)) }
    }
    #[inline(always)]
    unsafe fn load_partial_ptr(p: *const f32, n: usize) -> Self {
        unsafe { Self(_mm512_maskz_loadu_ps(first(n), p)) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32) {
        unsafe { _mm512_storeu_ps(p, self.0) }
    }
    #[inline(always)]
    unsafe fn store_partial_ptr(self, p: *mut f32, n: usize) {
        unsafe { _mm512_mask_storeu_ps(p, first(n), self.0) }
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        unsafe { Self(_mm512_fmadd_ps(self.0, b.0, c.0)) }
    }
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        unsafe { Self(_mm512_fnmadd_ps(self.0, b.0, c.0)) }
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        unsafe { Self(_mm512_min_ps(other.0, self.0)) }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        unsafe { Self(_mm512_max_ps(other.0, self.0)) }
    }
    #[inline(always)]
    fn abs(self) -> Self {
        unsafe { Self(_mm512_abs_ps(self.0)) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        unsafe { Self(_mm512_sqrt_ps(self.0)) }
    }
    #[inline(always)]
    fn floor(self) -> Self {
        unsafe {
            Self(_mm512_roundscale_ps::<
                { _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC },
            >(self.0))
        }
    }
    #[inline(always)]
    fn ceil(self) -> Self {
        unsafe {
            Self(_mm512_roundscale_ps::<
                { _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC },
            >(self.0))
        }
    }
    #[inline(always)]
    fn round_ties_even(self) -> Self {
        unsafe {
            Self(_mm512_roundscale_ps::<
                { _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC },
            >(self.0))
        }
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Bits {
        unsafe { Bits(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, other.0)) }
    }
    #[inline(always)]
    fn le(self, other: Self) -> Bits {
        unsafe { Bits(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(self.0, other.0)) }
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Bits {
        unsafe { Bits(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, other.0)) }
    }
    #[inline(always)]
    fn select(mask: Bits, a: Self, b: Self) -> Self {
        unsafe { Self(_mm512_mask_blend_ps(mask.0, b.0, a.0)) }
    }
    #[inline(always)]
    fn to_bits(self) -> Int {
        unsafe { Int(_mm512_castps_si512(self.0)) }
    }
    #[inline(always)]
    fn round_to_int(self) -> Int {
        unsafe { Int(_mm512_cvtps_epi32(self.0)) }
    }
    #[inline(always)]
    fn interleave(self, other: Self) -> (Self, Self) {
        unsafe {
            let lower = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let upper = _mm512_add_epi32(lower, _mm512_set1_epi32(8));
            let pick = |at| Self(_mm512_permutex2var_ps(self.0, at, other.0));
            (pick(lower), pick(upper))
        }
    }
    #[inline(always)]
    fn outlined<K: Kernel>(kernel: K) -> K::Out {
        // SAFETY: as above.
        unsafe { enter_outlined(kernel) }
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        unsafe { _mm512_reduce_add_ps(self.0) }
    }
}

/// Runs `kernel` with AVX-512.
///
/// # Safety
/// The processor must have AVX-512 F, BW, DQ, VL, AVX2 and FMA.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub unsafe fn enter<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Avx512>()
}

/// As [`enter`], never inlined.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn enter_outlined<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Avx512>()
}
