//! General kernels: any rank, any extents, every element type that makes sense. One file per operator or family.
//!
//! These are the correctness path; `gemm`, `conv` and their like are fast paths for f32 with these as their oracle.

mod elementwise;
mod gather;
mod matmul;
mod reshape;

pub use elementwise::*;
pub use gather::*;
pub use matmul::*;
pub use reshape::*;
