//! The fast products against three loops in `f64`, on every instruction set of this machine.

use super::*;
use crate::activation::Activation;
use crate::simd::{available, with_isa};

/// A small generator of numbers, so that failures repeat.
pub(crate) struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % n
    }

    /// A value in −1..1.
    pub fn value(&mut self) -> f32 {
        self.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0
    }

    pub fn values(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.value()).collect()
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Is `got` within the rounding errors of a sum of `terms` products of values in −1..1?
pub(crate) fn close(got: f32, want: f64, terms: usize) -> bool {
    (f64::from(got) - want).abs() <= 2e-7 * (terms as f64 + 8.0)
}

/// An epilogue with its buffers.
struct Case {
    bias: Option<Vec<f32>>,
    residual: Option<Vec<f32>>,
    in_place: bool,
    after: bool,
    activation: Activation,
}

impl Case {
    fn random(random: &mut Random, n: usize, c_len: usize) -> Case {
        Case {
            bias: (random.below(2) == 0).then(|| random.values(n)),
            residual: (random.below(2) == 0).then(|| random.values(c_len)),
            in_place: random.below(2) == 0,
            after: random.below(2) == 0,
            activation: random.pick(&[
                Activation::Identity,
                Activation::Relu,
                Activation::Clip { lo: -0.5, hi: 0.75 },
                Activation::LeakyRelu(0.1),
                Activation::HardSwish,
            ]),
        }
    }

    fn epilogue(&self) -> Epilogue<'_> {
        let residual = match &self.residual {
            Some(_) if self.in_place => Residual::InPlace,
            Some(residual) => Residual::Add(residual),
            None => Residual::None,
        };
        Epilogue {
            bias: self.bias.as_deref(),
            residual,
            residual_after: self.after,
            activation: self.activation,
        }
    }

    /// What C holds before the call: the residual if that is in place, else garbage.
    fn initial(&self, c_len: usize) -> Vec<f32> {
        match &self.residual {
            Some(residual) if self.in_place => residual.clone(),
            _ => vec![f32::NAN; c_len],
        }
    }

    /// The end of the sum `x` in column `j`, which goes to C at `at`.
    fn apply(&self, x: f64, j: usize, at: usize) -> f64 {
        let x = x + self.bias.as_ref().map_or(0.0, |bias| f64::from(bias[j]));
        let residual = self.residual.as_ref().map_or(0.0, |r| f64::from(r[at]));
        if self.after {
            return activation(self.activation, x) + residual;
        }
        activation(self.activation, x + residual)
    }
}

fn activation(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::Clip { lo, hi } => x.clamp(lo.into(), hi.into()),
        Activation::LeakyRelu(alpha) => x.max(f64::from(alpha) * x),
        Activation::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
        other => unreachable!("{other:?} is not among the cases"),
    }
}

fn check_gemm(random: &mut Random, [m, k, n]: [usize; 3], threads: usize) {
    let transposed = random.below(4) == 0;
    let gap = random.below(3);
    let a_data = random.values(m.max(k + gap) * k.max(m + gap) + m * k + 1);
    let a = if transposed {
        Matrix::columns(&a_data, m + gap)
    } else {
        Matrix::rows(&a_data, k + gap)
    };
    let b = random.values(k * n);
    let mut packed = vec![f32::NAN; packed_len(k, n)];
    pack_b(k, n, Matrix::rows(&b, n), &mut packed);
    let c_row = n + random.below(3);
    let c_len = m * c_row;
    let case = Case::random(random, n, c_len);
    let pool = Pool::new(threads);
    for isa in available() {
        let mut c = case.initial(c_len);
        with_isa(isa, || {
            gemm(
                &pool,
                [m, k, n],
                a,
                &packed,
                &case.epilogue(),
                &mut c,
                c_row,
            )
        });
        let mut alone = case.initial(c_len);
        with_isa(isa, || {
            gemm(
                &Pool::sequential(),
                [m, k, n],
                a,
                &packed,
                &case.epilogue(),
                &mut alone,
                c_row,
            )
        });
        let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(
            bits(&c),
            bits(&alone),
            "{m}x{k}x{n} depends on the threads on {}",
            isa.name()
        );
        for i in 0..m {
            for j in 0..n {
                let sum: f64 = (0..k)
                    .map(|p| f64::from(a.data[i * a.row + p * a.column]) * f64::from(b[p * n + j]))
                    .sum();
                let want = case.apply(sum, j, i * c_row + j);
                let got = c[i * c_row + j];
                assert!(
                    close(got, want, k),
                    "{m}x{k}x{n} on {}: c[{i}][{j}] = {got}, not {want}",
                    isa.name()
                );
            }
            // What lies between the rows stays.
            let between = &c[i * c_row + n..(i + 1) * c_row];
            assert_eq!(
                bits(between),
                bits(&case.initial(c_len)[i * c_row + n..(i + 1) * c_row])
            );
        }
    }
}

