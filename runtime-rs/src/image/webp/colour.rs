//! From VP8's planes to red, green and blue, as libwebp does it: colours are interpolated from the four nearest.

use super::predict::Plane;

/// The pixels of an image.
pub(super) fn rgb(planes: &[Plane; 3], width: usize, height: usize) -> Vec<u8> {
    let colours = [width.div_ceil(2), height.div_ceil(2)];
    let mut out = Vec::with_capacity(3 * width * height);
    let mut rows = [vec![0; width], vec![0; width]];
    for y in 0..height {
        let near = y / 2;
        let far = if y % 2 == 0 {
            near.saturating_sub(1)
        } else {
            (near + 1).min(colours[1] - 1)
        };
        for (plane, row) in planes[1..].iter().zip(&mut rows) {
            interpolate(plane.row(near, colours[0]), plane.row(far, colours[0]), row);
        }
        for (x, &brightness) in planes[0].row(y, width).iter().enumerate() {
            out.extend(pixel(brightness, rows[0][x], rows[1][x]));
        }
    }
    out
}

/// A row of a colour: nine, three, three and one sixteenths of the four nearest, rounded in two steps.
fn interpolate(near: &[u8], far: &[u8], out: &mut [u8]) {
    let at = |row: &[u8], i: usize| u32::from(row[i]);
    let side = |i: usize| ((3 * at(near, i) + at(far, i) + 2) >> 2) as u8;
    let width = out.len();
    for (x, out) in out.iter_mut().enumerate() {
        if x == 0 || (x == width - 1 && x % 2 == 1) {
            *out = side(x / 2);
            continue;
        }
        let right = x.div_ceil(2);
        let left = right - 1;
        let all = at(near, left) + at(near, right) + at(far, left) + at(far, right) + 8;
        let (own, other) = if x % 2 == 1 {
            (left, right)
        } else {
            (right, left)
        };
        let diagonal = (all + 2 * (at(near, other) + at(far, own))) >> 3;
        *out = ((diagonal + at(near, own)) >> 1) as u8;
    }
}

/// In fixed point with 14 bits behind the point, in two steps.
fn pixel(y: u8, u: u8, v: u8) -> [u8; 3] {
    let times = |x: u8, factor: i32| (i32::from(x) * factor) >> 8;
    let base = times(y, 19_077);
    [
        base + times(v, 26_149) - 14_234,
        base - times(u, 6_419) - times(v, 13_320) + 8_708,
        base + times(u, 33_050) - 17_685,
    ]
    .map(|x| (x >> 6).clamp(0, 255) as u8)
}
