//! Layers as generated code calls them: thin entries to the fast kernels.

use crate::activation::{Activation, Epilogue, Residual};
use crate::conv::{self, Conv2d};
use crate::gemm::{gemm, matmul, matmul_scratch_len, BatchAxis, MatMul, Matrix, MAX_BATCH_AXES};
use crate::index::{strides, MAX_RANK};
use crate::threads::Pool;

/// What happens to a result on its way to memory; `residual_last` adds the residual behind the activation.
pub fn epilogue<'a>(
    bias: Option<&'a [f32]>,
    residual: Option<&'a [f32]>,
    residual_last: bool,
    activation: Activation,
) -> Epilogue<'a> {
    Epilogue {
        bias,
        residual: residual.map_or(Residual::None, Residual::Add),
        residual_after: residual_last,
        activation,
    }
}

/// `y[m, n] = epilogue(x[m, k] · w[k, n])` with weights as packed by [`crate::gemm::pack_b`].
pub fn linear(
    pool: &Pool,
    m: usize,
    k: usize,
    n: usize,
    x: &[f32],
    w: &[f32],
    epilogue: &Epilogue<'_>,
    y: &mut [f32],
) {
    gemm(pool, [m, k, n], Matrix::rows(x, k), w, epilogue, y, n);
}

/// A buffer of exactly `len` values for a kernel to work in; it grows in the first run and then stays.
fn scratch_of(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    &mut buffer[..len]
}

/// Convolution with channels last and weights as packed by [`crate::conv::pack_conv2d`].
pub fn conv2d(
    pool: &Pool,
    shape: &Conv2d,
    x: &[f32],
    w: &[f32],
    epilogue: &Epilogue<'_>,
    y: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    let scratch = scratch_of(scratch, conv::conv2d_scratch_len(shape, pool.threads()));
    conv::conv2d(pool, shape, x, w, epilogue, y, scratch);
}

/// `y = alpha · a' · b'`, batched: `a'` is `a` with its axes in the order `a_order`, `b'` likewise; `y` holds the product's
/// axes in the order `y_order`, whose last entry is the last axis. Leading axes broadcast.
pub fn batched_product(
    pool: &Pool,
    a: &[f32],
    a_shape: &[usize],
    a_order: &[usize],
    b: &[f32],
    b_shape: &[usize],
    b_order: &[usize],
    alpha: f32,
    y_order: &[usize],
    y: &mut [f32],
    y_shape: &[usize],
    scratch: &mut Vec<f32>,
) {
    let (a_extents, a_strides) = in_order(a_shape, a_order);
    let (b_extents, b_strides) = in_order(b_shape, b_order);
    let rank = y_order.len();
    let own = strides(y_shape);
    let mut c_strides = [0; MAX_RANK];
    for (at, &axis) in y_order.iter().enumerate() {
        c_strides[axis] = own[at];
    }
    let (ra, rb) = (a_order.len(), b_order.len());
    let mut batch = [BatchAxis::default(); MAX_BATCH_AXES];
    for axis in 0..rank - 2 {
        let from_end = rank - axis;
        let stride =
            |rank: usize, extents: &[usize; MAX_RANK], strides: &[usize; MAX_RANK]| match rank
                .checked_sub(from_end)
            {
                Some(own) if extents[own] != 1 => (extents[own], strides[own]),
                _ => (1, 0),
            };
        let ((ea, sa), (eb, sb)) = (
            stride(ra, &a_extents, &a_strides),
            stride(rb, &b_extents, &b_strides),
        );
        batch[axis] = BatchAxis {
            extent: if ea == 1 { eb } else { ea },
            a: sa,
            b: sb,
            c: c_strides[axis],
        };
    }
    let shape = MatMul {
        m: a_extents[ra - 2],
        k: a_extents[ra - 1],
        n: b_extents[rb - 1],
        a_row: a_strides[ra - 2],
        a_column: a_strides[ra - 1],
        b_row: b_strides[rb - 2],
        b_column: b_strides[rb - 1],
        c_row: c_strides[rank - 2],
        batch: &batch[..rank - 2],
        alpha,
    };
    let scratch = scratch_of(scratch, matmul_scratch_len(&shape, pool.threads()));
    matmul(pool, &shape, a, b, &Epilogue::default(), y, scratch);
}

/// Extents and strides of an array with its axes in another order.
fn in_order(shape: &[usize], order: &[usize]) -> ([usize; MAX_RANK], [usize; MAX_RANK]) {
    let own = strides(shape);
    let (mut extents, mut steps) = ([1; MAX_RANK], [0; MAX_RANK]);
    for (at, &axis) in order.iter().enumerate() {
        extents[at] = shape[axis];
        steps[at] = own[axis];
    }
    (extents, steps)
}

/// [`conv2d`] for 3 × 3 kernels with stride 1, by Winograd's algorithm, with weights as packed by
/// [`crate::conv::pack_winograd`].
pub fn winograd(
    pool: &Pool,
    shape: &Conv2d,
    x: &[f32],
    w: &[f32],
    epilogue: &Epilogue<'_>,
    y: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    let scratch = scratch_of(scratch, conv::winograd_scratch_len(shape, pool.threads()));
    conv::winograd(pool, shape, x, w, epilogue, y, scratch);
}
