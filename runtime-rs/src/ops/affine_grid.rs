//! Places of an affine map, to sample at.

use crate::element::Index;
use crate::error::{Error, Result};
use crate::ops::window::for_each_index;
use crate::real::{Float, Real};

/// `grid[n, …places, :] = theta[n]·(place, 1)`: affine maps of places, whose coordinates run from −1 to 1, the last axis
/// first. With `align_corners` those are the centres of the first and the last place, otherwise their outer edges.
pub fn affine_grid<T: Float>(theta: &[T], align_corners: bool, grid: &mut [T], shape: &[usize]) {
    let axes = &shape[1..shape.len() - 1];
    let rank = axes.len();
    let mut rows = grid.chunks_exact_mut(rank);
    for theta in theta.chunks_exact(rank * (rank + 1)) {
        for_each_index(axes, |place| {
            let row = rows.next().expect("grid has the extents of shape");
            for (i, out) in row.iter_mut().enumerate() {
                let matrix = &theta[i * (rank + 1)..][..rank + 1];
                let mut sum = matrix[rank].widen().to_f64();
                for axis in 0..rank {
                    let coordinate = normalized(place[axis], axes[axis], align_corners);
                    sum += matrix[rank - 1 - axis].widen().to_f64() * coordinate;
                }
                *out = T::narrow(T::Wide::from_f64(sum));
            }
        });
    }
}

/// Coordinate of a place, −1 … 1; −1 where a single place is aligned.
fn normalized(place: usize, extent: usize, align_corners: bool) -> f64 {
    if align_corners {
        return place as f64 * 2.0 / (extent.max(2) - 1) as f64 - 1.0;
    }
    (2 * place + 1) as f64 / extent as f64 - 1.0
}

/// Extents of the places in `size`, which is `[n, c, places…]`: those of axes `at` of the grid.
///
/// Errors: a negative extent, or other images than `images`.
pub fn affine_grid_extents<const N: usize, I: Index>(
    size: &[I],
    images: usize,
    at: &[usize],
) -> Result<[usize; N]> {
    let extent = |i: usize| {
        let value = size[i].to_i64();
        usize::try_from(value).map_err(|_| Error::new(format!("extent {i} of size is {value}")))
    };
    if extent(0)? != images {
        return Err(Error::new(format!(
            "{} images where theta has {images}",
            extent(0)?
        )));
    }
    let mut extents = [0; N];
    for (out, &axis) in extents.iter_mut().zip(at) {
        *out = extent(axis + 1)?;
    }
    Ok(extents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_place_is_in_the_middle_or_at_the_start() {
        let identity = [1.0f32, 0.0];
        let mut grid = [9.0];
        affine_grid(&identity, false, &mut grid, &[1, 1, 1]);
        assert_eq!(grid, [0.0]);
        affine_grid(&identity, true, &mut grid, &[1, 1, 1]);
        assert_eq!(grid, [-1.0]);
    }

    #[test]
    fn images_of_both_operands_must_agree() {
        assert_eq!(affine_grid_extents(&[2i64, 3, 4, 5], 2, &[2]), Ok([5]));
        assert!(affine_grid_extents::<1, i64>(&[3, 3, 4, 5], 2, &[1]).is_err());
    }
}
