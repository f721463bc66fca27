//! Scaled dot-product attention: what of it does not depend on the element type's width, and the plain path.
//!
//! `y[i] = Σⱼ pᵢⱼ·v[j]`, `pᵢ = softmax(cap(scale·q[i]·k[j]) + mask[i, j])` over the keys that row `i` may see. A row that
//! sees no key, or only keys under a mask of −∞, is 0. Groups of query heads share a key and value head.
//!
//! Which keys: with `p = i + offset`, where `offset` is the number of keys before the queries (the length of the past, or
//! `valid − queries`), those up to `p` if causal, and those from `p − left` to `p + right`; never those past `valid`.
//!
//! Sources: https://onnx.ai/onnx/operators/onnx__Attention.html; Milakov & Gimelshein 2018, "Online normalizer calculation
//! for softmax" for the blocked path in `attention_blocks.rs`.

use crate::element::Bool;
use crate::real::{Float, Real};

use super::recurrent::narrow_into;

/// Extents, layout and options of an attention.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Sequences.
    pub batch: usize,
    /// Heads of queries, a multiple of `kv_heads`.
    pub q_heads: usize,
    /// Heads of keys and values.
    pub kv_heads: usize,
    /// Queries.
    pub queries: usize,
    /// Keys, those of the past included.
    pub keys: usize,
    /// Keys of the past.
    pub past: usize,
    /// Values of a query and of a key.
    pub head: usize,
    /// Values of a value.
    pub v_head: usize,
    /// Queries and results are `[batch, queries, heads · head]` rather than `[batch, heads, queries, head]`.
    pub q_packed: bool,
    /// Keys and values likewise.
    pub kv_packed: bool,
    /// Factor of the products; 1 / √head if absent.
    pub scale: Option<f32>,
    /// `cap·tanh(s / cap)`; 0 for none.
    pub softcap: f32,
    /// No key after the query.
    pub causal: bool,
    /// At most so many keys before the query.
    pub left: Option<usize>,
    /// At most so many keys after the query.
    pub right: Option<usize>,
}

/// What is added to the scores. Shapes are of rank 4 at most and broadcast to `[batch, q_heads, queries, keys]`; a last axis
/// that is shorter than the keys hides the rest of them.
#[derive(Clone, Copy, Debug)]
pub enum AttentionMask<'a, T> {
    /// Nothing.
    None,
    /// True where a key may be seen.
    Keep {
        /// One for each place.
        values: &'a [Bool],
        /// Their extents.
        shape: &'a [usize],
    },
    /// A term of the score; −∞ hides the key.
    Add {
        /// One for each place.
        values: &'a [T],
        /// Their extents.
        shape: &'a [usize],
    },
}

impl<T: Float> AttentionMask<'_, T> {
    /// Adds the terms of the row `at` (batch, head, query) to scores of all keys.
    fn add_to(&self, at: [usize; 3], row: &mut [T::Wide]) {
        self.each(at, 0, row.len(), |j, m| row[j] += m);
    }

    /// Calls `f(j, term)` for keys `first + j`, `j` below `count`; not at all where nothing is added.
    pub(crate) fn each(
        &self,
        at: [usize; 3],
        first: usize,
        count: usize,
        f: impl FnMut(usize, T::Wide),
    ) {
        match *self {
            AttentionMask::None => {}
            AttentionMask::Keep { values, shape } => {
                let term = |b: Bool| {
                    if b.get() {
                        T::Wide::ZERO
                    } else {
                        T::Wide::NEG_INFINITY
                    }
                };
                terms(mask_row(values, shape, at), first, count, term, f);
            }
            AttentionMask::Add { values, shape } => {
                terms(mask_row(values, shape, at), first, count, T::widen, f)
            }
        }
    }
}

/// The row of a mask of rank 0 to 4 that belongs to a batch, head and query.
fn mask_row<'a, M>(values: &'a [M], shape: &[usize], at: [usize; 3]) -> &'a [M] {
    let (&width, lead) = shape.split_last().unwrap_or((&1, &[]));
    let mut row = 0;
    for (&extent, &i) in lead.iter().zip(&at[3 - lead.len()..]) {
        row = row * extent + if extent == 1 { 0 } else { i };
    }
    &values[row * width..][..width]
}

fn terms<M: Copy, R: Real>(
    row: &[M],
    first: usize,
    count: usize,
    term: impl Fn(M) -> R,
    mut f: impl FnMut(usize, R),
) {
    for j in 0..count {
        f(j, row.get(first + j).map_or(R::NEG_INFINITY, |&m| term(m)));
    }
}

/// Where a head's rows lie.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub offset: usize,
    pub stride: usize,
}

fn head_at(
    packed: bool,
    heads: usize,
    rows: usize,
    size: usize,
    batch: usize,
    head: usize,
) -> Head {
    if packed {
        Head {
            offset: (batch * rows * heads + head) * size,
            stride: heads * size,
        }
    } else {
        Head {
            offset: (batch * heads + head) * rows * size,
            stride: size,
        }
    }
}

