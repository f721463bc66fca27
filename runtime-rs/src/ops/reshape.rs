//! Extents that are data of the run.

use crate::element::Index;
use crate::error::{Error, Result};

/// The extents that `wanted` means for an array of `shape`: 0 keeps the input's (unless `allow_zero`), one −1 is inferred.
pub fn reshape_extents<const N: usize, I: Index>(shape: &[usize], wanted: &[I], allow_zero: bool) -> Result<[usize; N]> {
    let total: usize = shape.iter().product();
    let mut extents = [0; N];
    let mut hole = None;
    for (axis, want) in wanted.iter().enumerate() {
        extents[axis] = match want.to_i64() {
            0 if !allow_zero => *shape.get(axis).ok_or_else(|| Error::new(format!("extent {axis} is 0 and the input has rank {}", shape.len())))?,
            -1 if hole.is_none() => {
                hole = Some(axis);
                1
            }
            d => usize::try_from(d).map_err(|_| Error::new(format!("extent {axis} of the new shape is {d}")))?,
        };
    }
    let rest: usize = extents.iter().product();
    if let (Some(axis), 1..) = (hole, rest) {
        extents[axis] = total / rest;
    }
    if extents.iter().product::<usize>() != total {
        return Err(Error::new(format!("{total} elements cannot have the shape {extents:?}")));
    }
    Ok(extents)
}
