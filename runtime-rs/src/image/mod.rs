//! Decoders of image files: BMP, JPEG, JPEG 2000, PNG, portable maps, TIFF and WebP, all in safe code of our own.
//!
//! Files are hostile input: everything that is read is checked, sizes are limited, and what is damaged or not supported
//! gives no image rather than half of one. Animations give none. Transparency is dropped, as are colour profiles.

mod bitmap;
mod bytes;
mod inflate;
mod jpeg;
mod jpeg2000;
mod png;
mod portable_map;
mod prefix_code;
mod tiff;
mod webp;

pub(crate) use inflate::inflate_raw;

/// A decoded image: rows from the top, red, green and blue of each pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `3 · width · height` bytes.
    pub rgb: Vec<u8>,
}

/// Images of more pixels are refused: 192 MiB decoded.
const MAX_PIXELS: usize = 1 << 26;

/// The number of pixels of an image of these extents; nothing for none, or too many.
fn pixel_count(width: usize, height: usize) -> Option<usize> {
    let count = width.checked_mul(height)?;
    (1..=MAX_PIXELS).contains(&count).then_some(count)
}

/// Decodes a file of one of the formats that people keep pictures in: BMP, JPEG, PNG and portable maps. A program that
/// calls this rather than [`decode`] is 180 kB smaller.
pub fn decode_common(file: &[u8]) -> Option<Image> {
    match file {
        [b'B', b'M', ..] => bitmap::decode(file),
        [0xff, 0xd8, 0xff, ..] => jpeg::decode(file),
        [0x89, b'P', b'N', b'G', ..] => png::decode(file),
        [b'P', b'1'..=b'7', ..] => portable_map::decode(file),
        _ => None,
    }
}

/// Decodes a file of any of the formats, which its first bytes tell. Nothing if it is damaged or not supported.
pub fn decode(file: &[u8]) -> Option<Image> {
    match file {
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => tiff::decode(file),
        [b'R', b'I', b'F', b'F', ..] => webp::decode(file),
        [0, 0, 0, 12, b'j', b'P', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => jpeg2000::decode(file),
        _ => decode_common(file),
    }
}
