//! Pools over regions of interest: boxes in images with a fixed number of bins.

use core::ops::Range;

use crate::arithmetic::{from_f64, to_f64, Arithmetic};
use crate::element::{Index, Number};
use crate::error::Result;
use crate::ops::gather::index_in;
use crate::real::Float;

/// Extents of the images and of the result: `[images, channels, height, width]` and `[regions, channels, rows, columns]`.
#[derive(Clone, Copy)]
struct Grid<'a> {
    image: &'a [usize],
    result: &'a [usize],
}

impl Grid<'_> {
    /// The plane of one channel of image `n`.
    fn plane<'x, T>(&self, x: &'x [T], n: usize, channel: usize) -> &'x [T] {
        let size = self.image[2] * self.image[3];
        &x[(n * self.image[1] + channel) * size..][..size]
    }

    /// Calls `f(offset in the result, channel, row, column)` for each bin of one region.
    fn bins(&self, region: usize, mut f: impl FnMut(usize, usize, usize, usize)) {
        let &[_, channels, rows, columns] = self.result else {
            panic!("the result has four axes");
        };
        let mut at = region * channels * rows * columns;
        for channel in 0..channels {
            for (row, column) in (0..rows * columns).map(|n| (n / columns, n % columns)) {
                f(at, channel, row, column);
                at += 1;
            }
        }
    }
}

/// The greatest element of each bin of each region: `regions[r] = [image, x1, y1, x2, y2]`, corners times `scale` rounded
/// to pixels, both ends included. Bins overlap where they share pixels; one without pixels gives 0.
///
/// Errors: an image that does not exist.
pub fn max_roi_pool<T: Float>(
    x: &[T],
    x_shape: &[usize],
    regions: &[T],
    scale: f64,
    y: &mut [T],
    y_shape: &[usize],
) -> Result<()>
where
    T::Wide: Arithmetic,
{
    let grid = Grid {
        image: x_shape,
        result: y_shape,
    };
    for (r, region) in regions.chunks_exact(5).enumerate() {
        let image = index_in(to_f64(region[0]) as i64, x_shape[0])?;
        let pixel = |i: usize| (to_f64(region[i]) * scale).round() as i64;
        grid.bins(r, |at, channel, row, column| {
            let rows = bin(pixel(2), pixel(4), row, y_shape[2], x_shape[2]);
            let columns = bin(pixel(1), pixel(3), column, y_shape[3], x_shape[3]);
            let plane = grid.plane(x, image, channel);
            let pixels = rows.flat_map(|i| &plane[i * x_shape[3]..][columns.clone()]);
            let greatest = pixels.map(|x| x.widen()).reduce(|a, b| a.greater(b));
            y[at] = T::narrow(greatest.unwrap_or_default());
        });
    }
    Ok(())
}

/// Pixels of bin `i` of `bins` between two pixels, both included, that exist.
fn bin(first: i64, last: i64, i: usize, bins: usize, extent: usize) -> Range<usize> {
    let size = (last - first + 1).max(1) as f64 / bins as f64;
    let inside = |at: f64| (at as i64).saturating_add(first).clamp(0, extent as i64) as usize;
    let start = inside((i as f64 * size).floor());
    start..inside(((i + 1) as f64 * size).ceil()).max(start)
}

/// How `roi_align` reads.
#[derive(Clone, Copy, Debug)]
pub struct RoiAlign {
    /// From coordinates of regions to pixels.
    pub scale: f64,
    /// Samples per bin along each axis; 0 for as many as the bin has pixels.
    pub samples: usize,
    /// Pixel centres are at halves; otherwise at whole numbers, and regions are at least one pixel long.
    pub half_pixel: bool,
    /// The greatest of the samples' weighted corners instead of the mean of the samples.
    pub max: bool,
}