#[test]
fn products_with_packed_weights_agree_with_three_loops() {
    let mut random = Random(1);
    let sizes = [
        0, 1, 2, 3, 5, 7, 8, 13, 14, 15, 16, 17, 29, 31, 32, 33, 48, 63, 65, 130,
    ];
    for _ in 0..300 {
        let shape = [
            random.pick(&sizes),
            random.pick(&sizes),
            random.pick(&sizes),
        ];
        check_gemm(&mut random, shape, 1);
    }
}

#[test]
fn large_products_agree_in_one_and_in_many_threads() {
    let mut random = Random(2);
    for shape in [
        [1, 300, 2000],
        [5, 2100, 200],
        [100, 1500, 100],
        [300, 64, 200],
        [40, 3000, 33],
        [1000, 9, 100],
    ] {
        for threads in [2, 3] {
            check_gemm(&mut random, shape, threads);
        }
    }
}

fn check_matmul(random: &mut Random, [m, k, n]: [usize; 3], batch: &[usize], threads: usize) {
    // The axes of each operand are laid out in random order: strides of everything, contiguous or not.
    let mut order = |extents: &[usize]| {
        let mut left: Vec<usize> = (0..extents.len()).collect();
        let mut strides = vec![0; extents.len()];
        let mut stride = 1;
        while !left.is_empty() {
            let axis = left.remove(random.below(left.len()));
            strides[axis] = stride;
            stride *= extents[axis].max(1);
        }
        (strides, stride)
    };
    let with = |two: [usize; 2]| [batch, &two].concat();
    let (a_strides, a_len) = order(&with([m, k]));
    let (b_strides, b_len) = order(&with([k, n]));
    // The columns of C are adjacent.
    let (c_strides, c_len) = order(&with([m, 1]));
    let (c_strides, c_len) = (
        c_strides.iter().map(|s| s * n).collect::<Vec<_>>(),
        c_len * n,
    );
    let broadcast = (random.below(3), random.below(3));
    let rank = batch.len();
    let axes: Vec<BatchAxis> = (0..rank)
        .map(|i| BatchAxis {
            extent: batch[i],
            a: if broadcast.0 == 0 { 0 } else { a_strides[i] },
            b: if broadcast.1 == 0 { 0 } else { b_strides[i] },
            c: c_strides[i],
        })
        .collect();
    let shape = MatMul {
        m,
        k,
        n,
        a_row: a_strides[rank],
        a_column: a_strides[rank + 1],
        b_row: b_strides[rank],
        b_column: b_strides[rank + 1],
        c_row: c_strides[rank],
        batch: &axes,
        alpha: 0.5,
    };
    let (a, b) = (random.values(a_len), random.values(b_len));
    let case = Case::random(random, n, c_len);
    let pool = Pool::new(threads);
    let needed = matmul_scratch_len(&shape, pool.threads());
    for isa in available() {
        let mut scratch = vec![f32::NAN; needed];
        let mut c = case.initial(c_len);
        with_isa(isa, || {
            matmul(
                &pool,
                &shape,
                &a,
                &b,
                &case.epilogue(),
                &mut c,
                &mut scratch,
            )
        });
        for index in 0..batch.iter().product() {
            let [a_at, b_at, c_at] = shape.offsets(index);
            for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let element = |p: usize| {
                    let x = a[a_at + i * shape.a_row + p * shape.a_column];
                    let y = b[b_at + p * shape.b_row + j * shape.b_column];
                    f64::from(x) * f64::from(y)
                };
                let at = c_at + i * shape.c_row + j;
                let want = case.apply(0.5 * (0..k).map(element).sum::<f64>(), j, at);
                assert!(
                    close(c[at], want, k),
                    "{shape:?} on {}: {} at {at}, not {want}",
                    isa.name(),
                    c[at]
                );
            }
        }
    }
}

