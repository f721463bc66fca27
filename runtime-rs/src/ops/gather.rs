//! Entries of an array by index.

use super::run_time_extents::Extents;
use crate::element::Index;
use crate::error::{Error, Result};
use crate::index::{around, for_each, strides};
use crate::tensor::Tensor;

/// `i` counted from the front; an error outside of `-extent..extent`.
#[inline(always)]
pub(crate) fn index_in(i: i64, extent: usize) -> Result<usize> {
    let at = if i < 0 { i + extent as i64 } else { i };
    if (0..extent as i64).contains(&at) {
        return Ok(at as usize);
    }
    Err(outside(i, extent))
}

#[cold]
fn outside(i: i64, extent: usize) -> Error {
    Error::new(format!(
        "index {i} is outside of an axis of extent {extent}"
    ))
}

/// `y[o, i, n] = data[o, indices[i], n]`, where `o` runs over the axes before `axis` and `n` over those behind it.
pub fn gather<T: Clone, I: Index>(
    data: &[T],
    shape: &[usize],
    indices: &[I],
    axis: usize,
    y: &mut [T],
) -> Result<()> {
    let (outer, extent, inner) = around(shape, axis);
    if inner == 0 || indices.is_empty() {
        return Ok(());
    }
    let mut rows = y.chunks_exact_mut(inner);
    for o in 0..outer {
        let block = &data[o * extent * inner..(o + 1) * extent * inner];
        for (&i, row) in indices.iter().zip(&mut rows) {
            let at = index_in(i.to_i64(), extent)? * inner;
            match row {
                [one] => *one = block[at].clone(),
                _ => row.clone_from_slice(&block[at..at + inner]),
            }
        }
    }
    Ok(())
}

/// `y[i…] = data[i… with indices[i…] in place of i[axis]]`; `y` has the extents of `indices`.
pub fn gather_elements<T: Clone, I: Index>(
    data: &[T],
    shape: &[usize],
    indices: &[I],
    indices_shape: &[usize],
    axis: usize,
    y: &mut [T],
) -> Result<()> {
    let mut steps = strides(shape);
    let along = core::mem::take(&mut steps[axis]);
    let mut pairs = y.iter_mut().zip(indices);
    let mut failure = None;
    for_each(indices_shape, [&steps], |[at]| {
        let Some((y, i)) = pairs.next() else { return };
        match index_in(i.to_i64(), shape[axis]) {
            Ok(i) => *y = data[at + i * along].clone(),
            Err(e) => failure = Some(e),
        }
    });
    failure.map_or(Ok(()), Err)
}

/// `y[b…, i…, n…] = data[b…, indices[b…, i…, :]…, n…]`: `indices`' last axis holds indices of the axes of `data` behind the
/// first `batch` ones.
pub fn gather_nd<T: Clone, I: Index>(
    data: &[T],
    shape: &[usize],
    indices: &[I],
    indices_shape: &[usize],
    batch: usize,
    y: &mut [T],
) -> Result<()> {
    let depth = indices_shape[indices_shape.len() - 1];
    let batches: usize = shape[..batch].iter().product();
    let inner: usize = shape[batch + depth..].iter().product();
    let count: usize = indices_shape[batch..indices_shape.len() - 1]
        .iter()
        .product();
    if y.is_empty() || batches == 0 {
        return Ok(());
    }
    let block: usize = shape[batch..].iter().product();
    let mut rows = y.chunks_exact_mut(inner);
    for b in 0..batches {
        for n in b * count..(b + 1) * count {
            let at = tuple_offset(&indices[n * depth..(n + 1) * depth], &shape[batch..])?;
            let from = b * block + at * inner;
            rows.next()
                .expect("y has a row for each tuple")
                .clone_from_slice(&data[from..from + inner]);
        }
    }
    Ok(())
}

/// As `gather_nd`, where the length of the index tuples, and with it the result's rank, is data of the run.
pub fn gather_nd_tensor<T: Clone + Default, I: Index>(
    data: &[T],
    shape: &[usize],
    indices: &[I],
    indices_shape: &[usize],
    batch: usize,
    y: &mut Tensor<T>,
) -> Result<()> {
    let (&depth, outer) = indices_shape.split_last().expect("indices have an axis");
    let inner = shape.get(batch + depth..).ok_or_else(|| {
        Error::new(format!(
            "indices of {depth} axes for an array of rank {} with {batch} batch axes",
            shape.len()
        ))
    })?;
    let mut extents = Extents::ones(outer.len() + inner.len())?;
    extents[..outer.len()].copy_from_slice(outer);
    extents[outer.len()..].copy_from_slice(inner);
    let (_, y) = extents.shape(y);
    gather_nd(data, shape, indices, indices_shape, batch, y)
}

/// Row-major position of an index of the first axes of `shape`.
#[inline(always)]
pub(crate) fn tuple_offset<I: Index>(tuple: &[I], shape: &[usize]) -> Result<usize> {
    let mut at = 0;
    for (i, &extent) in tuple.iter().zip(shape) {
        at = at * extent + index_in(i.to_i64(), extent)?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_by_index_also_from_the_end() {
        let x = [1, 2, 3, 4, 5, 6];
        let mut y = [0; 4];
        gather(&x, &[3, 2], &[-1i64, 0], 0, &mut y).unwrap();
        assert_eq!(y, [5, 6, 1, 2]);
        gather(&x, &[2, 3], &[2i32, 1], 1, &mut y).unwrap();
        assert_eq!(y, [3, 2, 6, 5]);
        assert!(gather(&x, &[3, 2], &[3i64, 0], 0, &mut y).is_err());
    }

    #[test]
    fn batches_have_indices_of_their_own() {
        let x = [0, 1, 2, 3, 4, 5, 6, 7];
        let mut y = [0; 4];
        gather_nd(&x, &[2, 2, 2], &[1i64, 0], &[2, 1], 1, &mut y).unwrap();
        assert_eq!(y, [2, 3, 4, 5]);
        gather_nd(&x, &[2, 2, 2], &[0i64, 1, -1, 0], &[2, 2], 0, &mut y).unwrap();
        assert_eq!(y, [2, 3, 4, 5]);
    }
}
