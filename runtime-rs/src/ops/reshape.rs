//! The same elements with other extents, which are data of the run.

use super::run_time_extents::{size, Extents};
use crate::element::Index;
use crate::error::{Error, Result};
use crate::index::MAX_RANK;
use crate::tensor::Tensor;

/// The extents, along `at`, that `wanted` means for an array of `shape`: 0 keeps the input's (unless `allow_zero`), one −1
/// is inferred. Errors where the number of elements would change.
pub fn reshape_extents<const N: usize, I: Index>(
    shape: &[usize],
    wanted: &[I],
    allow_zero: bool,
    at: &[usize],
) -> Result<[usize; N]> {
    Ok(reshaped(shape, wanted, allow_zero)?.at(at))
}

/// `y` becomes `x` with the extents that `wanted` means, as in `reshape_extents`.
pub fn reshape_tensor<T: Clone + Default, I: Index>(
    x: &[T],
    shape: &[usize],
    wanted: &[I],
    allow_zero: bool,
    y: &mut Tensor<T>,
) -> Result<()> {
    reshaped(shape, wanted, allow_zero)?
        .shape(y)
        .1
        .clone_from_slice(x);
    Ok(())
}

fn reshaped<I: Index>(shape: &[usize], wanted: &[I], allow_zero: bool) -> Result<Extents> {
    let total: usize = shape.iter().product();
    let mut extents = Extents::ones(wanted.len())?;
    let mut hole = None;
    for (axis, want) in wanted.iter().enumerate() {
        extents[axis] = match want.to_i64() {
            0 if !allow_zero => *shape.get(axis).ok_or_else(|| {
                Error::new(format!(
                    "extent {axis} is 0 and the input has rank {}",
                    shape.len()
                ))
            })?,
            -1 if hole.is_none() => {
                hole = Some(axis);
                1
            }
            d => size("an extent of the new shape", d)?,
        };
    }
    let elements = |extents: &Extents| extents.iter().try_fold(1, |n: usize, &d| n.checked_mul(d));
    if let (Some(axis), Some(rest)) = (hole, elements(&extents)) {
        extents[axis] = total.checked_div(rest).unwrap_or(0);
    }
    if elements(&extents) != Some(total) {
        return Err(Error::new(format!(
            "{total} elements cannot have the shape {:?}",
            &extents[..]
        )));
    }
    Ok(extents)
}

/// The extents, along `at`, of an array of `shape` without `axes`, which must have extent 1.
pub fn squeeze_extents<const N: usize, I: Index>(
    shape: &[usize],
    axes: &[I],
    at: &[usize],
) -> Result<[usize; N]> {
    Ok(squeezed(shape, axes)?.at(at))
}

/// `y` becomes `x` without `axes`, which must have extent 1.
pub fn squeeze_tensor<T: Clone + Default, I: Index>(
    x: &[T],
    shape: &[usize],
    axes: &[I],
    y: &mut Tensor<T>,
) -> Result<()> {
    squeezed(shape, axes)?.shape(y).1.clone_from_slice(x);
    Ok(())
}

/// `y` becomes `x` without any axes of extent 1.
pub fn squeeze_ones_tensor<T: Clone + Default>(x: &[T], shape: &[usize], y: &mut Tensor<T>) {
    let mut extents = Extents::new();
    for &extent in shape.iter().filter(|&&d| d != 1) {
        extents.push(extent);
    }
    extents.shape(y).1.clone_from_slice(x);
}

fn squeezed<I: Index>(shape: &[usize], axes: &[I]) -> Result<Extents> {
    let mut gone = [false; MAX_RANK];
    for axis in axes {
        let axis = super::index_in(axis.to_i64(), shape.len())?;
        if shape[axis] != 1 {
            return Err(Error::new(format!(
                "axis {axis} of extent {} cannot be left out",
                shape[axis]
            )));
        }
        gone[axis] = true;
    }
    let mut extents = Extents::new();
    for (&extent, _) in shape.iter().zip(gone).filter(|(_, gone)| !gone) {
        extents.push(extent);
    }
    Ok(extents)
}

