//! Entries of an array by index.

use crate::element::Index;
use crate::error::{Error, Result};
use crate::index::around;

/// `i` counted from the front; an error outside of `-extent..extent`.
#[inline(always)]
pub(crate) fn index_in(i: i64, extent: usize) -> Result<usize> {
    let at = if i < 0 { i + extent as i64 } else { i };
    if (0..extent as i64).contains(&at) {
        return Ok(at as usize);
    }
    Err(Error::new(format!("index {i} is outside of an axis of extent {extent}")))
}

/// `y[o, i, n] = data[o, indices[i], n]`, where `o` runs over the axes before `axis` and `n` over those behind it.
pub fn gather<T: Clone, I: Index>(data: &[T], shape: &[usize], indices: &[I], axis: usize, y: &mut [T]) -> Result<()> {
    let (outer, extent, inner) = around(shape, axis);
    if inner == 0 || indices.is_empty() {
        return Ok(());
    }
    let mut rows = y.chunks_exact_mut(inner);
    for o in 0..outer {
        for &i in indices {
            let at = (o * extent + index_in(i.to_i64(), extent)?) * inner;
            rows.next().expect("y has outer · indices rows").clone_from_slice(&data[at..at + inner]);
        }
    }
    Ok(())
}
