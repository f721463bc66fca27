//! Conversion of elements between all types, each with one rounding.
//!
//! An element is first an exact number (every element type fits a 64-bit integer or an f64), then an element of the other
//! type. Floats that are narrower than f32 are rounded from an f32 that was rounded to odd, so that the two roundings come
//! out as one (Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums": 24 bits are at least two more than
//! the target has).
//!
//! A float beyond the range of i32, i64 or u64 saturates; of other integers it becomes an i64 that keeps its low bits. NaN
//! becomes 0. Integers keep their low bits.

use crate::element::*;
use crate::error::{Error, Result};
use crate::float_bits::{self as bits, E8m0Round};

/// A number without loss.
#[derive(Clone, Copy, Debug)]
pub enum Exact {
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Nat(u64),
    /// A float.
    Float(f64),
}

/// What becomes of numbers that a float of 8 bits or less does not have.
#[derive(Clone, Copy, Debug)]
pub struct Overflow {
    /// What is too large becomes the largest finite value; else infinity, or NaN where there is none.
    pub saturate: bool,
    /// How powers of two are chosen for [`F8E8M0`].
    pub round: E8m0Round,
}

impl Default for Overflow {
    fn default() -> Self {
        Self {
            saturate: true,
            round: E8m0Round::Up,
        }
    }
}

/// An element type that converts to and from every other.
pub trait Convert: Copy {
    /// The element as a number.
    fn to_exact(self) -> Exact;
    /// The nearest element, ties to even.
    fn from_exact(x: Exact, overflow: Overflow) -> Self;
    /// Whether elements are integers of at most 16 bits: they and their differences fit an f32.
    const SMALL: bool = false;
    /// The slice itself where `Self` is f32: the way to code that exists for f32 only.
    #[inline(always)]
    fn as_f32(x: &[Self]) -> Option<&[f32]> {
        let _ = x;
        None
    }
    /// As `as_f32`, to write.
    #[inline(always)]
    fn as_f32_mut(x: &mut [Self]) -> Option<&mut [f32]> {
        let _ = x;
        None
    }
}

/// The element as a number in double precision: exact but for 64-bit integers beyond 2⁵³.
#[inline(always)]
pub fn as_f64<T: Convert>(x: T) -> f64 {
    match x.to_exact() {
        Exact::Int(i) => i as f64,
        Exact::Nat(u) => u as f64,
        Exact::Float(f) => f,
    }
}

/// The nearest element, ties to even.
#[inline(always)]
pub fn from_float<T: Convert>(x: f64) -> T {
    T::from_exact(Exact::Float(x), Overflow::default())
}

macro_rules! integer {
    ($($t:ty: $wide:ty, $exact:expr, $float:expr;)*) => {$(impl Convert for $t {
        const SMALL: bool = size_of::<$t>() <= 2;
        #[inline(always)]
        fn to_exact(self) -> Exact {
            ($exact)(self.widen())
        }
        #[inline(always)]
        fn from_exact(x: Exact, _: Overflow) -> Self {
            Self::narrow(match x {
                Exact::Int(i) => i as $wide,
                Exact::Nat(u) => u as $wide,
                Exact::Float(f) => ($float)(f),
            })
        }
    })*};
}
integer! {
    i8: i8, |x| Exact::Int(x as i64), |f| f as i64 as i8;
    i16: i16, |x| Exact::Int(x as i64), |f| f as i64 as i16;
    i32: i32, |x| Exact::Int(x as i64), |f| f as i32;
    i64: i64, Exact::Int, |f| f as i64;
    u8: u8, |x| Exact::Int(x as i64), |f| f as i64 as u8;
    u16: u16, |x| Exact::Int(x as i64), |f| f as i64 as u16;
    u32: u32, |x| Exact::Int(x as i64), |f| f as i64 as u32;
    u64: u64, Exact::Nat, |f| f as u64;
    I4: i8, |x| Exact::Int(x as i64), |f| f as i64 as i8;
    U4: u8, |x| Exact::Int(x as i64), |f| f as i64 as u8;
    I2: i8, |x| Exact::Int(x as i64), |f| f as i64 as i8;
    U2: u8, |x| Exact::Int(x as i64), |f| f as i64 as u8;
}

