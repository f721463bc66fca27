//! Elements written into a copy of an array, by index. Later updates of a place come after earlier ones.

use super::gather::{index_in, tuple_offset};
use super::reduce::Combine;
use crate::element::{Index, Number};
use crate::error::{Error, Result};
use crate::index::{around, for_each, strides};

/// `y = data`, then `y[i… with indices[i…] in place of i[axis]] = updates[i…]`.
pub fn scatter_elements<T: Clone, I: Index>(
    data: &[T],
    shape: &[usize],
    indices: &[I],
    indices_shape: &[usize],
    updates: &[T],
    axis: usize,
    y: &mut [T],
) -> Result<()> {
    y.clone_from_slice(data);
    each_element(shape, indices, indices_shape, axis, |at, n| {
        y[at] = updates[n].clone();
    })
}

/// As `scatter_elements`, updates combined with what stands there: `y[…] = op(y[…], update)`.
pub fn scatter_elements_with<T: Number, I: Index, C: Combine<T::Wide>>(
    _op: C,
    data: &[T],
    shape: &[usize],
    indices: &[I],
    indices_shape: &[usize],
    updates: &[T],
    axis: usize,
    y: &mut [T],
) -> Result<()> {
    y.clone_from_slice(data);
    each_element(shape, indices, indices_shape, axis, |at, n| {
        y[at] = T::narrow(C::combine(y[at].widen(), updates[n].widen()));
    })
}

/// Calls `put` with the place in the array and the number of each update.
fn each_element<I: Index>(
    shape: &[usize],
    indices: &[I],
    indices_shape: &[usize],
    axis: usize,
    mut put: impl FnMut(usize, usize),
) -> Result<()> {
    let mut steps = strides(shape);
    let along = core::mem::take(&mut steps[axis]);
    let mut numbered = indices.iter().enumerate();
    let mut failure = None;
    for_each(indices_shape, [&steps], |[at]| {
        let Some((n, i)) = numbered.next() else {
            return;
        };
        match index_in(i.to_i64(), shape[axis]) {
            Ok(i) => put(at + i * along, n),
            Err(e) => failure = Some(e),
        }
    });
    failure.map_or(Ok(()), Err)
}

/// `y = data`, then `y[indices[i…, :]…, n…] = updates[i…, n…]`: the last axis of `indices` holds indices of the first axes.
pub fn scatter_nd<T: Clone, I: Index>(
    data: &[T],
    shape: &[usize],
    indices: &[I],
    indices_shape: &[usize],
    updates: &[T],
    y: &mut [T],
) -> Result<()> {
    y.clone_from_slice(data);
    each_tuple(shape, indices, indices_shape, |to, from, inner| {
        y[to..to + inner].clone_from_slice(&updates[from..from + inner]);
    })
}

/// As `scatter_nd`, updates combined with what stands there.
pub fn scatter_nd_with<T: Number, I: Index, C: Combine<T::Wide>>(
    _op: C,
    data: &[T],
    shape: &[usize],
    indices: &[I],
    indices_shape: &[usize],
    updates: &[T],
    y: &mut [T],
) -> Result<()> {
    y.clone_from_slice(data);
    each_tuple(shape, indices, indices_shape, |to, from, inner| {
        let row = &mut y[to..to + inner];
        for (y, u) in row.iter_mut().zip(&updates[from..from + inner]) {
            *y = T::narrow(C::combine(y.widen(), u.widen()));
        }
    })
}

/// Calls `put` with the places in the array and in the updates of each row, and the row's length.
fn each_tuple<I: Index>(
    shape: &[usize],
    indices: &[I],
    indices_shape: &[usize],
    mut put: impl FnMut(usize, usize, usize),
) -> Result<()> {
    let (&depth, outer) = indices_shape.split_last().expect("indices have an axis");
    let inner: usize = shape[depth..].iter().product();
    for n in 0..outer.iter().product() {
        let at = tuple_offset(&indices[n * depth..(n + 1) * depth], shape)?;
        put(at * inner, n * inner, inner);
    }
    Ok(())
}

/// A cache with new entries: `y = past`, then `y[b, …, first[b] + i, n…] = update[b, …, i, n…]` along `axis`. Without
/// `first` it is 0. In a ring (`circular`) the index is taken modulo the axis's extent; else it must not leave the axis.
pub fn tensor_scatter<T: Clone>(
    past: &[T],
    shape: &[usize],
    update: &[T],
    update_shape: &[usize],
    first: Option<&[i64]>,
    axis: usize,
    circular: bool,
    y: &mut [T],
) -> Result<()> {
    y.clone_from_slice(past);
    let (outer, extent, inner) = around(shape, axis);
    let count = update_shape[axis];
    if count == 0 || inner == 0 || outer == 0 {
        return Ok(());
    }
    let per_batch = outer / shape[0];
    for (o, rows) in update.chunks_exact(count * inner).enumerate() {
        let start = first.map_or(0, |f| f[o / per_batch]);
        for (i, row) in rows.chunks_exact(inner).enumerate() {
            let at = cache_index(start.saturating_add(i as i64), extent, circular)?;
            let to = (o * extent + at) * inner;
            y[to..to + inner].clone_from_slice(row);
        }
    }
    Ok(())
}

fn cache_index(i: i64, extent: usize, circular: bool) -> Result<usize> {
    if circular {
        return Ok(i.rem_euclid(extent as i64) as usize);
    }
    if (0..extent as i64).contains(&i) {
        return Ok(i as usize);
    }
    Err(Error::new(format!(
        "entry {i} is written to a cache of {extent}"
    )))
}

#[cfg(test)]
mod tests {
    use super::super::reduce::{Max, Sum};
    use super::*;

    #[test]
    fn updates_of_one_place_accumulate() {
        let mut y = [0.0f32; 3];
        let (data, updates) = ([1.0, 2.0, 3.0], [10.0, 20.0]);
        scatter_elements_with(Sum, &data, &[3], &[1i64, -2], &[2], &updates, 0, &mut y).unwrap();
        assert_eq!(y, [1.0, 32.0, 3.0]);
        scatter_nd_with(
            Max,
            &data,
            &[3],
            &[2i64, 0],
            &[2, 1],
            &[1.0, f32::NAN],
            &mut y,
        )
        .unwrap();
        assert!(y[0].is_nan() && y[2] == 3.0);
    }

    #[test]
    fn the_last_update_wins() {
        let mut y = [0; 4];
        scatter_elements(&[0; 4], &[2, 2], &[1i32, 1], &[2, 1], &[5, 6], 0, &mut y).unwrap();
        assert_eq!(y, [0, 0, 6, 0]);
        scatter_nd(
            &[0; 4],
            &[2, 2],
            &[1i64, -1],
            &[2, 1],
            &[1, 2, 3, 4],
            &mut y,
        )
        .unwrap();
        assert_eq!(y, [0, 0, 3, 4]);
    }

    #[test]
    fn caches_are_lines_or_rings() {
        let (past, update) = ([0; 8], [1, 2, 3, 4]);
        let mut y = [0; 8];
        let first = [2i64, 3];
        tensor_scatter(
            &past,
            &[2, 4, 1],
            &update,
            &[2, 2, 1],
            Some(&first),
            1,
            true,
            &mut y,
        )
        .unwrap();
        assert_eq!(y, [0, 0, 1, 2, 4, 0, 0, 3]);
        assert!(tensor_scatter(
            &past,
            &[2, 4, 1],
            &update,
            &[2, 2, 1],
            Some(&first),
            1,
            false,
            &mut y
        )
        .is_err());
    }
}
