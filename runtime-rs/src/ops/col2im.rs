//! Columns of patches added up to an image: the reverse of taking patches out of one.

use super::run_time_extents::{size, Extents};
use crate::arithmetic::Arithmetic;
use crate::element::{Index, Number};
use crate::error::{Error, Result};
use crate::index::MAX_RANK;
use crate::tensor::Tensor;

/// How patches lie in an image, for each spatial axis.
#[derive(Clone, Copy)]
pub struct Patches<'a> {
    /// Distance between neighbouring patches.
    pub strides: &'a [usize],
    /// Distance between neighbouring elements of a patch.
    pub dilations: &'a [usize],
    /// Added around the image: all leading ones, then all trailing ones.
    pub pads: &'a [usize],
}

/// Extents along `at` of the image `[n, channels, image…]` for columns of the given shape.
pub fn col2im_extents<const N: usize, I: Index>(
    shape: &[usize],
    image: &[I],
    block: &[I],
    at: &[usize],
) -> Result<[usize; N]> {
    Ok(image_extents(shape, image, block)?.at(at))
}

/// As `col2im`, where the number of spatial axes, and with it the result's rank, is data of the run.
pub fn col2im_tensor<T: Number<Wide: Arithmetic>, I: Index>(
    x: &[T],
    x_shape: &[usize],
    image: &[I],
    block: &[I],
    y: &mut Tensor<T>,
) -> Result<()> {
    let (shape, y) = image_extents(x_shape, image, block)?.shape(y);
    let patches = Patches {
        strides: &[1; MAX_RANK][..block.len()],
        dilations: &[1; MAX_RANK][..block.len()],
        pads: &[0; 2 * MAX_RANK][..2 * block.len()],
    };
    col2im(x, x_shape, block, patches, y, shape)
}

fn image_extents<I: Index>(shape: &[usize], image: &[I], block: &[I]) -> Result<Extents> {
    super::expect_extents(&[block.len()], &[image.len()])?;
    let mut extents = Extents::ones(image.len() + 2)?;
    let mut patch: usize = 1;
    for (axis, (i, b)) in image.iter().zip(block).enumerate() {
        extents[axis + 2] = size("an extent of the image", i.to_i64())?;
        patch = patch.saturating_mul(size("an extent of a patch", b.to_i64())?);
    }
    if patch == 0 || !shape[1].is_multiple_of(patch) {
        return Err(Error::new(format!(
            "{} rows of columns are not a multiple of a patch's {patch} elements",
            shape[1]
        )));
    }
    extents[0] = shape[0];
    extents[1] = shape[1] / patch;
    Ok(extents)
}

/// `y[n, c, p…]` is the sum of all `x[n, (c, k…), b…]` with `p = b·stride + k·dilation − pad` on every axis. `y_shape` is
/// `[n, channels, image…]`, `x` has the rows `(c, k…)` and the columns `b…`. Sums as `plus` of the wide type, rounded once.
pub fn col2im<T: Number<Wide: Arithmetic>, I: Index>(
    x: &[T],
    x_shape: &[usize],
    block: &[I],
    patches: Patches,
    y: &mut [T],
    y_shape: &[usize],
) -> Result<()> {
    let rank = block.len();
    super::expect_extents(&[rank + 2], &[y_shape.len()])?;
    let image = &y_shape[2..];
    let mut counts = [1usize; MAX_RANK];
    let mut kernel = [1usize; MAX_RANK];
    for a in 0..rank {
        kernel[a] = size("an extent of a patch", block[a].to_i64())?;
        let padded = image[a] + patches.pads[a] + patches.pads[rank + a];
        let span = (patches.dilations[a] * kernel[a].saturating_sub(1)) + 1;
        counts[a] = (padded + patches.strides[a])
            .checked_sub(span)
            .map_or(0, |room| room / patches.strides[a]);
    }
    let (kernel, counts) = (&kernel[..rank], &counts[..rank]);
    let columns: usize = counts.iter().product();
    super::expect_extents(&[x_shape[2]], &[columns])?;
    let taps: usize = kernel.iter().product();
    let pixels: usize = image.iter().product();
    if pixels == 0 || columns == 0 {
        y.fill(T::narrow(T::Wide::ZERO));
        return Ok(());
    }
    for (x, y) in x
        .chunks_exact(taps * columns)
        .zip(y.chunks_exact_mut(pixels))
    {
        let mut pixel = [0usize; MAX_RANK];
        for y in y {
            *y = T::narrow(sum_of_taps(x, &pixel[..rank], kernel, counts, &patches));
            advance(&mut pixel[..rank], image);
        }
    }
    Ok(())
}

fn sum_of_taps<T: Number<Wide: Arithmetic>>(
    x: &[T],
    pixel: &[usize],
    kernel: &[usize],
    counts: &[usize],
    patches: &Patches,
) -> T::Wide {
    let columns: usize = counts.iter().product();
    let mut sum = T::Wide::ZERO;
    let mut tap = [0usize; MAX_RANK];
    for row in x.chunks_exact(columns) {
        if let Some(column) = column_of(pixel, &tap, counts, patches) {
            sum = sum.plus(row[column].widen());
        }
        advance(&mut tap[..kernel.len()], kernel);
    }
    sum
}

/// The patch whose element `tap` lies at `pixel`, if one has.
fn column_of(pixel: &[usize], tap: &[usize], counts: &[usize], patches: &Patches) -> Option<usize> {
    let mut column = 0;
    for a in 0..pixel.len() {
        let distance = (pixel[a] + patches.pads[a]).checked_sub(tap[a] * patches.dilations[a])?;
        let b = distance / patches.strides[a];
        if distance % patches.strides[a] != 0 || b >= counts[a] {
            return None;
        }
        column = column * counts[a] + b;
    }
    Some(column)
}

/// The next index in row-major order.
fn advance(index: &mut [usize], extents: &[usize]) {
    for (i, &extent) in index.iter_mut().zip(extents).rev() {
        *i += 1;
        if *i < extent {
            return;
        }
        *i = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_patches_add_up() {
        let x = [1.0f32; 2 * 3];
        let mut y = [0.0; 4];
        let patches = Patches {
            strides: &[1],
            dilations: &[1],
            pads: &[0, 0],
        };
        col2im(&x, &[1, 2, 3], &[2i64], patches, &mut y, &[1, 1, 4]).unwrap();
        assert_eq!(y, [1.0, 2.0, 2.0, 1.0]);
        assert!(col2im(&x, &[1, 2, 3], &[2i64], patches, &mut y, &[1, 1, 5]).is_err());
    }
}
