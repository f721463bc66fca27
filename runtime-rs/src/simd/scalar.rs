//! One lane: any target, and the yardstick of the tests.

use super::vector::sealed::Sealed;
use super::{IntVector, Isa, Kernel, Mask, Vector};

/// One float.
#[derive(Clone, Copy)]
pub struct Scalar(f32);
/// One integer.
#[derive(Clone, Copy)]
pub struct Int(i32);
/// One truth value.
#[derive(Clone, Copy)]
pub struct Bits(bool);

/// Operators of a newtype from functions on what it wraps.
macro_rules! operators {
    ($name:ident { $($op:ident $method:ident $f:expr;)* }) => {$(
        impl core::ops::$op for $name {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self($f(self.0, other.0))
            }
        }
    )*};
}

operators!(Scalar {
    Add add |a: f32, b: f32| a + b; Sub sub |a: f32, b: f32| a - b; Mul mul |a: f32, b: f32| a * b;
    Div div |a: f32, b: f32| a / b;
});
operators!(Int {
    Add add i32::wrapping_add; Sub sub i32::wrapping_sub; BitAnd bitand |a: i32, b: i32| a & b;
    BitOr bitor |a: i32, b: i32| a | b; BitXor bitxor |a: i32, b: i32| a ^ b;
});
operators!(Bits { BitAnd bitand |a: bool, b: bool| a & b; BitOr bitor |a: bool, b: bool| a | b; });

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
        self.0
    }
    #[inline(always)]
    fn all(self) -> bool {
        self.0
    }
}

impl core::ops::Neg for Scalar {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl IntVector for Int {
    type Float = Scalar;
    #[inline(always)]
    fn splat(x: i32) -> Self {
        Self(x)
    }
    #[inline(always)]
    fn shl(self, count: u32) -> Self {
        Self(self.0 << count)
    }
    #[inline(always)]
    fn shr(self, count: u32) -> Self {
        Self((self.0 as u32 >> count) as i32)
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Bits {
        Bits(self.0 == other.0)
    }
    #[inline(always)]
    fn gt(self, other: Self) -> Bits {
        Bits(self.0 > other.0)
    }
    #[inline(always)]
    fn select(mask: Bits, a: Self, b: Self) -> Self {
        if mask.0 {
            a
        } else {
            b
        }
    }
    #[inline(always)]
    fn as_float(self) -> Scalar {
        Scalar(f32::from_bits(self.0 as u32))
    }
    #[inline(always)]
    fn to_float(self) -> Scalar {
        Scalar(self.0 as f32)
    }
}

/// From here on every float is an integer.
const ALL_INTEGERS: f32 = 8388608.0;

/// Nearest integer by adding and subtracting 2²³, which leaves no bits for a fraction.
#[inline(always)]
fn round_ties_even(x: f32) -> f32 {
    if x.abs() < ALL_INTEGERS {
        return ((x.abs() + ALL_INTEGERS) - ALL_INTEGERS).copysign(x);
    }
    x
}

#[inline(always)]
fn floor(x: f32) -> f32 {
    let nearest = round_ties_even(x);
    if nearest > x {
        return nearest - 1.0;
    }
    nearest
}

#[cfg(feature = "std")]
#[inline(always)]
fn sqrt(x: f32) -> f32 {
    x.sqrt()
}

#[cfg(not(feature = "std"))]
#[inline(always)]
fn sqrt(x: f32) -> f32 {
    extern "C" {
        fn sqrtf(x: f32) -> f32;
    }
    // SAFETY: C's `sqrtf`, defined for every argument; every Rust target links it with its compiler's built-in functions.
    unsafe { sqrtf(x) }
}

impl Sealed for Scalar {}

impl Vector for Scalar {
    type Mask = Bits;
    type Int = Int;
    const LANES: usize = 1;
    const REGISTERS: usize = 16;
    const ISA: Isa = Isa::Scalar;
    const FUSED: bool = false;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self(x)
    }
    #[inline(always)]
    unsafe fn load_ptr(p: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self(p.read()) }
    }
    #[inline(always)]
    unsafe fn load_partial_ptr(p: *const f32, n: usize) -> Self {
        if n == 0 {
            return Self(0.0);
        }
        // SAFETY: the caller's promise.
        unsafe { Self(p.read()) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { p.write(self.0) }
    }
    #[inline(always)]
    unsafe fn store_partial_ptr(self, p: *mut f32, n: usize) {
        if n > 0 {
            // SAFETY: the caller's promise.
            unsafe { p.write(self.0) }
        }
    }
    // `f32::mul_add` without the instruction is a slow library call.
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self * b + c
    }
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        c - self * b
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(if other.0 < self.0 { other.0 } else { self.0 })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(if self.0 < other.0 { other.0 } else { self.0 })
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.abs())
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(sqrt(self.0))
    }
    #[inline(always)]
    fn floor(self) -> Self {
        Self(floor(self.0).copysign(self.0))
    }
    #[inline(always)]
    fn ceil(self) -> Self {
        Self((-floor(-self.0)).copysign(self.0))
    }
    #[inline(always)]
    fn round_ties_even(self) -> Self {
        Self(round_ties_even(self.0))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Bits {
        Bits(self.0 < other.0)
    }
    #[inline(always)]
    fn le(self, other: Self) -> Bits {
        Bits(self.0 <= other.0)
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Bits {
        Bits(self.0 == other.0)
    }
    #[inline(always)]
    fn select(mask: Bits, a: Self, b: Self) -> Self {
        if mask.0 {
            a
        } else {
            b
        }
    }
    #[inline(always)]
    fn to_bits(self) -> Int {
        Int(self.0.to_bits() as i32)
    }
    #[inline(always)]
    fn round_to_int(self) -> Int {
        Int(round_ties_even(self.0) as i32)
    }
    #[inline(always)]
    fn interleave(self, other: Self) -> (Self, Self) {
        (self, other)
    }
    #[inline(always)]
    fn outlined<K: Kernel>(kernel: K) -> K::Out {
        enter_outlined(kernel)
    }
}

/// Runs `kernel` lane by lane.
pub fn enter<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Scalar>()
}

/// As [`enter`], never inlined.
#[inline(never)]
fn enter_outlined<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Scalar>()
}
