//! Products of two run-time values.

use super::pack::{pack_panel, packed_len};
use super::tile::{Finish, PANEL};
use super::{check_len, span, Matrix, Product, TASK};
use crate::activation::{Epilogue, Residual};
use crate::threads::{part, Pool, SharedMut};

/// Up to this many rows, B is read where it lies (if its rows are contiguous): packing would cost more than it saves.
const UNPACKED_ROWS: usize = 32;

/// Most axes of a batch.
pub const MAX_BATCH_AXES: usize = 8;

/// One axis of a batch of products; strides in elements, 0 where an operand is broadcast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchAxis {
    /// Number of products along this axis.
    pub extent: usize,
    /// From one A to the next.
    pub a: usize,
    /// From one B to the next.
    pub b: usize,
    /// From one C to the next.
    pub c: usize,
}

/// The extents and strides of a batch of products `C[m×n] = A[m×k] · B[k×n]`.
#[derive(Clone, Copy, Debug)]
pub struct MatMul<'a> {
    /// Rows of A and C.
    pub m: usize,
    /// Columns of A, rows of B.
    pub k: usize,
    /// Columns of B and C.
    pub n: usize,
    /// From one row of A to the next.
    pub a_row: usize,
    /// From one column of A to the next.
    pub a_column: usize,
    /// From one row of B to the next.
    pub b_row: usize,
    /// From one column of B to the next.
    pub b_column: usize,
    /// From one row of C to the next; its columns are adjacent.
    pub c_row: usize,
    /// The axes of the batch, outermost first; none is one product.
    pub batch: &'a [BatchAxis],
    /// Factor of the product.
    pub alpha: f32,
}

impl MatMul<'_> {
    /// Number of products.
    fn count(&self) -> usize {
        self.batch.iter().map(|axis| axis.extent).product()
    }

    /// Offsets of A, B and C of product `i`.
    pub(super) fn offsets(&self, mut i: usize) -> [usize; 3] {
        let mut at = [0; 3];
        for axis in self.batch.iter().rev() {
            let index = i % axis.extent;
            i /= axis.extent;
            at[0] += index * axis.a;
            at[1] += index * axis.b;
            at[2] += index * axis.c;
        }
        at
    }

    /// The columns of B that are read where they lie; the others are packed.
    fn unpacked(&self) -> usize {
        if self.b_column == 1 && self.m <= UNPACKED_ROWS {
            return self.n / PANEL * PANEL;
        }
        0
    }

    /// Values of scratch memory for one B.
    fn packed_len(&self) -> usize {
        packed_len(self.k, self.n - self.unpacked())
    }

    /// All products have the same B.
    fn shares_b(&self) -> bool {
        self.batch
            .iter()
            .all(|axis| axis.b == 0 || axis.extent == 1)
    }

    /// Into how many tasks the batch is split for `threads` threads; 1 where the threads share each product instead.
    fn batch_tasks(&self, threads: usize) -> usize {
        let macs = self.m * self.k * self.n;
        let tasks = (self.count() * macs / TASK).clamp(1, self.count());
        if tasks < threads && macs > TASK {
            return 1;
        }
        tasks.min(4 * threads)
    }

    /// Panics unless the operands are large enough and the elements of C are distinct.
    fn check(&self, a: &[f32], b: &[f32], c: &[f32]) {
        assert!(
            self.batch.len() <= MAX_BATCH_AXES,
            "a batch has at most {MAX_BATCH_AXES} axes"
        );
        let reach = |stride: fn(&BatchAxis) -> usize| -> usize {
            self.batch
                .iter()
                .map(|axis| (axis.extent - 1) * stride(axis))
                .sum()
        };
        check_len(
            "a",
            a.len(),
            reach(|axis| axis.a) + span(self.m, self.a_row, self.k, self.a_column),
        );
        check_len(
            "b",
            b.len(),
            reach(|axis| axis.b) + span(self.k, self.b_row, self.n, self.b_column),
        );
        check_len(
            "c",
            c.len(),
            reach(|axis| axis.c) + span(self.m, self.c_row, self.n, 1),
        );
        let mut axes = [(1, 0); MAX_BATCH_AXES + 2];
        axes[0] = (self.n, 1);
        axes[1] = (self.m, self.c_row);
        for (axis, batch) in axes[2..].iter_mut().zip(self.batch) {
            *axis = (batch.extent, batch.c);
        }
        axes.sort_unstable_by_key(|&(_, stride)| stride);
        let mut covered = 0;
        for (extent, stride) in axes {
            assert!(
                extent <= 1 || stride > covered,
                "elements of c overlap: stride {stride} within {covered}"
            );
            covered += (extent - 1) * stride;
        }
    }
}

/// Values of scratch memory that [`matmul`] needs to run on `threads` threads.
pub fn matmul_scratch_len(shape: &MatMul<'_>, threads: usize) -> usize {
    if shape.count() == 0 || shape.shares_b() {
        return shape.packed_len();
    }
    shape.packed_len() * shape.batch_tasks(threads).min(threads)
}

