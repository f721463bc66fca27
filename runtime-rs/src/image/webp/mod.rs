//! WebP (RFC 9649): a key frame of VP8, or a lossless image.

mod bools;
mod colour;
mod filter;
mod frame_header;
mod lossless;
mod lossless_transforms;
mod lossy;
mod predict;
mod residuals;
mod tables;

use super::bytes::Bytes;
use super::Image;

/// Decodes a file; nothing for animations.
pub(crate) fn decode(file: &[u8]) -> Option<Image> {
    let mut at = Bytes::new(file);
    at.skip(8)?;
    if at.take(4)? != b"WEBP" {
        return None;
    }
    loop {
        let kind = at.take(4)?;
        let length = at.le32()? as usize;
        let data = at.take(length)?;
        match kind {
            b"VP8 " => return lossy::decode(data),
            b"VP8L" => return lossless::decode(data),
            b"VP8X" if data.first()? & 2 != 0 => return None,
            _ => {}
        }
        // Chunks are padded to even lengths.
        at.skip(length % 2)?;
    }
}
