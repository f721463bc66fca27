//! Attention in f32 without a matrix of all scores: blocks of rows against blocks of keys, with running maxima and sums.
//!
//! For each key and value head: keys are transposed once, in blocks, so that the lanes of `q·k` run along keys. Then for each
//! block of rows (queries of all heads of the group, one after the other) and each block of keys that some row sees:
//!
//! ```text
//! s = q·kᵀ, capped, masked           m' = max(m, max s)        p = exp(s − m')
//! l ← l·exp(m − m') + Σ p            y ← y·exp(m − m') + p·v   and at the end y / l
//! ```
//!
//! Source: Dao et al. 2022, "FlashAttention", algorithm 1; the running sums are Milakov & Gimelshein 2018, algorithm 3.
//! Error, to first order: ≤ (head + 4 + |s|)·ε on a score, hence (keys + head + 8 + |s|)·ε·max|v| on the result, ε = 2⁻²⁴.

use crate::simd::{dispatch, math, Kernel, Vector};

use super::attention::{Attention, AttentionMask};
use super::rows::{add_product, Dots, Rows};

/// Rows of a block.
const ROWS: usize = 32;
/// Keys of a block.
const KEYS: usize = 128;

/// Attention in f32. `valid` is the number of keys that count in each sequence. `scratch` holds
/// `32·(head + v_head + 2) + 33·128 + head·(keys rounded up to 128)` values.
pub fn attention_f32(
    a: &Attention,
    q: &[f32],
    k: &[f32],
    v: &[f32],
    mask: AttentionMask<f32>,
    valid: Option<&[i64]>,
    y: &mut [f32],
    scratch: &mut [f32],
) {
    let (queries, rest) = scratch.split_at_mut(ROWS * a.head);
    let (scores, rest) = rest.split_at_mut(ROWS * KEYS);
    let (terms, rest) = rest.split_at_mut(KEYS);
    let (sums, rest) = rest.split_at_mut(ROWS * a.v_head);
    let (max, rest) = rest.split_at_mut(ROWS);
    let (total, keys) = rest.split_at_mut(ROWS);
    let mut blocks = Blocks {
        a,
        k,
        v,
        mask,
        queries,
        scores,
        terms,
        sums,
        max,
        total,
        keys,
    };
    let rows = a.group() * a.queries;
    for (b, h) in (0..a.batch * a.kv_heads).map(|n| (n / a.kv_heads, n % a.kv_heads)) {
        blocks.transpose_keys(b, h);
        for first in (0..rows).step_by(ROWS) {
            let block = Block {
                b,
                h,
                first,
                count: ROWS.min(rows - first),
                valid: valid.map(|v| v[b]),
            };
            blocks.run(&block, q);
            blocks.finish(&block, y);
        }
    }
}

/// Rows of one key and value head: `first ..` of group · queries.
struct Block {
    b: usize,
    h: usize,
    first: usize,
    count: usize,
    valid: Option<i64>,
}

impl Block {
    /// Head and query of row `r`.
    fn row(&self, a: &Attention, r: usize) -> (usize, usize) {
        let n = self.first + r;
        (self.h * a.group() + n / a.queries, n % a.queries)
    }
}

/// Temporary memory, and what is the same for all blocks.
struct Blocks<'a> {
    a: &'a Attention,
    k: &'a [f32],
    v: &'a [f32],
    mask: AttentionMask<'a, f32>,
    /// The block's queries, scaled.
    queries: &'a mut [f32],
    scores: &'a mut [f32],
    /// What is added to a row of scores.
    terms: &'a mut [f32],
    sums: &'a mut [f32],
    max: &'a mut [f32],
    total: &'a mut [f32],
    /// `[blocks, head, KEYS]`
    keys: &'a mut [f32],
}

