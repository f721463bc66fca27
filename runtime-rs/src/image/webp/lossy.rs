//! Key frames of VP8 (RFC 6386).

use super::super::bytes::Bytes;
use super::super::{pixel_count, Image};
use super::bools::Bools;
use super::filter::{self, Strength};
use super::frame_header::Header;
use super::predict::{self, Plane, Whole};
use super::residuals;
use super::{colour, tables};

/// A block of 16 × 16 pixels.
#[derive(Clone, Copy)]
struct Block {
    segment: usize,
    empty: bool,
    /// How the brightness is predicted, unless in parts.
    brightness: Option<Whole>,
    parts: [u8; 16],
    colour: Whole,
}

/// Which blocks have coefficients: four of the brightness, two of either colour, and the one of first coefficients.
type Filled = [bool; 9];

struct Decoder {
    header: Header,
    planes: [Plane; 3],
    strengths: Vec<Strength>,
}

/// Decodes a frame.
pub(super) fn decode(data: &[u8]) -> Option<Image> {
    let mut at = Bytes::new(data);
    let [a, b, c] = at.array()?;
    let tag = u32::from_le_bytes([a, b, c, 0]);
    if tag & 1 != 0 || at.take(3)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let [width, height] = [at.le16()?, at.le16()?].map(|n| usize::from(n & 0x3fff));
    pixel_count(width, height)?;
    let mut bools = Bools::new(at.take((tag >> 5) as usize)?);
    let blocks = [width.div_ceil(16), height.div_ceil(16)];
    let (header, parts) = Header::read(&mut bools, blocks)?;
    let mut streams = streams(at.rest(), parts)?;
    let [w, h] = blocks.map(|n| 16 * n);
    let mut decoder = Decoder {
        header,
        planes: [
            Plane::new(w, h),
            Plane::new(w / 2, h / 2),
            Plane::new(w / 2, h / 2),
        ],
        strengths: Vec::with_capacity(blocks[0] * blocks[1]),
    };
    decoder.blocks(&mut bools, &mut streams);
    filter::smooth(
        &mut decoder.planes,
        &decoder.strengths,
        blocks[0],
        decoder.header.simple_filter,
    );
    Some(Image {
        width,
        height,
        rgb: colour::rgb(&decoder.planes, width, height),
    })
}

/// The streams of coefficients: sizes of all but the last come first (§9.5).
fn streams(data: &[u8], count: usize) -> Option<Vec<Bools<'_>>> {
    let mut at = Bytes::new(data);
    let sizes = at.take(3 * (count - 1))?;
    let mut streams = Vec::new();
    for size in sizes.chunks_exact(3) {
        let size = u32::from_le_bytes([size[0], size[1], size[2], 0]) as usize;
        streams.push(Bools::new(at.take(size.min(at.rest().len()))?));
    }
    streams.push(Bools::new(at.rest()));
    Some(streams)
}

impl Decoder {
    /// Decodes all blocks: modes from `bools`, coefficients from the streams, which rows take in turn.
    fn blocks(&mut self, bools: &mut Bools, streams: &mut [Bools]) {
        let [across, down] = self.header.blocks;
        let mut modes_above = vec![predict::MEAN; 4 * across];
        let mut filled_above = vec![Filled::default(); across];
        let count = streams.len();
        for y in 0..down {
            let mut modes_left = [predict::MEAN; 4];
            let mut filled_left = Filled::default();
            for x in 0..across {
                let block = self.modes(bools, &mut modes_above[4 * x..4 * x + 4], &mut modes_left);
                let mut coefficients = [[0; 16]; 25];
                let filled = if block.empty {
                    clear(
                        &mut filled_above[x],
                        &mut filled_left,
                        block.brightness.is_some(),
                    );
                    false
                } else {
                    let neighbours = [&mut filled_above[x], &mut filled_left];
                    self.coefficients(
                        &mut streams[y % count],
                        &block,
                        neighbours,
                        &mut coefficients,
                    )
                };
                self.draw(x, y, &block, &coefficients);
                let parts = block.brightness.is_none();
                self.strengths
                    .push(self.header.strength(block.segment, parts, filled));
            }
        }
    }

    /// How a block is predicted (§11).
    fn modes(&self, bools: &mut Bools, above: &mut [u8], left: &mut [u8; 4]) -> Block {
        let mut segment = 0;
        if let Some(odds) = self.header.segments.as_ref().and_then(|s| s.map) {
            let high = bools.read(odds[0]);
            segment = 2 * usize::from(high) + usize::from(bools.read(odds[1 + usize::from(high)]));
        }
        let empty = self.header.empty.is_some_and(|odds| bools.read(odds));
        let brightness = bools.read(145).then(|| match (bools.read(156), ()) {
            (false, ()) if bools.read(163) => Whole::Vertical,
            (false, ()) => Whole::Mean,
            _ if bools.read(128) => Whole::Motion,
            _ => Whole::Horizontal,
        });
        let mut parts = [0; 16];
        for (i, part) in parts.iter_mut().enumerate() {
            let (a, l) = (&mut above[i % 4], &mut left[i / 4]);
            let mode = match brightness {
                None => part_mode(
                    bools,
                    &tables::BLOCK_MODES[usize::from(*a)][usize::from(*l)],
                ),
                Some(Whole::Mean) => predict::MEAN,
                Some(Whole::Vertical) => predict::VERTICAL,
                Some(Whole::Horizontal) => predict::HORIZONTAL,
                Some(Whole::Motion) => predict::MOTION,
            };
            (*part, *a, *l) = (mode, mode, mode);
        }
        let colour = if !bools.read(142) {
            Whole::Mean
        } else if !bools.read(114) {
            Whole::Vertical
        } else if !bools.read(183) {
            Whole::Horizontal
        } else {
            Whole::Motion
        };
        Block {
            segment,
            empty,
            brightness,
            parts,
            colour,
        }
    }

