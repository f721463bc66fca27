//! JPEG 2000 (ITU-T T.800): reversible and irreversible, in a JP2 file or bare. Regions of interest, changes of progression,
//! packed packet headers and palettes are not supported.

mod arithmetic;
mod codestream;
mod coefficients;
mod packets;
mod tag_tree;
mod tiles;
mod wavelet;

use super::bytes::Bytes;
use super::jpeg::from_differences;
use super::{pixel_count, Image};
use codestream::{Codestream, Component};
use tiles::Area;

/// Decodes a file.
pub(crate) fn decode(file: &[u8]) -> Option<Image> {
    if file.starts_with(&[0xff, 0x4f]) {
        return picture(file, 16);
    }
    let mut at = Bytes::new(file);
    let mut space = 16;
    loop {
        let (kind, contents) = next_box(&mut at)?;
        match &kind {
            b"jp2h" => {
                let mut inner = Bytes::new(contents);
                while let Some((kind, contents)) = next_box(&mut inner) {
                    match (&kind, contents) {
                        // Method 1: a colour space by number.
                        (b"colr", [1, _, _, number @ ..]) => {
                            space = u32::from_be_bytes(number.try_into().ok()?)
                        }
                        (b"pclr", _) => return None,
                        _ => {}
                    }
                }
            }
            b"jp2c" => return picture(contents, space),
            _ => {}
        }
    }
}

/// The name and the contents of the next box (§I.4).
fn next_box<'a>(at: &mut Bytes<'a>) -> Option<([u8; 4], &'a [u8])> {
    let length = at.be32()? as usize;
    let kind = at.array()?;
    let size = match length {
        0 => at.rest().len(),
        1 => usize::try_from((u64::from(at.be32()?)) << 32 | u64::from(at.be32()?))
            .ok()?
            .checked_sub(16)?,
        _ => length.checked_sub(8)?,
    };
    Some((kind, at.take(size)?))
}

/// Decodes a codestream; 18 is the number of the colour space of brightness and differences.
fn picture(data: &[u8], space: u32) -> Option<Image> {
    let stream = Codestream::read(data)?;
    let size = stream.area;
    pixel_count(size.width(), size.height())?;
    let mut planes: Vec<Plane> = stream
        .components
        .iter()
        .map(|c| Plane::new(c, size))
        .collect();
    for number in 0..stream.tiles.len() {
        let tile = tiles::Tile::new(&stream, number)?;
        for (plane, (area, samples)) in planes.iter_mut().zip(tile.decode(&stream)?) {
            plane.put(area, &samples);
        }
    }
    let used = if planes.len() < 3 { 1 } else { 3 };
    let mut rgb = Vec::with_capacity(3 * size.width() * size.height());
    for y in size.y0..size.y1 {
        for x in size.x0..size.x1 {
            let sample = |i: usize| planes[i].sample(x, y);
            rgb.extend(match (used, space) {
                (1, _) => [sample(0); 3],
                (_, 18) => from_differences(sample(0), sample(1), sample(2)),
                _ => [sample(0), sample(1), sample(2)],
            });
        }
    }
    Some(Image {
        width: size.width(),
        height: size.height(),
        rgb,
    })
}

/// All samples of a component, as 8 bits.
struct Plane {
    component: Component,
    area: Area,
    samples: Vec<u8>,
}

impl Plane {
    fn new(component: &Component, size: Area) -> Self {
        let area = size.divided(component.step);
        Self {
            component: *component,
            area,
            samples: vec![0; area.width() * area.height()],
        }
    }

    /// Puts a tile's samples in their place: shifted, limited, and scaled to 8 bits.
    fn put(&mut self, area: Area, samples: &[i32]) {
        let bits = self.component.bits;
        let middle = 1i32 << (bits - 1);
        // What is signed is shown as if it were not.
        for (row, y) in samples
            .chunks_exact(area.width().max(1))
            .zip(area.y0..area.y1)
        {
            let start =
                (y - self.area.y0) as usize * self.area.width() + (area.x0 - self.area.x0) as usize;
            for (&value, out) in row.iter().zip(&mut self.samples[start..]) {
                let value = value.saturating_add(middle).clamp(0, 2 * middle - 1);
                *out = if bits >= 8 {
                    value >> (bits - 8)
                } else {
                    value << (8 - bits)
                } as u8;
            }
        }
    }

    /// The sample of place (x, y) of the image.
    fn sample(&self, x: u32, y: u32) -> u8 {
        let [dx, dy] = self.component.step;
        let column = (x / dx).clamp(self.area.x0, self.area.x1 - 1) - self.area.x0;
        let row = (y / dy).clamp(self.area.y0, self.area.y1 - 1) - self.area.y0;
        self.samples[row as usize * self.area.width() + column as usize]
    }
}
