//! Extents of views that are data of the run.

use super::run_time_extents::{at_axes, size};
use crate::element::Index;
use crate::error::{Error, Result};
use crate::index::MAX_RANK;

/// The extents, along `at`, that `wanted` means for an array of `shape`: 0 keeps the input's (unless `allow_zero`), one −1
/// is inferred. Errors where the number of elements would change.
pub fn reshape_extents<const N: usize, I: Index>(
    shape: &[usize],
    wanted: &[I],
    allow_zero: bool,
    at: &[usize],
) -> Result<[usize; N]> {
    let total: usize = shape.iter().product();
    let mut extents = [1; MAX_RANK];
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
    let rest: usize = extents.iter().product();
    if let Some(axis) = hole {
        extents[axis] = total.checked_div(rest).unwrap_or(0);
    }
    if extents.iter().product::<usize>() != total {
        return Err(Error::new(format!(
            "{total} elements cannot have the shape {:?}",
            &extents[..wanted.len()]
        )));
    }
    Ok(at_axes(&extents, at))
}

/// The extents, along `at`, of an array of `shape` without `axes`, which must have extent 1.
pub fn squeeze_extents<const N: usize, I: Index>(
    shape: &[usize],
    axes: &[I],
    at: &[usize],
) -> Result<[usize; N]> {
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
    let mut extents = [0; MAX_RANK];
    let kept = (0..shape.len()).filter(|&a| !gone[a]);
    for (to, from) in extents.iter_mut().zip(kept) {
        *to = shape[from];
    }
    Ok(at_axes(&extents, at))
}

/// The extents, along `at`, of an array of `shape` with axes of extent 1 added, where `axes` says in the result.
pub fn unsqueeze_extents<const N: usize, I: Index>(
    shape: &[usize],
    axes: &[I],
    at: &[usize],
) -> Result<[usize; N]> {
    let rank = shape.len() + axes.len();
    let mut added = [false; MAX_RANK];
    for axis in axes {
        added[super::index_in(axis.to_i64(), rank)?] = true;
    }
    let mut extents = [1; MAX_RANK];
    let mut own = shape.iter();
    for axis in (0..rank).filter(|&a| !added[a]) {
        extents[axis] = *own
            .next()
            .ok_or_else(|| Error::new("an axis is added twice"))?;
    }
    Ok(at_axes(&extents, at))
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
