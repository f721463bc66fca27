//! Long short-term memory.
//!
//! With gates i, o, f, c in the order of the weights, peepholes `p` of i, o, f and activations f, g, h:
//!
//! - `i = f(xW + hR + b + p·C)`, `F` likewise (or `1 − i` if coupled), `c = g(xW + hR + b)`
//! - `C ← F·C + i·c`, `o = f(xW + hR + b + p·C)`, `h ← o·h(C)`
//!
//! What f and g are given is clipped first; the state, which h is given, is not, as in ONNX Runtime. Source: https://onnx.ai/onnx/operators/onnx__LSTM.html

use crate::error::Result;
use crate::real::{Float, Real};

use super::recurrent::{unroll, widen_into, Carried, CellActivation, Recurrence};
use super::rows::{add_product, Rows};

/// LSTM over `x`. Weights are transposed: `w` `[directions, inputs, 4·hidden]`, `r` `[directions, hidden, 4·hidden]`; `b` is
/// `[directions, 8·hidden]`, `p` `[directions, 3·hidden]`. `activations` are f, g, h of each direction. `scratch`: see
/// `unroll`, with two states, and `3·hidden` more. Fails where a length is not within the steps.
pub fn lstm<T: Float>(
    seq: &Recurrence,
    activations: &[CellActivation],
    coupled: bool,
    x: &[T],
    w: &[T],
    r: &[T],
    b: Option<&[T]>,
    lengths: Option<&[i32]>,
    initial_h: Option<&[T]>,
    initial_c: Option<&[T]>,
    p: Option<&[T]>,
    y: Option<&mut [T]>,
    y_h: Option<&mut [T]>,
    y_c: Option<&mut [T]>,
    scratch: &mut [T::Wide],
) -> Result<()> {
    let (hidden, width) = (seq.hidden, 4 * seq.hidden);
    let carried = [
        Carried {
            initial: initial_h,
            last: y_h,
        },
        Carried {
            initial: initial_c,
            last: y_c,
        },
    ];
    let bias = |d: usize, out: &mut [T::Wide]| sum_of_biases(b, d, out);
    unroll(
        seq,
        x,
        w,
        4,
        lengths,
        bias,
        carried,
        y,
        scratch,
        |d, gates, states, rest, active| {
            let (h, c) = states.split_at_mut(seq.batch * hidden);
            let weights = Rows {
                data: &r[d * hidden * width..],
                stride: width,
            };
            add_product(
                [seq.batch, hidden, width],
                Rows {
                    data: h,
                    stride: hidden,
                },
                weights,
                gates,
                width,
            );
            let peephole = p.map(|p| {
                let out = &mut rest[..3 * hidden];
                widen_into(&p[d * 3 * hidden..], out);
                &*out
            });
            let cell = Cell {
                seq,
                f: activations[3 * d],
                g: activations[3 * d + 1],
                h: activations[3 * d + 2],
                coupled,
                peephole,
            };
            for b in (0..seq.batch).filter(|&b| active(b)) {
                let at = b * hidden..(b + 1) * hidden;
                cell.step(
                    &mut gates[b * width..][..width],
                    &mut h[at.clone()],
                    &mut c[at],
                );
            }
        },
    )
}

/// `b` has the biases of the inputs, then those of the state, which are added alike.
pub(crate) fn sum_of_biases<T: Float>(b: Option<&[T]>, direction: usize, out: &mut [T::Wide]) {
    let width = out.len();
    out.fill(T::Wide::ZERO);
    let Some(b) = b else { return };
    let (input, state) = b[2 * direction * width..][..2 * width].split_at(width);
    for (out, (&i, &s)) in out.iter_mut().zip(input.iter().zip(state)) {
        *out = i.widen() + s.widen();
    }
}

struct Cell<'a, R> {
    seq: &'a Recurrence,
    f: CellActivation,
    g: CellActivation,
    h: CellActivation,
    coupled: bool,
    peephole: Option<&'a [R]>,
}

impl<R: Real> Cell<'_, R> {
    /// One step of one sequence.
    fn step(&self, gates: &mut [R], h: &mut [R], c: &mut [R]) {
        let hidden = h.len();
        let (i, rest) = gates.split_at_mut(hidden);
        let (o, rest) = rest.split_at_mut(hidden);
        let (f, new) = rest.split_at_mut(hidden);
        self.peep(0, i, c);
        self.activate(self.f, i);
        if self.coupled {
            f.iter_mut().zip(&*i).for_each(|(f, &i)| *f = R::ONE - i);
        } else {
            self.peep(2, f, c);
            self.activate(self.f, f);
        }
        self.activate(self.g, new);
        for n in 0..hidden {
            c[n] = f[n] * c[n] + i[n] * new[n];
        }
        self.peep(1, o, c);
        self.activate(self.f, o);
        h.copy_from_slice(c);
        self.h.apply(h);
        h.iter_mut().zip(&*o).for_each(|(h, &o)| *h *= o);
    }

    /// Adds the peephole connection number `gate`.
    fn peep(&self, gate: usize, x: &mut [R], c: &[R]) {
        let Some(p) = self.peephole else { return };
        for ((x, &p), &c) in x.iter_mut().zip(&p[gate * c.len()..]).zip(c) {
            *x += p * c;
        }
    }

    fn activate(&self, activation: CellActivation, x: &mut [R]) {
        self.seq.clip(x);
        activation.apply(x);
    }
}
