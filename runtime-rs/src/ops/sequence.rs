//! Sequences of arrays of any shape, and optional values.

use super::run_time_extents::{at_axes, size, Extents};
use crate::element::{Bool, Index};
use crate::error::{Error, Result};
use crate::index::around;
use crate::tensor::Tensor;

/// The place that `position` means among `places` of a sequence of `len`: from the end where it is negative, the last
/// where it is empty.
fn place<I: Index>(position: &[I], len: usize, places: usize) -> Result<usize> {
    let outside = |p: i64| Error::new(format!("position {p} in a sequence of {len} elements"));
    let Some(given) = position.first().map(|p| p.to_i64()) else {
        return places.checked_sub(1).ok_or_else(|| outside(-1));
    };
    let from_front = if given < 0 { given + len as i64 } else { given };
    usize::try_from(from_front)
        .ok()
        .filter(|&p| p < places)
        .ok_or_else(|| outside(given))
}

/// An error unless `x` has the rank that the model takes it to have.
fn expect_rank(found: usize, rank: usize) -> Result<()> {
    if found == rank {
        return Ok(());
    }
    Err(Error::new(format!(
        "an element of rank {found} where {rank} is needed"
    )))
}

/// `y` becomes a copy of `x`, whose shape must be `shape`.
fn copy_element<T: Clone>(x: &Tensor<T>, shape: &[usize], y: &mut [T]) -> Result<()> {
    super::expect_extents(&x.shape, shape)?;
    y.clone_from_slice(&x.data);
    Ok(())
}

/// The sequence of arrays with these elements and shapes.
pub fn sequence_construct<T: Clone>(parts: &[&[T]], shapes: &[&[usize]], y: &mut Vec<Tensor<T>>) {
    y.clear();
    y.extend(
        parts
            .iter()
            .zip(shapes)
            .map(|(x, s)| Tensor::from_slice(s, x)),
    );
}

/// `sequence` with the array (`x`, `shape`) before place `position`; at the end where that is empty.
pub fn sequence_insert<T: Clone, I: Index>(
    sequence: &[Tensor<T>],
    x: &[T],
    shape: &[usize],
    position: &[I],
    y: &mut Vec<Tensor<T>>,
) -> Result<()> {
    let at = place(position, sequence.len(), sequence.len() + 1)?;
    y.clear();
    y.extend_from_slice(&sequence[..at]);
    y.push(Tensor::from_slice(shape, x));
    y.extend_from_slice(&sequence[at..]);
    Ok(())
}

/// `sequence` without the element at `position`; without the last where that is empty.
pub fn sequence_erase<T: Clone, I: Index>(
    sequence: &[Tensor<T>],
    position: &[I],
    y: &mut Vec<Tensor<T>>,
) -> Result<()> {
    let at = place(position, sequence.len(), sequence.len())?;
    y.clear();
    y.extend_from_slice(&sequence[..at]);
    y.extend_from_slice(&sequence[at + 1..]);
    Ok(())
}

fn element<'a, T, I: Index>(sequence: &'a [Tensor<T>], position: &[I]) -> Result<&'a Tensor<T>> {
    Ok(&sequence[place(position, sequence.len(), sequence.len())?])
}

/// The extents along `at` of the element at `position`, which must have `rank` axes.
pub fn sequence_at_extents<const N: usize, T, I: Index>(
    sequence: &[Tensor<T>],
    position: &[I],
    rank: usize,
    at: &[usize],
) -> Result<[usize; N]> {
    let x = element(sequence, position)?;
    expect_rank(x.shape.len(), rank)?;
    Ok(at_axes(&x.shape, at))
}

/// The element at `position`, which must have this shape.
pub fn sequence_at<T: Clone, I: Index>(
    sequence: &[Tensor<T>],
    position: &[I],
    shape: &[usize],
    y: &mut [T],
) -> Result<()> {
    copy_element(element(sequence, position)?, shape, y)
}