#[test]
fn products_of_two_values_agree_with_loops_over_any_strides() {
    let mut random = Random(3);
    let sizes = [0, 1, 2, 5, 8, 15, 16, 17, 33, 40];
    for round in 0..300 {
        let shape = [
            random.pick(&sizes),
            random.pick(&sizes),
            random.pick(&sizes),
        ];
        let rank = random.below(3);
        let batch: Vec<usize> = (0..rank).map(|_| random.below(4)).collect();
        check_matmul(&mut random, shape, &batch, 1 + round % 3);
    }
    check_matmul(&mut random, [128, 64, 128], &[2, 3], 2);
    check_matmul(&mut random, [128, 200, 128], &[2], 3);
    check_matmul(&mut random, [1, 200, 1000], &[3], 2);
}

#[test]
fn packing_follows_its_formula() {
    for (k, n) in [(3, 18), (16, 16), (37, 50), (5, 1), (0, 4), (4, 0)] {
        let b: Vec<f32> = (0..k * n).map(|i| i as f32 + 1.0).collect();
        let b_columns: Vec<f32> = (0..k * n).map(|i| b[i % k * n + i / k]).collect();
        for isa in available() {
            let pack = |b: Matrix<'_>| {
                let mut packed = vec![f32::NAN; packed_len(k, n)];
                with_isa(isa, || pack_b(k, n, b, &mut packed));
                packed
            };
            let packed = pack(Matrix::rows(&b, n));
            assert_eq!(packed, pack(Matrix::columns(&b_columns, k)));
            for (at, &x) in packed.iter().enumerate() {
                let (panel, p, j) = (at / (16 * k), at / 16 % k, at % 16);
                let column = panel * 16 + j;
                assert_eq!(x, if column < n { b[p * n + column] } else { 0.0 });
            }
        }
    }
}

#[test]
#[should_panic(expected = "c has 5 values, 6 are needed")]
fn a_short_output_is_refused() {
    let packed = [0.0; 32];
    gemm(
        &Pool::sequential(),
        [2, 2, 3],
        Matrix::rows(&[0.0; 4], 2),
        &packed,
        &Epilogue::default(),
        &mut [0.0; 5],
        3,
    );
}

#[test]
#[should_panic(expected = "elements of c overlap")]
fn overlapping_outputs_are_refused() {
    let batch = [BatchAxis {
        extent: 2,
        a: 4,
        b: 4,
        c: 2,
    }];
    let shape = MatMul {
        m: 2,
        k: 2,
        n: 2,
        a_row: 2,
        a_column: 1,
        b_row: 2,
        b_column: 1,
        c_row: 2,
        batch: &batch,
        alpha: 1.0,
    };
    let x = [0.0; 8];
    matmul(
        &Pool::sequential(),
        &shape,
        &x,
        &x,
        &Epilogue::default(),
        &mut [0.0; 8],
        &mut [0.0; 64],
    );
}
