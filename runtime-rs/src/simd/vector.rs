//! The vector traits: what an algorithm may use, whatever the instruction set.

use core::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Sub};

use super::Isa;

/// A computation written once for every instruction set; see [`super::dispatch`].
///
/// `run` must be `#[inline(always)]`, and so must every generic function that it calls with `V`: only code that ends up
/// inside the function that [`super::dispatch`] enters is compiled with the instruction set's features. The same holds
/// for closures, so split work between threads *outside* a kernel and dispatch inside each task.
pub trait Kernel {
    /// What the computation returns.
    type Out;
    /// The computation, for vectors of type `V`.
    fn run<V: Vector>(self) -> Self::Out;
}

/// A truth value per lane.
pub trait Mask: Copy + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self> {
    /// Is any lane true?
    fn any(self) -> bool;
    /// Are all lanes true?
    fn all(self) -> bool;
}

/// `LANES` 32-bit integers, wrapping; the bit patterns of a [`Vector`].
pub trait IntVector:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
{
    /// The vector of floats with as many lanes.
    type Float: Vector<Int = Self>;
    /// All lanes equal to `x`.
    fn splat(x: i32) -> Self;
    /// Shift left by `count` < 32.
    fn shl(self, count: u32) -> Self;
    /// Logical shift right by `count` < 32: zeros enter.
    fn shr(self, count: u32) -> Self;
    /// Lanes in which the integers are equal.
    fn eq(self, other: Self) -> <Self::Float as Vector>::Mask;
    /// Signed comparison.
    fn gt(self, other: Self) -> <Self::Float as Vector>::Mask;
    /// `a` where the mask is true, else `b`.
    fn select(mask: <Self::Float as Vector>::Mask, a: Self, b: Self) -> Self;
    /// The same bits as floats.
    fn as_float(self) -> Self::Float;
    /// The nearest floats (ties to even).
    fn to_float(self) -> Self::Float;
}

/// `LANES` values of type `f32`.
///
/// Values exist only inside [`super::dispatch`], which has checked that the processor has the instructions: that is what
/// makes the safe methods sound. Arithmetic is IEEE 754 in round-to-nearest; `mul_add` is fused where the hardware can.
pub trait Vector:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + sealed::Sealed
{
    /// A truth value per lane.
    type Mask: Mask;
    /// The integers with as many lanes.
    type Int: IntVector<Float = Self>;
    /// Number of lanes, a power of two of at most 16.
    const LANES: usize;
    /// Number of vector registers; for WebAssembly, those of the narrowest processor it is compiled for.
    const REGISTERS: usize;
    /// The instruction set.
    const ISA: Isa;
    /// Whether [`Vector::mul_add`] rounds once.
    const FUSED: bool;

    /// All lanes equal to `x`.
    fn splat(x: f32) -> Self;

    /// The `LANES` values from `p` on, at any alignment.
    ///
    /// # Safety
    /// `p` must be valid for reading `LANES` values.
    unsafe fn load_ptr(p: *const f32) -> Self;

    /// The first `n` values from `p` on, then zeros; `n` may be anything, at most `LANES` count.
    ///
    /// # Safety
    /// `p` must be valid for reading `min(n, LANES)` values.
    unsafe fn load_partial_ptr(p: *const f32, n: usize) -> Self;

    /// Stores all lanes from `p` on, at any alignment.
    ///
    /// # Safety
    /// `p` must be valid for writing `LANES` values.
    unsafe fn store_ptr(self, p: *mut f32);

    /// Stores the first `n` lanes; `n` may be anything, at most `LANES` count.
    ///
    /// # Safety
    /// `p` must be valid for writing `min(n, LANES)` values.
    unsafe fn store_partial_ptr(self, p: *mut f32, n: usize);

    /// `self · b + c`, rounded once if [`Vector::FUSED`].
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// `c - self · b`, rounded once if [`Vector::FUSED`].
    fn neg_mul_add(self, b: Self, c: Self) -> Self;
    /// The smaller; a NaN in `self` stays, with a NaN in `other` the result is `self` or NaN.
    fn min(self, other: Self) -> Self;
    /// The larger; a NaN in `self` stays, with a NaN in `other` the result is `self` or NaN.
    fn max(self, other: Self) -> Self;
    /// Clears the sign bit.
    fn abs(self) -> Self;
    /// Square root, correctly rounded; NaN below zero.
    fn sqrt(self) -> Self;
    /// Largest integer not above.
    fn floor(self) -> Self;
    /// Smallest integer not below.
    fn ceil(self) -> Self;
    /// Nearest integer, ties to even.
    fn round_ties_even(self) -> Self;

