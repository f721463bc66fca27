//! Windows bitmaps, with headers of 12 to 124 bytes: uncompressed, with bit fields, or run-length coded.

use super::bytes::{packed_sample, Bytes};
use super::{pixel_count, Image};

struct Header {
    width: usize,
    height: usize,
    /// Rows start at the top.
    from_top: bool,
    bits: usize,
    compression: u32,
    /// Places of red, green and blue in pixels of 16 and 32 bits.
    masks: [u32; 3],
    palette: Vec<[u8; 3]>,
}

/// Decodes a file.
pub(crate) fn decode(file: &[u8]) -> Option<Image> {
    let mut at = Bytes::new(file);
    at.skip(10)?;
    let start = at.le32()? as usize;
    let header = header(&mut at)?;
    let data = file.get(start..)?;
    let count = pixel_count(header.width, header.height)?;
    let mut rgb = vec![0; 3 * count];
    match header.compression {
        1 | 2 => {
            let indices = run_length(data, &header)?;
            for (pixel, &index) in rgb.chunks_exact_mut(3).zip(&indices) {
                pixel.copy_from_slice(header.palette.get(index as usize)?);
            }
        }
        _ => {
            let length = (header.width * header.bits).div_ceil(32) * 4;
            let rows = data
                .get(..length.checked_mul(header.height)?)?
                .chunks_exact(length);
            for (row, out) in rows.zip(rgb.chunks_exact_mut(3 * header.width)) {
                for (x, pixel) in out.chunks_exact_mut(3).enumerate() {
                    pixel.copy_from_slice(&header.pixel(row, x)?);
                }
            }
        }
    }
    if !header.from_top {
        turn_over(&mut rgb, 3 * header.width);
    }
    Some(Image {
        width: header.width,
        height: header.height,
        rgb,
    })
}

/// Puts the rows in the opposite order.
fn turn_over(data: &mut [u8], length: usize) {
    let rows = data.len() / length;
    for row in 0..rows / 2 {
        let (above, below) = data.split_at_mut((rows - 1 - row) * length);
        above[row * length..][..length].swap_with_slice(&mut below[..length]);
    }
}

fn header(at: &mut Bytes) -> Option<Header> {
    let start = at.position();
    let size = at.le32()? as usize;
    if size < 12 {
        return None;
    }
    let old = size == 12;
    let (width, height) = if old {
        (i32::from(at.le16()?), i32::from(at.le16()?))
    } else {
        (at.le32()? as i32, at.le32()? as i32)
    };
    at.skip(2)?;
    let bits = at.le16()? as usize;
    let (mut compression, mut colours) = (0, 0);
    if size >= 40 {
        compression = at.le32()?;
        at.skip(12)?;
        colours = at.le32()? as usize;
        at.skip(4)?;
    }
    let mut masks = match bits {
        16 => [0x7c00, 0x3e0, 0x1f],
        _ => [0xff_0000, 0xff00, 0xff],
    };
    if compression == 3 || compression == 6 {
        for mask in &mut masks {
            *mask = at.le32()?;
        }
    }
    let supported = match compression {
        0 => matches!(bits, 1 | 4 | 8 | 16 | 24 | 32),
        1 => bits == 8,
        2 => bits == 4,
        3 | 6 => matches!(bits, 16 | 32),
        _ => false,
    };
    if !supported {
        return None;
    }
    // Behind a header of 40 bytes masks are apart from it; longer ones include them.
    let behind = (start + size).max(at.position());
    let mut colour = at.seek(behind);
    let palette = palette(&mut colour, bits, colours, if old { 3 } else { 4 })?;
    Some(Header {
        width: usize::try_from(width).ok()?,
        height: height.unsigned_abs() as usize,
        from_top: height < 0,
        bits,
        compression,
        masks,
        palette,
    })
}

fn palette(at: &mut Bytes, bits: usize, colours: usize, size: usize) -> Option<Vec<[u8; 3]>> {
    if bits > 8 {
        return Some(Vec::new());
    }
    let most = 1 << bits;
    let count = if colours == 0 {
        most
    } else {
        colours.min(most)
    };
    let entry = |_| at.take(size).map(|c| [c[2], c[1], c[0]]);
    (0..count).map(entry).collect()
}

impl Header {
    fn pixel(&self, row: &[u8], x: usize) -> Option<[u8; 3]> {
        match self.bits {
            24 => row.get(3 * x..3 * x + 3).map(|p| [p[2], p[1], p[0]]),
            16 => {
                let pair = row.get(2 * x..2 * x + 2)?.try_into().ok()?;
                Some(
                    self.masks
                        .map(|m| field(u32::from(u16::from_le_bytes(pair)), m)),
                )
            }
            32 => {
                let word = row.get(4 * x..4 * x + 4)?.try_into().ok()?;
                Some(self.masks.map(|m| field(u32::from_le_bytes(word), m)))
            }
            bits => self
                .palette
                .get(packed_sample(row, x, bits)? as usize)
                .copied(),
        }
    }
}

/// A bit field spread over 0 … 255.
fn field(word: u32, mask: u32) -> u8 {
    if mask == 0 {
        return 0;
    }
    let shift = mask.trailing_zeros();
    let most = u64::from(mask >> shift);
    (u64::from((word & mask) >> shift) * 255 / most) as u8
}

/// Palette indices of a run-length coded image, bottom row first; what is skipped has index 0.
fn run_length(data: &[u8], header: &Header) -> Option<Vec<u8>> {
    let wide = header.compression == 1;
    let mut indices = vec![0; header.width * header.height];
    let (mut x, mut y) = (0, 0);
    let mut at = Bytes::new(data);
    let index = |pair: u8, i: usize| match (wide, i % 2) {
        (true, _) => pair,
        (false, 0) => pair >> 4,
        (false, _) => pair & 15,
    };
    loop {
        let mut put = |value: u8, x: &mut usize, y: usize| {
            if *x < header.width && y < header.height {
                indices[y * header.width + *x] = value;
            }
            *x += 1;
        };
        match at.array()? {
            [0, 0] => (x, y) = (0, y + 1),
            [0, 1] => return Some(indices),
            [0, 2] => {
                let [dx, dy] = at.array()?;
                (x, y) = (x + dx as usize, y + dy as usize);
            }
            [0, count] => {
                let count = count as usize;
                let bytes = if wide { count } else { count.div_ceil(2) };
                let values = at.take(bytes.div_ceil(2) * 2)?;
                for i in 0..count {
                    put(index(values[if wide { i } else { i / 2 }], i), &mut x, y);
                }
            }
            [count, value] => {
                for i in 0..count as usize {
                    put(index(value, i), &mut x, y);
                }
            }
        }
    }
}
