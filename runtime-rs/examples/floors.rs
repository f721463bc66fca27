//! Measures how near the kernels come to what this machine can do.
//!
//! `cargo run --release --example floors [-- THREADS [FILTER]]` prints a table: time, GFLOP/s and share of the peak.

use std::hint::black_box;
use std::time::{Duration, Instant};

use onnxidize_runtime::activation::{Activation, Epilogue};
use onnxidize_runtime::conv::{self, Conv2d};
use onnxidize_runtime::gemm::{self, BatchAxis, MatMul, Matrix};
use onnxidize_runtime::simd::{self, Kernel, Vector};
use onnxidize_runtime::threads::Pool;

/// A product per lane in 16 independent chains; returns the multiply-adds.
struct Peak;
impl Kernel for Peak {
    type Out = f64;
    #[inline(always)]
    fn run<V: Vector>(self) -> f64 {
        const ROUNDS: usize = 100_000;
        let (x, y) = (V::splat(black_box(0.999)), V::splat(black_box(0.001)));
        let mut sums = [V::splat(1.0); 12];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = sum.mul_add(x, y);
            }
        }
        for sum in sums {
            black_box(sum.sum());
        }
        (ROUNDS * 12 * V::LANES) as f64
    }
}

/// The shortest time of one call, over about `budget`.
fn shortest(budget: Duration, mut f: impl FnMut()) -> f64 {
    let (start, mut best) = (Instant::now(), f64::MAX);
    f();
    while start.elapsed() < budget {
        let t = Instant::now();
        f();
        best = best.min(t.elapsed().as_secs_f64());
    }
    best
}

/// Multiply-adds per second of one core with the current instruction set, in GFLOP/s.
fn peak() -> f64 {
    let mut macs = 0.0;
    let seconds = shortest(Duration::from_millis(200), || macs = simd::dispatch(Peak));
    2.0 * macs / seconds / 1e9
}

/// Reads everything once, in 8 independent sums.
struct Read<'a>(&'a [f32]);
impl Kernel for Read<'_> {
    type Out = f32;
    #[inline(always)]
    fn run<V: Vector>(self) -> f32 {
        let mut sums = [V::zero(); 8];
        for block in self.0.chunks_exact(8 * V::LANES) {
            for (sum, x) in sums.iter_mut().zip(block.chunks_exact(V::LANES)) {
                *sum = *sum + V::load(x);
            }
        }
        sums.into_iter().map(|v| v.sum()).sum()
    }
}

/// How fast one core reads `bytes` bytes again and again, in GB/s.
fn read_rate(bytes: usize) -> f64 {
    let data = numbers(bytes / 4);
    let seconds = shortest(Duration::from_millis(200), || {
        black_box(simd::dispatch(Read(black_box(&data))));
    });
    bytes as f64 / seconds / 1e9
}

/// Numbers that are neither equal nor extreme.
fn numbers(len: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        (state >> 8) as f32 / 8388608.0 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

struct Bench<'a> {
    pool: &'a Pool,
    peak: f64,
    filter: &'a str,
}