    /// `self < other`; false for NaN.
    fn lt(self, other: Self) -> Self::Mask;
    /// `self ≤ other`; false for NaN.
    fn le(self, other: Self) -> Self::Mask;
    /// `self = other`; false for NaN.
    fn eq(self, other: Self) -> Self::Mask;
    /// `a` where the mask is true, else `b`.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;

    /// The bit patterns.
    fn to_bits(self) -> Self::Int;
    /// Nearest integer, ties to even; unspecified outside the range of `i32`.
    fn round_to_int(self) -> Self::Int;

    /// The lanes of `self` and `other` in turn: first `self₀, other₀, self₁, other₁, …`, then those of the upper halves.
    fn interleave(self, other: Self) -> (Self, Self);

    /// Runs `kernel` in a function of its own with this instruction set: for code that is too large to be copied into
    /// each caller.
    fn outlined<K: Kernel>(kernel: K) -> K::Out;

    /// All lanes zero.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    /// `self > other`; false for NaN.
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        other.lt(self)
    }

    /// `self ≥ other`; false for NaN.
    #[inline(always)]
    fn ge(self, other: Self) -> Self::Mask {
        other.le(self)
    }

    /// Lanes that are NaN.
    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        !self.eq(self)
    }

    /// The integer part, towards zero; keeps the sign of zero.
    #[inline(always)]
    fn trunc(self) -> Self {
        self.abs().floor().copysign(self)
    }

    /// The magnitude of `self` with the sign of `sign`.
    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        let bit = Self::Int::splat(i32::MIN);
        ((sign.to_bits() & bit) | self.abs().to_bits()).as_float()
    }

    /// The first `LANES` values of `src`. Panics if there are fewer.
    #[inline(always)]
    fn load(src: &[f32]) -> Self {
        let src = &src[..Self::LANES];
        // SAFETY: the slice has LANES values.
        unsafe { Self::load_ptr(src.as_ptr()) }
    }

    /// The first values of `src`, at most `LANES`; missing lanes are zero.
    #[inline(always)]
    fn load_partial(src: &[f32]) -> Self {
        // SAFETY: no more values are read than the slice has.
        unsafe { Self::load_partial_ptr(src.as_ptr(), src.len()) }
    }

    /// Writes all lanes to the start of `dst`. Panics if there is less room.
    #[inline(always)]
    fn store(self, dst: &mut [f32]) {
        let dst = &mut dst[..Self::LANES];
        // SAFETY: the slice has room for LANES values.
        unsafe { self.store_ptr(dst.as_mut_ptr()) }
    }

    /// Writes as many lanes as `dst` has room for.
    #[inline(always)]
    fn store_partial(self, dst: &mut [f32]) {
        // SAFETY: no more values are written than the slice has room for.
        unsafe { self.store_partial_ptr(dst.as_mut_ptr(), dst.len()) }
    }

    /// The lanes, in the first `LANES` places of the array; the rest is zero.
    #[inline(always)]
    fn to_array(self) -> [f32; 16] {
        let mut lanes = [0.0; 16];
        // SAFETY: LANES ≤ 16.
        unsafe { self.store_ptr(lanes.as_mut_ptr()) };
        lanes
    }

    /// The sum of the lanes, by halving: lane `i` meets lane `i + LANES/2`, and so on.
    #[inline(always)]
    fn sum(self) -> f32 {
        fold(self, |a, b| a + b)
    }

    /// The largest lane; unspecified if one is NaN.
    #[inline(always)]
    fn max_lane(self) -> f32 {
        fold(self, |a, b| if a < b { b } else { a })
    }

    /// The smallest lane; unspecified if one is NaN.
    #[inline(always)]
    fn min_lane(self) -> f32 {
        fold(self, |a, b| if b < a { b } else { a })
    }
}

/// Folds the lanes pairwise by halving. LLVM turns this into shuffles.
#[inline(always)]
fn fold<V: Vector>(v: V, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = v.to_array();
    let mut n = V::LANES;
    while n > 1 {
        n /= 2;
        for i in 0..n {
            lanes[i] = f(lanes[i], lanes[i + n]);
        }
    }
    lanes[0]
}

pub(super) mod sealed {
    /// Only this crate makes vectors.
    pub trait Sealed {}
}

/// Operators of a vector newtype from functions on what it wraps: `operators!(Avx2 { Add add _mm256_add_ps … })`.
macro_rules! operators {
    ($name:ident { $($op:ident $method:ident $f:expr;)* }) => {$(
        impl core::ops::$op for $name {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: values of this type exist only where the processor has the instructions (see `Vector`).
                #[allow(unused_unsafe)]
                unsafe { Self($f(self.0, other.0)) }
            }
        }
    )*};
}
pub(super) use operators;
