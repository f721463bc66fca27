//! Steps of gradient descent: new values of a parameter and of what its optimizer remembers. Computed in f64 and rounded once.
//!
//! Sources: Duchi, Hazan & Singer 2011 (Adagrad); Kingma & Ba 2015 (Adam); Sutskever et al. 2013 (Nesterov's momentum);
//! https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Adam.html and its neighbours.

use crate::real::{Float, Real};

fn wide<T: Float>(x: T) -> f64 {
    x.widen().to_f64()
}

fn store<T: Float>(to: &mut Option<&mut [T]>, i: usize, x: f64) {
    if let Some(to) = to {
        to[i] = T::narrow(T::Wide::from_f64(x));
    }
}

/// Options of Adagrad.
#[derive(Clone, Copy, Debug)]
pub struct Adagrad {
    /// The rate is divided by `1 + step·decay`.
    pub decay: f64,
    /// Keeps the divisor from 0.
    pub epsilon: f64,
    /// Weight of the regularisation `½‖x‖²`.
    pub norm: f64,
}

/// `h' = h + g²`, `x' = x − rate·g / (√h' + epsilon)`, where g has the regularisation's gradient added.
pub fn adagrad<R: Float, T: Float>(
    o: &Adagrad,
    rate: &[R],
    step: &[i64],
    x: &[T],
    g: &[T],
    h: &[T],
    mut new_x: Option<&mut [T]>,
    mut new_h: Option<&mut [T]>,
) {
    let rate = wide(rate[0]) / (1.0 + step[0] as f64 * o.decay);
    for i in 0..x.len() {
        let g = o.norm * wide(x[i]) + wide(g[i]);
        let sum = wide(h[i]) + g * g;
        store(
            &mut new_x,
            i,
            wide(x[i]) - rate * g / (sum.sqrt() + o.epsilon),
        );
        store(&mut new_h, i, sum);
    }
}

/// Options of Adam.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// What the mean of the gradients keeps at a step.
    pub alpha: f64,
    /// What the mean of their squares keeps.
    pub beta: f64,
    /// Keeps the divisor from 0.
    pub epsilon: f64,
    /// Weight of the regularisation `½‖x‖²`.
    pub norm: f64,
    /// Shrinks the new value.
    pub norm_post: f64,
}

/// `v' = α·v + (1 − α)·g`, `h' = β·h + (1 − β)·g²`, `x' = (1 − post)·(x − rate·v' / (√h' + epsilon))`. After the first step the
/// rate is corrected for the means' start at 0.
pub fn adam<R: Float, T: Float>(
    o: &Adam,
    rate: &[R],
    step: &[i64],
    x: &[T],
    g: &[T],
    v: &[T],
    h: &[T],
    mut new_x: Option<&mut [T]>,
    mut new_v: Option<&mut [T]>,
    mut new_h: Option<&mut [T]>,
) {
    let t = step[0] as f64;
    let correction = if t > 0.0 {
        (1.0 - o.beta.powf(t)).sqrt() / (1.0 - o.alpha.powf(t))
    } else {
        1.0
    };
    let rate = wide(rate[0]) * correction;
    for i in 0..x.len() {
        let g = o.norm * wide(x[i]) + wide(g[i]);
        let mean = o.alpha * wide(v[i]) + (1.0 - o.alpha) * g;
        let square = o.beta * wide(h[i]) + (1.0 - o.beta) * g * g;
        let next = wide(x[i]) - rate * mean / (square.sqrt() + o.epsilon);
        store(&mut new_x, i, (1.0 - o.norm_post) * next);
        store(&mut new_v, i, mean);
        store(&mut new_h, i, square);
    }
}

/// Options of gradient descent with momentum.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// What the momentum keeps at a step.
    pub alpha: f64,
    /// What it takes of the gradient after the first step.
    pub beta: f64,
    /// Weight of the regularisation `½‖x‖²`.
    pub norm: f64,
    /// Looks ahead along the momentum.
    pub nesterov: bool,
}

/// `v' = α·v + β·g` (β is 1 at step 0), `x' = x − rate·v'` or, after Nesterov, `x − rate·(g + α·v')`.
pub fn momentum<R: Float, T: Float>(
    o: &Momentum,
    rate: &[R],
    step: &[i64],
    x: &[T],
    g: &[T],
    v: &[T],
    mut new_x: Option<&mut [T]>,
    mut new_v: Option<&mut [T]>,
) {
    let (rate, beta) = (wide(rate[0]), if step[0] > 0 { o.beta } else { 1.0 });
    for i in 0..x.len() {
        let g = o.norm * wide(x[i]) + wide(g[i]);
        let next = o.alpha * wide(v[i]) + beta * g;
        let along = if o.nesterov { g + o.alpha * next } else { next };
        store(&mut new_x, i, wide(x[i]) - rate * along);
        store(&mut new_v, i, next);
    }
}