impl Bench<'_> {
    /// Measures one case of `macs` multiply-adds.
    fn case(&self, name: &str, macs: usize, f: impl FnMut()) {
        let seconds = shortest(Duration::from_millis(250), f);
        let rate = 2.0 * macs as f64 / seconds / 1e9;
        let share = 100.0 * rate / self.peak;
        println!(
            "{name:<44} {:>10.1} us {rate:>8.1} GFLOP/s {share:>5.1} %",
            seconds * 1e6
        );
    }

    fn gemm(&self, m: usize, k: usize, n: usize) {
        let name = format!("gemm {m}x{k}x{n}");
        if !name.contains(self.filter) {
            return;
        }
        let (a, b, bias) = (numbers(m * k), numbers(k * n), numbers(n));
        let mut packed = vec![0.0; gemm::packed_len(k, n)];
        gemm::pack_b(k, n, Matrix::rows(&b, n), &mut packed);
        let mut c = vec![0.0; m * n];
        let epilogue = Epilogue::new(Some(&bias), Activation::Relu);
        self.case(&name, m * k * n, || {
            gemm::gemm(
                self.pool,
                [m, k, n],
                Matrix::rows(&a, k),
                &packed,
                &epilogue,
                &mut c,
                n,
            );
        });
    }

    /// Products of two run-time values for each head of an attention layer, as they lie in memory: queries by transposed
    /// keys, or probabilities by values.
    fn heads(&self, heads: usize, tokens: usize, width: usize, transposed: bool) {
        let name = format!(
            "{} {heads} heads, {tokens} tokens of {width}",
            if transposed { "q·kT" } else { "p·v" }
        );
        if !name.contains(self.filter) {
            return;
        }
        let (x, row) = (numbers(tokens * heads * width), heads * width);
        let p = numbers(heads * tokens * tokens);
        let by_head = BatchAxis {
            extent: heads,
            a: width,
            b: width,
            c: tokens * tokens,
        };
        let scores = MatMul {
            m: tokens,
            k: width,
            n: tokens,
            a_row: row,
            a_column: 1,
            b_row: 1,
            b_column: row,
            c_row: tokens,
            batch: &[by_head],
            alpha: 0.125,
        };
        let by_head = BatchAxis {
            extent: heads,
            a: tokens * tokens,
            b: width,
            c: width,
        };
        let values = MatMul {
            m: tokens,
            k: tokens,
            n: width,
            a_row: tokens,
            a_column: 1,
            b_row: row,
            b_column: 1,
            c_row: row,
            batch: &[by_head],
            alpha: 1.0,
        };
        let (shape, a) = if transposed {
            (&scores, &x)
        } else {
            (&values, &p)
        };
        let mut scratch = vec![0.0; gemm::matmul_scratch_len(shape, self.pool.threads())];
        let mut c = vec![0.0; heads * tokens * tokens.max(width)];
        self.case(&name, heads * tokens * tokens * width, || {
            gemm::matmul(
                self.pool,
                shape,
                a,
                &x,
                &Epilogue::default(),
                &mut c,
                &mut scratch,
            );
        });
    }

    /// A matrix product with an activation that is more than a clamp.
    fn activated(&self, m: usize, k: usize, n: usize, activation: Activation) {
        let name = format!("gemm+{activation:?} {m}x{k}x{n}");
        if !name.contains(self.filter) {
            return;
        }
        let (a, b) = (numbers(m * k), numbers(k * n));
        let mut packed = vec![0.0; gemm::packed_len(k, n)];
        gemm::pack_b(k, n, Matrix::rows(&b, n), &mut packed);
        let mut c = vec![0.0; m * n];
        let epilogue = Epilogue::new(None, activation);
        self.case(&name, m * k * n, || {
            let a = Matrix::rows(&a, k);
            gemm::gemm(self.pool, [m, k, n], a, &packed, &epilogue, &mut c, n);
        });
    }

    fn conv(
        &self,
        size: usize,
        channels: usize,
        out_channels: usize,
        kernel: usize,
        stride: usize,
    ) {
        let name =
            format!("conv {kernel}x{kernel}/{stride} {size}x{size} {channels}->{out_channels}");
        if !name.contains(self.filter) {
            return;
        }
        let shape = Conv2d {
            stride: [stride; 2],
            pads: [kernel / 2; 4],
            ..Conv2d::new([size, size, channels], out_channels, [kernel; 2])
        };
        let (x, bias) = (numbers(shape.input_len()), numbers(out_channels));
        let w = numbers(out_channels * channels * kernel * kernel);
        let mut packed = vec![0.0; conv::conv2d_packed_len(&shape)];
        conv::pack_conv2d(&shape, &w, &mut packed);
        let mut scratch = vec![0.0; conv::conv2d_scratch_len(&shape, self.pool.threads())];
        let mut y = vec![0.0; shape.output_len()];
        let epilogue = Epilogue::new(Some(&bias), Activation::Relu);
        self.case(&name, y.len() * channels * kernel * kernel, || {
            conv::conv2d(
                self.pool,
                &shape,
                &x,
                &packed,
                &epilogue,
                &mut y,
                &mut scratch,
            );
        });
    }

    fn winograd(&self, size: usize, channels: usize, out_channels: usize) {
        let name = format!("winograd {size}x{size} {channels}->{out_channels}");
        if !name.contains(self.filter) {
            return;
        }
        let shape = Conv2d {
            pads: [1; 4],
            ..Conv2d::new([size, size, channels], out_channels, [3; 2])
        };
        let (x, bias) = (numbers(shape.input_len()), numbers(out_channels));
        let w = numbers(out_channels * channels * 9);
        let mut packed = vec![0.0; conv::winograd_packed_len(&shape)];
        conv::pack_winograd(&shape, &w, &mut packed);
        let mut scratch = vec![0.0; conv::winograd_scratch_len(&shape, self.pool.threads())];
        let mut y = vec![0.0; shape.output_len()];
        let epilogue = Epilogue::new(Some(&bias), Activation::Relu);
        self.case(&name, y.len() * channels * 9, || {
            conv::winograd(
                self.pool,
                &shape,
                &x,
                &packed,
                &epilogue,
                &mut y,
                &mut scratch,
            );
        });
    }

    fn depthwise(&self, size: usize, channels: usize, kernel: usize, stride: usize) {
        let name = format!("depthwise {kernel}x{kernel}/{stride} {size}x{size} {channels}");
        if !name.contains(self.filter) {
            return;
        }
        let shape = Conv2d {
            groups: channels,
            stride: [stride; 2],
            pads: [kernel / 2; 4],
            ..Conv2d::new([size, size, channels], channels, [kernel; 2])
        };
        let (x, bias, w) = (
            numbers(shape.input_len()),
            numbers(channels),
            numbers(channels * kernel * kernel),
        );
        let mut packed = vec![0.0; w.len()];
        conv::pack_depthwise(&shape, &w, &mut packed);
        let mut y = vec![0.0; shape.output_len()];
        let epilogue = Epilogue::new(Some(&bias), Activation::Clip { lo: 0.0, hi: 6.0 });
        self.case(&name, y.len() * kernel * kernel, || {
            conv::depthwise(self.pool, &shape, &x, &packed, &epilogue, &mut y);
        });
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    let filter = arguments.next().unwrap_or_default();
    let pool = Pool::new(threads);
    let threads = pool.threads();
    for isa in simd::available() {
        simd::with_isa(isa, || {
            let peak = peak() * threads as f64;
            println!("{}: {threads} threads, peak {peak:.0} GFLOP/s", isa.name());
            for (name, bytes) in [
                ("512 KiB", 1 << 19),
                ("8 MiB", 1 << 23),
                ("64 MiB", 1 << 26),
            ] {
                println!("reads {name:>7} at {:.0} GB/s", read_rate(bytes));
            }
            let bench = Bench {
                pool: &pool,
                peak,
                filter: &filter,
            };
            let shapes = [
                [128, 384, 1536],
                [128, 1536, 384],
                [128, 768, 3072],
                [128, 3072, 768],
                [128, 384, 384],
                [128, 1024, 1024],
                [3136, 64, 256],
                [3136, 256, 64],
                [196, 1024, 256],
                [12544, 16, 96],
                [8, 768, 3072],
                [4, 768, 3072],
                [1, 384, 1536],
                [1, 768, 3072],
                [1, 4096, 4096],
                [32, 32, 32],
                [16, 64, 64],
                [1, 64, 64],
                [64, 100, 40],
            ];
            for [m, k, n] in shapes {
                bench.gemm(m, k, n);
            }
            for [heads, tokens, width] in [[12, 128, 32], [12, 128, 64], [12, 1, 64], [4, 512, 64]]
            {
                bench.heads(heads, tokens, width, true);
                bench.heads(heads, tokens, width, false);
            }
            bench.activated(128, 384, 1536, Activation::Gelu);
            bench.activated(3136, 24, 144, Activation::Silu);
            bench.activated(3136, 24, 144, Activation::HardSwish);
            bench.activated(3136, 144, 24, Activation::Relu);
            let shapes = [
                [56, 64, 64, 3, 1],
                [28, 128, 128, 3, 1],
                [14, 256, 256, 3, 1],
                [7, 512, 512, 3, 1],
                [224, 64, 64, 3, 1],
                [56, 64, 256, 1, 1],
                [56, 256, 64, 1, 1],
                [14, 1024, 256, 1, 1],
                [56, 256, 512, 1, 2],
                [28, 128, 128, 3, 2],
                [224, 3, 64, 7, 2],
                [224, 3, 32, 3, 2],
                [112, 16, 96, 1, 1],
                [4, 128, 128, 3, 1],
                [56, 32, 32, 3, 1],
                [56, 16, 16, 3, 1],
                [112, 24, 24, 3, 1],
                [56, 8, 8, 3, 1],
            ];
            for [size, channels, out_channels, kernel, stride] in shapes {
                bench.conv(size, channels, out_channels, kernel, stride);
            }
            let shapes = [
                [56, 64, 64],
                [28, 128, 128],
                [14, 256, 256],
                [7, 512, 512],
                [224, 64, 64],
                [112, 128, 128],
                [56, 256, 256],
                [28, 512, 512],
                [14, 512, 512],
                [56, 32, 32],
                [56, 16, 16],
                [56, 8, 8],
                [112, 24, 24],
            ];
            for [size, channels, out_channels] in shapes {
                bench.winograd(size, channels, out_channels);
            }
            let shapes = [
                [112, 32, 3, 1],
                [112, 96, 3, 1],
                [112, 96, 3, 2],
                [56, 144, 3, 1],
                [28, 192, 3, 1],
                [14, 384, 3, 1],
                [14, 576, 3, 2],
                [7, 960, 3, 1],
                [56, 24, 3, 1],
                [28, 120, 5, 1],
                [14, 672, 5, 1],
                [14, 672, 5, 2],
            ];
            for [size, channels, kernel, stride] in shapes {
                bench.depthwise(size, channels, kernel, stride);
            }
        });
    }
}
