//! AVX2 and FMA (x86-64-v3: Haswell, Zen and later): 8 lanes, 16 registers.

use core::arch::x86_64::*;

use super::vector::{operators, sealed::Sealed};
use super::{IntVector, Isa, Kernel, Mask, Vector};

/// 8 floats.
#[derive(Clone, Copy)]
pub struct Avx2(__m256);
/// 8 integers.
#[derive(Clone, Copy)]
pub struct Int(__m256i);
/// All bits of a lane, set or clear.
#[derive(Clone, Copy)]
pub struct Bits(__m256);

operators!(Avx2 { Add add _mm256_add_ps; Sub sub _mm256_sub_ps; Mul mul _mm256_mul_ps; Div div _mm256_div_ps; });
operators!(Int {
    Add add _mm256_add_epi32; Sub sub _mm256_sub_epi32;
    BitAnd bitand _mm256_and_si256; BitOr bitor _mm256_or_si256; BitXor bitxor _mm256_xor_si256;
});
operators!(Bits { BitAnd bitand _mm256_and_ps; BitOr bitor _mm256_or_ps; });

impl core::ops::Not for Bits {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        unsafe {
            Self(_mm256_xor_ps(
                self.0,
                _mm256_castsi256_ps(_mm256_set1_epi32(-1)),
            ))
        }
    }
}

impl Mask for Bits {
    #[inline(always)]
    fn any(self) -> bool {
        unsafe { _mm256_movemask_ps(self.0) != 0 }
    }
    #[inline(always)]
    fn all(self) -> bool {
        unsafe { _mm256_movemask_ps(self.0) == 0xff }
    }
}

impl core::ops::Neg for Avx2 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        (self.to_bits() ^ Int::splat(i32::MIN)).as_float()
    }
}

