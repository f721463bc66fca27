//! General kernels: any rank, any extents, every element type that makes sense. One file per operator or family.
//!
//! These are the correctness path; `gemm`, `conv` and their like are fast paths for f32 with these as their oracle.

mod attention;
mod attention_blocks;
mod conv;
mod elementwise;
mod gather;
mod gru;
mod lstm;
mod matmul;
mod recurrent;
mod reshape;
mod rows;
mod window;

pub use attention::*;
pub use attention_blocks::*;
pub use conv::*;
pub use elementwise::*;
pub use gather::*;
pub use gru::*;
pub use lstm::*;
pub use matmul::*;
pub use recurrent::*;
pub use reshape::*;
pub use window::Window;