/// The extents, along `at`, of an array of `shape` with axes of extent 1 added, where `axes` says in the result.
pub fn unsqueeze_extents<const N: usize, I: Index>(
    shape: &[usize],
    axes: &[I],
    at: &[usize],
) -> Result<[usize; N]> {
    Ok(unsqueezed(shape, axes)?.at(at))
}

/// `y` becomes `x` with axes of extent 1 added, where `axes` says in the result.
pub fn unsqueeze_tensor<T: Clone + Default, I: Index>(
    x: &[T],
    shape: &[usize],
    axes: &[I],
    y: &mut Tensor<T>,
) -> Result<()> {
    unsqueezed(shape, axes)?.shape(y).1.clone_from_slice(x);
    Ok(())
}

fn unsqueezed<I: Index>(shape: &[usize], axes: &[I]) -> Result<Extents> {
    let rank = shape.len() + axes.len();
    let mut extents = Extents::ones(rank)?;
    let mut added = [false; MAX_RANK];
    for axis in axes {
        added[super::index_in(axis.to_i64(), rank)?] = true;
    }
    let mut own = shape.iter();
    for axis in (0..rank).filter(|&a| !added[a]) {
        extents[axis] = *own
            .next()
            .ok_or_else(|| Error::new("an axis is added twice"))?;
    }
    Ok(extents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_inferred() {
        let extents =
            |wanted: &[i64], allow| reshape_extents::<2, i64>(&[2, 6], wanted, allow, &[0, 1]);
        assert_eq!(extents(&[-1, 4], false).unwrap(), [3, 4]);
        assert_eq!(extents(&[0, -1], false).unwrap(), [2, 6]);
        assert!(extents(&[0, -1], true).is_err());
        assert!(extents(&[5, -1], false).is_err());
        assert!(extents(&[-1, -1], false).is_err());
        assert!(extents(&[3, 3], false).is_err());
        assert_eq!(
            reshape_extents::<1, i64>(&[0, 3], &[3, -1], false, &[1]).unwrap(),
            [0]
        );
    }

    #[test]
    fn the_rank_may_be_data() {
        let mut y = Tensor::default();
        reshape_tensor(&[1, 2, 3, 4], &[4], &[2i64, 1, -1], false, &mut y).unwrap();
        assert_eq!(
            (&y.shape[..], &y.data[..]),
            (&[2, 1, 2][..], &[1, 2, 3, 4][..])
        );
        squeeze_tensor(&[1, 2], &[2, 1], &[-1i64], &mut y).unwrap();
        assert_eq!((&y.shape[..], &y.data[..]), (&[2][..], &[1, 2][..]));
        unsqueeze_tensor(&[5], &[], &[0i64, 1], &mut y).unwrap();
        assert_eq!((&y.shape[..], &y.data[..]), (&[1, 1][..], &[5][..]));
        assert!(reshape_tensor(&[1], &[1], &[1i64; 17], false, &mut y).is_err());
        let huge = [i64::MAX, 4, -1];
        assert!(reshape_tensor(&[1], &[1], &huge, false, &mut y).is_err());
    }

    #[test]
    fn axes_of_extent_one_come_and_go() {
        assert_eq!(
            squeeze_extents(&[1, 3, 1], &[-1i64], &[0, 1]).unwrap(),
            [1, 3]
        );
        assert!(squeeze_extents::<1, i64>(&[2, 3], &[0], &[0]).is_err());
        assert_eq!(
            unsqueeze_extents(&[3, 4], &[-1i64, 0], &[0, 1, 2, 3]).unwrap(),
            [1, 3, 4, 1]
        );
        assert!(unsqueeze_extents::<1, i64>(&[3], &[0, 0], &[0]).is_err());
    }
}
