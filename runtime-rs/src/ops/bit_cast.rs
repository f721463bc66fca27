//! The bits of elements as another type of the same width.

use crate::element::*;

/// An element as its bits.
pub trait Bits: Copy {
    /// The bits, in the low end.
    fn bits(self) -> u64;
    /// The element of these bits.
    fn from_bits(bits: u64) -> Self;
}

macro_rules! bits {
    ($($t:ty: $to:expr, $from:expr;)*) => {$(impl Bits for $t {
        #[inline(always)]
        fn bits(self) -> u64 {
            ($to)(self)
        }
        #[inline(always)]
        fn from_bits(bits: u64) -> Self {
            ($from)(bits)
        }
    })*};
}
bits! {
    f64: f64::to_bits, f64::from_bits;
    f32: |x: f32| x.to_bits() as u64, |b| f32::from_bits(b as u32);
    F16: |x: F16| x.0 as u64, |b| F16(b as u16);
    Bf16: |x: Bf16| x.0 as u64, |b| Bf16(b as u16);
    F8E4M3Fn: |x: F8E4M3Fn| x.0 as u64, |b| F8E4M3Fn(b as u8);
    F8E4M3Fnuz: |x: F8E4M3Fnuz| x.0 as u64, |b| F8E4M3Fnuz(b as u8);
    F8E5M2: |x: F8E5M2| x.0 as u64, |b| F8E5M2(b as u8);
    F8E5M2Fnuz: |x: F8E5M2Fnuz| x.0 as u64, |b| F8E5M2Fnuz(b as u8);
    F8E8M0: |x: F8E8M0| x.0 as u64, |b| F8E8M0(b as u8);
    F4E2M1: |x: F4E2M1| x.0 as u64 & 15, |b| F4E2M1(b as u8 & 15);
    i8: |x: i8| x as u8 as u64, |b| b as i8;
    i16: |x: i16| x as u16 as u64, |b| b as i16;
    i32: |x: i32| x as u32 as u64, |b| b as i32;
    i64: |x: i64| x as u64, |b| b as i64;
    u8: |x: u8| x as u64, |b| b as u8;
    u16: |x: u16| x as u64, |b| b as u16;
    u32: |x: u32| x as u64, |b| b as u32;
    u64: |x: u64| x, |b| b;
    I4: |x: I4| x.0 as u64 & 15, |b| I4::narrow(b as i8);
    U4: |x: U4| x.0 as u64 & 15, |b| U4::narrow(b as u8);
    I2: |x: I2| x.0 as u64 & 3, |b| I2::narrow(b as i8);
    U2: |x: U2| x.0 as u64 & 3, |b| U2::narrow(b as u8);
    Bool: |x: Bool| x.0 as u64, |b| Bool(b as u8);
}

/// `y[i]` gets the bits of `x[i]`; both types have the same width.
pub fn bit_cast<A: Bits, B: Bits>(x: &[A], y: &mut [B]) {
    assert_eq!(x.len(), y.len());
    for (y, &x) in y.iter_mut().zip(x) {
        *y = B::from_bits(x.bits());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_stay() {
        let mut y = [0i32; 2];
        bit_cast(&[1.0f32, -0.0], &mut y);
        assert_eq!(y, [0x3f80_0000, i32::MIN]);
        let mut back = [0f32; 2];
        bit_cast(&y, &mut back);
        assert_eq!(back.map(f32::to_bits), [0x3f80_0000, 0x8000_0000]);
        let mut four = [U4(0); 2];
        bit_cast(&[I4(-1), I4(3)], &mut four);
        assert_eq!(four, [U4(15), U4(3)]);
    }
}
