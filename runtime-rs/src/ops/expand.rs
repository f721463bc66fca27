//! Elements repeated: broadcasting and tiling.

use super::run_time_extents::{at_axes, size, Extents};
use super::strided::{copy_from_strided, signed_strides, Axes};
use crate::element::Index;
use crate::error::{Error, Result};
use crate::index::{broadcast_strides, MAX_RANK};
use crate::tensor::Tensor;

/// `x` broadcast to `y_shape`: axes of extent 1 are repeated, missing leading axes added.
pub fn expand<T: Clone>(x: &[T], x_shape: &[usize], y: &mut [T], y_shape: &[usize]) {
    let strides = broadcast_strides(x_shape, y_shape).map(|s| s as isize);
    if y.is_empty() {
        return;
    }
    copy_from_strided(x, 0, &Axes::of(y_shape, &strides), y);
}

/// Extents, along `at`, of an array of `shape` broadcast against the shape `wanted`.
pub fn expand_extents<const N: usize, I: Index>(
    shape: &[usize],
    wanted: &[I],
    at: &[usize],
) -> Result<[usize; N]> {
    Ok(expanded(shape, wanted)?.at(at))
}

/// `y` becomes `x` broadcast against the shape `wanted`.
pub fn expand_tensor<T: Clone + Default, I: Index>(
    x: &[T],
    x_shape: &[usize],
    wanted: &[I],
    y: &mut Tensor<T>,
) -> Result<()> {
    let (shape, data) = expanded(x_shape, wanted)?.shape(y);
    expand(x, x_shape, data, shape);
    Ok(())
}

fn expanded<I: Index>(shape: &[usize], wanted: &[I]) -> Result<Extents> {
    let rank = shape.len().max(wanted.len());
    let mut extents = Extents::ones(rank)?;
    for axis in 0..rank {
        let of = |len: usize| (axis + len).checked_sub(rank);
        let own = of(shape.len()).map_or(1, |i| shape[i]);
        let want = match of(wanted.len()) {
            Some(i) => size("an extent", wanted[i].to_i64())?,
            None => 1,
        };
        extents[axis] = match (own, want) {
            (1, w) => w,
            (o, 1) => o,
            (o, w) if o == w => o,
            (o, w) => {
                return Err(Error::new(format!(
                    "an axis of extent {o} cannot be broadcast to {w}"
                )))
            }
        };
    }
    Ok(extents)
}

/// `y[i…] = x[i mod extent …]`: `x` repeated along each axis as often as `y_shape` has room for it.
pub fn tile<T: Clone>(x: &[T], x_shape: &[usize], y: &mut [T], y_shape: &[usize]) {
    if y.is_empty() {
        return;
    }
    let own = signed_strides(x_shape);
    let mut axes = Axes::new();
    for axis in 0..x_shape.len() {
        axes.push(y_shape[axis] / x_shape[axis], 0);
        axes.push(x_shape[axis], own[axis]);
    }
    copy_from_strided(x, 0, &axes, y);
}

/// Extents, along `at`, of an array of `shape` repeated.
pub fn tile_extents<const N: usize, I: Index>(
    shape: &[usize],
    repeats: &[I],
    at: &[usize],
) -> Result<[usize; N]> {
    super::expect_extents(&[repeats.len()], &[shape.len()])?;
    let mut extents = [0; MAX_RANK];
    for axis in 0..shape.len() {
        extents[axis] = shape[axis] * size("a number of repeats", repeats[axis].to_i64())?;
    }
    Ok(at_axes(&extents, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expanding_repeats_axes_of_extent_one() {
        let mut y = [0; 12];
        expand(&[1, 2, 3], &[3, 1], &mut y, &[2, 3, 2]);
        assert_eq!(y, [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3]);
        assert_eq!(
            expand_extents(&[3, 1], &[2i64, 1, 6], &[0, 1, 2]).unwrap(),
            [2, 3, 6]
        );
        assert!(expand_extents::<1, i64>(&[3], &[2], &[0]).is_err());
    }

    #[test]
    fn tiling_repeats_every_axis() {
        let mut y = [0; 24];
        tile(&[1, 2, 3, 4, 5, 6], &[2, 3], &mut y, &[4, 6]);
        assert_eq!(
            y,
            [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]
        );
    }
}
