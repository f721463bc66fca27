//! Functions that Rust's floats lack: the error function, and powers of integers.

use super::convert::{as_f64, from_float, Convert};
use crate::index::{broadcast_strides, for_each};

/// The error function, 2/√π · ∫₀ˣ e^(−t²) dt; absolute error below 1e-15, relative below 1e-14.
///
/// The series 7.1.6 of Abramowitz and Stegun up to 2.5, the continued fraction 7.1.14 of the complement beyond.
pub fn erf_f64(x: f64) -> f64 {
    let size = x.abs();
    if x.is_nan() {
        return x;
    }
    if size < 2.5 {
        let mut term = x;
        let mut sum = x;
        let mut n = 1.0;
        while term.abs() > 1e-17 * sum.abs() {
            term *= 2.0 * x * x / (2.0 * n + 1.0);
            sum += term;
            n += 1.0;
        }
        return core::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum;
    }
    (1.0 - complement(size)).copysign(x)
}

/// 1 − erf(x) for x ≥ 2.5.
fn complement(x: f64) -> f64 {
    if x > 27.0 {
        return 0.0;
    }
    let mut fraction = 0.0;
    for n in (1..=60).rev() {
        fraction = n as f64 / 2.0 / (x + fraction);
    }
    0.5 * core::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() / (x + fraction)
}

/// The error function of each element, rounded once.
pub fn erf<T: Convert>(x: &[T], y: &mut [T]) {
    each(x, y, erf_f64);
}

/// `x/2 · (1 + erf(x / √2))`.
pub fn gelu<T: Convert>(x: &[T], y: &mut [T]) {
    each(x, y, |x| {
        let z = x * core::f64::consts::FRAC_1_SQRT_2;
        // Far left the sum would cancel; ∞ · 0 would be NaN.
        match z {
            z if z < -27.0 => 0.0,
            z if z < -2.5 => 0.5 * x * complement(-z),
            z => 0.5 * x * (1.0 + erf_f64(z)),
        }
    });
}

/// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`, which is `x · sigmoid` of twice the argument of tanh.
pub fn gelu_tanh<T: Convert>(x: &[T], y: &mut [T]) {
    const TWICE_ROOT: f64 = 1.595_769_121_605_731;
    each(x, y, |x| {
        let x = if x < -100.0 { -100.0 } else { x };
        x / (1.0 + (-TWICE_ROOT * (x + 0.044715 * x * x * x)).exp())
    });
}

fn each<T: Convert>(x: &[T], y: &mut [T], f: impl Fn(f64) -> f64) {
    assert_eq!(x.len(), y.len());
    for (y, &x) in y.iter_mut().zip(x) {
        *y = from_float(f(as_f64(x)));
    }
}

/// Integers with wrapping powers.
pub trait Power: Copy {
    /// `selfⁿ`, wrapping.
    fn power(self, n: u64) -> Self;
    /// `selfⁿ` for n < 0, truncated: 0 but for ±1.
    fn inverse_power(self, n: i64) -> Self;
}
macro_rules! power {
    ($($t:ty),*) => {$(impl Power for $t {
        fn power(self, n: u64) -> Self {
            let (mut result, mut base, mut n) = (1 as $t, self, n);
            while n > 0 {
                if n & 1 == 1 {
                    result = result.wrapping_mul(base);
                }
                base = base.wrapping_mul(base);
                n >>= 1;
            }
            result
        }
        fn inverse_power(self, n: i64) -> Self {
            match self {
                1 => 1,
                -1 if n % 2 == 0 => 1,
                -1 => -1,
                _ => 0,
            }
        }
    })*};
}
power!(i32, i64);

/// `y[i] = a[i]^b[i]` of integers, broadcast and wrapping.
pub fn integer_power<A: Power, B: Exponent>(
    a: &[A],
    a_shape: &[usize],
    b: &[B],
    b_shape: &[usize],
    y: &mut [A],
    y_shape: &[usize],
) {
    let (sa, sb) = (
        broadcast_strides(a_shape, y_shape),
        broadcast_strides(b_shape, y_shape),
    );
    let mut out = y.iter_mut();
    for_each(y_shape, [&sa, &sb], |[i, j]| {
        let power = match b[j].exponent() {
            Ok(n) => a[i].power(n),
            Err(n) => a[i].inverse_power(n),
        };
        *out.next().expect("y has the extents of y_shape") = power;
    });
}

/// An integer as an exponent.
pub trait Exponent: Copy {
    /// Itself where it is not negative, else as an error.
    fn exponent(self) -> core::result::Result<u64, i64>;
}
macro_rules! exponent {
    ($($t:ty),*) => {$(impl Exponent for $t {
        #[inline(always)]
        fn exponent(self) -> core::result::Result<u64, i64> {
            u64::try_from(self).map_err(|_| self as i64)
        }
    })*};
}
exponent!(i8, i16, i32, i64, u8, u16, u32, u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_of_known_points() {
        // Values of Abramowitz and Stegun, table 7.1, and of mpmath.
        for (x, y) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (2.5, 0.999_593_047_982_555),
            (3.0, 0.999_977_909_503_001_4),
            (6.0, 1.0),
        ] {
            assert!((erf_f64(x) - y).abs() < 1e-15, "erf({x}) = {}", erf_f64(x));
            assert!((erf_f64(-x) + y).abs() < 1e-15);
        }
        assert_eq!(erf_f64(f64::INFINITY), 1.0);
        assert_eq!(erf_f64(f64::NEG_INFINITY), -1.0);
        assert!(erf_f64(f64::NAN).is_nan());
    }

    #[test]
    fn gelu_far_left_is_small_not_nan() {
        let mut y = [0f64; 3];
        gelu(&[-6.0, f64::NEG_INFINITY, 1.0], &mut y);
        assert!((y[0] / -5.919_526_8e-9 - 1.0).abs() < 1e-6, "{}", y[0]);
        assert_eq!(y[1], 0.0);
        assert!((y[2] - 0.841_344_746_068_543).abs() < 1e-14);
        gelu_tanh(&[-6.0, f64::NEG_INFINITY, 1.0], &mut y);
        assert!(y[0] < 0.0 && y[1] <= 0.0 && (y[2] - 0.841_191_990_608_3).abs() < 1e-9);
    }

    #[test]
    fn powers_wrap_and_truncate() {
        let mut y = [0i32; 4];
        integer_power(
            &[2, 3, -1, 0],
            &[4],
            &[31i64, -1, -3, 0],
            &[4],
            &mut y,
            &[4],
        );
        assert_eq!(y, [i32::MIN, 0, -1, 1]);
        let mut y = [0i64; 1];
        integer_power(&[-2], &[], &[63u8], &[], &mut y, &[1]);
        assert_eq!(y, [i64::MIN]);
    }
}
