//! Measures how near the kernels come to what this machine can do.
//!
//! `cargo run --release --example floors [-- THREADS [FILTER]]` prints a table: time, GFLOP/s and share of the peak.

use std::hint::black_box;
use std::time::{Duration, Instant};

use onnxidize_runtime::activation::{Activation, Epilogue};
use onnxidize_runtime::gemm::{self, Matrix};
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
        if !name.contains(self.filter) {
            return;
        }
        let seconds = shortest(Duration::from_millis(250), f);
        let rate = 2.0 * macs as f64 / seconds / 1e9;
        let share = 100.0 * rate / self.peak;
        println!(
            "{name:<44} {:>10.1} us {rate:>8.1} GFLOP/s {share:>5.1} %",
            seconds * 1e6
        );
    }

    fn gemm(&self, m: usize, k: usize, n: usize) {
        let (a, b, bias) = (numbers(m * k), numbers(k * n), numbers(n));
        let mut packed = vec![0.0; gemm::packed_len(k, n)];
        gemm::pack_b(k, n, Matrix::rows(&b, n), &mut packed);
        let mut c = vec![0.0; m * n];
        let epilogue = Epilogue::new(Some(&bias), Activation::Relu);
        self.case(&format!("gemm {m}x{k}x{n}"), m * k * n, || {
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
        });
    }
}