impl Convert for Bool {
    #[inline(always)]
    fn to_exact(self) -> Exact {
        Exact::Int(self.get() as i64)
    }
    #[inline(always)]
    fn from_exact(x: Exact, _: Overflow) -> Self {
        Self::from(match x {
            Exact::Int(i) => i != 0,
            Exact::Nat(u) => u != 0,
            Exact::Float(f) => f != 0.0,
        })
    }
}

impl Convert for f64 {
    #[inline(always)]
    fn to_exact(self) -> Exact {
        Exact::Float(self)
    }
    #[inline(always)]
    fn from_exact(x: Exact, _: Overflow) -> Self {
        match x {
            Exact::Int(i) => i as f64,
            Exact::Nat(u) => u as f64,
            Exact::Float(f) => f,
        }
    }
}

impl Convert for f32 {
    #[inline(always)]
    fn to_exact(self) -> Exact {
        Exact::Float(self as f64)
    }
    #[inline(always)]
    fn from_exact(x: Exact, _: Overflow) -> Self {
        match x {
            Exact::Int(i) => i as f32,
            Exact::Nat(u) => u as f32,
            Exact::Float(f) => f as f32,
        }
    }
    #[inline(always)]
    fn as_f32(x: &[Self]) -> Option<&[f32]> {
        Some(x)
    }
    #[inline(always)]
    fn as_f32_mut(x: &mut [Self]) -> Option<&mut [f32]> {
        Some(x)
    }
}

macro_rules! narrow_float {
    ($($t:ty: $encode:expr;)*) => {$(impl Convert for $t {
        #[inline(always)]
        fn to_exact(self) -> Exact {
            Exact::Float(self.widen() as f64)
        }
        #[inline(always)]
        fn from_exact(x: Exact, overflow: Overflow) -> Self {
            Self(($encode)(to_odd(x), overflow))
        }
    })*};
}
narrow_float! {
    F16: |x, _| bits::f32_to_f16(x);
    Bf16: |x, _| bits::f32_to_bf16(x);
    F8E4M3Fn: |x, o: Overflow| bits::f32_to_e4m3fn(x, o.saturate);
    F8E4M3Fnuz: |x, o: Overflow| bits::f32_to_e4m3fnuz(x, o.saturate);
    F8E5M2: |x, o: Overflow| bits::f32_to_e5m2(x, o.saturate);
    F8E5M2Fnuz: |x, o: Overflow| bits::f32_to_e5m2fnuz(x, o.saturate);
    F8E8M0: |x, o: Overflow| bits::f32_to_e8m0(x, o.saturate, o.round);
    F4E2M1: |x, _| bits::f32_to_e2m1(x);
}

/// The number as an f32, rounded to odd: where it does not fit, the neighbour whose last bit is set.
#[inline(always)]
fn to_odd(x: Exact) -> f32 {
    match x {
        Exact::Float(f) => float_to_odd(f),
        Exact::Int(i) => {
            let magnitude = integer_to_odd(i.unsigned_abs());
            if i < 0 {
                -magnitude
            } else {
                magnitude
            }
        }
        Exact::Nat(u) => integer_to_odd(u),
    }
}

#[inline(always)]
fn float_to_odd(x: f64) -> f32 {
    let nearest = x as f32;
    if nearest as f64 == x || x.is_nan() {
        return nearest;
    }
    let bits = nearest.to_bits();
    let down = if (nearest as f64).abs() > x.abs() {
        bits - 1
    } else {
        bits
    };
    f32::from_bits(down | 1)
}