/// The element at `position`, of whatever rank.
pub fn sequence_at_tensor<T: Clone, I: Index>(
    sequence: &[Tensor<T>],
    position: &[I],
    y: &mut Tensor<T>,
) -> Result<()> {
    y.clone_from(element(sequence, position)?);
    Ok(())
}

/// Appends an array with these elements and extents.
pub fn sequence_push<T: Clone>(x: &[T], shape: &[usize], y: &mut Vec<Tensor<T>>) {
    y.push(Tensor::from_slice(shape, x));
}

/// The number of elements.
pub fn sequence_length<T>(sequence: &[Tensor<T>], y: &mut [i64]) {
    y[0] = sequence.len() as i64;
}

/// Extents of the elements joined along `axis` (negative: from the end), which is a new one if `new_axis`.
fn joined_extents<T>(
    sequence: &[Tensor<T>],
    axis: i64,
    new_axis: bool,
) -> Result<(usize, Extents)> {
    let Some(first) = sequence.first() else {
        return Err(Error::new("an empty sequence has nothing to join"));
    };
    let rank = first.shape.len() + usize::from(new_axis);
    let at = if axis < 0 { axis + rank as i64 } else { axis };
    let at = usize::try_from(at)
        .ok()
        .filter(|&a| a < rank)
        .ok_or_else(|| {
            Error::new(format!(
                "axis {axis} of arrays of rank {}",
                first.shape.len()
            ))
        })?;
    let mut extents = Extents::ones(rank)?;
    let mut others = first.shape.iter();
    for (i, extent) in extents.iter_mut().enumerate() {
        if i != at || !new_axis {
            *extent = *others.next().unwrap_or(&1);
        }
    }
    extents[at] = if new_axis { sequence.len() } else { 0 };
    for x in sequence {
        expect_rank(x.shape.len(), first.shape.len())?;
        for (i, (&found, &expected)) in x.shape.iter().zip(&first.shape).enumerate() {
            if new_axis || i != at {
                super::expect_extents(&[found], &[expected])?;
            } else {
                extents[at] += found;
            }
        }
    }
    Ok((at, extents))
}

/// Extents along `at` of [`concat_sequence`]'s result, which must have `rank` axes.
pub fn concat_sequence_extents<const N: usize, T>(
    sequence: &[Tensor<T>],
    axis: i64,
    new_axis: bool,
    rank: usize,
    at: &[usize],
) -> Result<[usize; N]> {
    let (_, extents) = joined_extents(sequence, axis, new_axis)?;
    expect_rank(extents.len(), rank)?;
    Ok(extents.at(at))
}

/// The elements joined along `axis`, which is a new one if `new_axis`.
pub fn concat_sequence<T: Clone>(
    sequence: &[Tensor<T>],
    axis: i64,
    new_axis: bool,
    shape: &[usize],
    y: &mut [T],
) -> Result<()> {
    let (at, extents) = joined_extents(sequence, axis, new_axis)?;
    super::expect_extents(&extents, shape)?;
    join(sequence, at, shape, y);
    Ok(())
}

/// [`concat_sequence`] of elements of whatever rank.
pub fn concat_sequence_tensor<T: Clone + Default>(
    sequence: &[Tensor<T>],
    axis: i64,
    new_axis: bool,
    y: &mut Tensor<T>,
) -> Result<()> {
    let (at, extents) = joined_extents(sequence, axis, new_axis)?;
    let (shape, data) = extents.shape(y);
    join(sequence, at, shape, data);
    Ok(())
}

/// Fills `y` of `shape`; the elements fit.
fn join<T: Clone>(sequence: &[Tensor<T>], at: usize, shape: &[usize], y: &mut [T]) {
    let outer: usize = shape[..at].iter().product();
    let row: usize = shape[at..].iter().product();
    let mut first = 0;
    for x in sequence {
        let n = x.data.len() / outer.max(1);
        for o in 0..outer {
            y[o * row + first..][..n].clone_from_slice(&x.data[o * n..][..n]);
        }
        first += n;
    }
}

