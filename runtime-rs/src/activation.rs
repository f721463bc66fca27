//! Activation functions that kernels apply to their results, and what else happens on the way to memory.

use crate::simd::{dispatch, math, Kernel, Vector};

/// A function of one value, applied where a kernel stores its result. NaN stays NaN.
///
/// Values are data, not types: a kernel matches once per register tile or per block, never per element.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// `x`
    #[default]
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, lo), hi)`; `hi` wins if `lo > hi`.
    Clip {
        /// Smallest result.
        lo: f32,
        /// Largest result.
        hi: f32,
    },
    /// `x` where x ≥ 0, else `alpha · x`
    LeakyRelu(f32),
    /// `x` where x > alpha, else 0
    ThresholdedRelu(f32),
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `x · sigmoid(x)`, also called Swish
    Silu,
    /// `x · sigmoid(alpha · x)`
    Swish(f32),
    /// `min(max(alpha · x + beta, 0), 1)`
    HardSigmoid {
        /// Slope.
        alpha: f32,
        /// Value at 0.
        beta: f32,
    },
    /// `x · min(max(x/6 + 1/2, 0), 1)`
    HardSwish,
    /// `tanh(x)`
    Tanh,
    /// `½ · x · (1 + erf(x/√2))`
    Gelu,
    /// `½ · x · (1 + tanh(√(2/π) · (x + 0.044715·x³)))`
    GeluTanh,
    /// `x · tanh(softplus(x))`
    Mish,
    /// `ln(1 + eˣ)`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `x` where x ≥ 0, else `alpha · (eˣ − 1)`
    Elu(f32),
    /// `gamma · x` where x > 0, else `gamma · alpha · (eˣ − 1)`
    Selu {
        /// Depth of the negative part.
        alpha: f32,
        /// Scale of everything.
        gamma: f32,
    },
    /// `max(x, 0) + min(0, alpha · (e^(x/alpha) − 1))`
    Celu(f32),
}

impl Activation {
    /// The bounds of the activations that are no more than a clamp. These are applied to registers at the store.
    #[inline]
    pub(crate) fn bounds(self) -> Option<(f32, f32)> {
        match self {
            Activation::Identity => Some((f32::NEG_INFINITY, f32::INFINITY)),
            Activation::Relu => Some((0.0, f32::INFINITY)),
            Activation::Clip { lo, hi } => Some((lo, hi)),
            _ => None,
        }
    }

    /// The function of one vector.
    #[inline(always)]
    pub fn apply<V: Vector>(self, x: V) -> V {
        self.apply_all([x])[0]
    }

    /// The function of several vectors: one choice for all of them.
    #[inline(always)]
    pub fn apply_all<V: Vector, const N: usize>(self, x: [V; N]) -> [V; N] {
        // A macro and not a function of a closure: a closure that is not inlined is compiled without the instruction set.
        macro_rules! each {
            ($v:ident => $y:expr) => {{
                let mut y = x;
                for value in &mut y {
                    let $v = *value;
                    *value = $y;
                }
                y
            }};
        }
        let zero = V::zero();
        match self {
            Activation::Identity => x,
            Activation::Relu => each!(v => v.max(zero)),
            Activation::Clip { lo, hi } => each!(v => v.max(V::splat(lo)).min(V::splat(hi))),
            Activation::LeakyRelu(alpha) => {
                each!(v => V::select(v.lt(zero), v * V::splat(alpha), v))
            }
            Activation::ThresholdedRelu(alpha) => {
                each!(v => V::select(v.le(V::splat(alpha)), zero, v))
            }
            Activation::Sigmoid => each!(v => math::sigmoid(v)),
            Activation::Silu => each!(v => math::silu(v)),
            Activation::Swish(alpha) => each!(v => v * math::sigmoid(v * V::splat(alpha))),
            Activation::HardSigmoid { alpha, beta } => {
                each!(v => math::hard_sigmoid(v, alpha, beta))
            }
            Activation::HardSwish => each!(v => v * math::hard_sigmoid(v, 1.0 / 6.0, 0.5)),
            Activation::Tanh => each!(v => math::tanh(v)),
            Activation::Gelu => each!(v => math::gelu(v)),
            Activation::GeluTanh => each!(v => math::gelu_tanh(v)),
            Activation::Mish => each!(v => math::mish(v)),
            Activation::Softplus => each!(v => math::softplus(v)),
            Activation::Softsign => each!(v => v / (V::splat(1.0) + v.abs())),
            Activation::Elu(alpha) => each!(v => exponential_below_zero(v, alpha, 1.0)),
            Activation::Selu { alpha, gamma } => {
                each!(v => exponential_below_zero(v, alpha, 1.0) * V::splat(gamma))
            }
            Activation::Celu(alpha) => each!(v => exponential_below_zero(v, alpha, alpha)),
        }
    }
}

/// `x` where x ≥ 0, else `alpha · (e^(x/width) − 1)`.
#[inline(always)]
fn exponential_below_zero<V: Vector>(x: V, alpha: f32, width: f32) -> V {
    V::select(
        x.lt(V::zero()),
        math::exp_m1(x / V::splat(width)) * V::splat(alpha),
        x,
    )
}

/// `x[i] = activation(x[i])`.
///
/// ```
/// use onnxidize_runtime::activation::{apply_in_place, Activation};
/// let mut x = [-1.0, 0.5, 3.0];
/// apply_in_place(Activation::Clip { lo: 0.0, hi: 1.0 }, &mut x);
/// assert_eq!(x, [0.0, 0.5, 1.0]);
/// ```
pub fn apply_in_place(activation: Activation, x: &mut [f32]) {
    if activation != Activation::Identity {
        dispatch(InPlace { activation, x });
    }
}