// SAFETY of the intrinsics below: values of these types exist only where the processor has the instructions (see `Vector`).
impl IntVector for Int {
    type Float = Avx2;
    #[inline(always)]
    fn splat(x: i32) -> Self {
        unsafe { Self(_mm256_set1_epi32(x)) }
    }
    #[inline(always)]
    fn shl(self, count: u32) -> Self {
        unsafe { Self(_mm256_sll_epi32(self.0, _mm_cvtsi32_si128(count as i32))) }
    }
    #[inline(always)]
    fn shr(self, count: u32) -> Self {
        unsafe { Self(_mm256_srl_epi32(self.0, _mm_cvtsi32_si128(count as i32))) }
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Bits {
        unsafe { Bits(_mm256_castsi256_ps(_mm256_cmpeq_epi32(self.0, other.0))) }
    }
    #[inline(always)]
    fn gt(self, other: Self) -> Bits {
        unsafe { Bits(_mm256_castsi256_ps(_mm256_cmpgt_epi32(self.0, other.0))) }
    }
    #[inline(always)]
    fn select(mask: Bits, a: Self, b: Self) -> Self {
        unsafe {
            Self(_mm256_castps_si256(_mm256_blendv_ps(
                _mm256_castsi256_ps(b.0),
                _mm256_castsi256_ps(a.0),
                mask.0,
            )))
        }
    }
    #[inline(always)]
    fn as_float(self) -> Avx2 {
        unsafe { Avx2(_mm256_castsi256_ps(self.0)) }
    }
    #[inline(always)]
    fn to_float(self) -> Avx2 {
        unsafe { Avx2(_mm256_cvtepi32_ps(self.0)) }
    }
}

/// A mask of the first `min(n, 8)` lanes.
#[inline(always)]
unsafe fn first(n: usize) -> __m256i {
    const WINDOW: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: the window of eight starts between 0 and 8.
    unsafe { _mm256_loadu_si256(WINDOW.as_ptr().add(8 - n.min(8)).cast()) }
}

impl Sealed for Avx2 {}

impl Vector for Avx2 {
    type Mask = Bits;
    type Int = Int;
    const LANES: usize = 8;
    const REGISTERS: usize = 16;
    const ISA: Isa = Isa::Avx2;
    const FUSED: bool = true;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        unsafe { Self(_mm256_set1_ps(x)) }
    }
    #[inline(always)]
    unsafe fn load_ptr(p: *const f32) -> Self {
        unsafe { Self(_mm256_loadu_ps(p)) }
    }
    #[inline(always)]
    unsafe fn load_partial_ptr(p: *const f32, n: usize) -> Self {
        // Masked access is many times slower on some processors, so whole vectors go without.
        if n >= 8 {
            return unsafe { Self::load_ptr(p) };
        }
        unsafe { Self(_mm256_maskload_ps(p, first(n))) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32) {
        unsafe { _mm256_storeu_ps(p, self.0) }
    }
    #[inline(always)]
    unsafe fn store_partial_ptr(self, p: *mut f32, n: usize) {
        if n >= 8 {
            return unsafe { self.store_ptr(p) };
        }
        unsafe { _mm256_maskstore_ps(p, first(n), self.0) }
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        unsafe { Self(_mm256_fmadd_ps(self.0, b.0, c.0)) }
    }
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        unsafe { Self(_mm256_fnmadd_ps(self.0, b.0, c.0)) }
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        unsafe { Self(_mm256_min_ps(other.0, self.0)) }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        unsafe { Self(_mm256_max_ps(other.0, self.0)) }
    }
    #[inline(always)]
    fn abs(self) -> Self {
        unsafe { Self(_mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0)) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        unsafe { Self(_mm256_sqrt_ps(self.0)) }
    }
    #[inline(always)]
    fn floor(self) -> Self {
        unsafe {
            Self(_mm256_round_ps::<
                { _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC },
            >(self.0))
        }
    }
    #[inline(always)]
    fn ceil(self) -> Self {
        unsafe {
            Self(_mm256_round_ps::<
                { _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC },
            >(self.0))
        }
    }
    #[inline(always)]
    fn round_ties_even(self) -> Self {
        unsafe {
            Self(_mm256_round_ps::<
                { _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC },
            >(self.0))
        }
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Bits {
        unsafe { Bits(_mm256_cmp_ps::<_CMP_LT_OQ>(self.0, other.0)) }
    }
    #[inline(always)]
    fn le(self, other: Self) -> Bits {
        unsafe { Bits(_mm256_cmp_ps::<_CMP_LE_OQ>(self.0, other.0)) }
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Bits {
        unsafe { Bits(_mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, other.0)) }
    }
    #[inline(always)]
    fn select(mask: Bits, a: Self, b: Self) -> Self {
        unsafe { Self(_mm256_blendv_ps(b.0, a.0, mask.0)) }
    }
    #[inline(always)]
    fn to_bits(self) -> Int {
        unsafe { Int(_mm256_castps_si256(self.0)) }
    }
    #[inline(always)]
    fn round_to_int(self) -> Int {
        unsafe { Int(_mm256_cvtps_epi32(self.0)) }
    }
    #[inline(always)]
    fn interleave(self, other: Self) -> (Self, Self) {
        unsafe {
            // Within the 128-bit halves, then the halves.
            let (a, b) = (
                _mm256_unpacklo_ps(self.0, other.0),
                _mm256_unpackhi_ps(self.0, other.0),
            );
            (
                Self(_mm256_permute2f128_ps::<0x20>(a, b)),
                Self(_mm256_permute2f128_ps::<0x31>(a, b)),
            )
        }
    }
    #[inline(always)]
    fn outlined<K: Kernel>(kernel: K) -> K::Out {
        // SAFETY: as above.
        unsafe { enter_outlined(kernel) }
    }
}

/// Runs `kernel` with AVX2.
///
/// # Safety
/// The processor must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn enter<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Avx2>()
}

/// As [`enter`], never inlined.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
unsafe fn enter_outlined<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Avx2>()
}
