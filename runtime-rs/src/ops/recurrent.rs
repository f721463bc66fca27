//! What RNN, GRU and LSTM share: directions, sequence lengths, activations, and the loop over time.
//!
//! Weights come transposed, `[direction, inputs, gates · hidden]`, so that the lanes of a product run along the gates and
//! one sum is one lane. The products with the inputs are done for several steps at once, those with the state step by step.
//!
//! Source: https://onnx.ai/onnx/operators/onnx__LSTM.html and its neighbours.

use crate::element::Number;
use crate::error::{Error, Result};
use crate::real::{Float, Real};
use crate::simd::{dispatch, math, Kernel, Vector};

use super::rows::{add_product, Rows};

/// An activation of a cell, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum CellActivation {
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `tanh x`
    Tanh,
    /// `max(x, 0)`
    Relu,
    /// `x / (1 + |x|)`
    Softsign,
    /// `ln(1 + eˣ)`
    Softplus,
    /// `alpha·x + beta`
    Affine { alpha: f32, beta: f32 },
    /// `x` above 0, `alpha·x` below
    LeakyRelu { alpha: f32 },
    /// `x` above alpha, else 0
    ThresholdedRelu { alpha: f32 },
    /// `alpha·tanh(beta·x)`
    ScaledTanh { alpha: f32, beta: f32 },
    /// `alpha·x + beta` held to 0 … 1
    HardSigmoid { alpha: f32, beta: f32 },
    /// `x` above 0, `alpha·(eˣ − 1)` below
    Elu { alpha: f32 },
}

impl CellActivation {
    /// Replaces each value by the function of it. Exact up to the rounding of `exp`, `tanh` and `ln`.
    pub(crate) fn apply<R: Real>(self, x: &mut [R]) {
        let of = |v: f32| R::from_f64(v as f64);
        let mut map = |f: &dyn Fn(R) -> R| x.iter_mut().for_each(|x| *x = f(*x));
        match self {
            Self::Sigmoid | Self::Tanh => squash(x, self == Self::Tanh),
            Self::Relu => map(&|x| x.maximum(R::ZERO)),
            Self::Softsign => map(&|x| x / (R::ONE + x.abs())),
            Self::Softplus => map(&|x| x.maximum(R::ZERO) + (-x.abs()).exp().ln_1p()),
            Self::Affine { alpha, beta } => map(&|x| of(alpha) * x + of(beta)),
            Self::LeakyRelu { alpha } => map(&|x| if x < R::ZERO { of(alpha) * x } else { x }),
            Self::ThresholdedRelu { alpha } => map(&|x| if x > of(alpha) { x } else { R::ZERO }),
            Self::ScaledTanh { alpha, beta } => map(&|x| of(alpha) * (of(beta) * x).tanh()),
            Self::HardSigmoid { alpha, beta } => {
                map(&|x| (of(alpha) * x + of(beta)).maximum(R::ZERO).minimum(R::ONE))
            }
            Self::Elu { alpha } => map(&|x| {
                if x < R::ZERO {
                    of(alpha) * (x.exp() - R::ONE)
                } else {
                    x
                }
            }),
        }
    }
}

/// `tanh` or the logistic function of each value; f32 several at a time.
fn squash<R: Real>(x: &mut [R], tanh: bool) {
    if let Some(x) = R::as_f32_mut(x) {
        return dispatch(Squash(x, tanh));
    }
    for x in x {
        *x = if tanh { x.tanh() } else { x.sigmoid() };
    }
}

struct Squash<'a>(&'a mut [f32], bool);

impl Kernel for Squash<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        for chunk in self.0.chunks_mut(V::LANES) {
            let x = V::load_partial(chunk);
            let y = if self.1 {
                math::tanh(x)
            } else {
                math::sigmoid(x)
            };
            y.store_partial(chunk);
        }
    }
}

/// The order in which a recurrent operator takes its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// First step first.
    Forward,
    /// Last step first.
    Reverse,
    /// Both, with weights of their own; results side by side.
    Bidirectional,
}

