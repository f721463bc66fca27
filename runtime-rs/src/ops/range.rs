//! Arrays made from a few numbers: evenly spaced ones, windows.

use super::convert::{from_float, Convert, Exact, Overflow};
use crate::error::{Error, Result};

/// Number of elements of `start, start + delta, …` before `limit`. A delta of 0, and a count that is not finite, are errors.
pub fn range_length<T: Convert>(start: &[T], limit: &[T], delta: &[T]) -> Result<[usize; 1]> {
    let [start, limit, delta] = [start, limit, delta].map(|x| x[0].to_exact());
    if let (Exact::Int(start), Exact::Int(limit), Exact::Int(delta)) = (start, limit, delta) {
        let (span, step) = (limit as i128 - start as i128, delta as i128);
        if step == 0 {
            return Err(Error::new("delta is 0"));
        }
        let count = (span + step - step.signum()) / step;
        return length(count.max(0) as f64);
    }
    let [start, limit, delta] = [start, limit, delta].map(|x| match x {
        Exact::Float(f) => f,
        Exact::Int(i) => i as f64,
        Exact::Nat(u) => u as f64,
    });
    if delta == 0.0 {
        return Err(Error::new("delta is 0"));
    }
    length(((limit - start) / delta).ceil())
}

fn length(count: f64) -> Result<[usize; 1]> {
    // Beyond this no memory holds the elements, and the count is not exact.
    if count.is_nan() || count > (1u64 << 48) as f64 {
        return Err(Error::new(format!("a range of {count} elements")));
    }
    Ok([count.max(0.0) as usize])
}

/// `y[i] = start + i · delta`; floats in double precision and rounded once, integers wrapping.
pub fn range<T: Convert>(start: &[T], delta: &[T], y: &mut [T]) {
    let (start, delta) = (start[0].to_exact(), delta[0].to_exact());
    for (i, y) in y.iter_mut().enumerate() {
        let value = match (start, delta) {
            (Exact::Int(start), Exact::Int(delta)) => {
                Exact::Int(start.wrapping_add(delta.wrapping_mul(i as i64)))
            }
            (Exact::Float(start), Exact::Float(delta)) => Exact::Float(start + delta * i as f64),
            (other, _) => other,
        };
        *y = T::from_exact(value, Overflow::default());
    }
}

/// `y[n] = a₀ − a₁·cos(2πn/N) + a₂·cos(4πn/N)`, where N is the length of `y`, less 1 unless `periodic`. In double
/// precision, rounded to multiples of 2⁻⁴⁰, so that ends and centre are exact 0 and 1, and then to the type.
pub fn cosine_window<T: Convert>(a: &[f64; 3], periodic: bool, y: &mut [T]) {
    let period = if periodic {
        y.len() as f64
    } else {
        y.len() as f64 - 1.0
    };
    const GRID: f64 = (1u64 << 40) as f64;
    let step = 2.0 * core::f64::consts::PI / period;
    for (n, y) in y.iter_mut().enumerate() {
        let angle = n as f64 * step;
        let value = a[0] - a[1] * angle.cos() + a[2] * (2.0 * angle).cos();
        *y = from_float((value * GRID).round() / GRID);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::F16;

    #[test]
    fn lengths() {
        assert_eq!(range_length(&[3i64], &[9], &[3]), Ok([2]));
        assert_eq!(range_length(&[3i64], &[10], &[3]), Ok([3]));
        assert_eq!(range_length(&[10i32], &[4], &[-2]), Ok([3]));
        assert_eq!(range_length(&[10i32], &[5], &[-2]), Ok([3]));
        assert_eq!(range_length(&[5i16], &[4], &[1]), Ok([0]));
        assert_eq!(range_length(&[i64::MIN], &[i64::MAX], &[i64::MAX]), Ok([3]));
        assert_eq!(range_length(&[0f32], &[1.0], &[0.25]), Ok([4]));
        assert!(range_length(&[0i64], &[1], &[0]).is_err());
        assert!(range_length(&[0i64], &[i64::MAX], &[1]).is_err());
        assert!(range_length(&[0f32], &[f32::NAN], &[1.0]).is_err());
        assert!(range_length(&[0f32], &[f32::INFINITY], &[1.0]).is_err());
    }

    #[test]
    fn elements() {
        let mut y = [0i64; 3];
        range(&[10], &[-2], &mut y);
        assert_eq!(y, [10, 8, 6]);
        let mut y = [F16(0); 2];
        range(&[F16(0x3c00)], &[F16(0x4000)], &mut y);
        assert_eq!(y, [F16(0x3c00), F16(0x4200)]);
    }

    #[test]
    fn windows() {
        let mut y = [0f64; 4];
        cosine_window(&[0.5, 0.5, 0.0], true, &mut y);
        assert!(y
            .iter()
            .zip([0.0, 0.5, 1.0, 0.5])
            .all(|(a, b)| (a - b).abs() < 1e-15));
        cosine_window::<f32>(&[0.5, 0.5, 0.0], true, &mut []);
    }
}
