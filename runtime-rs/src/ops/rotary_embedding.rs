//! Rotary position embedding.
//!
//! The first `2·half` values of each head are pairs, `(x[i], x[half + i])` or, interleaved, `(x[2i], x[2i + 1])`, and turned:
//! `(a, b) → (cos·a − sin·b, sin·a + cos·b)`. The rest is copied.
//!
//! Source: Su et al. 2021, "RoFormer"; https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html

use crate::error::Result;
use crate::real::Float;

use super::gather::index_in;

/// Extents and layout of a rotary embedding.
#[derive(Clone, Copy, Debug)]
pub struct Rotary {
    /// Sequences.
    pub batch: usize,
    /// Heads.
    pub heads: usize,
    /// Places in a sequence.
    pub length: usize,
    /// Values of a head.
    pub head: usize,
    /// Pairs of a head that are turned.
    pub half: usize,
    /// `[batch, length, heads · head]` rather than `[batch, heads, length, head]`.
    pub packed: bool,
    /// Pairs are neighbours.
    pub interleaved: bool,
}

/// Turns `x` into `y`. Rows of `cos` and `sin` are `half` long: those of `positions` `[batch, length]`, negative ones counted
/// from the end, or without them one for each place `[batch, length]`. Fails where a position is outside of the tables.
/// Rounded once.
pub fn rotary_embedding<T: Float>(
    r: &Rotary,
    x: &[T],
    cos: &[T],
    sin: &[T],
    positions: Option<&[i64]>,
    y: &mut [T],
) -> Result<()> {
    let rows = cos.len() / r.half.max(1);
    let heads = x
        .chunks_exact(r.head.max(1))
        .zip(y.chunks_exact_mut(r.head.max(1)));
    for (n, (x, y)) in heads.enumerate() {
        let (b, place) = if r.packed {
            (n / r.heads / r.length, n / r.heads % r.length)
        } else {
            (n / r.length / r.heads, n % r.length)
        };
        let at = b * r.length + place;
        let row = match positions {
            Some(p) => index_in(p[at], rows)?,
            None => at,
        };
        let table = row * r.half..(row + 1) * r.half;
        turn(r, x, &cos[table.clone()], &sin[table], y);
    }
    Ok(())
}

/// One head.
fn turn<T: Float>(r: &Rotary, x: &[T], cos: &[T], sin: &[T], y: &mut [T]) {
    y[2 * r.half..].copy_from_slice(&x[2 * r.half..]);
    for (i, (cos, sin)) in cos.iter().zip(sin).enumerate() {
        let (p, q) = if r.interleaved {
            (2 * i, 2 * i + 1)
        } else {
            (i, r.half + i)
        };
        let (cos, sin, a, b) = (cos.widen(), sin.widen(), x[p].widen(), x[q].widen());
        y[p] = T::narrow(cos * a - sin * b);
        y[q] = T::narrow(sin * a + cos * b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: Rotary = Rotary {
        batch: 1,
        heads: 2,
        length: 1,
        head: 3,
        half: 1,
        packed: true,
        interleaved: false,
    };

    #[test]
    fn a_quarter_turn() {
        let mut y = [0.0f32; 6];
        let x = [1.0, 2.0, 9.0, 3.0, 4.0, 8.0];
        rotary_embedding(&R, &x, &[7.0, 0.0], &[7.0, 1.0], Some(&[-1]), &mut y).unwrap();
        assert_eq!(y, [-2.0, 1.0, 9.0, -4.0, 3.0, 8.0]);
    }

    #[test]
    fn positions_outside_of_the_table_fail() {
        let mut y = [0.0f32; 6];
        assert!(rotary_embedding(&R, &[0.0; 6], &[1.0], &[0.0], Some(&[1]), &mut y).is_err());
    }
}