#[inline(always)]
fn integer_to_odd(x: u64) -> f32 {
    // What is shifted out survives as one sticky bit; the rest fits an f64.
    let excess = 11u32.saturating_sub(x.leading_zeros());
    let sticky = (x & ((1 << excess) - 1) != 0) as u64;
    float_to_odd((((x >> excess) | sticky) << excess) as f64)
}

/// `y[i] = x[i]` in another type.
pub fn cast<A: Convert, B: Convert>(x: &[A], y: &mut [B]) {
    cast_all(x, y, Overflow::default());
}

/// As [`cast`] to floats of 8 bits; says what becomes of numbers that are too large, and how powers of two are chosen.
pub fn cast_with<A: Convert, B: Convert>(x: &[A], y: &mut [B], saturate: bool, round: E8m0Round) {
    cast_all(x, y, Overflow { saturate, round });
}

fn cast_all<A: Convert, B: Convert>(x: &[A], y: &mut [B], overflow: Overflow) {
    assert_eq!(x.len(), y.len());
    for (y, &x) in y.iter_mut().zip(x) {
        *y = B::from_exact(x.to_exact(), overflow);
    }
}

/// Numbers in decimal text; an error where a string is none. `INF`, `-INF` and `NaN` in any case are numbers.
pub fn cast_from_strings<B: Convert>(x: &[String], y: &mut [B]) -> Result<()> {
    assert_eq!(x.len(), y.len());
    for (y, text) in y.iter_mut().zip(x) {
        *y = B::from_exact(parse(text)?, Overflow::default());
    }
    Ok(())
}

fn parse(text: &str) -> Result<Exact> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(Exact::Int(whole));
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Ok(Exact::Nat(whole));
    }
    match text.parse() {
        Ok(x) => Ok(Exact::Float(x)),
        Err(_) => Err(Error::new(format!("{text:?} is not a number"))),
    }
}

/// Elements as decimal text: as many digits as it takes to read the same number back, no exponent.
pub fn cast_to_strings<A: Text>(x: &[A], y: &mut [String]) {
    assert_eq!(x.len(), y.len());
    for (y, &x) in y.iter_mut().zip(x) {
        *y = x.text();
    }
}

/// An element that can be written as text.
pub trait Text: Copy {
    /// Decimal; `NaN`, `INF`, `-INF`.
    fn text(self) -> String;
}
macro_rules! text {
    ($($t:ty: $text:expr;)*) => {$(impl Text for $t {
        fn text(self) -> String {
            ($text)(self)
        }
    })*};
}
text! {
    f64: |x: f64| float_text(x, x);
    f32: |x: f32| float_text(x as f64, x);
    F16: |x: F16| x.widen().text();
    Bf16: |x: Bf16| x.widen().text();
    F8E4M3Fn: |x: F8E4M3Fn| x.widen().text();
    F8E4M3Fnuz: |x: F8E4M3Fnuz| x.widen().text();
    F8E5M2: |x: F8E5M2| x.widen().text();
    F8E5M2Fnuz: |x: F8E5M2Fnuz| x.widen().text();
    F8E8M0: |x: F8E8M0| x.widen().text();
    F4E2M1: |x: F4E2M1| x.widen().text();
    i8: |x: i8| x.to_string();
    i16: |x: i16| x.to_string();
    i32: |x: i32| x.to_string();
    i64: |x: i64| x.to_string();
    u8: |x: u8| x.to_string();
    u16: |x: u16| x.to_string();
    u32: |x: u32| x.to_string();
    u64: |x: u64| x.to_string();
    I4: |x: I4| x.widen().to_string();
    U4: |x: U4| x.widen().to_string();
    I2: |x: I2| x.widen().to_string();
    U2: |x: U2| x.widen().to_string();
    Bool: |x: Bool| (x.get() as u8).to_string();
}

