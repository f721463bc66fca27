//! Dequantising by scale and zero point.

use super::convert::{as_f64, from_float, Convert, Exact};
use super::scale_runs::{each_run, zero_at};
use crate::simd::{dispatch, Kernel, Vector};

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
    let mut at = 0;
    each_run(shape, scale.len(), axis, block, |run| {
        let span = at..at + run.len;
        at = span.end;
        let (x, y) = (&x[span.clone()], &mut y[span]);
        if let (0, true, Some(scale), Some(y)) =
            (run.step, X::SMALL, S::as_f32(scale), Y::as_f32_mut(y))
        {
            let zero = zero_at(zero, run.first) as f32;
            let scale = scale[run.first];
            return dispatch(DequantizeRun { x, scale, zero, y });
        }
        for (n, (y, &x)) in y.iter_mut().zip(x).enumerate() {
            let k = run.first + n * run.step;
            *y = from_float((as_f64(x) - zero_at(zero, k)) * as_f64(scale[k]));
        }
    });
}

/// [`dequantize`] of small integers to f32, where one scale serves a whole run: the difference is exact, the product is
/// rounded once.
struct DequantizeRun<'a, X> {
    x: &'a [X],
    scale: f32,
    zero: f32,
    y: &'a mut [f32],
}

impl<X: Convert> Kernel for DequantizeRun<'_, X> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        for (y, &x) in self.y.iter_mut().zip(self.x) {
            let x = match x.to_exact() {
                Exact::Int(i) => i as i32 as f32,
                _ => 0.0,
            };
            *y = (x - self.zero) * self.scale;
        }
    }
}
