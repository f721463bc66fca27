//! Portable Network Graphics (W3C PNG, third edition).

use super::bytes::{packed_sample, spread, Bytes};
use super::inflate::inflate_zlib;
use super::{pixel_count, Image};

/// First column and row, and distance of columns and rows, of each pass of an interlaced image.
const PASSES: [[usize; 4]; 7] = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
];

struct Header {
    width: usize,
    height: usize,
    /// Bits of a sample.
    depth: usize,
    /// Grey, colours, palette, grey and alpha, colours and alpha: 0, 2, 3, 4, 6.
    colour: u8,
    interlaced: bool,
}

impl Header {
    fn read(data: &[u8]) -> Option<Self> {
        let mut at = Bytes::new(data);
        let (width, height) = (at.be32()? as usize, at.be32()? as usize);
        let [depth, colour, compression, filter, interlace] = at.array()?;
        pixel_count(width, height)?;
        let allowed: &[u8] = match colour {
            0 => &[1, 2, 4, 8, 16],
            3 => &[1, 2, 4, 8],
            2 | 4 | 6 => &[8, 16],
            _ => return None,
        };
        let valid = allowed.contains(&depth) && compression == 0 && filter == 0 && interlace < 2;
        valid.then_some(Self {
            width,
            height,
            depth: depth as usize,
            colour,
            interlaced: interlace == 1,
        })
    }

    fn samples(&self) -> usize {
        match self.colour {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        }
    }

    /// Bytes of a row of `width` pixels, without the filter's number.
    fn row(&self, width: usize) -> usize {
        (width * self.samples() * self.depth).div_ceil(8)
    }
}

/// Decodes a file.
pub(crate) fn decode(file: &[u8]) -> Option<Image> {
    let mut at = Bytes::new(file);
    if at.take(8)? != b"\x89PNG\r\n\x1a\n" {
        return None;
    }
    let (mut header, mut palette, mut data) = (None, Vec::new(), Vec::new());
    loop {
        let length = at.be32()? as usize;
        let mut checked = at;
        let kind = at.take(4)?;
        let contents = at.take(length)?;
        if at.be32()? != crc32(checked.take(length + 4)?) {
            return None;
        }
        match kind {
            b"IHDR" => header = Some(Header::read(contents)?),
            b"PLTE" => palette = contents.to_vec(),
            b"IDAT" => data.extend_from_slice(contents),
            b"IEND" => break,
            // A lower-case first letter marks what may be skipped.
            _ if kind[0] & 32 != 0 => {}
            _ => return None,
        }
    }
    let header = header?;
    if header.colour == 3 && palette.is_empty() {
        return None;
    }
    let passes = passes(&header);
    let size = passes
        .iter()
        .map(|p| p.height * (1 + header.row(p.width)))
        .sum();
    let data = inflate_zlib(&data, size)?;
    draw(
        &header,
        &palette,
        &passes,
        (data.len() == size).then_some(data)?,
    )
}

/// The checksum of chunks (§D): the polynomial 0xedb88320, bits from the low end.
fn crc32(data: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in data {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// Part of an image that is stored as an image of its own.
struct Pass {
    width: usize,
    height: usize,
    start: [usize; 2],
    step: [usize; 2],
}

fn passes(header: &Header) -> Vec<Pass> {
    if !header.interlaced {
        return vec![Pass {
            width: header.width,
            height: header.height,
            start: [0, 0],
            step: [1, 1],
        }];
    }
    let parts = PASSES.iter().map(|&[x, y, dx, dy]| Pass {
        width: header.width.saturating_sub(x).div_ceil(dx),
        height: header.height.saturating_sub(y).div_ceil(dy),
        start: [x, y],
        step: [dx, dy],
    });
    parts.filter(|p| p.width > 0 && p.height > 0).collect()
}

fn draw(header: &Header, palette: &[u8], passes: &[Pass], mut data: Vec<u8>) -> Option<Image> {
    let mut rgb = vec![0; 3 * header.width * header.height];
    let mut rest = &mut data[..];
    for pass in passes {
        let length = header.row(pass.width);
        let above = vec![0; length];
        let mut above = &above[..];
        for row in 0..pass.height {
            let (line, below) = rest.split_at_mut(1 + length);
            rest = below;
            let (filter, line) = line.split_first_mut()?;
            unfilter(
                *filter,
                line,
                above,
                (header.samples() * header.depth).div_ceil(8),
            )?;
            above = line;
            let y = pass.start[1] + row * pass.step[1];
            for column in 0..pass.width {
                let x = pass.start[0] + column * pass.step[0];
                let pixel = pixel(header, palette, above, column)?;
                rgb[3 * (y * header.width + x)..][..3].copy_from_slice(&pixel);
            }
        }
    }
    Some(Image {
        width: header.width,
        height: header.height,
        rgb,
    })
}

/// Undoes a row's filter (§9); `distance` is that of the bytes of neighbouring pixels.
fn unfilter(filter: u8, row: &mut [u8], above: &[u8], distance: usize) -> Option<()> {
    for i in 0..row.len() {
        let left = if i < distance { 0 } else { row[i - distance] };
        let up = above[i];
        let corner = if i < distance { 0 } else { above[i - distance] };
        let predicted = match filter {
            0 => 0,
            1 => left,
            2 => up,
            3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
            4 => paeth(left, up, corner),
            _ => return None,
        };
        row[i] = row[i].wrapping_add(predicted);
    }
    Some(())
}

/// Of left, above and the corner between them the one nearest to `left + above − corner`.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, up, corner].map(i16::from);
    let estimate = a + b - c;
    let [da, db, dc] = [a, b, c].map(|v| (estimate - v).abs());
    if da <= db && da <= dc {
        left
    } else if db <= dc {
        up
    } else {
        corner
    }
}

fn pixel(header: &Header, palette: &[u8], row: &[u8], column: usize) -> Option<[u8; 3]> {
    let sample = |i: usize| {
        let index = column * header.samples() + i;
        match header.depth {
            16 => row.get(2 * index).copied(),
            depth => packed_sample(row, index, depth),
        }
    };
    match header.colour {
        2 | 6 => Some([sample(0)?, sample(1)?, sample(2)?]),
        3 => palette
            .get(3 * sample(0)? as usize..)?
            .get(..3)?
            .try_into()
            .ok(),
        _ if header.depth < 8 => Some([spread(sample(0)?, header.depth); 3]),
        _ => Some([sample(0)?; 3]),
    }
}
