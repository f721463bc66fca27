//! Quantising by scale and zero point.

use super::convert::{as_f64, from_float, Convert, Exact, Overflow};
use super::scale_runs::{each_run, zero_at};
use crate::element::*;
use crate::simd::{dispatch, Kernel, Vector};

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

/// A type that numbers are quantised to.
pub trait Quantized: Convert {
    /// The nearest element to `quotient + zero`; integers round the quotient first, and saturate.
    fn quantize(quotient: f64, zero: f64, saturate: bool) -> Self;
    /// The least and the greatest integer, none of floats.
    const RANGE: Option<(f32, f32)> = None;
    /// The element of an integer in the range.
    #[inline(always)]
    fn of_level(level: f32) -> Self {
        from_float(level as f64)
    }
}
macro_rules! integers {
    ($($t:ty: $min:expr, $max:expr;)*) => {$(impl Quantized for $t {
        const RANGE: Option<(f32, f32)> = Some(($min, $max));
        #[inline(always)]
        fn of_level(level: f32) -> Self {
            // Added to 1.5·2²³, an integer stands in the low bits of the sum: vectors have no cheaper conversion.
            const SHIFT: f32 = 12_582_912.0;
            let level = (level + SHIFT).to_bits() as i32 - SHIFT.to_bits() as i32;
            Self::from_exact(Exact::Int(level as i64), Overflow::default())
        }
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
    let by = (axis, block, saturate);
    match precision {
        Precision::F64 => quantize_by(x, shape, scale, zero, by, None, y, |q| q),
        Precision::F32 => quantize_by(x, shape, scale, zero, by, Y::RANGE, y, |q| {
            as_f64(from_float::<f32>(q))
        }),
        Precision::F16 => quantize_by(x, shape, scale, zero, by, None, y, |q| {
            as_f64(from_float::<F16>(q))
        }),
        Precision::Bf16 => quantize_by(x, shape, scale, zero, by, None, y, |q| {
            as_f64(from_float::<Bf16>(q))
        }),
    }
}

/// `range` is that of integers whose quotients are f32: vectors compute those where a scale serves a whole run.
#[inline(always)]
fn quantize_by<X: Convert, S: Convert, Y: Quantized>(
    x: &[X],
    shape: &[usize],
    scale: &[S],
    zero: Option<&[Y]>,
    (axis, block, saturate): (usize, usize, bool),
    range: Option<(f32, f32)>,
    y: &mut [Y],
    round: impl Fn(f64) -> f64,
) {
    assert_eq!(x.len(), y.len());
    let mut at = 0;
    each_run(shape, scale.len(), axis, block, |run| {
        let span = at..at + run.len;
        at = span.end;
        let (x, y) = (&x[span.clone()], &mut y[span]);
        let fast = (run.step, range, X::as_f32(x), S::as_f32(scale));
        if let (0, Some(range), Some(x), Some(scale)) = fast {
            return dispatch(QuantizeRun {
                x,
                scale: scale[run.first],
                zero: zero_at(zero, run.first) as f32,
                range,
                y,
            });
        }
        for (n, (y, &x)) in y.iter_mut().zip(x).enumerate() {
            let k = run.first + n * run.step;
            let quotient = round(as_f64(x) / as_f64(scale[k]));
            *y = Y::quantize(quotient, zero_at(zero, k), saturate);
        }
    });
}

/// [`quantize`] of f32 to integers, where one scale serves a whole run.
struct QuantizeRun<'a, Y> {
    x: &'a [f32],
    scale: f32,
    zero: f32,
    range: (f32, f32),
    y: &'a mut [Y],
}

impl<Y: Quantized> Kernel for QuantizeRun<'_, Y> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let [scale, zero, low, high] =
            [self.scale, self.zero, self.range.0, self.range.1].map(V::splat);
        let mut levels = [0f32; 256];
        for (x, y) in self.x.chunks(256).zip(self.y.chunks_mut(256)) {
            for (x, level) in x.chunks(V::LANES).zip(levels.chunks_mut(V::LANES)) {
                let quotient = V::load_partial(x) / scale;
                let rounded = quotient.round_ties_even() + zero;
                V::select(quotient.is_nan(), zero, rounded)
                    .max(low)
                    .min(high)
                    .store_partial(level);
            }
            for (y, &level) in y.iter_mut().zip(&levels) {
                *y = Y::of_level(level);
            }
        }
    }
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
    use super::super::dequantize::dequantize;
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
    fn fast_runs_agree_with_the_general_code() {
        let x: Vec<f32> = (0..600).map(|i| (i as f32 - 300.3) * 0.37).collect();
        let wide: Vec<f64> = x.iter().map(|&x| x as f64).collect();
        let scale: Vec<f32> = (0..10).map(|i| 0.4 + 0.1 * i as f32).collect();
        let zero: Vec<u8> = (0..10).map(|i| 120 + i).collect();
        // f64 elements take the general way.
        for (shape, axis) in [([10, 60], 0), ([60, 10], 1)] {
            let (mut fast, mut slow) = (vec![0u8; 600], vec![0u8; 600]);
            let (s, z) = (&scale[..], Some(&zero[..]));
            quantize(&x, &shape, s, z, axis, 0, Precision::F32, true, &mut fast);
            quantize(
                &wide,
                &shape,
                s,
                z,
                axis,
                0,
                Precision::F32,
                true,
                &mut slow,
            );
            assert_eq!(fast, slow);
            let (mut quick, mut exact) = (vec![0f32; 600], vec![0f64; 600]);
            dequantize(&fast, &shape, s, z, axis, 0, &mut quick);
            dequantize(&fast, &shape, s, z, axis, 0, &mut exact);
            assert!(quick.iter().zip(&exact).all(|(&q, &e)| q == e as f32));
        }
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