/// Extents and order of a recurrent operator.
#[derive(Clone, Copy, Debug)]
pub struct Recurrence {
    /// Steps of the longest sequence.
    pub steps: usize,
    /// Sequences.
    pub batch: usize,
    /// Values of an input at one step.
    pub inputs: usize,
    /// Values of a state.
    pub hidden: usize,
    /// `[batch, steps, …]` rather than `[steps, batch, …]`.
    pub batch_first: bool,
    /// Which way.
    pub direction: Direction,
    /// What activations are given is held to `-clip ..= clip`.
    pub clip: f32,
}

/// A state that is carried from step to step: where it starts and where its last value goes, `[directions, batch, hidden]`.
pub(crate) struct Carried<'a, T> {
    pub initial: Option<&'a [T]>,
    pub last: Option<&'a mut [T]>,
}

/// Steps whose products with the inputs are done at once.
const STEPS: usize = 16;

impl Recurrence {
    /// 1 or 2.
    pub(crate) fn directions(&self) -> usize {
        1 + usize::from(self.direction == Direction::Bidirectional)
    }
    fn x_at(&self, step: usize, sequence: usize) -> usize {
        if self.batch_first {
            (sequence * self.steps + step) * self.inputs
        } else {
            (step * self.batch + sequence) * self.inputs
        }
    }
    fn state_at(&self, direction: usize, sequence: usize) -> usize {
        if self.batch_first {
            (sequence * self.directions() + direction) * self.hidden
        } else {
            (direction * self.batch + sequence) * self.hidden
        }
    }
    fn y_at(&self, step: usize, direction: usize, sequence: usize) -> usize {
        if self.batch_first {
            ((sequence * self.steps + step) * self.directions() + direction) * self.hidden
        } else {
            ((step * self.directions() + direction) * self.batch + sequence) * self.hidden
        }
    }
    /// The place in time of the `n`-th step of a sequence of `length`, or none past its end.
    fn time(&self, direction: usize, n: usize, length: usize) -> Option<usize> {
        let reversed = direction == 1 || self.direction == Direction::Reverse;
        (n < length).then(|| if reversed { length - 1 - n } else { n })
    }
    /// Holds values to the clip.
    pub(crate) fn clip<R: Real>(&self, x: &mut [R]) {
        if self.clip < f32::INFINITY {
            let limit = R::from_f64(self.clip as f64);
            x.iter_mut()
                .for_each(|x| *x = x.maximum(-limit).minimum(limit));
        }
    }
}

/// Lengths must lie in `0 ..= steps`.
fn check_lengths(lengths: Option<&[i32]>, steps: usize) -> Result<()> {
    match lengths
        .unwrap_or(&[])
        .iter()
        .find(|&&n| n < 0 || n as usize > steps)
    {
        Some(n) => Err(Error::new(format!(
            "a sequence length is {n}, with {steps} steps"
        ))),
        None => Ok(()),
    }
}

