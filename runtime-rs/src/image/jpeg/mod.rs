//! JPEG (ITU-T T.81): sequential and progressive, Huffman coded, 8 bits. Decodes to the same bytes as libjpeg-turbo with its
//! accurate inverse transform and smooth upsampling.

mod colour;
mod entropy;
mod transform;
mod upsample;

use super::bytes::Bytes;
use super::{pixel_count, Image};
pub(crate) use colour::from_differences;
use entropy::{Huffman, Scan};

/// Where the coefficients of a block lie, in the order of the file (figure A.6).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// One of the planes that an image is made of.
struct Component {
    id: u8,
    /// Samples in one unit of the interleaving, across and down.
    factors: [usize; 2],
    quantisation: usize,
    /// The table itself, from the first scan on.
    table: Option<[u16; 64]>,
    /// Samples across and down.
    size: [usize; 2],
    /// Blocks across and down, whole units of the interleaving.
    blocks: [usize; 2],
    /// 64 for each block, row by row.
    coefficients: Vec<i16>,
}

impl Component {
    /// Blocks that have samples of the image.
    fn real_blocks(&self) -> [usize; 2] {
        self.size.map(|n| n.div_ceil(8))
    }
}

struct Frame {
    width: usize,
    height: usize,
    progressive: bool,
    /// The greatest factors of all components.
    factors: [usize; 2],
    components: Vec<Component>,
}

#[derive(Default)]
struct Decoder {
    tables: [Option<[u16; 64]>; 4],
    /// For the first coefficient, and for the others.
    codes: [[Option<Huffman>; 4]; 2],
    restart: usize,
    frame: Option<Frame>,
    /// The transform that Adobe's marker names.
    adobe: Option<u8>,
    jfif: bool,
}

/// Decodes a file.
pub(crate) fn decode(file: &[u8]) -> Option<Image> {
    let mut at = Bytes::new(file);
    at.skip(2)?;
    let mut decoder = Decoder::default();
    loop {
        match marker(&mut at)? {
            0xd9 => break,
            0x01 | 0xd0..=0xd8 => {}
            kind => {
                let length = usize::from(at.be16()?).checked_sub(2)?;
                let segment = at.take(length)?;
                if kind == 0xda {
                    let rest = at.rest();
                    at.skip(decoder.scan(segment, rest)?)?;
                } else {
                    decoder.segment(kind, segment)?;
                }
            }
        }
    }
    decoder.image()
}

/// The next marker; anything before it is passed over.
fn marker(at: &mut Bytes) -> Option<u8> {
    loop {
        if at.u8()? != 0xff {
            continue;
        }
        match at.u8()? {
            0 => {}
            0xff => *at = at.seek(at.position() - 1),
            kind => return Some(kind),
        }
    }
}

impl Decoder {
    fn segment(&mut self, kind: u8, data: &[u8]) -> Option<()> {
        match kind {
            0xc0..=0xc2 => {
                if self.frame.is_some() {
                    return None;
                }
                self.frame = Some(Frame::read(data, kind == 0xc2)?);
            }
            // Lossless, hierarchical or arithmetically coded.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return None,
            0xc4 => self.huffman_tables(data)?,
            0xdb => self.quantisation_tables(data)?,
            0xdd => self.restart = usize::from(Bytes::new(data).be16()?),
            0xe0 => self.jfif |= data.starts_with(b"JFIF\0"),
            0xee if data.starts_with(b"Adobe") => self.adobe = data.get(11).copied(),
            _ => {}
        }
        Some(())
    }

    fn quantisation_tables(&mut self, data: &[u8]) -> Option<()> {
        let mut at = Bytes::new(data);
        while !at.rest().is_empty() {
            let kind = at.u8()?;
            let table = self.tables.get_mut(usize::from(kind & 15))?;
            let mut values = [0; 64];
            for place in ZIGZAG {
                values[usize::from(place)] = match kind >> 4 {
                    0 => u16::from(at.u8()?),
                    1 => at.be16()?,
                    _ => return None,
                };
            }
            *table = Some(values);
        }
        Some(())
    }

