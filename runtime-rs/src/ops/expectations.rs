//! Checks of extents that only the run tells, before kernels rely on them.

use crate::error::{Error, Result};

/// An error unless an array of `shape` can be broadcast to `to`.
pub fn expect_broadcast(shape: &[usize], to: &[usize]) -> Result<()> {
    let fits = shape.len() <= to.len()
        && shape
            .iter()
            .rev()
            .zip(to.iter().rev())
            .all(|(&own, &extent)| own == extent || own == 1);
    if fits {
        return Ok(());
    }
    Err(Error::new(format!(
        "an array of extents {shape:?} cannot be broadcast to {to:?}"
    )))
}

/// An error unless scales and zero points of these shapes fit an array of `shape`: one of each, one for each index of `axis`,
/// or (`block` > 0) one for each run of `block` elements along it. One zero point serves all scales.
pub fn expect_scales(
    scales: &[usize],
    zeros: &[usize],
    shape: &[usize],
    axis: usize,
    block: usize,
) -> Result<()> {
    let one = |extents: &[usize]| extents.iter().all(|&extent| extent == 1);
    let fits = match block {
        0 => one(scales) || scales == shape.get(axis..axis + 1).unwrap_or(&[0]),
        _ => {
            scales.len() == shape.len()
                && shape.iter().enumerate().all(|(i, &extent)| {
                    scales[i]
                        == if i == axis {
                            extent.div_ceil(block)
                        } else {
                            extent
                        }
                })
        }
    };
    if fits && (one(zeros) || zeros == scales) {
        return Ok(());
    }
    Err(Error::new(format!(
        "scales of extents {scales:?} and zero points of {zeros:?} for an array of {shape:?}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_or_not() {
        assert!(expect_broadcast(&[3], &[2, 3]).is_ok());
        assert!(expect_broadcast(&[2, 1], &[2, 3]).is_ok());
        assert!(expect_broadcast(&[], &[]).is_ok());
        assert!(expect_broadcast(&[2], &[2, 3]).is_err());
        assert!(expect_broadcast(&[1, 1], &[3]).is_err());
    }

    #[test]
    fn scales_fit_or_not() {
        assert!(expect_scales(&[], &[1], &[2, 5], 9, 0).is_ok());
        assert!(expect_scales(&[5], &[5], &[2, 5], 1, 0).is_ok());
        assert!(expect_scales(&[2, 3], &[], &[2, 5], 1, 2).is_ok());
        assert!(expect_scales(&[4], &[], &[2, 5], 1, 0).is_err());
        assert!(expect_scales(&[5], &[2], &[2, 5], 1, 0).is_err());
        assert!(expect_scales(&[2, 2], &[], &[2, 5], 1, 2).is_err());
    }
}
