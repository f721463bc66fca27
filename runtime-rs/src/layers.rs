//! Layers as generated code calls them: thin entries to the fast kernels.

use crate::activation::{Activation, Epilogue, Residual};
use crate::conv::{self, Conv2d};
use crate::gemm::{gemm, Matrix};
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