/// Entries `first..first + size` of `axis`.
fn part<T: Clone>(x: &[T], shape: &[usize], axis: usize, first: usize, size: usize) -> Tensor<T> {
    let (outer, extent, inner) = around(shape, axis);
    let mut data = Vec::with_capacity(outer * size * inner);
    for o in 0..outer {
        data.extend_from_slice(&x[(o * extent + first) * inner..][..size * inner]);
    }
    let mut shape = shape.to_vec();
    shape[axis] = size;
    Tensor { shape, data }
}

/// `x` cut along `axis` into parts of extents `sizes`, which must make up the axis.
pub fn split_to_sequence<T: Clone, I: Index>(
    x: &[T],
    shape: &[usize],
    axis: usize,
    sizes: &[I],
    y: &mut Vec<Tensor<T>>,
) -> Result<()> {
    y.clear();
    let mut first = 0;
    for s in sizes {
        let size = size("the extent of a part", s.to_i64())?;
        if size > shape[axis] - first {
            return Err(Error::new(format!(
                "parts that go beyond an axis of extent {}",
                shape[axis]
            )));
        }
        y.push(part(x, shape, axis, first, size));
        first += size;
    }
    super::expect_extents(&[first], &[shape[axis]])
}

/// `x` cut along `axis` into parts of extent `size[0]`, of which the last may be smaller; without the axis, which must then
/// be cut into single entries, unless `keep`.
pub fn chunks_to_sequence<T: Clone, I: Index>(
    x: &[T],
    shape: &[usize],
    axis: usize,
    size: &[I],
    keep: bool,
    y: &mut Vec<Tensor<T>>,
) -> Result<()> {
    y.clear();
    let step = usize::try_from(size[0].to_i64())
        .ok()
        .filter(|&s| s > 0)
        .ok_or_else(|| Error::new(format!("parts of extent {}", size[0].to_i64())))?;
    let mut first = 0;
    while first < shape[axis] {
        let size = step.min(shape[axis] - first);
        let mut chunk = part(x, shape, axis, first, size);
        if !keep {
            chunk.shape.remove(axis);
        }
        y.push(chunk);
        first += size;
    }
    Ok(())
}

/// An optional value that is the array (`x`, `shape`).
pub fn optional_tensor<T: Clone>(x: &[T], shape: &[usize], y: &mut Option<Tensor<T>>) {
    *y = Some(Tensor::from_slice(shape, x));
}

/// An optional value that is the sequence.
pub fn optional_sequence<T: Clone>(x: &[T], y: &mut Option<Vec<T>>) {
    *y = Some(x.to_vec());
}

/// An optional value that is not there.
pub fn optional_empty<T>(y: &mut Option<T>) {
    *y = None;
}

/// Whether the value is there.
pub fn optional_has_element<T>(x: &Option<T>, y: &mut [Bool]) {
    y[0] = Bool(u8::from(x.is_some()));
}

fn present<T>(x: &Option<T>) -> Result<&T> {
    x.as_ref()
        .ok_or_else(|| Error::new("the optional value is not there"))
}

/// The extents along `at` of an optional array, which must be there and have `rank` axes.
pub fn optional_extents<const N: usize, T>(
    x: &Option<Tensor<T>>,
    rank: usize,
    at: &[usize],
) -> Result<[usize; N]> {
    let x = present(x)?;
    expect_rank(x.shape.len(), rank)?;
    Ok(at_axes(&x.shape, at))
}

/// An optional array, which must be there and have this shape.
pub fn optional_get_tensor<T: Clone>(
    x: &Option<Tensor<T>>,
    shape: &[usize],
    y: &mut [T],
) -> Result<()> {
    copy_element(present(x)?, shape, y)
}

