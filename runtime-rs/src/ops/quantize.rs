//! Quantising and dequantising by scale and zero point: one for the whole array, one for each index of an axis, or one for
//! each block of indices of an axis.

use super::convert::{as_f64, from_float, Convert, Exact, Overflow};
use crate::element::*;
use crate::index::around;

/// What quotients are rounded to before they become quantised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Not at all.
    F64,
    /// To f32.
    F32,
    /// To f16.
    F16,
    /// To bf16.
    Bf16,
}

/// Calls `f(i, k)` for each element `i` of an array of `shape` with the place `k` of its scale among `scales`. `block` is
/// the number of elements along `axis` that share one, 0 where each index has one for all other axes.
#[inline(always)]
fn each_scale(
    shape: &[usize],
    scales: usize,
    axis: usize,
    block: usize,
    mut f: impl FnMut(usize, usize),
) {
    let count: usize = shape.iter().product();
    if count == 0 {
        return;
    }
    if block == 0 && scales == 1 {
        return (0..count).for_each(|i| f(i, 0));
    }
    let (outer, extent, inner) = around(shape, axis);
    let mut i = 0;
    for o in 0..outer {
        for k in 0..extent {
            let first = if block == 0 {
                k
            } else {
                (o * extent.div_ceil(block) + k / block) * inner
            };
            for n in 0..inner {
                f(i, if block == 0 { first } else { first + n });
                i += 1;
            }
        }
    }
}

/// A type that numbers are quantised to.
pub trait Quantized: Convert {
    /// The nearest element to `quotient + zero`; integers round the quotient first, and saturate.
    fn quantize(quotient: f64, zero: f64, saturate: bool) -> Self;
}
macro_rules! integers {
    ($($t:ty: $min:expr, $max:expr;)*) => {$(impl Quantized for $t {
        #[inline(always)]
        fn quantize(quotient: f64, zero: f64, _: bool) -> Self {
            let level = if quotient.is_nan() { zero } else { quotient.round_ties_even() + zero };
            from_float(level.clamp($min, $max))
        }
    })*};
}
integers! {
    i8: -128.0, 127.0;
    u8: 0.0, 255.0;
    i16: -32768.0, 32767.0;
    u16: 0.0, 65535.0;
    I4: -8.0, 7.0;
    U4: 0.0, 15.0;
    I2: -2.0, 1.0;
    U2: 0.0, 3.0;
}
macro_rules! floats {
    ($($t:ty),*) => {$(impl Quantized for $t {
        #[inline(always)]
        fn quantize(quotient: f64, zero: f64, saturate: bool) -> Self {
            let overflow = Overflow { saturate, ..Overflow::default() };
            Self::from_exact(Exact::Float(quotient + zero), overflow)
        }
    })*};
}
floats!(F8E4M3Fn, F8E4M3Fnuz, F8E5M2, F8E5M2Fnuz, F4E2M1);

/// `y = round(x / scale) + zero`, saturated. See [`Precision`]; `saturate` is about floats of 8 bits only.
pub fn quantize<X: Convert, S: Convert, Y: Quantized>(
    x: &[X],
    shape: &[usize],
    scale: &[S],
    zero: Option<&[Y]>,
    axis: usize,
    block: usize,
    precision: Precision,
    saturate: bool,
    y: &mut [Y],
) {
    // One loop for each precision.
    match precision {
        Precision::F64 => quantize_by(x, shape, scale, zero, axis, block, saturate, y, |q| q),
        Precision::F32 => quantize_by(x, shape, scale, zero, axis, block, saturate, y, |q| {
            as_f64(from_float::<f32>(q))
        }),
        Precision::F16 => quantize_by(x, shape, scale, zero, axis, block, saturate, y, |q| {
            as_f64(from_float::<F16>(q))
        }),
        Precision::Bf16 => quantize_by(x, shape, scale, zero, axis, block, saturate, y, |q| {
            as_f64(from_float::<Bf16>(q))
        }),
    }
}

