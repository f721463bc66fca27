//! Arithmetic of wide element types, so that one kernel serves floats and integers. What only floats do is in `real`.

/// Numbers that kernels add and multiply: floats by IEEE 754, integers modulo 2ⁿ.
pub trait Arithmetic:
    Copy + PartialOrd + Default + Send + Sync + core::fmt::Debug + 'static
{
    /// Neutral for `plus`.
    const ZERO: Self;
    /// Neutral for `times`.
    const ONE: Self;
    /// Not greater than any value: −∞ or the least integer.
    const LOWEST: Self;
    /// `self + other`.
    fn plus(self, other: Self) -> Self;
    /// `self − other`.
    fn minus(self, other: Self) -> Self;
    /// `self · other`.
    fn times(self, other: Self) -> Self;
    /// The value in double precision: exact but for 64-bit integers beyond 2⁵³.
    fn to_f64(self) -> f64;
    /// The nearest value, ties to even; integers saturate and take NaN as 0.
    fn from_f64(x: f64) -> Self;
    /// The greater of two, NaN if either is NaN.
    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        // A NaN is the only value that differs from itself.
        #[allow(clippy::eq_op)]
        if other > self || other != other {
            other
        } else {
            self
        }
    }
}

macro_rules! float {
    ($t:ty) => {
        impl Arithmetic for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LOWEST: Self = <$t>::NEG_INFINITY;
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self * other
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
        }
    };
}
float!(f32);
float!(f64);

macro_rules! integer {
    ($($t:ty),*) => {$(
        impl Arithmetic for $t {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const LOWEST: Self = <$t>::MIN;
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x.round_ties_even() as $t
            }
        }
    )*};
}
integer!(i8, i16, i32, i64, u8, u16, u32, u64);

/// An element as a number in double precision.
#[inline(always)]
pub(crate) fn to_f64<T: crate::Number>(x: T) -> f64
where
    T::Wide: Arithmetic,
{
    x.widen().to_f64()
}

/// A number in double precision as an element, rounded to the wide type and from there to `T`.
#[inline(always)]
pub(crate) fn from_f64<T: crate::Number>(x: f64) -> T
where
    T::Wide: Arithmetic,
{
    T::narrow(T::Wide::from_f64(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_wrap_and_saturate() {
        assert_eq!(127i8.plus(1), -128);
        assert_eq!(200u8.times(2), 144);
        assert_eq!(u8::from_f64(2.5), 2);
        assert_eq!(u8::from_f64(-3.0), 0);
        assert_eq!(i8::from_f64(f64::NAN), 0);
    }

    #[test]
    fn the_greater_of_two_propagates_nan() {
        assert!(f32::NAN.greater(1.0).is_nan());
        assert!(1.0f32.greater(f32::NAN).is_nan());
        assert_eq!(f32::LOWEST.greater(-3.0), -3.0);
    }
}