impl Attention {
    /// The factor of the products.
    pub(crate) fn factor(&self) -> f64 {
        self.scale
            .map_or_else(|| 1.0 / (self.head as f64).sqrt(), f64::from)
    }
    pub(crate) fn group(&self) -> usize {
        self.q_heads / self.kv_heads.max(1)
    }
    pub(crate) fn q_at(&self, batch: usize, head: usize) -> Head {
        head_at(
            self.q_packed,
            self.q_heads,
            self.queries,
            self.head,
            batch,
            head,
        )
    }
    pub(crate) fn k_at(&self, batch: usize, head: usize) -> Head {
        head_at(
            self.kv_packed,
            self.kv_heads,
            self.keys,
            self.head,
            batch,
            head,
        )
    }
    pub(crate) fn v_at(&self, batch: usize, head: usize) -> Head {
        head_at(
            self.kv_packed,
            self.kv_heads,
            self.keys,
            self.v_head,
            batch,
            head,
        )
    }
    pub(crate) fn y_at(&self, batch: usize, head: usize) -> Head {
        head_at(
            self.q_packed,
            self.q_heads,
            self.queries,
            self.v_head,
            batch,
            head,
        )
    }
    /// The keys that query `i` may see, a range that may be empty.
    pub(crate) fn range(&self, i: usize, valid: Option<i64>) -> (usize, usize) {
        let keys = self.keys as i64;
        let valid_keys = valid.unwrap_or(keys).clamp(0, keys);
        let offset = match valid {
            Some(n) if self.past == 0 => n - self.queries as i64,
            _ => self.past as i64,
        };
        let at = i as i64 + offset;
        let mut end = valid_keys;
        if self.causal {
            end = end.min(at + 1);
        }
        if let Some(right) = self.right {
            end = end.min(at.saturating_add(right as i64).saturating_add(1));
        }
        let start = self
            .left
            .map_or(0, |left| at.saturating_sub(left as i64).clamp(0, keys));
        (start as usize, end.max(start) as usize)
    }
    pub(crate) fn cap<R: Real>(&self, s: R) -> R {
        if self.softcap > 0.0 {
            let cap = R::from_f64(self.softcap as f64);
            return cap * (s / cap).tanh();
        }
        s
    }
}

/// What of the scores to give, in the order in which they come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScoreStage {
    /// `scale·q·k`
    Product,
    /// Capped.
    Capped,
    /// Masked, −∞ for keys that are not seen.
    Masked,
    /// After softmax; 0 for rows that see nothing.
    Probability,
}

/// Attention in any floating-point type, row by row. `valid` is the number of keys that count in each sequence, `scratch`
/// holds `keys + v_head` values. Sums are in the wide type, the result is rounded once.
pub fn attention<T: Float>(
    a: &Attention,
    q: &[T],
    k: &[T],
    v: &[T],
    mask: AttentionMask<T>,
    valid: Option<&[i64]>,
    y: &mut [T],
    scratch: &mut [T::Wide],
) {
    let (row, sum) = scratch.split_at_mut(a.keys);
    let sum = &mut sum[..a.v_head];
    for (b, h, i) in a.rows() {
        let (start, end) = a.range(i, valid.map(|v| v[b]));
        a.scores(
            q,
            k,
            &mask,
            [b, h, i],
            (start, end),
            ScoreStage::Probability,
            row,
        );
        sum.fill(T::Wide::ZERO);
        let at = a.v_at(b, h / a.group());
        for j in start..end {
            for (sum, &v) in sum.iter_mut().zip(&v[at.offset + j * at.stride..]) {
                *sum += row[j] * v.widen();
            }
        }
        let at = a.y_at(b, h);
        narrow_into(sum, &mut y[at.offset + i * at.stride..]);
    }
}

/// The scores of an attention at `stage`, `[batch, q_heads, queries, keys]`. `scratch` holds `keys` values.
pub fn attention_scores<T: Float>(
    a: &Attention,
    stage: ScoreStage,
    q: &[T],
    k: &[T],
    mask: AttentionMask<T>,
    valid: Option<&[i64]>,
    scores: &mut [T],
    scratch: &mut [T::Wide],
) {
    let row = &mut scratch[..a.keys];
    for ((b, h, i), out) in a.rows().zip(scores.chunks_exact_mut(a.keys.max(1))) {
        let range = a.range(i, valid.map(|v| v[b]));
        a.scores(q, k, &mask, [b, h, i], range, stage, row);
        narrow_into(row, out);
    }
}

impl Attention {
    fn rows(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let (heads, queries) = (self.q_heads, self.queries);
        (0..self.batch * heads * queries)
            .map(move |n| (n / queries / heads, n / queries % heads, n % queries))
    }

