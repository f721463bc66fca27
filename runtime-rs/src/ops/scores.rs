//! What becomes of the scores of trees, linear models and support vector machines.

/// Numbers that features may be.
pub trait Feature: Copy + Default + Send + Sync {
    /// In f64: exact but for i64 beyond 2⁵³.
    fn to_f64(self) -> f64;
}
macro_rules! feature {
    ($($t:ty),*) => {$(impl Feature for $t {
        #[inline(always)]
        fn to_f64(self) -> f64 { self as f64 }
    })*};
}
feature!(f32, f64, i32, i64);
impl Feature for crate::element::F16 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        use crate::element::Number;
        f64::from(self.widen())
    }
}

/// How scores of a row become results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostTransform {
    /// As they are.
    None,
    /// `e^(xᵢ − max) / Σ`
    Softmax,
    /// `1 / (1 + e⁻ˣ)`
    Logistic,
    /// Softmax in which scores of 0 stay 0.
    SoftmaxZero,
    /// Quantile of the normal distribution, by Winitzki's approximation of erf⁻¹.
    Probit,
}

impl PostTransform {
    /// Transforms a row.
    pub fn apply(self, row: &mut [f64]) {
        match self {
            Self::None => {}
            Self::Softmax => softmax(row),
            Self::Logistic => row.iter_mut().for_each(|x| *x = logistic(*x)),
            Self::SoftmaxZero => softmax_zero(row),
            Self::Probit => row.iter_mut().for_each(|x| *x = probit(*x)),
        }
    }
}

/// The logistic function.
pub(crate) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softmax(row: &mut [f64]) {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter_mut().for_each(|x| *x = (*x - max).exp());
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|x| *x /= sum);
}

fn softmax_zero(row: &mut [f64]) {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for x in row.iter_mut() {
        if x.abs() > 1e-7 {
            *x = (*x - max).exp();
            sum += *x;
        } else {
            *x *= (-max).exp();
        }
    }
    if sum > 0.0 {
        row.iter_mut().for_each(|x| *x /= sum);
    } else {
        row.fill(0.5);
    }
}

/// `√2·erf⁻¹(2x − 1)`; relative error of the approximation below 2e-3, as in other runtimes.
fn probit(x: f64) -> f64 {
    let y = 2.0 * x - 1.0;
    let log = ((1.0 - y) * (1.0 + y)).ln();
    let v = 2.0 / (core::f64::consts::PI * 0.147) + 0.5 * log;
    let root = (-v + (v * v - log / 0.147).sqrt()).sqrt();
    core::f64::consts::SQRT_2 * if y < 0.0 { -root } else { root }
}

/// Number of the greatest element, the first of equal ones; 0 for none.
pub(crate) fn argmax(row: &[f64]) -> usize {
    (1..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}