/// An optional value of any kind, which must be there.
pub fn optional_get<T: Clone>(x: &Option<T>, y: &mut T) -> Result<()> {
    y.clone_from(present(x)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[usize], data: &[i32]) -> Tensor<i32> {
        Tensor::from_slice(shape, data)
    }

    #[test]
    fn positions_count_from_either_end() {
        let s = [tensor(&[1], &[1]), tensor(&[1], &[2])];
        let mut y = Vec::new();
        for (position, at) in [(0, 0), (2, 2), (-1, 1), (-2, 0)] {
            sequence_insert(&s, &[9], &[], &[position], &mut y).unwrap();
            assert_eq!(y[at], tensor(&[], &[9]));
            assert_eq!(y.len(), 3);
        }
        assert!(sequence_insert(&s, &[9], &[], &[3], &mut y).is_err());
        assert!(sequence_insert(&s, &[9], &[], &[-3_i64], &mut y).is_err());
        sequence_erase(&s, &[-2], &mut y).unwrap();
        assert_eq!(y, [tensor(&[1], &[2])]);
        assert!(sequence_erase::<i32, i64>(&[], &[], &mut y).is_err());
        assert!(sequence_at(&s, &[2], &[1], &mut [0]).is_err());
    }

    #[test]
    fn elements_of_another_shape_than_declared_are_an_error() {
        let s = [tensor(&[2], &[1, 2])];
        assert!(sequence_at(&s, &[0], &[1, 2], &mut [0, 0]).is_err());
        assert!(sequence_at_extents::<1, _, _>(&s, &[0], 2, &[0]).is_err());
        assert_eq!(sequence_at_extents::<1, _, _>(&s, &[0], 1, &[0]), Ok([2]));
    }

    #[test]
    fn parts_join_to_what_they_were_cut_from() {
        let x: Vec<i32> = (0..12).collect();
        let (mut s, mut y) = (Vec::new(), Tensor::default());
        split_to_sequence(&x, &[2, 3, 2], 1, &[2, 0, 1], &mut s).unwrap();
        assert_eq!(s[2], tensor(&[2, 1, 2], &[4, 5, 10, 11]));
        concat_sequence_tensor(&s, -2, false, &mut y).unwrap();
        assert_eq!(y, tensor(&[2, 3, 2], &x));
        chunks_to_sequence(&x, &[2, 3, 2], 2, &[1], false, &mut s).unwrap();
        concat_sequence_tensor(&s, -1, true, &mut y).unwrap();
        assert_eq!(y, tensor(&[2, 3, 2], &x));
        chunks_to_sequence(&x, &[2, 3, 2], 1, &[2], true, &mut s).unwrap();
        assert_eq!(s[1].shape, [2, 1, 2]);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let mut s = Vec::new();
        for sizes in [[2, 2], [1, 1], [4, -1]] {
            assert!(split_to_sequence(&[1, 2, 3], &[3], 0, &sizes, &mut s).is_err());
        }
        assert!(chunks_to_sequence(&[1], &[1], 0, &[0], true, &mut s).is_err());
        let uneven = [tensor(&[2], &[1, 2]), tensor(&[1], &[3])];
        assert!(concat_sequence_extents::<1, _>(&uneven, 0, true, 2, &[0]).is_err());
        assert_eq!(
            concat_sequence_extents::<1, _>(&uneven, 0, false, 1, &[0]),
            Ok([3])
        );
        assert!(concat_sequence_extents::<1, i32>(&[], 0, false, 1, &[0]).is_err());
        assert!(concat_sequence_extents::<1, _>(&uneven, 1, false, 1, &[0]).is_err());
    }

    #[test]
    fn an_optional_value_is_there_or_not() {
        let mut x = None;
        assert!(optional_get(&x, &mut tensor(&[], &[0])).is_err());
        optional_tensor(&[1, 2], &[2], &mut x);
        let (mut y, mut has) = ([0, 0], [Bool(0)]);
        optional_get_tensor(&x, &[2], &mut y).unwrap();
        optional_has_element(&x, &mut has);
        assert_eq!((y, has[0].get()), ([1, 2], true));
        optional_empty(&mut x);
        optional_has_element(&x, &mut has);
        assert!(!has[0].get());
    }
}
