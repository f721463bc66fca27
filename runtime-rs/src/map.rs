//! Fused elementwise loops: one pass over memory for a whole expression, vectorised.

use crate::index::MAX_RANK;
use crate::simd::{dispatch, Kernel, Vector};
use crate::threads::Pool;

/// A scalar function of `N` inputs, written over vectors.
pub trait MapExpr<const N: usize> {
    /// The value for each lane. Must be `#[inline(always)]`.
    fn eval<V: Vector>(x: [V; N]) -> V;
}

/// The larger; NaN if either is.
#[inline(always)]
pub fn maximum<V: Vector>(a: V, b: V) -> V {
    V::select(b.is_nan(), b, a.max(b))
}

/// The smaller; NaN if either is.
#[inline(always)]
pub fn minimum<V: Vector>(a: V, b: V) -> V {
    V::select(b.is_nan(), b, a.min(b))
}

/// `y[i] = E(x₀[i], x₁[i], …)` over `y`'s extents; each input is broadcast to them.
pub fn map<E: MapExpr<N>, const N: usize>(
    pool: &Pool,
    inputs: [(&[f32], &[usize]); N],
    y: &mut [f32],
    shape: &[usize],
) {
    if y.is_empty() {
        return;
    }
    let walk = Walk::<N>::new(inputs.map(|(_, s)| s), shape);
    let data = inputs.map(|(x, _)| x);
    let inner = walk.shape[walk.rank - 1];
    let rows = y.len() / inner;
    // Below this a task costs more than it saves.
    const ELEMENTS_PER_TASK: usize = 1 << 14;
    let tasks = (y.len() / ELEMENTS_PER_TASK).clamp(1, pool.threads());
    if rows == 1 && tasks > 1 {
        // One long row: cut it itself, at vector boundaries.
        let part = inner.div_ceil(tasks).next_multiple_of(16);
        pool.run_chunks(y, part, |at, y| {
            let start = at * part;
            let x: [&[f32]; N] = core::array::from_fn(|n| {
                if walk.strides[n][walk.rank - 1] == 0 {
                    data[n]
                } else {
                    &data[n][start..]
                }
            });
            dispatch(Rows::<E, N> {
                walk: &walk,
                data: x,
                first: 0,
                y,
                inner_len: y_len(part, inner, start),
                marker: core::marker::PhantomData,
            });
        });
        return;
    }
    let part = rows.div_ceil(tasks) * inner;
    pool.run_chunks(y, part, |at, y| {
        dispatch(Rows::<E, N> {
            walk: &walk,
            data,
            first: at * part / inner,
            y,
            inner_len: inner,
            marker: core::marker::PhantomData,
        });
    });
}

fn y_len(part: usize, inner: usize, start: usize) -> usize {
    part.min(inner - start)
}

/// The common index space with axes merged where all inputs allow it.
struct Walk<const N: usize> {
    rank: usize,
    shape: [usize; MAX_RANK],
    strides: [[usize; MAX_RANK]; N],
}

impl<const N: usize> Walk<N> {
    fn new(inputs: [&[usize]; N], shape: &[usize]) -> Self {
        let strides = inputs.map(|s| crate::index::broadcast_strides(s, shape));
        let mut walk = Self {
            rank: 0,
            shape: [1; MAX_RANK],
            strides: [[0; MAX_RANK]; N],
        };
        for axis in 0..shape.len() {
            if shape[axis] == 1 {
                continue;
            }
            let last = walk.rank.wrapping_sub(1);
            let merges = walk.rank > 0
                && (0..N).all(|n| walk.strides[n][last] == strides[n][axis] * shape[axis]);
            if !merges {
                walk.rank += 1;
            }
            let at = walk.rank - 1;
            walk.shape[at] = if merges {
                walk.shape[at] * shape[axis]
            } else {
                shape[axis]
            };
            for n in 0..N {
                walk.strides[n][at] = strides[n][axis];
            }
        }
        walk.rank = walk.rank.max(1);
        walk
    }
}

struct Rows<'a, E, const N: usize> {
    walk: &'a Walk<N>,
    data: [&'a [f32]; N],
    /// Number of the first row.
    first: usize,
    y: &'a mut [f32],
    inner_len: usize,
    marker: core::marker::PhantomData<E>,
}

impl<E: MapExpr<N>, const N: usize> Kernel for Rows<'_, E, N> {
    type Out = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let last = self.walk.rank - 1;
        for (r, y) in self.y.chunks_mut(self.inner_len).enumerate() {
            let mut row = self.first + r;
            let mut at = [0usize; N];
            for axis in (0..last).rev() {
                let i = row % self.walk.shape[axis];
                row /= self.walk.shape[axis];
                for n in 0..N {
                    at[n] += i * self.walk.strides[n][axis];
                }
            }
            let x: [&[f32]; N] = core::array::from_fn(|n| &self.data[n][at[n]..]);
            eval_row::<V, E, N>(x, core::array::from_fn(|n| self.walk.strides[n][last]), y);
        }
    }
}

#[inline(always)]
fn eval_row<V: Vector, E: MapExpr<N>, const N: usize>(
    x: [&[f32]; N],
    stride: [usize; N],
    y: &mut [f32],
) {
    let len = y.len();
    let whole = len - len % V::LANES;
    let mut i = 0;
    while i < whole {
        E::eval::<V>(core::array::from_fn(|n| {
            lanes::<V>(x[n], stride[n], i, V::LANES)
        }))
        .store(&mut y[i..]);
        i += V::LANES;
    }
    if i < len {
        E::eval::<V>(core::array::from_fn(|n| {
            lanes::<V>(x[n], stride[n], i, len - i)
        }))
        .store_partial(&mut y[i..]);
    }
}

/// `count` elements from the `i`-th on; an axis that is neither contiguous nor repeated is gathered.
#[inline(always)]
fn lanes<V: Vector>(x: &[f32], stride: usize, i: usize, count: usize) -> V {
    match stride {
        0 => V::splat(x[0]),
        1 if count == V::LANES => V::load(&x[i..]),
        1 => V::load_partial(&x[i..i + count]),
        _ => {
            let mut lanes = [0.0; 16];
            for (k, lane) in lanes[..count].iter_mut().enumerate() {
                *lane = x[(i + k) * stride];
            }
            V::load(&lanes)
        }
    }
}