impl Blocks<'_> {
    /// For a single row, keys are read where they lie.
    fn is_single(&self) -> bool {
        self.a.group() * self.a.queries == 1
    }

    fn transpose_keys(&mut self, b: usize, h: usize) {
        if self.is_single() {
            return;
        }
        let at = self.a.k_at(b, h);
        for j in 0..self.a.keys {
            let to = &mut self.keys[j / KEYS * KEYS * self.a.head + j % KEYS..];
            for (d, &x) in self.k[at.offset + j * at.stride..][..self.a.head]
                .iter()
                .enumerate()
            {
                to[d * KEYS] = x;
            }
        }
    }

    fn run(&mut self, block: &Block, q: &[f32]) {
        let a = self.a;
        let scale = a.factor() as f32;
        for r in 0..block.count {
            let (head, i) = block.row(a, r);
            let at = a.q_at(block.b, head);
            let row = &q[at.offset + i * at.stride..][..a.head];
            for (out, &x) in self.queries[r * a.head..].iter_mut().zip(row) {
                *out = scale * x;
            }
        }
        self.sums.fill(0.0);
        self.total.fill(0.0);
        self.max.fill(f32::NEG_INFINITY);
        let ranges = (0..block.count).map(|r| a.range(block.row(a, r).1, block.valid));
        let (start, end) = ranges.fold((a.keys, 0), |(s, e), (start, end)| {
            if start == end {
                (s, e)
            } else {
                (s.min(start), e.max(end))
            }
        });
        for first in (start / KEYS * KEYS..end).step_by(KEYS) {
            self.step(block, first, KEYS.min(end - first));
        }
    }

    /// Keys `first .. first + count`.
    fn step(&mut self, block: &Block, first: usize, count: usize) {
        let a = self.a;
        let scores = &mut self.scores[..block.count * KEYS];
        if self.a.group() * a.queries == 1 {
            let at = a.k_at(block.b, block.h);
            let b = Rows {
                data: &self.k[at.offset + first * at.stride..],
                stride: at.stride,
            };
            dispatch(Dots {
                a: &self.queries[..a.head],
                b,
                c: &mut scores[..count],
            });
        } else {
            scores.fill(0.0);
            let keys = Rows {
                data: &self.keys[first * a.head..],
                stride: KEYS,
            };
            let queries = Rows {
                data: &*self.queries,
                stride: a.head,
            };
            add_product([block.count, a.head, count], queries, keys, scores, KEYS);
        }
        for r in 0..block.count {
            let (head, i) = block.row(a, r);
            self.terms[..count].fill(0.0);
            let terms = &mut self.terms[..count];
            self.mask
                .each([block.b, head, i], first, count, |j, m| terms[j] = m);
            let (start, end) = a.range(i, block.valid);
            terms[..start.saturating_sub(first).min(count)].fill(f32::NEG_INFINITY);
            terms[end.saturating_sub(first).min(count)..].fill(f32::NEG_INFINITY);
            let row = &mut self.scores[r * KEYS..][..count];
            let (factor, sum) = dispatch(Weights {
                row,
                terms,
                cap: a.softcap,
                max: &mut self.max[r],
            });
            self.total[r] = self.total[r] * factor + sum;
            if factor != 1.0 {
                self.sums[r * a.v_head..][..a.v_head]
                    .iter_mut()
                    .for_each(|x| *x *= factor);
            }
        }
        let at = a.v_at(block.b, block.h);
        let values = Rows {
            data: &self.v[at.offset + first * at.stride..],
            stride: at.stride,
        };
        let weights = Rows {
            data: &*self.scores,
            stride: KEYS,
        };
        add_product(
            [block.count, count, a.v_head],
            weights,
            values,
            self.sums,
            a.v_head,
        );
    }

    fn finish(&self, block: &Block, y: &mut [f32]) {
        let size = self.a.v_head;
        for r in 0..block.count {
            let (head, i) = block.row(self.a, r);
            let at = self.a.y_at(block.b, head);
            // Nothing was seen: the sums are 0, and stay so.
            let factor = if self.total[r] == 0.0 {
                0.0
            } else {
                1.0 / self.total[r]
            };
            for (y, &x) in y[at.offset + i * at.stride..][..size]
                .iter_mut()
                .zip(&self.sums[r * size..])
            {
                *y = x * factor;
            }
        }
    }
}

/// Scores of a row become weights: `exp(cap(s) + term − max)`, where `max` takes them in. Returns the factor by which older
/// sums shrink, and the sum of the weights.
struct Weights<'a> {
    row: &'a mut [f32],
    terms: &'a [f32],
    cap: f32,
    max: &'a mut f32,
}

impl Kernel for Weights<'_> {
    type Out = (f32, f32);
    #[inline(always)]
    fn run<V: Vector>(self) -> (f32, f32) {
        let mut max = V::splat(f32::NEG_INFINITY);
        let cap = V::splat(self.cap);
        for (s, term) in self
            .row
            .chunks_mut(V::LANES)
            .zip(self.terms.chunks(V::LANES))
        {
            let mut x = V::load_partial(s);
            if self.cap > 0.0 {
                x = cap * math::tanh(x / cap);
            }
            x = x + V::load_partial(term);
            x.store_partial(s);
            // Missing lanes are 0, which may not count as a score.
            let lanes = if s.len() == V::LANES {
                x
            } else {
                last(x, s.len())
            };
            max = max.max(lanes);
        }
        let before = *self.max;
        let now = before.max(max.max_lane());
        if now == f32::NEG_INFINITY {
            self.row.fill(0.0);
            return (1.0, 0.0);
        }
        *self.max = now;
        let shift = V::splat(now);
        let mut sum = V::zero();
        for s in self.row.chunks_mut(V::LANES) {
            let p = math::exp(V::load_partial(s) - shift);
            p.store_partial(s);
            sum = sum + V::load_partial(s);
        }
        ((before - now).exp(), sum.sum())
    }
}

