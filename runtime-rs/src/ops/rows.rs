//! Products of a few rows with a matrix that is not packed: the inner loop of recurrent cells and of attention.
//!
//! `c[i, j] += Σₖ a[i, k] · b[k, j]`, all row-major, the sums in the accumulators' type. Lanes run along `j`, so nothing is
//! added across lanes. A tile of `R` rows and `W` vectors stays in registers while k runs; at most 16 accumulators, which
//! is what AVX2 and WebAssembly have.

use crate::element::Number;
use crate::real::{Float, Real};
use crate::simd::{dispatch, Kernel, Vector};

/// A row-major matrix in a slice: `stride` elements from one row to the next.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, T> {
    pub data: &'a [T],
    pub stride: usize,
}

/// `c[i, j] += Σₖ a[i, k] · b[k, j]` for `[m, k, n]`. Rows of `c` are `c_stride` apart.
pub(crate) fn add_product<R: Real, B: Float + Number<Wide = R>>(
    [m, k, n]: [usize; 3],
    a: Rows<R>,
    b: Rows<B>,
    c: &mut [R],
    c_stride: usize,
) {
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    if let (Some(a32), Some(b32), Some(c32)) =
        (R::as_f32(a.data), B::as_f32(b.data), R::as_f32_mut(c))
    {
        let a = Rows {
            data: a32,
            stride: a.stride,
        };
        let b = Rows {
            data: b32,
            stride: b.stride,
        };
        return dispatch(Product {
            size: [m, k, n],
            a,
            b,
            c: c32,
            c_stride,
        });
    }
    for i in 0..m {
        let row = &a.data[i * a.stride..][..k];
        let out = &mut c[i * c_stride..][..n];
        for (p, &x) in row.iter().enumerate() {
            for (y, &w) in out.iter_mut().zip(&b.data[p * b.stride..][..n]) {
                *y += x * w.widen();
            }
        }
    }
}

/// The product in f32.
pub(crate) struct Product<'a> {
    pub size: [usize; 3],
    pub a: Rows<'a, f32>,
    pub b: Rows<'a, f32>,
    pub c: &'a mut [f32],
    pub c_stride: usize,
}

impl Kernel for Product<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let [m, ..] = self.size;
        let mut i = 0;
        while i + 4 <= m {
            self.strip::<V, 4, 2>(i);
            i += 4;
        }
        while i + 2 <= m {
            self.strip::<V, 2, 4>(i);
            i += 2;
        }
        if i < m {
            self.strip::<V, 1, 8>(i);
        }
    }
}

impl Product<'_> {
    /// `R` rows from `i` on, all columns.
    #[inline(always)]
    fn strip<V: Vector, const R: usize, const W: usize>(&mut self, i: usize) {
        let [_, _, n] = self.size;
        let mut j = 0;
        while j + W * V::LANES <= n {
            self.tile::<V, R, W>(i, j);
            j += W * V::LANES;
        }
        while j < n {
            self.edge::<V, R>(i, j, (n - j).min(V::LANES));
            j += V::LANES;
        }
    }

    #[inline(always)]
    fn tile<V: Vector, const R: usize, const W: usize>(&mut self, i: usize, j: usize) {
        let [_, k, _] = self.size;
        let rows: [&[f32]; R] =
            core::array::from_fn(|r| &self.a.data[(i + r) * self.a.stride..][..k]);
        let mut sums = [[V::zero(); W]; R];
        for p in 0..k {
            let row = &self.b.data[p * self.b.stride + j..][..W * V::LANES];
            let b: [V; W] = core::array::from_fn(|w| V::load(&row[w * V::LANES..]));
            for r in 0..R {
                let x = V::splat(rows[r][p]);
                for w in 0..W {
                    sums[r][w] = x.mul_add(b[w], sums[r][w]);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let out = &mut self.c[(i + r) * self.c_stride + j..][..W * V::LANES];
            for (w, &sum) in sums.iter().enumerate() {
                let out = &mut out[w * V::LANES..];
                (V::load(out) + sum).store(out);
            }
        }
    }

    /// At most one vector of columns: the rest of a row.
    #[inline(always)]
    fn edge<V: Vector, const R: usize>(&mut self, i: usize, j: usize, width: usize) {
        let [_, k, _] = self.size;
        let mut sums = [V::zero(); R];
        for p in 0..k {
            let b = V::load_partial(&self.b.data[p * self.b.stride + j..][..width]);
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = V::splat(self.a.data[(i + r) * self.a.stride + p]).mul_add(b, *sum);
            }
        }
        for (r, &sum) in sums.iter().enumerate() {
            let out = &mut self.c[(i + r) * self.c_stride + j..][..width];
            (V::load_partial(out) + sum).store_partial(out);
        }
    }
}

/// `c[j] = Σₖ a[k] · b[j, k]` for one row `a`: reads `b` where it lies, which beats transposing it for the sake of one row.
pub(crate) struct Dots<'a> {
    pub a: &'a [f32],
    pub b: Rows<'a, f32>,
    pub c: &'a mut [f32],
}

impl Kernel for Dots<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        for (j, c) in self.c.iter_mut().enumerate() {
            let row = &self.b.data[j * self.b.stride..][..self.a.len()];
            let mut sums = [V::zero(); 4];
            let whole = row.len() / (4 * V::LANES) * (4 * V::LANES);
            for (x, y) in self.a[..whole]
                .chunks_exact(4 * V::LANES)
                .zip(row.chunks_exact(4 * V::LANES))
            {
                for (u, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(&x[u * V::LANES..]).mul_add(V::load(&y[u * V::LANES..]), *sum);
                }
            }
            for (x, y) in self.a[whole..]
                .chunks(V::LANES)
                .zip(row[whole..].chunks(V::LANES))
            {
                sums[0] = V::load_partial(x).mul_add(V::load_partial(y), sums[0]);
            }
            *c = ((sums[0] + sums[1]) + (sums[2] + sums[3])).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_size_agrees_with_the_sums_in_f64() {
        let value = |i: usize| ((i * 37 % 101) as f32 - 50.0) / 17.0;
        for [m, k, n] in [
            [1, 1, 1],
            [1, 7, 130],
            [2, 5, 33],
            [4, 9, 64],
            [7, 3, 19],
            [5, 16, 200],
            [3, 0, 4],
        ] {
            let a: Vec<f32> = (0..m * (k + 1)).map(value).collect();
            let b: Vec<f32> = (0..k.max(1) * (n + 2)).map(|i| value(i + 5)).collect();
            let mut c = vec![1.0f32; m * (n + 3)];
            add_product(
                [m, k, n],
                Rows {
                    data: &a,
                    stride: k + 1,
                },
                Rows {
                    data: &b,
                    stride: n + 2,
                },
                &mut c,
                n + 3,
            );
            for i in 0..m {
                for j in 0..n + 3 {
                    let sum: f64 = (0..k)
                        .map(|p| a[i * (k + 1) + p] as f64 * b[p * (n + 2) + j.min(n - 1)] as f64)
                        .sum();
                    let want = if j < n { 1.0 + sum } else { 1.0 };
                    assert!(
                        (c[i * (n + 3) + j] as f64 - want).abs() < 1e-4,
                        "{m} {k} {n}: {i} {j}"
                    );
                }
            }
        }
    }
}
