//! Gated recurrent units, and the plain recurrent cell.
//!
//! - RNN: `h ← f(xW + hR + b)`
//! - GRU, gates z, r, h in the order of the weights, activations f, g: `z = f(xW + hR + b)`, `r` likewise,
//!   `n = g(xW + (r·h)R + b)`, or with the product first `n = g(xW + b + r·(hR + b'))`; then `h ← (1 − z)·n + z·h`
//!
//! Source: https://onnx.ai/onnx/operators/onnx__GRU.html, https://onnx.ai/onnx/operators/onnx__RNN.html

use crate::error::Result;
use crate::real::{Float, Real};

use super::lstm::sum_of_biases;
use super::recurrent::{unroll, widen_into, Carried, CellActivation, Recurrence};
use super::rows::{add_product, Rows};

/// RNN over `x`. Weights are transposed: `w` `[directions, inputs, hidden]`, `r` `[directions, hidden, hidden]`; `b` is
/// `[directions, 2·hidden]`. `activations`: one for each direction. `scratch`: see `unroll`, with one state.
/// Fails where a length is not within the steps.
pub fn rnn<T: Float>(
    seq: &Recurrence,
    activations: &[CellActivation],
    x: &[T],
    w: &[T],
    r: &[T],
    b: Option<&[T]>,
    lengths: Option<&[i32]>,
    initial_h: Option<&[T]>,
    y: Option<&mut [T]>,
    y_h: Option<&mut [T]>,
    scratch: &mut [T::Wide],
) -> Result<()> {
    let hidden = seq.hidden;
    let carried = [Carried {
        initial: initial_h,
        last: y_h,
    }];
    let bias = |d: usize, out: &mut [T::Wide]| sum_of_biases(b, d, out);
    unroll(
        seq,
        x,
        w,
        1,
        lengths,
        bias,
        carried,
        y,
        scratch,
        |d, gates, h, _, active| {
            let weights = Rows {
                data: &r[d * hidden * hidden..],
                stride: hidden,
            };
            add_product(
                [seq.batch, hidden, hidden],
                Rows {
                    data: h,
                    stride: hidden,
                },
                weights,
                gates,
                hidden,
            );
            for b in (0..seq.batch).filter(|&b| active(b)) {
                let new = &mut gates[b * hidden..][..hidden];
                seq.clip(new);
                activations[d].apply(new);
                h[b * hidden..][..hidden].copy_from_slice(new);
            }
        },
    )
}

/// GRU over `x`. Weights are transposed: `w` `[directions, inputs, 3·hidden]`, `r` `[directions, hidden, 3·hidden]`; `b` is
/// `[directions, 6·hidden]`. `activations` are f, g of each direction. `scratch`: see `unroll`, with one state, and
/// `batch·hidden` more. Fails where a length is not within the steps.
pub fn gru<T: Float>(
    seq: &Recurrence,
    activations: &[CellActivation],
    product_first: bool,
    x: &[T],
    w: &[T],
    r: &[T],
    b: Option<&[T]>,
    lengths: Option<&[i32]>,
    initial_h: Option<&[T]>,
    y: Option<&mut [T]>,
    y_h: Option<&mut [T]>,
    scratch: &mut [T::Wide],
) -> Result<()> {
    let (hidden, width) = (seq.hidden, 3 * seq.hidden);
    let carried = [Carried {
        initial: initial_h,
        last: y_h,
    }];
    // Where the product comes first, the state's bias of the third gate is under the reset gate.
    let bias = |d: usize, out: &mut [T::Wide]| {
        sum_of_biases(b, d, out);
        if let (Some(b), true) = (b, product_first) {
            widen_into(&b[2 * d * width + 2 * hidden..], &mut out[2 * hidden..]);
        }
    };
    unroll(
        seq,
        x,
        w,
        3,
        lengths,
        bias,
        carried,
        y,
        scratch,
        |d, gates, h, rest, active| {
            let [f, g] = [activations[2 * d], activations[2 * d + 1]];
            let r = &r[d * hidden * width..];
            let state = Rows {
                data: &*h,
                stride: hidden,
            };
            add_product(
                [seq.batch, hidden, 2 * hidden],
                state,
                Rows {
                    data: r,
                    stride: width,
                },
                gates,
                width,
            );
            for row in gates.chunks_exact_mut(width.max(1)) {
                seq.clip(&mut row[..2 * hidden]);
                f.apply(&mut row[..2 * hidden]);
            }
            let new = Rows {
                data: &r[2 * hidden..],
                stride: width,
            };
            let reset = &mut rest[..seq.batch * hidden];
            if product_first {
                let from = b.map(|b| &b[(2 * d + 1) * width + 2 * hidden..]);
                let fill = |out: &mut [T::Wide]| match from {
                    Some(b) => widen_into(b, out),
                    None => out.fill(T::Wide::ZERO),
                };
                reset.chunks_exact_mut(hidden.max(1)).for_each(fill);
                add_product([seq.batch, hidden, hidden], state, new, reset, hidden);
                each(gates, reset, hidden, |[_, r], n, s| *n += r * *s);
            } else {
                reset.copy_from_slice(h);
                each(gates, reset, hidden, |[_, r], _, s| *s *= r);
                let at = 2 * hidden;
                add_product(
                    [seq.batch, hidden, hidden],
                    Rows {
                        data: reset,
                        stride: hidden,
                    },
                    new,
                    &mut gates[at..],
                    width,
                );
            }
            for b in (0..seq.batch).filter(|&b| active(b)) {
                let row = &mut gates[b * width..][..width];
                seq.clip(&mut row[2 * hidden..]);
                g.apply(&mut row[2 * hidden..]);
                each(
                    row,
                    &mut h[b * hidden..][..hidden],
                    hidden,
                    |[z, _], n, h| *h = (T::Wide::ONE - z) * *n + z * *h,
                );
            }
        },
    )
}

/// Calls `f([z, r], n, s)` for each unit of each sequence.
fn each<R: Real>(gates: &mut [R], s: &mut [R], hidden: usize, f: impl Fn([R; 2], &mut R, &mut R)) {
    for (row, s) in gates
        .chunks_exact_mut((3 * hidden).max(1))
        .zip(s.chunks_exact_mut(hidden.max(1)))
    {
        let (zr, n) = row.split_at_mut(2 * hidden);
        for (j, (n, s)) in n.iter_mut().zip(s).enumerate() {
            f([zr[j], zr[hidden + j]], n, s);
        }
    }
}