/// Samples each bin of each region `[x1, y1, x2, y2]` bilinearly. Samples further than a pixel outside of the image are 0.
///
/// Errors: an image that does not exist.
pub fn roi_align<T: Number, I: Index>(
    x: &[T],
    x_shape: &[usize],
    regions: &[T],
    images: &[I],
    options: RoiAlign,
    y: &mut [T],
    y_shape: &[usize],
) -> Result<()>
where
    T::Wide: Arithmetic,
{
    let grid = Grid {
        image: x_shape,
        result: y_shape,
    };
    for (r, (region, image)) in regions.chunks_exact(4).zip(images).enumerate() {
        let image = index_in(image.to_i64(), x_shape[0])?;
        let shift = if options.half_pixel { 0.5 } else { 0.0 };
        let corner = |i: usize| to_f64(region[i]) * options.scale - shift;
        let rows = Samples::new(corner(1), corner(3), y_shape[2], options);
        let columns = Samples::new(corner(0), corner(2), y_shape[3], options);
        grid.bins(r, |at, channel, row, column| {
            let plane = grid.plane(x, image, channel);
            let sample = |i: usize, j: usize| {
                let point = [rows.at(row, i), columns.at(column, j)];
                corners(plane, [x_shape[2], x_shape[3]], point)
            };
            let all = (0..rows.count).flat_map(|i| (0..columns.count).map(move |j| (i, j)));
            let value = if options.max {
                all.map(|(i, j)| sample(i, j).into_iter().fold(f64::NEG_INFINITY, f64::max))
                    .reduce(f64::max)
                    .unwrap_or(0.0)
            } else {
                let total: f64 = all.map(|(i, j)| sample(i, j).iter().sum::<f64>()).sum();
                total / (rows.count * columns.count).max(1) as f64
            };
            y[at] = from_f64(value);
        });
    }
    Ok(())
}

/// Where the bins of a region are sampled along one axis.
struct Samples {
    start: f64,
    bin: f64,
    count: usize,
}

impl Samples {
    fn new(start: f64, end: f64, bins: usize, options: RoiAlign) -> Self {
        let least = if options.half_pixel {
            f64::NEG_INFINITY
        } else {
            1.0
        };
        let bin = (end - start).max(least) / bins as f64;
        let count = match options.samples {
            0 => bin.ceil().max(0.0) as usize,
            n => n,
        };
        Self { start, bin, count }
    }

    fn at(&self, bin: usize, sample: usize) -> f64 {
        let within = (sample as f64 + 0.5) / self.count as f64;
        self.start + (bin as f64 + within) * self.bin
    }
}

/// The four pixels around a point, each times its bilinear weight.
fn corners<T: Number>(plane: &[T], extents: [usize; 2], point: [f64; 2]) -> [f64; 4]
where
    T::Wide: Arithmetic,
{
    let outside = |i: usize| !(-1.0..=extents[i] as f64).contains(&point[i]);
    if outside(0) || outside(1) || plane.is_empty() {
        return [0.0; 4];
    }
    let [rows, columns] = [0, 1].map(|i| {
        let at = point[i].max(0.0);
        let low = at as usize;
        if low + 1 >= extents[i] {
            return [(extents[i] - 1, 1.0), (extents[i] - 1, 0.0)];
        }
        let part = at - low as f64;
        [(low, 1.0 - part), (low + 1, part)]
    });
    let pixel =
        |(i, wi): (usize, f64), (j, wj): (usize, f64)| wi * wj * to_f64(plane[i * extents[1] + j]);
    [
        pixel(rows[0], columns[0]),
        pixel(rows[0], columns[1]),
        pixel(rows[1], columns[0]),
        pixel(rows[1], columns[1]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_cover_their_region_and_stay_inside_of_the_image() {
        assert_eq!(bin(0, 3, 0, 2, 10), 0..2);
        assert_eq!(bin(0, 2, 1, 2, 10), 1..3);
        assert_eq!(bin(-3, 20, 1, 2, 10), 9..10);
        assert_eq!(bin(30, 40, 0, 1, 10), 10..10);
    }

    #[test]
    fn a_sample_in_the_middle_is_the_mean_of_its_corners() {
        let options = RoiAlign {
            scale: 1.0,
            samples: 1,
            half_pixel: false,
            max: false,
        };
        let mut y = [0.0f32];
        let x = [0.0f32, 2.0, 4.0, 6.0];
        roi_align(
            &x,
            &[1, 1, 2, 2],
            &[0.0, 0.0, 1.0, 1.0],
            &[0i64],
            options,
            &mut y,
            &[1, 1, 1, 1],
        )
        .unwrap();
        assert_eq!(y, [3.0]);
        assert!(roi_align(
            &x,
            &[1, 1, 2, 2],
            &[0.0; 4],
            &[1i64],
            options,
            &mut y,
            &[1, 1, 1, 1]
        )
        .is_err());
    }
}