/// `C = epilogue(alpha · A · B)` for each product of a batch, of two run-time operands with any strides.
///
/// So neither a transposed operand nor the heads of an attention layer need to be copied into a layout of their own.
/// `scratch` holds [`matmul_scratch_len`] values; with fewer, but enough for one thread, fewer threads are used. Bias is
/// the same for all products; a residual has the strides of C.
///
/// ```
/// use onnxidize_runtime::{activation::Epilogue, gemm::*, threads::Pool};
/// // Scores of two heads: queries [2 tokens, 2 heads, 3], keys the same; C is [2 heads, 2, 2].
/// let x: Vec<f32> = (0..12).map(|i| i as f32).collect();
/// let heads = [BatchAxis { extent: 2, a: 3, b: 3, c: 4 }];
/// let shape = MatMul {
///     m: 2, k: 3, n: 2, a_row: 6, a_column: 1, b_row: 1, b_column: 6, c_row: 2, batch: &heads, alpha: 0.5,
/// };
/// let pool = Pool::sequential();
/// let mut scratch = vec![0.0; matmul_scratch_len(&shape, pool.threads())];
/// let mut c = [0.0; 8];
/// matmul(&pool, &shape, &x, &x, &Epilogue::default(), &mut c, &mut scratch);
/// assert_eq!(c, [2.5, 11.5, 11.5, 74.5, 25.0, 61.0, 61.0, 151.0].map(|x: f32| x));
/// ```
///
/// # Panics
/// Panics if a slice is too short for the strides, if elements of C overlap, or with more than [`MAX_BATCH_AXES`] axes.
pub fn matmul(
    pool: &Pool,
    shape: &MatMul<'_>,
    a: &[f32],
    b: &[f32],
    epilogue: &Epilogue<'_>,
    c: &mut [f32],
    scratch: &mut [f32],
) {
    let count = shape.count();
    if count == 0 || shape.m == 0 || shape.n == 0 {
        return;
    }
    shape.check(a, b, c);
    check_len("scratch", scratch.len(), shape.packed_len());
    let job = Job {
        shape,
        a,
        b,
        c_len: c.len(),
        epilogue,
        c: SharedMut(c.as_mut_ptr()),
    };
    if shape.shares_b() {
        job.pack(pool, 0, scratch);
        if count == 1 {
            return job.multiply(pool, 0, scratch);
        }
        let tasks = shape.batch_tasks(pool.threads());
        return pool.run(tasks, |task| {
            part(count, 1, tasks, task).for_each(|i| job.multiply(&Pool::sequential(), i, scratch));
        });
    }
    let tasks = shape.batch_tasks(pool.threads());
    if tasks == 1 {
        for i in 0..count {
            job.pack(pool, i, scratch);
            job.multiply(pool, i, scratch);
        }
        return;
    }
    let alone = Pool::sequential();
    pool.run_with_scratch(scratch, shape.packed_len(), tasks, |task, packed| {
        for i in part(count, 1, tasks, task) {
            job.pack(&alone, i, packed);
            job.multiply(&alone, i, packed);
        }
    });
}

/// One call of [`matmul`], its operands checked.
struct Job<'a> {
    shape: &'a MatMul<'a>,
    a: &'a [f32],
    b: &'a [f32],
    c: SharedMut<f32>,
    c_len: usize,
    epilogue: &'a Epilogue<'a>,
}

impl Job<'_> {
    /// Packs what is to be packed of the B of product `i`.
    fn pack(&self, pool: &Pool, i: usize, packed: &mut [f32]) {
        let shape = self.shape;
        let len = shape.packed_len();
        if len == 0 {
            return;
        }
        let b = Matrix {
            data: &self.b[shape.offsets(i)[1]..],
            row: shape.b_row,
            column: shape.b_column,
        };
        let first = shape.unpacked();
        pool.run_chunks(&mut packed[..len], PANEL * shape.k, |panel, target| {
            let j = first + panel * PANEL;
            pack_panel(b.columns_from(j), shape.k, shape.n - j, target);
        });
    }

    /// Computes product `i`.
    fn multiply(&self, pool: &Pool, i: usize, packed: &[f32]) {
        let shape = self.shape;
        let [a, b, c] = shape.offsets(i);
        let unpacked = shape.unpacked();
        let product = Product {
            a: self.a[a.min(self.a.len())..].as_ptr(),
            a_row: shape.a_row,
            a_column: shape.a_column,
            b: self.b[b.min(self.b.len())..].as_ptr(),
            b_row: shape.b_row,
            b_panel: PANEL,
            c: SharedMut(self.c.get().wrapping_add(c)),
            c_row: shape.c_row,
            finish: self.finish(c),
            in_place: self.epilogue.residual == Residual::InPlace,
        };
        let rest = Product {
            b: packed.as_ptr(),
            b_row: PANEL,
            b_panel: PANEL * shape.k,
            c: SharedMut(product.c.get().wrapping_add(unpacked)),
            finish: product.finish.past(unpacked),
            ..product
        };
        // SAFETY: `check` has found the operands large enough and the elements of C distinct, so that other products,
        // which other threads may be computing, write elsewhere. The unpacked columns are whole panels.
        unsafe {
            product.run(pool, [shape.m, shape.k, unpacked]);
            rest.run(pool, [shape.m, shape.k, shape.n - unpacked]);
        }
    }

    /// The epilogue of the product whose C begins at `at`.
    fn finish(&self, at: usize) -> Finish {
        let Epilogue {
            bias,
            residual,
            residual_after,
            activation,
        } = *self.epilogue;
        let residual = match residual {
            Residual::None => core::ptr::null(),
            Residual::InPlace => self.c.get().wrapping_add(at).cast_const(),
            Residual::Add(residual) => {
                check_len("residual", residual.len(), self.c_len);
                residual.as_ptr().wrapping_add(at)
            }
        };
        let bias = bias.map_or(core::ptr::null(), |bias| {
            check_len("bias", bias.len(), self.shape.n);
            bias.as_ptr()
        });
        Finish {
            alpha: self.shape.alpha,
            bias,
            residual,
            residual_after,
            activation,
        }
    }
}
