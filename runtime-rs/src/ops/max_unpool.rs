//! Maxima put back to where they were.

use crate::element::Number;
use crate::error::{Error, Result};
use crate::index::strides;

/// Puts each `x[i]` to place `indices[i]` of an array of the extents `pooled`, which starts in the first corner of `y`; the
/// rest of `y` is 0. Where places repeat the last wins.
///
/// Errors: an index outside of `pooled`, or one whose place is outside of `y`.
pub fn max_unpool<T: Number>(
    x: &[T],
    indices: &[i64],
    pooled: &[usize],
    y: &mut [T],
    y_shape: &[usize],
) -> Result<()> {
    let size: usize = pooled.iter().product();
    let into = strides(y_shape);
    y.fill(T::default());
    for (&value, &index) in x.iter().zip(indices) {
        let mut rest = usize::try_from(index).unwrap_or(size);
        if rest >= size {
            return Err(Error::new(format!(
                "index {index} is outside of {size} elements"
            )));
        }
        let mut at = 0;
        for axis in (0..pooled.len()).rev() {
            let position = rest % pooled[axis];
            rest /= pooled[axis];
            if position >= y_shape[axis] {
                return Err(Error::new(format!(
                    "index {index} is outside of the result {y_shape:?}"
                )));
            }
            at += position * into[axis];
        }
        y[at] = value;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpooling_refuses_places_that_are_not_there() {
        let mut y = [0.0f32; 4];
        assert!(max_unpool(&[1.0], &[4], &[1, 1, 4], &mut y, &[1, 1, 4]).is_err());
        assert!(max_unpool(&[1.0], &[-1], &[1, 1, 4], &mut y, &[1, 1, 4]).is_err());
        max_unpool(&[1.0, 2.0], &[3, 1], &[1, 1, 4], &mut y, &[1, 1, 4]).unwrap();
        assert_eq!(y, [0.0, 2.0, 0.0, 1.0]);
    }
}
