//! Convolutions and pooling of images in `f32`, channels last (NHWC): element (n, y, x, c) of an image is at
//! `((n·height + y)·width + x)·channels + c`.
//!
//! * [`conv2d`]: any kernel, stride, dilation, padding and number of groups; picks the algorithm.
//! * [`depthwise`]: one filter for each channel.
//! * [`conv_transpose2d`]: the gradient of a convolution, as ONNX's ConvTranspose.
//! * [`winograd`](fn@winograd): 3 × 3 with stride 1 by fewer multiplications; its weights are prepared differently.
//! * [`max_pool`], [`average_pool`], [`global_average_pool`].
//!
//! One-dimensional convolutions have a height of 1. Weights are packed by the compiler; each module documents its layout.
//! All end with an [`crate::activation::Epilogue`], whose bias has a value for each output channel and whose residual is
//! laid out as the output. No result depends on the number of threads.

mod depthwise;
mod direct;
mod pool;
mod shape;
mod store;
mod transposed;
mod winograd;

#[cfg(test)]
mod tests;

pub use depthwise::{depthwise, pack_depthwise};
pub use direct::{conv2d, conv2d_packed_len, conv2d_scratch_len, pack_conv2d};
pub use pool::{average_pool, global_average_pool, max_pool};
pub use shape::Conv2d;
pub use transposed::{
    conv_transpose2d, conv_transpose2d_packed_len, conv_transpose2d_scratch_len,
    pack_conv_transpose2d,
};
pub use winograd::{
    pack_winograd, winograd, winograd_applies, winograd_packed_len, winograd_scratch_len,
    winograd_wins,
};
