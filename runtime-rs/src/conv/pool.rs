//! Pooling of images, channels last. Vectors are channels; each output pixel goes over the taps of its window that lie
//! inside the image.

use super::Conv2d;
use crate::gemm::{check_len, TASK};
use crate::simd::{self, Kernel, Vector};
use crate::threads::{part, Pool, SharedMut};

/// Vectors of channels that are reduced side by side, so that the processor need not wait for one sum.
const SIDE_BY_SIDE: usize = 4;

/// What is computed of a window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reduction {
    Max,
    /// The sum divided by the number of values: of those inside the image, or with zeros of the padding.
    Average {
        count_padding: bool,
    },
}

/// Maximum over windows: `y[n][oy][ox][c] = max x[n][oy·sy + ky·dy − top][ox·sx + kx·dx − left][c]` over the taps inside the
/// image; −∞ where there are none. The result is NaN if the first value of the window is, and unspecified if another is.
///
/// `shape` has as many output channels and groups as channels; the output extents are those of [`Conv2d::output`] unless
/// `output` asks for more, as ONNX's `ceil_mode` does.
///
/// # Panics
/// Panics if a slice is too short.
pub fn max_pool(pool: &Pool, shape: &Conv2d, output: [usize; 2], x: &[f32], y: &mut [f32]) {
    run(pool, shape, output, Reduction::Max, x, y);
}

/// Mean over windows. With `count_padding` the sum is divided by the number of taps that lie inside the image or its
/// padding, otherwise by the number of those inside the image (0 where there are none).
///
/// Sums are in `f32`, in the order of the window; error ≤ taps·ε·Σ|x| / count to first order, ε = 2⁻²⁴.
///
/// # Panics
/// Panics if a slice is too short.
pub fn average_pool(
    pool: &Pool,
    shape: &Conv2d,
    output: [usize; 2],
    count_padding: bool,
    x: &[f32],
    y: &mut [f32],
) {
    run(
        pool,
        shape,
        output,
        Reduction::Average { count_padding },
        x,
        y,
    );
}

/// Mean over all pixels of each image: `x` is `batch` images of `pixels` pixels, `y` has a pixel for each image. NaN for an
/// image without pixels.
///
/// Sums are in `f32`, first over [`RUN`] pixels at a time; error ≤ (pixels/64 + 64)·ε·mean|x| to first order, ε = 2⁻²⁴.
///
/// # Panics
/// Panics if a slice is too short.
pub fn global_average_pool(
    pool: &Pool,
    [batch, pixels, channels]: [usize; 3],
    x: &[f32],
    y: &mut [f32],
) {
    check_len("x", x.len(), batch * pixels * channels);
    check_len("y", y.len(), batch * channels);
    let isa = simd::current();
    // Tasks are images, or parts of their channels.
    let chunk = if batch * pixels * channels < TASK {
        channels
    } else {
        CHANNELS
    };
    let chunks = channels.div_ceil(chunk.max(1));
    let y = SharedMut(y.as_mut_ptr());
    pool.run(batch * chunks, |task| {
        let (image, first) = (task / chunks, task % chunks * chunk);
        let x = &x[image * pixels * channels..][..pixels * channels];
        let len = chunk.min(channels - first);
        // SAFETY: the channels of different tasks are disjoint parts of `y`, which is long enough.
        let y =
            unsafe { core::slice::from_raw_parts_mut(y.get().add(image * channels + first), len) };
        simd::dispatch_on(
            isa,
            Mean {
                x,
                pixels,
                channels,
                first,
                y,
            },
        );
    });
}

/// Channels in a task of [`global_average_pool`].
const CHANNELS: usize = 64;

/// Pixels that [`global_average_pool`] sums before it adds to the total.
const RUN: usize = 64;

/// The means of the channels from `first` on of one image.
struct Mean<'a> {
    x: &'a [f32],
    pixels: usize,
    channels: usize,
    first: usize,
    y: &'a mut [f32],
}

impl Kernel for Mean<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let mut c = 0;
        while c + SIDE_BY_SIDE * V::LANES <= self.y.len() {
            let means = self.mean::<V, SIDE_BY_SIDE>(c);
            for j in 0..SIDE_BY_SIDE {
                means[j].store(&mut self.y[c + j * V::LANES..]);
            }
            c += SIDE_BY_SIDE * V::LANES;
        }
        while c < self.y.len() {
            self.mean::<V, 1>(c)[0].store_partial(&mut self.y[c..]);
            c += V::LANES;
        }
    }
}

impl Mean<'_> {
    /// The means of `N` vectors of channels from `c` on; of a single vector, only the channels that exist.
    #[inline(always)]
    fn mean<V: Vector, const N: usize>(&self, c: usize) -> [V; N] {
        let mut total = [V::zero(); N];
        for start in (0..self.pixels).step_by(RUN) {
            let mut sums = [V::zero(); N];
            for pixel in start..self.pixels.min(start + RUN) {
                let x = &self.x[pixel * self.channels + self.first + c..];
                for j in 0..N {
                    let value = match N {
                        1 => V::load_partial(&x[..V::LANES.min(self.y.len() - c)]),
                        _ => V::load(&x[j * V::LANES..]),
                    };
                    sums[j] = sums[j] + value;
                }
            }
            for j in 0..N {
                total[j] = total[j] + sums[j];
            }
        }
        for j in 0..N {
            total[j] = total[j] / V::splat(self.pixels as f32);
        }
        total
    }
}

