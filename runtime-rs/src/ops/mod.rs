//! General kernels: any rank, any extents, every element type that makes sense. One file per operator or family.
//!
//! These are the correctness path; `gemm`, `conv` and their like are fast paths for f32 with these as their oracle.

mod arg;
mod attention;
mod attention_blocks;
mod col2im;
mod concat;
mod conv;
mod elementwise;
mod expand;
mod gather;
mod gru;
mod lstm;
mod matmul;
mod order;
mod pad;
mod pool;
mod recurrent;
pub mod reduce;
mod reshape;
mod rows;
mod run_time_extents;
mod scatter;
mod select;
mod slice;
mod strided;
mod transpose;
mod unique;
mod window;

pub use arg::*;
pub use attention::*;
pub use attention_blocks::*;
pub use col2im::*;
pub use concat::*;
pub use conv::*;
pub use elementwise::*;
pub use expand::*;
pub use gather::*;
pub use gru::*;
pub use lstm::*;
pub use matmul::*;
pub use order::*;
pub use pad::*;
pub use pool::*;
pub use recurrent::*;
pub use reduce::{cumulate, reduce, reduce_along, reduce_extents};
pub use reshape::*;
pub use run_time_extents::*;
pub use scatter::*;
pub use select::*;
pub use slice::*;
pub use transpose::*;
pub use unique::*;
pub use window::Window;