#[inline(always)]
fn quantize_by<X: Convert, S: Convert, Y: Quantized>(
    x: &[X],
    shape: &[usize],
    scale: &[S],
    zero: Option<&[Y]>,
    axis: usize,
    block: usize,
    saturate: bool,
    y: &mut [Y],
    round: impl Fn(f64) -> f64,
) {
    assert_eq!(x.len(), y.len());
    each_scale(shape, scale.len(), axis, block, |i, k| {
        let quotient = round(as_f64(x[i]) / as_f64(scale[k]));
        y[i] = Y::quantize(quotient, zero_at(zero, k), saturate);
    });
}

/// The zero point of scale `k`; one may serve all.
#[inline(always)]
fn zero_at<T: Convert>(zero: Option<&[T]>, k: usize) -> f64 {
    match zero {
        None => 0.0,
        Some([only]) => as_f64(*only),
        Some(all) => as_f64(all[k]),
    }
}

/// `y = (x − zero) · scale`, rounded once.
pub fn dequantize<X: Convert, S: Convert, Y: Convert>(
    x: &[X],
    shape: &[usize],
    scale: &[S],
    zero: Option<&[X]>,
    axis: usize,
    block: usize,
    y: &mut [Y],
) {
    assert_eq!(x.len(), y.len());
    each_scale(shape, scale.len(), axis, block, |i, k| {
        y[i] = from_float((as_f64(x[i]) - zero_at(zero, k)) * as_f64(scale[k]));
    });
}

/// Quantises to u8 by the range of `x`, widened to hold 0; writes the scale and zero point that it used. An array of zeros
/// has scale 0 and gives zeros.
pub fn dynamic_quantize(x: &[f32], y: &mut [u8], scale: &mut [f32], zero: &mut [u8]) {
    let (low, high) = x
        .iter()
        .fold((0f32, 0f32), |(low, high), &x| (low.min(x), high.max(x)));
    scale[0] = (high - low) / 255.0;
    zero[0] = (0.0 - low / scale[0]).clamp(0.0, 255.0).round_ties_even() as u8;
    let all = Some(&*zero);
    quantize(x, &[x.len()], scale, all, 0, 0, Precision::F32, true, y);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_even_and_ends_saturate() {
        let mut y = [0u8; 5];
        let x = [0.5f32, 1.5, -3.0, 1e9, f32::NAN];
        quantize(
            &x,
            &[5],
            &[1.0f32],
            Some(&[1]),
            0,
            0,
            Precision::F32,
            true,
            &mut y,
        );
        assert_eq!(y, [1, 3, 0, 255, 1]);
    }

    #[test]
    fn scales_by_axis_and_by_block() {
        let mut y = [0i8; 6];
        let x = [1f32, 2., 3., 4., 5., 6.];
        let scales = [1f32, 0.5];
        quantize(
            &x,
            &[2, 3],
            &scales,
            None,
            0,
            0,
            Precision::F32,
            true,
            &mut y,
        );
        assert_eq!(y, [1, 2, 3, 8, 10, 12]);
        let scales = [1f32, 0.5, 0.25, 1.0];
        quantize(
            &x,
            &[2, 3],
            &scales,
            None,
            1,
            2,
            Precision::F32,
            true,
            &mut y,
        );
        assert_eq!(y, [1, 2, 6, 16, 20, 6]);
        let mut back = [0f32; 6];
        dequantize(&y, &[2, 3], &scales, None, 1, 2, &mut back);
        assert_eq!(back, x);
    }

    #[test]
    fn a_range_of_its_own() {
        let (mut y, mut scale, mut zero) = ([0u8; 6], [0f32], [0u8]);
        // The example of ONNX's test suite.
        let x = [0.0, 2.0, -3.0, -2.5, 1.34, 0.5];
        dynamic_quantize(&x, &mut y, &mut scale, &mut zero);
        assert_eq!((y, zero), ([153, 255, 0, 26, 221, 179], [153]));
        assert_eq!(scale, [5.0 / 255.0]);
        let mut y = [1; 3];
        dynamic_quantize(&[0.0; 3], &mut y, &mut scale, &mut zero);
        assert_eq!((y, scale, zero), ([0; 3], [0.0], [0]));
    }
}