/// Runs a cell over time. `step(direction, gates, states, active)` has the gates `X·W + bias` of all sequences, `[batch,
/// gates · hidden]`, and the `S` states, each `[batch, hidden]`, the first being the output; it must leave sequences alone
/// that are not active. Outputs past a sequence's end are 0. `scratch` holds
/// `min(steps, 16)·batch·(inputs + gates·hidden) + gates·hidden + S·batch·hidden` values, the rest of it goes to `step`.
pub(crate) fn unroll<T: Float, const S: usize>(
    seq: &Recurrence,
    x: &[T],
    w: &[T],
    gates: usize,
    lengths: Option<&[i32]>,
    bias: impl Fn(usize, &mut [T::Wide]),
    mut carried: [Carried<T>; S],
    mut y: Option<&mut [T]>,
    scratch: &mut [T::Wide],
    mut step: impl FnMut(usize, &mut [T::Wide], &mut [T::Wide], &mut [T::Wide], &dyn Fn(usize) -> bool),
) -> Result<()> {
    check_lengths(lengths, seq.steps)?;
    let (batch, hidden, width) = (seq.batch, seq.hidden, gates * seq.hidden);
    let chunk = seq.steps.min(STEPS);
    let (xs, rest) = scratch.split_at_mut(chunk * batch * seq.inputs);
    let (all, rest) = rest.split_at_mut(chunk * batch * width);
    let (base, rest) = rest.split_at_mut(width);
    let (states, rest) = rest.split_at_mut(S * batch * hidden);
    if let (Some(y), Some(_)) = (&mut y, lengths) {
        y.fill(T::default());
    }
    let length = |b: usize| lengths.map_or(seq.steps, |l| l[b] as usize);
    for d in 0..seq.directions() {
        bias(d, base);
        for (state, carried) in states.chunks_exact_mut(batch * hidden).zip(&carried) {
            load_state(seq, d, carried, state);
        }
        for first in (0..seq.steps).step_by(STEPS) {
            let count = chunk.min(seq.steps - first);
            for (row, out) in xs
                .chunks_exact_mut(seq.inputs.max(1))
                .take(count * batch)
                .enumerate()
            {
                match seq.time(d, first + row / batch, length(row % batch)) {
                    Some(t) => widen_into(&x[seq.x_at(t, row % batch)..], out),
                    None => out.fill(T::Wide::ZERO),
                }
            }
            let block = &mut all[..count * batch * width];
            block
                .chunks_exact_mut(width.max(1))
                .for_each(|row| row.copy_from_slice(base));
            let of = Rows {
                data: &w[d * seq.inputs * width..],
                stride: width,
            };
            add_product(
                [count * batch, seq.inputs, width],
                Rows {
                    data: xs,
                    stride: seq.inputs,
                },
                of,
                block,
                width,
            );
            for n in 0..count {
                let time = |b: usize| seq.time(d, first + n, length(b));
                step(
                    d,
                    &mut block[n * batch * width..][..batch * width],
                    states,
                    rest,
                    &|b| time(b).is_some(),
                );
                let Some(y) = &mut y else { continue };
                for b in 0..batch {
                    if let Some(t) = time(b) {
                        narrow_into(&states[b * hidden..][..hidden], &mut y[seq.y_at(t, d, b)..]);
                    }
                }
            }
        }
        for (state, carried) in states.chunks_exact(batch * hidden).zip(&mut carried) {
            store_state(seq, d, state, carried);
        }
    }
    Ok(())
}

fn load_state<T: Float>(seq: &Recurrence, direction: usize, from: &Carried<T>, to: &mut [T::Wide]) {
    for (b, to) in to.chunks_exact_mut(seq.hidden.max(1)).enumerate() {
        match from.initial {
            Some(initial) => widen_into(&initial[seq.state_at(direction, b)..], to),
            None => to.fill(T::Wide::ZERO),
        }
    }
}

fn store_state<T: Float>(
    seq: &Recurrence,
    direction: usize,
    from: &[T::Wide],
    to: &mut Carried<T>,
) {
    let Some(last) = &mut to.last else { return };
    for (b, from) in from.chunks_exact(seq.hidden.max(1)).enumerate() {
        narrow_into(from, &mut last[seq.state_at(direction, b)..]);
    }
}

/// The first elements of `from`, as many as `to` has.
pub(crate) fn widen_into<T: Number>(from: &[T], to: &mut [T::Wide]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from.widen();
    }
}

/// Writes all of `from` to the start of `to`.
pub(crate) fn narrow_into<T: Number>(from: &[T::Wide], to: &mut [T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = T::narrow(from);
    }
}

/// `y[n, j, i] = x[n, i, j]` for `count` matrices of `rows` × `columns`: weights that are not known when compiling.
pub fn transpose_matrices<T: Copy>(x: &[T], rows: usize, columns: usize, y: &mut [T]) {
    let size = (rows * columns).max(1);
    for (x, y) in x.chunks_exact(size).zip(y.chunks_exact_mut(size)) {
        for (i, row) in x.chunks_exact(columns).enumerate() {
            for (j, &value) in row.iter().enumerate() {
                y[j * rows + i] = value;
            }
        }
    }
}
