//! What generated crates call: arrays of numbers and kernels over them. This crate knows nothing of ONNX.
//!
//! Kernels are free functions over typed slices and run-time extents. Outputs whose size is known are `&mut [T]`, sizes
//! that only the kernel finds out go to `&mut Vec<T>` and are returned. Shapes are `&[usize]`, outermost axis first, and
//! data is row-major. Nothing allocates where sizes are known; temporary memory is passed in.

pub mod activation;
pub mod any;
pub mod arena;
pub mod arithmetic;
pub mod cli;
pub mod conv;
pub mod element;
pub mod error;
pub mod float_bits;
pub mod gemm;
pub mod golden;
pub mod image;
pub mod index;
pub mod interface;
pub mod layers;
pub mod map;
pub mod npz;
pub mod ops;
pub mod real;
pub mod simd;
pub mod tensor;
pub mod threads;

pub use any::*;
pub use arena::{Arena, Slot, Weights};
pub use arithmetic::Arithmetic;
pub use element::*;
pub use error::{At, Error, Result};
pub use interface::*;
pub use layers::*;
pub use map::{map, maximum, minimum, MapExpr};
pub use simd::{math, Vector};
pub use tensor::Tensor;
pub use threads::Pool;
