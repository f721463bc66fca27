//! Element types. Narrow types are storage only: arithmetic happens in their `Wide` type and is rounded once.

use crate::float_bits as bits;

/// An element that any bit pattern is a valid value of, so that planned memory can be reused for any type.
///
/// # Safety
/// `Self` must have no padding and no invalid bit patterns, and an alignment of at most 64 bytes.
pub unsafe trait Pod: Copy + Default + Send + Sync + 'static {}

/// A number with the type that arithmetic on it uses.
pub trait Number: Pod + PartialEq + core::fmt::Debug {
    /// f32 for floats up to 32 bits, f64 for f64, the type itself for integers (i8/u8 for 4- and 2-bit ones).
    type Wide: Copy + PartialOrd + PartialEq + Default + Send + Sync + core::fmt::Debug;
    /// The value in the wide type: exact.
    fn widen(self) -> Self::Wide;
    /// Rounded once, to nearest even for floats; 4- and 2-bit integers keep their low bits.
    fn narrow(wide: Self::Wide) -> Self;
}

macro_rules! native {
    ($($t:ty),*) => {$(
        // SAFETY: primitive numbers have no padding and every bit pattern is valid.
        unsafe impl Pod for $t {}
        impl Number for $t {
            type Wide = $t;
            #[inline(always)]
            fn widen(self) -> $t { self }
            #[inline(always)]
            fn narrow(wide: $t) -> $t { wide }
        }
    )*};
}
native!(f32, f64, i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! narrow_type {
    ($(#[$doc:meta])* $name:ident($repr:ty) : $wide:ty, $widen:expr, $narrow:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(transparent)]
        pub struct $name(pub $repr);
        // SAFETY: transparent over a primitive integer.
        unsafe impl Pod for $name {}
        impl Number for $name {
            type Wide = $wide;
            #[inline(always)]
            fn widen(self) -> $wide { ($widen)(self.0) }
            #[inline(always)]
            fn narrow(wide: $wide) -> Self { Self(($narrow)(wide)) }
        }
    };
}

narrow_type!(/// IEEE 754 half precision.
    F16(u16): f32, bits::f16_to_f32, bits::f32_to_f16);
narrow_type!(/// The upper half of an f32.
    Bf16(u16): f32, bits::bf16_to_f32, bits::f32_to_bf16);
narrow_type!(/// 8-bit float, 4 exponent and 3 mantissa bits, no infinity.
    F8E4M3Fn(u8): f32, bits::e4m3fn_to_f32, |x| bits::f32_to_e4m3fn(x, true));
narrow_type!(/// As `F8E4M3Fn` with bias 8, one NaN and no −0.
    F8E4M3Fnuz(u8): f32, bits::e4m3fnuz_to_f32, |x| bits::f32_to_e4m3fnuz(x, true));
narrow_type!(/// 8-bit float, 5 exponent and 2 mantissa bits, with infinities.
    F8E5M2(u8): f32, bits::e5m2_to_f32, |x| bits::f32_to_e5m2(x, true));
narrow_type!(/// As `F8E5M2` with bias 16, one NaN, no infinity and no −0.
    F8E5M2Fnuz(u8): f32, bits::e5m2fnuz_to_f32, |x| bits::f32_to_e5m2fnuz(x, true));
narrow_type!(/// A power of two: 8 exponent bits, 0xff is NaN.
    F8E8M0(u8): f32, bits::e8m0_to_f32, |x| bits::f32_to_e8m0(x, true, bits::E8m0Round::Up));
narrow_type!(/// 4-bit float: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives, in the low bits of a byte.
    F4E2M1(u8): f32, bits::e2m1_to_f32, bits::f32_to_e2m1);
narrow_type!(/// −8 … 7, one to a byte.
    I4(i8): i8, |x| x, |x: i8| (x << 4) >> 4);
narrow_type!(/// 0 … 15, one to a byte.
    U4(u8): u8, |x| x, |x: u8| x & 15);
narrow_type!(/// −2 … 1, one to a byte.
    I2(i8): i8, |x| x, |x: i8| (x << 6) >> 6);
narrow_type!(/// 0 … 3, one to a byte.
    U2(u8): u8, |x| x, |x: u8| x & 3);

/// A truth value in a byte: 0 is false, anything else true, and 1 is what kernels write.
#[derive(Clone, Copy, Default, Debug)]
#[repr(transparent)]
pub struct Bool(pub u8);
// SAFETY: transparent over u8, any value of which is a truth value.
unsafe impl Pod for Bool {}
impl PartialEq for Bool {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}
impl Bool {
    /// As Rust's bool.
    #[inline(always)]
    pub fn get(self) -> bool {
        self.0 != 0
    }
}
impl From<bool> for Bool {
    #[inline(always)]
    fn from(b: bool) -> Self {
        Self(b as u8)
    }
}
impl Number for Bool {
    type Wide = bool;
    #[inline(always)]
    fn widen(self) -> bool {
        self.get()
    }
    #[inline(always)]
    fn narrow(wide: bool) -> Self {
        wide.into()
    }
}

/// A signed or unsigned integer that holds an index.
pub trait Index: Copy {
    /// As i64; u64 beyond i64 saturates, which no extent reaches.
    fn to_i64(self) -> i64;
}
macro_rules! index {
    ($($t:ty),*) => {$(impl Index for $t {
        #[inline(always)]
        fn to_i64(self) -> i64 { self as i64 }
    })*};
}
index!(i8, i16, i32, i64, u8, u16, u32);
impl Index for u64 {
    #[inline(always)]
    fn to_i64(self) -> i64 {
        i64::try_from(self).unwrap_or(i64::MAX)
    }
}
