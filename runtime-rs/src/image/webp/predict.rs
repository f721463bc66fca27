//! Prediction of VP8's blocks from the pixels above and to the left (RFC 6386, §12).

/// A plane of pixels with a column more on the left and a row more on top: what blocks at the border are predicted from.
pub(super) struct Plane {
    /// Pixels of a row, the surplus included.
    pub stride: usize,
    pub pixels: Vec<u8>,
}

impl Plane {
    /// Pixels above the image are 127, those to the left of it 129, and the one in the corner 127.
    pub fn new(width: usize, height: usize) -> Self {
        let stride = width + 1;
        let mut pixels = vec![0; stride * (height + 1)];
        pixels[..stride].fill(127);
        for row in pixels.chunks_exact_mut(stride).skip(1) {
            row[0] = 129;
        }
        Self { stride, pixels }
    }

    /// Where pixel (x, y) of the image lies.
    pub fn at(&self, x: usize, y: usize) -> usize {
        (y + 1) * self.stride + x + 1
    }

    /// A row of the image.
    pub fn row(&self, y: usize, width: usize) -> &[u8] {
        &self.pixels[self.at(0, y)..][..width]
    }

    /// Adds differences to the 4 × 4 pixels from `at` on.
    pub fn add(&mut self, at: usize, differences: &[i32; 16]) {
        for (y, row) in differences.chunks_exact(4).enumerate() {
            for (pixel, d) in self.pixels[at + y * self.stride..].iter_mut().zip(row) {
                *pixel = (i32::from(*pixel) + d).clamp(0, 255) as u8;
            }
        }
    }
}

/// How a whole block is predicted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    Mean,
    Vertical,
    Horizontal,
    /// Left plus above minus the corner.
    Motion,
}

/// Predicts `size` × `size` pixels from (x, y) on.
pub(super) fn whole(plane: &mut Plane, x: usize, y: usize, size: usize, mode: Whole) {
    let (start, stride) = (plane.at(x, y), plane.stride);
    let above: Vec<u8> = plane.pixels[start - stride..][..size].to_vec();
    let left: Vec<u8> = (0..size)
        .map(|i| plane.pixels[start + i * stride - 1])
        .collect();
    let corner = i32::from(plane.pixels[start - stride - 1]);
    let mean = mean(&above, &left, y > 0, x > 0);
    for (i, &l) in left.iter().enumerate() {
        let row = &mut plane.pixels[start + i * stride..][..size];
        match mode {
            Whole::Mean => row.fill(mean),
            Whole::Vertical => row.copy_from_slice(&above),
            Whole::Horizontal => row.fill(l),
            Whole::Motion => {
                for (pixel, &a) in row.iter_mut().zip(&above) {
                    *pixel = (i32::from(l) + i32::from(a) - corner).clamp(0, 255) as u8;
                }
            }
        }
    }
}

/// The mean of the pixels that exist; 128 for none.
fn mean(above: &[u8], left: &[u8], has_above: bool, has_left: bool) -> u8 {
    let (mut sum, mut count) = (0u32, 0);
    for (side, exists) in [(above, has_above), (left, has_left)] {
        if exists {
            sum += side.iter().map(|&p| u32::from(p)).sum::<u32>();
            count += side.len() as u32;
        }
    }
    if count == 0 {
        return 128;
    }
    ((sum + count / 2) / count) as u8
}

/// How 4 × 4 pixels are predicted, in the file's order.
pub(super) const MEAN: u8 = 0;
pub(super) const MOTION: u8 = 1;
pub(super) const VERTICAL: u8 = 2;
pub(super) const HORIZONTAL: u8 = 3;

/// Predicts 4 × 4 pixels from `start` on; `further` are the four pixels above and to the right.
pub(super) fn part(plane: &mut Plane, start: usize, further: [u8; 4], mode: u8) {
    let stride = plane.stride;
    let pixel = |at: usize| i32::from(plane.pixels[at]);
    // From the lowest on the left by the corner to the last above: E of the RFC.
    let edge: [i32; 13] = core::array::from_fn(|i| match i {
        0..4 => pixel(start + (3 - i) * stride - 1),
        4..9 => pixel(start - stride + i - 5),
        _ => i32::from(further[i - 9]),
    });
    let two = |i: usize| (edge[i] + edge[i + 1] + 1) >> 1;
    // Of three pixels around number i.
    let three = |i: usize| (edge[i - 1] + 2 * edge[i] + edge[(i + 1).min(12)] + 2) >> 2;
    let lowest = (edge[1] + 3 * edge[0] + 2) >> 2;
    let mean = (edge[..4].iter().sum::<i32>() + edge[5..9].iter().sum::<i32>() + 4) >> 3;
    let predicted = |x: usize, y: usize| match mode {
        MEAN => mean,
        MOTION => (edge[3 - y] + edge[5 + x] - edge[4]).clamp(0, 255),
        VERTICAL => three(5 + x),
        HORIZONTAL if y == 3 => lowest,
        HORIZONTAL => three(3 - y),
        // Towards the lower left.
        4 => three(6 + x + y),
        // Towards the lower right.
        5 => three(4 + x - y),
        // Steeply towards the lower right.
        6 => match (2 * x).checked_sub(y) {
            Some(d) if d % 2 == 0 => two(4 + d / 2),
            Some(d) => three(4 + d.div_ceil(2)),
            None => three(5 + 2 * x - y),
        },
        // Steeply towards the lower left.
        7 => match (x, y) {
            (3, 2) => three(10),
            (3, 3) => three(11),
            _ if y.is_multiple_of(2) => two(5 + x + y / 2),
            _ => three(6 + x + y / 2),
        },
        // Flatly towards the lower right.
        8 => match (2 * y).checked_sub(x) {
            Some(d) if d % 2 == 0 => two(3 - d / 2),
            Some(d) => three(4 - d.div_ceil(2)),
            None => three(3 + x - 2 * y),
        },
        // Flatly upwards.
        _ => match 2 * y + x {
            d @ 0..6 if d % 2 == 0 => two(2 - d / 2),
            d @ 0..5 => three(2 - d / 2),
            5 => lowest,
            _ => edge[0],
        },
    };
    let values: [i32; 16] = core::array::from_fn(|i| predicted(i % 4, i / 4));
    for (y, row) in values.chunks_exact(4).enumerate() {
        for (x, &value) in row.iter().enumerate() {
            plane.pixels[start + y * stride + x] = value as u8;
        }
    }
}
