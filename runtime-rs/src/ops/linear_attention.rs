//! Attention by a recurrent state instead of a softmax, and the short causal convolution that goes before it.
//!
//! For each head of keys and values, with a state S `[d_k, d_v]` (Yang et al. 2024, "Gated Delta Networks"):
//!
//! ```text
//! S ← exp(g)·S                      if gated, g one value for the head or one for each row of S
//! v ← β·(v − Sᵀk)                   if there is a β
//! S ← S + k⊗v        o = scale·Sᵀq  for each query head of the group
//! ```
//!
//! Source: https://onnx.ai/onnx/operators/onnx__LinearAttention.html

use crate::element::Number;
use crate::real::{Float, Real};

use super::recurrent::{narrow_into, widen_into};

/// Extents and options of a linear attention.
#[derive(Clone, Copy, Debug)]
pub struct LinearAttention {
    /// Sequences.
    pub batch: usize,
    /// Steps.
    pub steps: usize,
    /// Heads of queries, a multiple of `kv_heads`.
    pub q_heads: usize,
    /// Heads of keys, values and states.
    pub kv_heads: usize,
    /// Values of a query and of a key.
    pub d_k: usize,
    /// Values of a value.
    pub d_v: usize,
    /// Factor of the results; 1 / √d_k if absent.
    pub scale: Option<f32>,
}

/// Runs the recurrence. `q`, `k`, `v` and `y` are `[batch, steps, heads · size]`; `decay` has `kv_heads` or `kv_heads · d_k`
/// values a step, `beta` `kv_heads` or 1; states are `[batch, kv_heads, d_k, d_v]`. `scratch` holds `d_k·d_v + d_v` values.
/// Sums are in f32 and rounded once.
pub fn linear_attention<T: Float, S: Float + Number<Wide = T::Wide>>(
    a: &LinearAttention,
    q: &[T],
    k: &[T],
    v: &[T],
    past: Option<&[S]>,
    decay: Option<&[T]>,
    beta: Option<&[T]>,
    y: &mut [T],
    present: &mut [S],
    scratch: &mut [T::Wide],
) {
    let size = a.d_k * a.d_v;
    let (state, value) = scratch.split_at_mut(size);
    let value = &mut value[..a.d_v];
    for n in 0..a.batch * a.kv_heads {
        match past {
            Some(past) => widen_into(&past[n * size..], state),
            None => state.fill(T::Wide::ZERO),
        }
        let (b, h) = (n / a.kv_heads, n % a.kv_heads);
        for t in b * a.steps..(b + 1) * a.steps {
            if let Some(decay) = decay {
                shrink(a, decay, t, h, state);
            }
            let k = &k[(t * a.kv_heads + h) * a.d_k..][..a.d_k];
            widen_into(&v[(t * a.kv_heads + h) * a.d_v..], value);
            if let Some(beta) = beta {
                let per_step = beta.len() / (a.batch * a.steps).max(1);
                let rate = beta[t * per_step + if per_step == 1 { 0 } else { h }].widen();
                for (row, k) in state.chunks_exact(a.d_v.max(1)).zip(k) {
                    value
                        .iter_mut()
                        .zip(row)
                        .for_each(|(v, &s)| *v -= k.widen() * s);
                }
                value.iter_mut().for_each(|v| *v *= rate);
            }
            for (row, k) in state.chunks_exact_mut(a.d_v.max(1)).zip(k) {
                row.iter_mut()
                    .zip(&*value)
                    .for_each(|(s, &v)| *s += k.widen() * v);
            }
            recall(a, q, t, h, state, value, y);
        }
        narrow_into(state, &mut present[n * size..]);
    }
}

/// Multiplies the state by the decay of a step.
fn shrink<T: Float>(a: &LinearAttention, decay: &[T], t: usize, h: usize, state: &mut [T::Wide]) {
    let per_head = decay.len() / (a.batch * a.steps * a.kv_heads).max(1);
    let decay = &decay[(t * a.kv_heads + h) * per_head..][..per_head];
    for (row, out) in state.chunks_exact_mut(a.d_v.max(1)).enumerate() {
        let factor = decay[if per_head == 1 { 0 } else { row }].widen().exp();
        out.iter_mut().for_each(|s| *s *= factor);
    }
}

/// Results of a step for all query heads of the group.
fn recall<T: Float>(
    a: &LinearAttention,
    q: &[T],
    t: usize,
    h: usize,
    state: &[T::Wide],
    sum: &mut [T::Wide],
    y: &mut [T],
) {
    let group = a.q_heads / a.kv_heads.max(1);
    let scale = a
        .scale
        .map_or_else(|| 1.0 / (a.d_k as f64).sqrt(), f64::from);
    for head in h * group..(h + 1) * group {
        let at = t * a.q_heads + head;
        sum.fill(T::Wide::ZERO);
        for (row, q) in state
            .chunks_exact(a.d_v.max(1))
            .zip(&q[at * a.d_k..][..a.d_k])
        {
            sum.iter_mut()
                .zip(row)
                .for_each(|(o, &s)| *o += q.widen() * s);
        }
        sum.iter_mut().for_each(|o| *o *= T::Wide::from_f64(scale));
        narrow_into(sum, &mut y[at * a.d_v..]);
    }
}

/// `y[b, c, t] = act(bias[c] + Σᵢ weight[c, i]·x[b, c, t + i − k + 1])`, where what lies before `x` is `past` `[batch, channels,
/// k − 1]` or 0, and `act` is `x·sigmoid(x)` if `silu`. `present` is the last `k − 1` values of past and input.
pub fn causal_conv<T: Float>(
    &[batch, channels, length, k]: &[usize; 4],
    silu: bool,
    x: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    past: Option<&[T]>,
    y: &mut [T],
    present: &mut [T],
) {
    let lead = k - 1;
    for n in 0..batch * channels {
        let x = &x[n * length..][..length];
        let before = past.map(|p| &p[n * lead..][..lead]);
        // The value at `i` of past and input, one after the other.
        let at = |i: usize| match (i.checked_sub(lead), before) {
            (Some(i), _) => x[i],
            (None, Some(before)) => before[i],
            (None, None) => T::default(),
        };
        let w = &weight[n % channels * k..][..k];
        let start = bias.map_or(T::Wide::ZERO, |b| b[n % channels].widen());
        for (t, y) in y[n * length..][..length].iter_mut().enumerate() {
            let terms = w.iter().enumerate();
            let sum = terms.fold(start, |s, (i, &w)| s + w.widen() * at(t + i).widen());
            *y = T::narrow(if silu { sum * sum.sigmoid() } else { sum });
        }
        for (i, out) in present[n * lead..][..lead].iter_mut().enumerate() {
            *out = at(length + i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_input_keeps_what_is_left_of_the_past() {
        let (mut y, mut present) = ([0.0f32], [0.0f32; 2]);
        causal_conv(
            &[1, 1, 1, 3],
            false,
            &[3.0],
            &[1.0, 10.0, 100.0],
            Some(&[0.5]),
            Some(&[1.0, 2.0]),
            &mut y,
            &mut present,
        );
        assert_eq!(y, [321.5]);
        assert_eq!(present, [2.0, 3.0]);
    }
}