fn float_text(x: f64, shown: impl core::fmt::Display) -> String {
    if x.is_infinite() {
        return String::from(if x > 0.0 { "INF" } else { "-INF" });
    }
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to<A: Convert, B: Convert>(x: A) -> B {
        B::from_exact(x.to_exact(), Overflow::default())
    }

    #[test]
    fn integers_keep_their_low_bits() {
        assert_eq!(to::<i64, i8>(200), -56);
        assert_eq!(to::<i32, u64>(-1), u64::MAX);
        assert_eq!(to::<i8, I4>(9), I4(-7));
        assert_eq!(to::<u64, i64>(u64::MAX), -1);
        assert_eq!(to::<i8, Bool>(-3), Bool::from(true));
    }

    #[test]
    fn floats_are_truncated() {
        assert_eq!(to::<f32, i8>(-1.9), -1);
        assert_eq!(to::<f32, u8>(-1.0), 255);
        assert_eq!(to::<f32, I4>(-9.0), I4(7));
        assert_eq!(to::<f32, i32>(1e20), i32::MAX);
        assert_eq!(to::<f32, i64>(f32::NAN), 0);
        assert_eq!(to::<f64, u64>(1.8e19), 18_000_000_000_000_000_000);
    }

    #[test]
    fn narrow_floats_are_rounded_once() {
        // A hair above the midpoint of 1 and its successor; as an f32 it is the midpoint, which would round down.
        let x = 1.0 + 2f64.powi(-11) + 2f64.powi(-40);
        assert_eq!(to::<f64, F16>(x), F16(0x3c01));
        assert_eq!(to::<f64, F16>(-x), F16(0xbc01));
        assert_eq!(to::<f64, F16>(1.0 + 2f64.powi(-11)), F16(0x3c00));
        let x = (1i64 << 60) + (1 << 52) + 1;
        assert_eq!(to::<i64, Bf16>(x), Bf16(0x5d81));
        assert_eq!(to::<i64, Bf16>(x - 1), Bf16(0x5d80));
        assert_eq!(to::<f64, F16>(1e300), F16(0x7c00));
        assert_eq!(to::<f64, F16>(1e-300), F16(0));
        assert!(to::<f64, F16>(f64::NAN).widen().is_nan());
    }

    #[test]
    fn narrow_floats_saturate_if_asked_to() {
        let unsaturated = Overflow {
            saturate: false,
            round: E8m0Round::Down,
        };
        let big = 1e6f32.to_exact();
        assert_eq!(
            F8E4M3Fn::from_exact(big, Overflow::default()).widen(),
            448.0
        );
        assert!(F8E4M3Fn::from_exact(big, unsaturated).widen().is_nan());
        assert_eq!(F8E5M2::from_exact(big, unsaturated).widen(), f32::INFINITY);
        assert_eq!(
            F8E8M0::from_exact(3f32.to_exact(), unsaturated).widen(),
            2.0
        );
        assert!(F8E8M0::from_exact(Exact::Int(0), unsaturated)
            .widen()
            .is_nan());
        assert_eq!(
            F8E8M0::from_exact(Exact::Int(0), Overflow::default()),
            F8E8M0(0)
        );
        assert_eq!(
            F8E8M0::from_exact(3f32.to_exact(), Overflow::default()).widen(),
            4.0
        );
    }

    #[test]
    fn text_reads_back() {
        let mut text = vec![String::new(); 5];
        cast_to_strings(
            &[0.1f32, -0.0, 1e21, f32::NAN, f32::NEG_INFINITY],
            &mut text,
        );
        assert_eq!(text, ["0.1", "-0", "1000000000000000000000", "NaN", "-INF"]);
        let mut back = [0f32; 5];
        cast_from_strings(&text, &mut back).unwrap();
        assert_eq!(back[..3], [0.1, -0.0, 1e21]);
        assert!(back[3].is_nan() && back[4] == f32::NEG_INFINITY);
        assert!(cast_from_strings(&[String::from("one")], &mut [0i32]).is_err());
        let mut whole = [0i64];
        cast_from_strings(&[String::from(" 9007199254740993 ")], &mut whole).unwrap();
        assert_eq!(whole, [9_007_199_254_740_993]);
    }
}