    /// Reads a block's coefficients, 16 of brightness, 4 and 4 of colour; whether it has any.
    fn coefficients(
        &self,
        bools: &mut Bools,
        block: &Block,
        [above, left]: [&mut Filled; 2],
        coefficients: &mut [[i32; 16]; 25],
    ) -> bool {
        let factors = self.header.factors(block.segment);
        let odds = &self.header.odds;
        let mut any = false;
        let whole = block.brightness.is_some();
        if whole {
            let neighbours = usize::from(above[8]) + usize::from(left[8]);
            let mut firsts = [0; 16];
            let filled = residuals::read(bools, &odds[1], neighbours, 0, factors[1], &mut firsts);
            (above[8], left[8]) = (filled, filled);
            any |= filled;
            for (block, first) in coefficients
                .iter_mut()
                .zip(residuals::inverse_hadamard(&firsts))
            {
                block[0] = first;
            }
        }
        // Planes: first of their blocks, blocks across, place among the flags.
        for (plane, (start, across, flags)) in
            [(0, 4, 0), (16, 2, 4), (20, 2, 6)].into_iter().enumerate()
        {
            let (kind, factors) = match (plane, whole) {
                (0, true) => (0, factors[0]),
                (0, false) => (3, factors[0]),
                _ => (2, factors[2]),
            };
            for i in 0..across * across {
                let (a, l) = (
                    &mut above[flags + i % across],
                    &mut left[flags + i / across],
                );
                let neighbours = usize::from(*a) + usize::from(*l);
                let first = usize::from(kind == 0);
                let values = &mut coefficients[start + i];
                let filled =
                    residuals::read(bools, &odds[kind], neighbours, first, factors, values);
                (*a, *l) = (filled, filled);
                any |= filled;
            }
        }
        any
    }

    /// Predicts a block and adds what its coefficients say.
    fn draw(&mut self, x: usize, y: usize, block: &Block, coefficients: &[[i32; 16]; 25]) {
        let [across, _] = self.header.blocks;
        let plane = &mut self.planes[0];
        let start = plane.at(16 * x, 16 * y);
        let corner = start - plane.stride;
        let further: [u8; 4] = core::array::from_fn(|i| match (x + 1 < across, y > 0) {
            (_, false) => 127,
            (true, _) => plane.pixels[corner + 16 + i],
            (false, _) => plane.pixels[corner + 15],
        });
        if let Some(mode) = block.brightness {
            predict::whole(plane, 16 * x, 16 * y, 16, mode);
        }
        for (i, values) in coefficients[..16].iter().enumerate() {
            let at = start + i / 4 * 4 * plane.stride + i % 4 * 4;
            if block.brightness.is_none() {
                let above = at - plane.stride + 4;
                let own = core::array::from_fn(|k| plane.pixels[above + k]);
                predict::part(
                    plane,
                    at,
                    if i % 4 == 3 { further } else { own },
                    block.parts[i],
                );
            }
            add(plane, at, values);
        }
        for (n, plane) in self.planes[1..].iter_mut().enumerate() {
            predict::whole(plane, 8 * x, 8 * y, 8, block.colour);
            let start = plane.at(8 * x, 8 * y);
            for i in 0..4 {
                let at = start + i / 2 * 4 * plane.stride + i % 2 * 4;
                add(plane, at, &coefficients[16 + 4 * n + i]);
            }
        }
    }
}

fn add(plane: &mut Plane, at: usize, values: &[i32; 16]) {
    if values.iter().any(|&v| v != 0) {
        plane.add(at, &residuals::inverse_cosine(values));
    }
}

/// A block without coefficients; the one of first coefficients is left as it is where a block has none.
fn clear(above: &mut Filled, left: &mut Filled, whole: bool) {
    for filled in [above, left] {
        let firsts = filled[8] && !whole;
        *filled = Filled::default();
        filled[8] = firsts;
    }
}

/// How 4 × 4 pixels are predicted (§11.2, the tree of block modes).
fn part_mode(bools: &mut Bools, odds: &[u8; 9]) -> u8 {
    for (mode, &odds) in odds[..3].iter().enumerate() {
        if !bools.read(odds) {
            return mode as u8;
        }
    }
    if !bools.read(odds[3]) {
        return match (bools.read(odds[4]), ()) {
            (false, ()) => predict::HORIZONTAL,
            _ if bools.read(odds[5]) => 6,
            _ => 5,
        };
    }
    if !bools.read(odds[6]) {
        return 4;
    }
    if !bools.read(odds[7]) {
        return 7;
    }
    8 + u8::from(bools.read(odds[8]))
}
