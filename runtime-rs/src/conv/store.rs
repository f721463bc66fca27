//! The way of finished sums to memory, for kernels whose vectors are channels of a pixel.

use crate::gemm::tile::Finish;
use crate::simd::{Kernel, Vector};
use crate::threads::SharedMut;

/// An output with its epilogue. Channel `c` of an element has the bias `c`; the residual lies as the output does.
#[derive(Clone, Copy)]
pub(super) struct Output {
    y: SharedMut<f32>,
    finish: Finish,
    /// Bounds, if the epilogue is no more than a bias and a clamp.
    clamp: Option<(f32, f32)>,
}

// SAFETY: pointers are only numbers; whoever stores argues that the places are disjoint.
unsafe impl Sync for Output {}
// SAFETY: as above.
unsafe impl Send for Output {}

impl Output {
    /// The output at `y`.
    pub fn new(y: SharedMut<f32>, finish: Finish) -> Self {
        let clamp = finish
            .activation
            .bounds()
            .filter(|_| finish.residual.is_null());
        Output { y, finish, clamp }
    }

    /// Finishes the sums of four elements, `step` apart from `at` on, for the channels from `c` on, and writes the first
    /// `left` lanes of each.
    ///
    /// # Safety
    /// Bias at `c`, residual and output at each of the places must be valid for `min(left, LANES)` values, and no other
    /// thread may use these places of the output.
    #[inline(always)]
    pub unsafe fn put<V: Vector>(
        &self,
        sums: [V; 4],
        at: usize,
        step: usize,
        c: usize,
        left: usize,
    ) {
        // SAFETY (all): the caller's promise.
        unsafe {
            if let Some((lo, hi)) = self.clamp {
                let (bias, lo, hi) = (self.bias::<V>(c, left), V::splat(lo), V::splat(hi));
                let y = self.y.get().wrapping_add(at);
                (sums[0] + bias).max(lo).min(hi).store_partial_ptr(y, left);
                (sums[1] + bias)
                    .max(lo)
                    .min(hi)
                    .store_partial_ptr(y.wrapping_add(step), left);
                (sums[2] + bias)
                    .max(lo)
                    .min(hi)
                    .store_partial_ptr(y.wrapping_add(2 * step), left);
                (sums[3] + bias)
                    .max(lo)
                    .min(hi)
                    .store_partial_ptr(y.wrapping_add(3 * step), left);
                return;
            }
            self.put_slowly(sums, at, step, [c; 4], left);
        }
    }

    /// Finishes four vectors of adjacent channels, from `c` on, of one element.
    ///
    /// # Safety
    /// As for [`Output::put`], for `4 · LANES` values.
    #[inline(always)]
    pub unsafe fn put_channels<V: Vector>(&self, sums: [V; 4], at: usize, c: usize) {
        let n = V::LANES;
        // SAFETY (all): the caller's promise.
        unsafe {
            if self.clamp.is_some() {
                self.put_one(sums[0], at, c, n);
                self.put_one(sums[1], at + n, c + n, n);
                self.put_one(sums[2], at + 2 * n, c + 2 * n, n);
                self.put_one(sums[3], at + 3 * n, c + 3 * n, n);
                return;
            }
            self.put_slowly(sums, at, n, [c, c + n, c + 2 * n, c + 3 * n], n);
        }
    }

    /// Finishes one vector.
    ///
    /// # Safety
    /// As for [`Output::put`].
    #[inline(always)]
    pub unsafe fn put_one<V: Vector>(&self, sum: V, at: usize, c: usize, left: usize) {
        // SAFETY (all): the caller's promise.
        unsafe {
            if let Some((lo, hi)) = self.clamp {
                let y = (sum + self.bias::<V>(c, left))
                    .max(V::splat(lo))
                    .min(V::splat(hi));
                return y.store_partial_ptr(self.y.get().wrapping_add(at), left);
            }
            let mut lanes = [0.0; 16];
            sum.store(&mut lanes);
            V::outlined(Slow {
                output: self,
                sums: &lanes,
                at,
                step: 0,
                channels: &[c],
                left,
            });
        }
    }

    /// The bias of the channels from `c` on.
    ///
    /// # Safety
    /// As for [`Output::put`].
    #[inline(always)]
    unsafe fn bias<V: Vector>(&self, c: usize, left: usize) -> V {
        if self.finish.bias.is_null() {
            return V::zero();
        }
        // SAFETY: the caller's promise.
        unsafe { V::load_partial_ptr(self.finish.bias.wrapping_add(c), left) }
    }

    /// Four vectors with any epilogue.
    ///
    /// # Safety
    /// As for [`Output::put`].
    #[inline(always)]
    unsafe fn put_slowly<V: Vector>(
        &self,
        sums: [V; 4],
        at: usize,
        step: usize,
        channels: [usize; 4],
        left: usize,
    ) {
        let mut lanes = [0.0; 64];
        sums[0].store(&mut lanes);
        sums[1].store(&mut lanes[V::LANES..]);
        sums[2].store(&mut lanes[2 * V::LANES..]);
        sums[3].store(&mut lanes[3 * V::LANES..]);
        V::outlined(Slow {
            output: self,
            sums: &lanes,
            at,
            step,
            channels: &channels,
            left,
        });
    }
}

/// A store with a residual or with an activation that is more than a clamp: as many vectors as there are `channels`, the
/// first channels of each.
struct Slow<'a> {
    output: &'a Output,
    sums: &'a [f32],
    at: usize,
    step: usize,
    channels: &'a [usize],
    left: usize,
}

impl Kernel for Slow<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Finish {
            residual,
            residual_after,
            activation,
            ..
        } = self.output.finish;
        let (mut y, mut after) = ([V::zero(); 4], [V::zero(); 4]);
        for (i, &c) in self.channels.iter().enumerate() {
            // SAFETY (both): the promise of `Output::put`.
            y[i] = V::load(&self.sums[i * V::LANES..])
                + unsafe { self.output.bias::<V>(c, self.left) };
            if residual.is_null() {
                continue;
            }
            let extra = unsafe {
                V::load_partial_ptr(residual.wrapping_add(self.at + i * self.step), self.left)
            };
            if residual_after {
                after[i] = extra;
            } else {
                y[i] = y[i] + extra;
            }
        }
        let y = activation.apply_all(y);
        for i in 0..self.channels.len() {
            let target = self.output.y.get().wrapping_add(self.at + i * self.step);
            // SAFETY: the promise of `Output::put`.
            unsafe { (y[i] + after[i]).store_partial_ptr(target, self.left) };
        }
    }
}