/// Splits the output lines between the threads.
fn run(
    pool: &Pool,
    shape: &Conv2d,
    output: [usize; 2],
    reduction: Reduction,
    x: &[f32],
    y: &mut [f32],
) {
    shape.check();
    let channels = shape.channels;
    let lines = shape.batch * output[0];
    check_len("x", x.len(), shape.input_len());
    check_len("y", y.len(), lines * output[1] * channels);
    if lines == 0 || output[1] == 0 || channels == 0 {
        return;
    }
    let work = lines * output[1] * channels * shape.kernel[0] * shape.kernel[1];
    let tasks = (work * 4 / TASK).clamp(1, 4 * pool.threads()).min(lines);
    let isa = simd::current();
    let y = SharedMut(y.as_mut_ptr());
    pool.run(tasks, |task| {
        let lines = part(lines, 1, tasks, task);
        simd::dispatch_on(
            isa,
            Windows {
                shape,
                output,
                reduction,
                x,
                y,
                lines,
            },
        );
    });
}

/// The lines of one task, counted over all images.
struct Windows<'a> {
    shape: &'a Conv2d,
    output: [usize; 2],
    reduction: Reduction,
    x: &'a [f32],
    y: SharedMut<f32>,
    lines: core::ops::Range<usize>,
}

/// The taps of one axis that lie inside the image, and how many lie inside the image or its padding.
#[derive(Clone, Copy)]
struct Taps {
    /// Input position of the first tap inside.
    first: usize,
    count: usize,
    padded: usize,
}

impl Windows<'_> {
    /// The taps along `axis` of output `o`.
    fn taps(&self, axis: usize, o: usize) -> Taps {
        let shape = self.shape;
        let (extent, dilation) = ([shape.height, shape.width][axis], shape.dilation[axis]);
        let (before, after) = (shape.pads[axis], shape.pads[axis + 2]);
        let at = o * shape.stride[axis];
        let below = |end: usize| {
            end.saturating_sub(at)
                .div_ceil(dilation)
                .min(shape.kernel[axis])
        };
        let start = below(before);
        let end = below(before + extent).max(start);
        let first = (at + start * dilation).saturating_sub(before);
        Taps {
            first,
            count: end - start,
            padded: below(before + extent + after),
        }
    }

    /// Reduces `N` vectors of channels over a window, whose first element is at `x`, and divides sums by `count`; of a
    /// single vector, only the `left` channels that exist.
    ///
    /// # Safety
    /// All taps and channels must lie inside the image.
    #[inline(always)]
    unsafe fn reduce<V: Vector, const MAX: bool, const N: usize>(
        &self,
        x: *const f32,
        [rows, columns]: [Taps; 2],
        count: V,
        left: usize,
    ) -> [V; N] {
        let shape = self.shape;
        let (pixel, row) = (
            shape.dilation[1] * shape.channels,
            shape.dilation[0] * shape.width * shape.channels,
        );
        let mut acc = [if MAX {
            V::splat(f32::NEG_INFINITY)
        } else {
            V::zero()
        }; N];
        for ky in 0..rows.count {
            for kx in 0..columns.count {
                let x = x.wrapping_add(ky * row + kx * pixel);
                for j in 0..N {
                    // SAFETY (both): the caller's promise.
                    let value = match N {
                        1 => unsafe { V::load_partial_ptr(x, left) },
                        _ => unsafe { V::load_ptr(x.add(j * V::LANES)) },
                    };
                    acc[j] = match MAX {
                        // `max` keeps a NaN that is already there; a new one is put there.
                        true => V::select(value.is_nan(), value, acc[j].max(value)),
                        false => acc[j] + value,
                    };
                }
            }
        }
        for j in 0..N {
            acc[j] = if MAX { acc[j] } else { acc[j] / count };
        }
        acc
    }

    /// Computes one pixel of the output.
    ///
    /// # Safety
    /// The pixel must exist, and no other thread write it.
    #[inline(always)]
    unsafe fn pixel<V: Vector, const MAX: bool>(&self, line: usize, ox: usize) {
        let shape = self.shape;
        let channels = shape.channels;
        let (image, oy) = (line / self.output[0], line % self.output[0]);
        let taps = [self.taps(0, oy), self.taps(1, ox)];
        let count = match self.reduction {
            Reduction::Average {
                count_padding: true,
            } => taps[0].padded * taps[1].padded,
            _ => taps[0].count * taps[1].count,
        };
        let count = V::splat(count.max(1) as f32);
        let x = ((image * shape.height + taps[0].first) * shape.width + taps[1].first) * channels;
        let x = self.x.as_ptr().wrapping_add(x);
        let y = self
            .y
            .get()
            .wrapping_add((line * self.output[1] + ox) * channels);
        let mut c = 0;
        // SAFETY (all): the taps lie inside the image, and channels from `c` on exist; the caller's promise.
        unsafe {
            while c + SIDE_BY_SIDE * V::LANES <= channels {
                let acc = self.reduce::<V, MAX, SIDE_BY_SIDE>(x.wrapping_add(c), taps, count, 0);
                for j in 0..SIDE_BY_SIDE {
                    acc[j].store_ptr(y.add(c + j * V::LANES));
                }
                c += SIDE_BY_SIDE * V::LANES;
            }
            while c < channels {
                let [acc] = self.reduce::<V, MAX, 1>(x.wrapping_add(c), taps, count, channels - c);
                acc.store_partial_ptr(y.add(c), channels - c);
                c += V::LANES;
            }
        }
    }
}

impl Kernel for Windows<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        for line in self.lines.clone() {
            for ox in 0..self.output[1] {
                // SAFETY: the pixel exists, and the lines of a task are its own.
                match self.reduction {
                    Reduction::Max => unsafe { self.pixel::<V, true>(line, ox) },
                    Reduction::Average { .. } => unsafe { self.pixel::<V, false>(line, ox) },
                }
            }
        }
    }
}