/// `x` with lanes from `count` on replaced by −∞.
#[inline(always)]
fn last<V: Vector>(x: V, count: usize) -> V {
    let mut lanes = x.to_array();
    lanes[count..].fill(f32::NEG_INFINITY);
    V::load(&lanes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::Bool;
    use crate::ops::attention;

    /// Numbers in −2 … 2.
    fn noise(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            (state >> 8) as f32 / (1 << 22) as f32 - 2.0
        };
        (0..count).map(|_| next()).collect()
    }

    fn check(a: &Attention, mask: AttentionMask<f32>, valid: Option<&[i64]>) {
        let q = noise(a.batch * a.q_heads * a.queries * a.head, 1);
        let k = noise(a.batch * a.kv_heads * a.keys * a.head, 2);
        let v = noise(a.batch * a.kv_heads * a.keys * a.v_head, 3);
        let size = a.batch * a.q_heads * a.queries * a.v_head;
        let (mut fast, mut plain) = (vec![9.0; size], vec![9.0; size]);
        let room = 32 * (a.head + a.v_head + 2) + 33 * 128 + a.head * a.keys.next_multiple_of(128);
        attention_f32(a, &q, &k, &v, mask, valid, &mut fast, &mut vec![7.0; room]);
        attention(
            a,
            &q,
            &k,
            &v,
            mask,
            valid,
            &mut plain,
            &mut vec![7.0; a.keys + a.v_head],
        );
        for (i, (x, y)) in fast.iter().zip(&plain).enumerate() {
            assert!((x - y).abs() <= 2e-5, "{a:?}: {i}: {x} {y}");
        }
    }

    #[test]
    fn blocks_agree_with_rows() {
        let base = Attention {
            batch: 2,
            q_heads: 4,
            kv_heads: 2,
            queries: 5,
            keys: 7,
            past: 0,
            head: 8,
            v_head: 6,
            q_packed: false,
            kv_packed: false,
            scale: Some(0.35),
            softcap: 0.0,
            causal: false,
            left: None,
            right: None,
        };
        check(&base, AttentionMask::None, None);
        check(
            &Attention {
                causal: true,
                softcap: 1.5,
                ..base
            },
            AttentionMask::None,
            None,
        );
        check(
            &Attention {
                q_packed: true,
                kv_packed: true,
                queries: 40,
                keys: 300,
                ..base
            },
            AttentionMask::None,
            None,
        );
        check(
            &Attention {
                causal: true,
                past: 130,
                queries: 70,
                keys: 200,
                ..base
            },
            AttentionMask::None,
            None,
        );
        check(
            &Attention {
                left: Some(3),
                right: Some(1),
                queries: 90,
                keys: 90,
                ..base
            },
            AttentionMask::None,
            None,
        );
        check(
            &Attention {
                q_heads: 2,
                queries: 1,
                keys: 260,
                head: 70,
                ..base
            },
            AttentionMask::None,
            None,
        );
        check(
            &Attention {
                causal: true,
                queries: 3,
                keys: 150,
                ..base
            },
            AttentionMask::None,
            Some(&[140, 2]),
        );
    }

    #[test]
    fn masks_are_added_in_blocks() {
        let a = Attention {
            batch: 1,
            q_heads: 2,
            kv_heads: 1,
            queries: 3,
            keys: 133,
            past: 0,
            head: 4,
            v_head: 4,
            q_packed: false,
            kv_packed: false,
            scale: None,
            softcap: 0.0,
            causal: false,
            left: None,
            right: None,
        };
        let keep: Vec<Bool> = (0..3 * 133)
            .map(|i| Bool::from(i >= 133 && i % 3 != 0))
            .collect();
        check(
            &a,
            AttentionMask::Keep {
                values: &keep,
                shape: &[3, 133],
            },
            None,
        );
        let mut add = noise(2 * 3 * 130, 4);
        add.iter_mut()
            .step_by(5)
            .for_each(|x| *x = f32::NEG_INFINITY);
        check(
            &a,
            AttentionMask::Add {
                values: &add,
                shape: &[1, 2, 3, 130],
            },
            None,
        );
    }
}