    fn huffman_tables(&mut self, data: &[u8]) -> Option<()> {
        let mut at = Bytes::new(data);
        while !at.rest().is_empty() {
            let kind = at.u8()?;
            let codes = self.codes.get_mut(usize::from(kind >> 4))?;
            let code = codes.get_mut(usize::from(kind & 15))?;
            let counts: [u8; 16] = at.array()?;
            let count = counts.iter().map(|&n| usize::from(n)).sum();
            *code = Some(Huffman::new(&counts, at.take(count)?)?);
        }
        Some(())
    }

    /// Reads the scan behind its header; the number of bytes that it takes.
    fn scan(&mut self, header: &[u8], data: &[u8]) -> Option<usize> {
        let frame = self.frame.as_mut()?;
        let mut at = Bytes::new(header);
        let count = at.u8()?;
        let mut parts = Vec::new();
        for _ in 0..count {
            let [id, codes] = at.array()?;
            let index = frame.components.iter().position(|c| c.id == id)?;
            let component = &mut frame.components[index];
            if component.table.is_none() {
                component.table = Some((*self.tables.get(component.quantisation)?)?);
            }
            if parts.iter().any(|&(i, _)| i == index) {
                return None;
            }
            parts.push((index, [codes >> 4, codes & 15].map(usize::from)));
        }
        let [start, end, approximation] = at.array()?;
        let scan = Scan {
            parts: &parts,
            codes: &self.codes,
            band: if frame.progressive {
                [usize::from(start), usize::from(end)]
            } else {
                [0, 63]
            },
            bits: if frame.progressive {
                [approximation >> 4, approximation & 15].map(u32::from)
            } else {
                [0, 0]
            },
            restart: self.restart,
        };
        scan.read(frame, data)
    }

    fn image(self) -> Option<Image> {
        let (adobe, jfif) = (self.adobe, self.jfif);
        let frame = self.frame?;
        let planes: Option<Vec<_>> = frame
            .components
            .iter()
            .map(|c| upsample::plane(c, &frame))
            .collect();
        let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
        let space = colour::Space::of(&ids, adobe, jfif)?;
        Some(Image {
            width: frame.width,
            height: frame.height,
            rgb: space.rgb(&planes?),
        })
    }
}

impl Frame {
    fn read(data: &[u8], progressive: bool) -> Option<Self> {
        let mut at = Bytes::new(data);
        let bits = at.u8()?;
        let (height, width) = (usize::from(at.be16()?), usize::from(at.be16()?));
        pixel_count(width, height)?;
        let count = at.u8()?;
        if bits != 8 || !matches!(count, 1 | 3 | 4) {
            return None;
        }
        let mut components = Vec::new();
        for _ in 0..count {
            let [id, factors, quantisation] = at.array()?;
            let factors = [factors >> 4, factors & 15].map(usize::from);
            if factors.iter().any(|f| !(1..=4).contains(f)) || quantisation > 3 {
                return None;
            }
            components.push(Component {
                id,
                factors,
                quantisation: usize::from(quantisation),
                table: None,
                size: [0; 2],
                blocks: [0; 2],
                coefficients: Vec::new(),
            });
        }
        let factors = [0, 1].map(|i| components.iter().map(|c| c.factors[i]).max().unwrap_or(1));
        for c in &mut components {
            for (i, extent) in [width, height].into_iter().enumerate() {
                c.size[i] = (extent * c.factors[i]).div_ceil(factors[i]);
                c.blocks[i] = extent.div_ceil(8 * factors[i]) * c.factors[i];
            }
            c.coefficients = vec![0; 64 * c.blocks[0] * c.blocks[1]];
        }
        Some(Self {
            width,
            height,
            progressive,
            factors,
            components,
        })
    }
}