    /// One row of the scores at `stage`.
    fn scores<T: Float>(
        &self,
        q: &[T],
        k: &[T],
        mask: &AttentionMask<T>,
        [b, h, i]: [usize; 3],
        (start, end): (usize, usize),
        stage: ScoreStage,
        row: &mut [T::Wide],
    ) {
        let (at, from) = (self.q_at(b, h), self.k_at(b, h / self.group()));
        let q = &q[at.offset + i * at.stride..][..self.head];
        let scale = T::Wide::from_f64(self.factor());
        for (j, out) in row.iter_mut().enumerate() {
            let k = &k[from.offset + j * from.stride..][..self.head];
            let dot = q
                .iter()
                .zip(k)
                .fold(T::Wide::ZERO, |s, (&q, &k)| s + q.widen() * k.widen());
            *out = if stage == ScoreStage::Product {
                scale * dot
            } else {
                self.cap(scale * dot)
            };
        }
        if stage < ScoreStage::Masked {
            return;
        }
        mask.add_to([b, h, i], row);
        row[..start].fill(T::Wide::NEG_INFINITY);
        row[end..].fill(T::Wide::NEG_INFINITY);
        if stage == ScoreStage::Probability {
            softmax(row);
        }
    }
}

/// Softmax in place; a row of −∞ becomes 0.
fn softmax<R: Real>(row: &mut [R]) {
    let max = row.iter().fold(R::NEG_INFINITY, |m, &x| m.maximum(x));
    if max == R::NEG_INFINITY {
        return row.fill(R::ZERO);
    }
    let mut sum = R::ZERO;
    for x in row.iter_mut() {
        *x = (*x - max).exp();
        sum += *x;
    }
    row.iter_mut().for_each(|x| *x /= sum);
}

/// The keys or values of the past followed by new ones: `cache[b, h] = past[b, h] ++ new[b, h]`. `[batch, heads, past, new,
/// size]`; `new` is `[batch, new, heads · size]` if packed.
pub fn extend_cache<T: Copy>(
    extents: &[usize; 5],
    past: Option<&[T]>,
    new: &[T],
    packed: bool,
    cache: &mut [T],
) {
    let &[batch, heads, before, after, size] = extents;
    let mut rows = cache.chunks_exact_mut(size.max(1));
    for (b, h) in (0..batch * heads).map(|n| (n / heads, n % heads)) {
        let old = past.map_or(&[][..], |p| {
            &p[(b * heads + h) * before * size..][..before * size]
        });
        let at = head_at(packed, heads, after, size, b, h);
        let fresh = (0..after).map(|i| &new[at.offset + i * at.stride..][..size]);
        for row in old.chunks_exact(size.max(1)).chain(fresh) {
            rows.next()
                .expect("room for the cache")
                .copy_from_slice(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Attention = Attention {
        batch: 1,
        q_heads: 1,
        kv_heads: 1,
        queries: 3,
        keys: 4,
        past: 0,
        head: 1,
        v_head: 1,
        q_packed: false,
        kv_packed: false,
        scale: Some(1.0),
        softcap: 0.0,
        causal: false,
        left: None,
        right: None,
    };

    #[test]
    fn ranges_follow_the_offset() {
        let causal = Attention {
            causal: true,
            ..PLAIN
        };
        assert_eq!(PLAIN.range(0, None), (0, 4));
        assert_eq!(causal.range(1, None), (0, 2));
        assert_eq!(Attention { past: 2, ..causal }.range(1, None), (0, 4));
        // Four valid keys, three queries: the first query is at place 1.
        assert_eq!(causal.range(0, Some(4)), (0, 2));
        // Fewer valid keys than queries: the first queries are before the first key.
        assert_eq!(causal.range(0, Some(1)), (0, 0));
        assert_eq!(causal.range(2, Some(1)), (0, 1));
        let window = Attention {
            left: Some(1),
            right: Some(0),
            ..PLAIN
        };
        assert_eq!(
            [0, 1, 2].map(|i| window.range(i, None)),
            [(0, 1), (0, 2), (1, 3)]
        );
        assert_eq!(
            Attention {
                right: None,
                ..window
            }
            .range(2, Some(3)),
            (1, 3)
        );
    }

    #[test]
    fn a_row_that_sees_nothing_is_zero() {
        let mut row = [f32::NEG_INFINITY; 3];
        softmax(&mut row);
        assert_eq!(row, [0.0; 3]);
    }

    #[test]
    fn short_masks_hide_the_rest() {
        let keep = [Bool(1), Bool(0)];
        let mask: AttentionMask<f32> = AttentionMask::Keep {
            values: &keep,
            shape: &[1, 2],
        };
        let mut row = [1.0f32; 3];
        mask.add_to([0, 0, 2], &mut row);
        assert_eq!(row, [1.0, f32::NEG_INFINITY, f32::NEG_INFINITY]);
    }
}
