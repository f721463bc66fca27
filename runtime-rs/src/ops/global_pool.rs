//! Pools over whole channels.

use crate::ops::pool::NormPower;
use crate::real::{Float, Real};

/// The mean of each channel, which has `size` elements; NaN for none.
pub fn global_average_pool<T: Float>(x: &[T], size: usize, y: &mut [T]) {
    for (n, y) in y.iter_mut().enumerate() {
        let sum = x[n * size..][..size]
            .iter()
            .fold(0.0, |sum, x| sum + x.widen().to_f64());
        *y = T::narrow(T::Wide::from_f64(sum / size as f64));
    }
}

/// The greatest element of each channel, which has `size` elements; NaN if one is, −∞ for none.
pub fn global_max_pool<T: Float>(x: &[T], size: usize, y: &mut [T]) {
    for (n, y) in y.iter_mut().enumerate() {
        let greatest = x[n * size..][..size]
            .iter()
            .fold(T::Wide::NEG_INFINITY, |m, x| m.maximum(x.widen()));
        *y = T::narrow(greatest);
    }
}

/// `(Σ |x|ᵖ)^(1/p)` over each channel, which has `size` elements.
pub fn global_lp_pool<T: Float>(x: &[T], size: usize, p: u32, y: &mut [T]) {
    for (n, y) in y.iter_mut().enumerate() {
        let sum = x[n * size..][..size]
            .iter()
            .fold(0.0, |sum, x| sum + NormPower(p).of(x.widen().to_f64()));
        *y = T::narrow(T::Wide::from_f64(NormPower(p).root(sum)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_comes_out_of_each_channel() {
        let x = [3.0f32, -4.0, f32::NAN, 1.0];
        let mut y = [0.0; 2];
        global_lp_pool(&x, 2, 2, &mut y);
        assert_eq!(y[0], 5.0);
        global_average_pool(&x, 2, &mut y);
        assert_eq!(y[0], -0.5);
        global_max_pool(&x, 2, &mut y);
        assert_eq!(y[0], 3.0);
        assert!(y[1].is_nan());
    }
}
