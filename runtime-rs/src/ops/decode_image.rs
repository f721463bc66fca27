//! Images out of encoded files.

use crate::image;

/// What the bytes of a pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelFormat {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Brightness: 0.299, 0.587 and 0.114 of them (ITU-R BT.601), to nearest.
    Grayscale,
}

/// Decodes a file: rows, columns, and the bytes of each pixel. Returns rows and columns, both 0 if it cannot be decoded.
pub fn decode_image(file: &[u8], format: PixelFormat, pixels: &mut Vec<u8>) -> [usize; 2] {
    pixels.clear();
    let Some(image) = image::decode(file) else {
        return [0, 0];
    };
    let rgb = image.rgb.chunks_exact(3);
    match format {
        PixelFormat::Rgb => pixels.extend_from_slice(&image.rgb),
        PixelFormat::Bgr => pixels.extend(rgb.flat_map(|p| [p[2], p[1], p[0]])),
        PixelFormat::Grayscale => pixels.extend(rgb.map(brightness)),
    }
    [image.height, image.width]
}

/// In fixed point with 16 bits behind the point.
fn brightness(pixel: &[u8]) -> u8 {
    let parts = [19_595, 38_470, 7_471];
    let sum: u32 = pixel
        .iter()
        .zip(parts)
        .map(|(&p, f)| u32::from(p) * f)
        .sum();
    ((sum + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_come_in_the_order_asked_for() {
        let file = b"P6 2 1 255\n\x0a\x14\x1e\xff\xff\xff";
        let mut pixels = vec![9];
        assert_eq!(decode_image(file, PixelFormat::Bgr, &mut pixels), [1, 2]);
        assert_eq!(pixels, [30, 20, 10, 255, 255, 255]);
        decode_image(file, PixelFormat::Grayscale, &mut pixels);
        assert_eq!(pixels, [18, 255]);
        assert_eq!(decode_image(b"P6 2", PixelFormat::Rgb, &mut pixels), [0, 0]);
        assert!(pixels.is_empty());
    }
}
