//! The way of finished sums to memory, for kernels whose vectors are channels of a pixel.

use crate::gemm::tile::Finish;
use crate::simd::{Kernel, Vector};
use crate::threads::SharedMut;

/// An output with its epilogue. Channel `c` of an element at `at` has the bias `c`; the residual lies as the output does.
#[derive(Clone, Copy)]
pub(super) struct Output {
    pub y: SharedMut<f32>,
    pub finish: Finish,
}

// SAFETY: pointers are only numbers; whoever stores argues that the places are disjoint.
unsafe impl Sync for Output {}
// SAFETY: as above.
unsafe impl Send for Output {}

impl Output {
    /// Finishes `sums`, the channels from `c` on of the elements at `at`, and writes the first `left` lanes of each.
    ///
    /// # Safety
    /// Bias at `c`, residual and output at each of `at` must be valid for `min(left, LANES)` values, and no other thread
    /// may use these places of the output.
    #[inline(always)]
    pub unsafe fn put<V: Vector, const N: usize>(
        &self,
        sums: [V; N],
        at: [usize; N],
        c: usize,
        left: usize,
    ) {
        let finish = &self.finish;
        if let (Some((lo, hi)), true) = (finish.activation.bounds(), finish.residual.is_null()) {
            let bias = match finish.bias.is_null() {
                true => V::zero(),
                // SAFETY: the caller's promise.
                false => unsafe { V::load_partial_ptr(finish.bias.add(c), left) },
            };
            for (sum, at) in sums.into_iter().zip(at) {
                let y = (sum + bias).max(V::splat(lo)).min(V::splat(hi));
                // SAFETY: the caller's promise.
                unsafe { y.store_partial_ptr(self.y.get().add(at), left) };
            }
            return;
        }
        let mut lanes = [[0.0; 16]; N];
        for (lanes, sum) in lanes.iter_mut().zip(sums) {
            sum.store(lanes);
        }
        V::outlined(Slow {
            output: self,
            sums: &lanes,
            at: &at,
            c,
            left,
        });
    }
}

/// [`Output::put`] with a residual or an activation that is more than a clamp.
struct Slow<'a> {
    output: &'a Output,
    sums: &'a [[f32; 16]],
    at: &'a [usize],
    c: usize,
    left: usize,
}

impl Kernel for Slow<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Finish {
            bias,
            residual,
            residual_after,
            activation,
            ..
        } = self.output.finish;
        // SAFETY: a bias that is not null is valid for the lanes that are left (the promise of `Output::put`).
        let load = |p: *const f32, at: usize| match p.is_null() {
            true => V::zero(),
            false => unsafe { V::load_partial_ptr(p.add(at), self.left) },
        };
        let bias = load(bias, self.c);
        // Four vectors at a time, so that the activation is chosen once for them.
        for (sums, at) in self.sums.chunks(4).zip(self.at.chunks(4)) {
            let (mut y, mut after) = ([V::zero(); 4], [V::zero(); 4]);
            for i in 0..sums.len() {
                let extra = load(residual, at[i]);
                y[i] = V::load(&sums[i]) + bias;
                if residual_after {
                    after[i] = extra;
                } else {
                    y[i] = y[i] + extra;
                }
            }
            let y = activation.apply_all(y);
            for i in 0..sums.len() {
                // SAFETY: the promise of `Output::put`.
                unsafe {
                    (y[i] + after[i]).store_partial_ptr(self.output.y.get().add(at[i]), self.left)
                };
            }
        }
    }
}