/// See [`apply_in_place`].
pub(crate) struct InPlace<'a> {
    pub activation: Activation,
    pub x: &'a mut [f32],
}

impl Kernel for InPlace<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let mut blocks = self.x.chunks_exact_mut(4 * V::LANES);
        for block in &mut blocks {
            let mut v = [V::zero(); 4];
            for (v, chunk) in v.iter_mut().zip(block.chunks_exact(V::LANES)) {
                *v = V::load(chunk);
            }
            let v = self.activation.apply_all(v);
            for (v, chunk) in v.iter().zip(block.chunks_exact_mut(V::LANES)) {
                v.store(chunk);
            }
        }
        for chunk in blocks.into_remainder().chunks_mut(V::LANES) {
            self.activation
                .apply(V::load_partial(chunk))
                .store_partial(chunk);
        }
    }
}

/// A value that is added to a result: usually the shortcut of a residual block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Residual<'a> {
    /// Nothing is added.
    #[default]
    None,
    /// Added element by element; same layout as the output.
    Add(&'a [f32]),
    /// What the output holds when the kernel is called is added.
    InPlace,
}

/// What happens to a result between the sum of products and memory:
/// `y = activation(x + bias + residual)`, or `y = activation(x + bias) + residual`.
///
/// Scales, batch normalisation included, belong into the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epilogue<'a> {
    /// One value for each output column (channel).
    pub bias: Option<&'a [f32]>,
    /// Added before the activation, or after it.
    pub residual: Residual<'a>,
    /// The residual is added after the activation.
    pub residual_after: bool,
    /// The function applied last, or last but one.
    pub activation: Activation,
}

impl<'a> Epilogue<'a> {
    /// Nothing but the bias and the activation.
    pub fn new(bias: Option<&'a [f32]>, activation: Activation) -> Self {
        Epilogue {
            bias,
            activation,
            ..Epilogue::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{available, with_isa};

    #[test]
    fn activations_agree_with_their_formulas() {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        type Formula = Box<dyn Fn(f64) -> f64>;
        let table: Vec<(Activation, Formula)> = vec![
            (Activation::Identity, Box::new(|x| x)),
            (Activation::Relu, Box::new(|x| x.max(0.0))),
            (
                Activation::Clip { lo: -1.0, hi: 6.0 },
                Box::new(|x| x.clamp(-1.0, 6.0)),
            ),
            (
                Activation::LeakyRelu(0.25),
                Box::new(|x| if x < 0.0 { 0.25 * x } else { x }),
            ),
            (
                Activation::ThresholdedRelu(1.0),
                Box::new(|x| if x > 1.0 { x } else { 0.0 }),
            ),
            (Activation::Sigmoid, Box::new(sigmoid)),
            (Activation::Silu, Box::new(move |x| x * sigmoid(x))),
            (
                Activation::Swish(1.5),
                Box::new(move |x| x * sigmoid(1.5 * x)),
            ),
            (
                Activation::HardSigmoid {
                    alpha: 0.2,
                    beta: 0.5,
                },
                Box::new(|x| (0.2 * x + 0.5).clamp(0.0, 1.0)),
            ),
            (
                Activation::HardSwish,
                Box::new(|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0)),
            ),
            (Activation::Tanh, Box::new(f64::tanh)),
            (Activation::Mish, Box::new(|x| x * x.exp().ln_1p().tanh())),
            (Activation::Softplus, Box::new(|x| x.exp().ln_1p())),
            (Activation::Softsign, Box::new(|x| x / (1.0 + x.abs()))),
            (
                Activation::Elu(0.7),
                Box::new(|x| if x < 0.0 { 0.7 * x.exp_m1() } else { x }),
            ),
            (
                Activation::Selu {
                    alpha: 1.5,
                    gamma: 1.1,
                },
                Box::new(|x| 1.1 * if x > 0.0 { x } else { 1.5 * x.exp_m1() }),
            ),
            (
                Activation::Celu(0.5),
                Box::new(|x| x.max(0.0) + (0.5 * (x / 0.5).exp_m1()).min(0.0)),
            ),
        ];
        for (activation, formula) in &table {
            for isa in available() {
                // An odd length exercises the partial vector.
                let x: Vec<f32> = (-100..101).map(|i| i as f32 / 10.0).collect();
                let mut y = x.clone();
                with_isa(isa, || apply_in_place(*activation, &mut y));
                for (&x, &y) in x.iter().zip(&y) {
                    let want = formula(f64::from(x));
                    let close = (f64::from(y) - want).abs() <= 1e-6 * want.abs().max(1e-2);
                    assert!(
                        close,
                        "{activation:?} of {x} on {}: {y}, not {want}",
                        isa.name()
                    );
                }
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        for activation in [
            Activation::Relu,
            Activation::Clip { lo: 0.0, hi: 6.0 },
            Activation::LeakyRelu(0.1),
            Activation::Gelu,
            Activation::HardSwish,
        ] {
            for isa in available() {
                let mut x = [f32::NAN; 3];
                with_isa(isa, || apply_in_place(activation, &mut x));
                assert!(
                    x.iter().all(|x| x.is_nan()),
                    "{activation:?} on {}",
                    isa.name()
                );
            }
        }
    }
}
