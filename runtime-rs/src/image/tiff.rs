//! The first image of a TIFF file (revision 6.0): grey, RGB or palette, in strips or tiles, uncompressed or compressed by
//! PackBits, LZW or Deflate.

use super::bytes::{packed_sample, spread, Bytes};
use super::inflate::inflate_zlib;
use super::{pixel_count, Image};

/// The fields of a directory that matter.
#[derive(Default)]
struct Fields {
    width: usize,
    height: usize,
    bits: usize,
    compression: usize,
    photometric: usize,
    samples: usize,
    /// Samples of a pixel lie together, not in planes of their own.
    together: bool,
    /// Samples are differences from their left neighbours.
    differences: bool,
    palette: Vec<usize>,
    offsets: Vec<usize>,
    counts: Vec<usize>,
    /// Extents of a segment.
    segment: [usize; 2],
    little_endian: bool,
}

/// Decodes a file.
pub(crate) fn decode(file: &[u8]) -> Option<Image> {
    let fields = Fields::read(file)?;
    let count = pixel_count(fields.width, fields.height)?;
    let samples = fields.samples_of(file)?;
    let mut rgb = Vec::with_capacity(3 * count);
    for pixel in samples.chunks_exact(fields.samples) {
        let grey = |s: u8| {
            if fields.bits < 8 {
                spread(s, fields.bits)
            } else {
                s
            }
        };
        match fields.photometric {
            0 => rgb.extend([255 - grey(pixel[0]); 3]),
            1 => rgb.extend([grey(pixel[0]); 3]),
            2 => rgb.extend(pixel.get(..3)?),
            _ => {
                let colours = fields.palette.len() / 3;
                for channel in 0..3 {
                    let colour = fields.palette.get(channel * colours + pixel[0] as usize)?;
                    rgb.push((colour >> 8) as u8);
                }
            }
        }
    }
    Some(Image {
        width: fields.width,
        height: fields.height,
        rgb,
    })
}

impl Fields {
    fn read(file: &[u8]) -> Option<Self> {
        let little_endian = file.first()? == &b'I';
        let mut at = Bytes::new(file);
        at.skip(4)?;
        let start = word(&mut at, little_endian)?;
        let mut at = at.seek(start);
        let entries = half(&mut at, little_endian)?;
        let mut fields = Self {
            bits: 1,
            compression: 1,
            samples: 1,
            together: true,
            little_endian,
            ..Self::default()
        };
        let (mut rows, mut tiled, mut formats, mut order) = (usize::MAX, false, vec![1], 1);
        for _ in 0..entries {
            let tag = half(&mut at, little_endian)?;
            let Some(values) = values(&mut at, little_endian)? else {
                continue;
            };
            let first = *values.first()?;
            match tag {
                256 => fields.width = first,
                257 => fields.height = first,
                258 if values.iter().all(|&v| v == first) => fields.bits = first,
                258 => return None,
                259 => fields.compression = first,
                262 => fields.photometric = first,
                266 => order = first,
                273 | 324 => fields.offsets = values,
                277 => fields.samples = first,
                278 => rows = first,
                279 | 325 => fields.counts = values,
                284 => fields.together = first == 1,
                317 => fields.differences = (first <= 2).then_some(first == 2)?,
                320 => fields.palette = values,
                322 => (tiled, fields.segment[0]) = (true, first),
                323 => fields.segment[1] = first,
                339 => formats = values,
                _ => {}
            }
        }
        if !tiled {
            fields.segment = [fields.width, rows.min(fields.height)];
        }
        (order == 1 && formats.iter().all(|&f| f == 1) && fields.is_supported()).then_some(fields)
    }

    fn is_supported(&self) -> bool {
        let bits = match self.photometric {
            0 | 1 => matches!(self.bits, 1 | 2 | 4 | 8 | 16),
            2 => matches!(self.bits, 8 | 16) && self.samples >= 3,
            3 => matches!(self.bits, 1 | 2 | 4 | 8),
            _ => false,
        };
        // Segments and their differences stay within what a machine can count.
        let small = |n: &usize| (1..=1 << 20).contains(n);
        bits && (1..=16).contains(&self.samples)
            && self.segment.iter().all(small)
            && matches!(self.compression, 1 | 5 | 8 | 32773 | 32946)
            && !(self.differences && self.bits < 8)
    }

    /// The samples of all pixels; of 16 bits the upper eight.
    fn samples_of(&self, file: &[u8]) -> Option<Vec<u8>> {
        let [width, height] = self.segment;
        let across = self.width.div_ceil(width);
        let per_plane = across * self.height.div_ceil(height);
        let planes = if self.together { 1 } else { self.samples };
        let together = self.samples / planes;
        let length = (width * together * self.bits).div_ceil(8);
        let mut samples = vec![0; self.width * self.height * self.samples];
        for n in 0..per_plane * planes {
            let (plane, n) = (n / per_plane, n % per_plane);
            let (left, top) = (n % across * width, n / across * height);
            let rows = height.min(self.height - top);
            let index = plane * per_plane + n;
            let start = *self.offsets.get(index)?;
            let packed = file.get(start..start.checked_add(*self.counts.get(index)?)?)?;
            // Tiles are whole, the last strip is not.
            let mut data = self.unpack(packed, length * height)?;
            for row in 0..rows {
                let line = data.get_mut(row * length..(row + 1) * length)?;
                if self.differences {
                    self.add_up(line, together);
                }
                for x in 0..width.min(self.width - left) {
                    let pixel = ((top + row) * self.width + left + x) * self.samples;
                    for s in 0..together {
                        samples[pixel + plane + s] = self.sample(line, x * together + s)?;
                    }
                }
            }
        }
        Some(samples)
    }

    fn sample(&self, line: &[u8], index: usize) -> Option<u8> {
        match self.bits {
            16 => line
                .get(2 * index + usize::from(self.little_endian))
                .copied(),
            bits => packed_sample(line, index, bits),
        }
    }

    /// Undoes differences between neighbouring pixels.
    fn add_up(&self, line: &mut [u8], samples: usize) {
        if self.bits == 8 {
            for i in samples..line.len() {
                line[i] = line[i].wrapping_add(line[i - samples]);
            }
            return;
        }
        let (read, write) = if self.little_endian {
            (
                u16::from_le_bytes as fn([u8; 2]) -> u16,
                u16::to_le_bytes as fn(u16) -> [u8; 2],
            )
        } else {
            (
                u16::from_be_bytes as fn([u8; 2]) -> u16,
                u16::to_be_bytes as fn(u16) -> [u8; 2],
            )
        };
        for i in samples..line.len() / 2 {
            let at = |i: usize| [line[2 * i], line[2 * i + 1]];
            let sum = read(at(i)).wrapping_add(read(at(i - samples)));
            line[2 * i..2 * i + 2].copy_from_slice(&write(sum));
        }
    }

    /// A segment of at most `limit` bytes.
    fn unpack(&self, packed: &[u8], limit: usize) -> Option<Vec<u8>> {
        match self.compression {
            1 => Some(packed[..packed.len().min(limit)].to_vec()),
            5 => unpack_lzw(packed, limit),
            8 | 32946 => inflate_zlib(packed, limit),
            _ => unpack_runs(packed, limit),
        }
    }
}

fn half(at: &mut Bytes, little_endian: bool) -> Option<usize> {
    let value = if little_endian { at.le16() } else { at.be16() };
    value.map(usize::from)
}

fn word(at: &mut Bytes, little_endian: bool) -> Option<usize> {
    let value = if little_endian { at.le32() } else { at.be32() };
    value.map(|v| v as usize)
}

/// The whole numbers of a directory's entry, here or elsewhere in the file; the inner nothing is for other types.
fn values(at: &mut Bytes, little_endian: bool) -> Option<Option<Vec<usize>>> {
    let kind = half(at, little_endian)?;
    let count = word(at, little_endian)?;
    let mut here = *at;
    at.skip(4)?;
    let size = match kind {
        1 => 1,
        3 => 2,
        4 => 4,
        _ => return Some(None),
    };
    if count.checked_mul(size)? > 4 {
        here = here.seek(word(&mut here, little_endian)?);
    }
    // No more than the file can hold.
    let mut list = Vec::with_capacity(count.min(here.rest().len()));
    for _ in 0..count {
        list.push(match size {
            1 => usize::from(here.u8()?),
            2 => half(&mut here, little_endian)?,
            _ => word(&mut here, little_endian)?,
        });
    }
    Some((!list.is_empty()).then_some(list))
}

/// PackBits (§9): runs of one byte or of different ones.
fn unpack_runs(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut at = Bytes::new(packed);
    let mut out = Vec::new();
    while out.len() < limit {
        match at.u8()? as i8 {
            -128 => {}
            count @ 0.. => out.extend_from_slice(at.take(count as usize + 1)?),
            count => {
                let value = at.u8()?;
                out.extend(core::iter::repeat_n(
                    value,
                    1 + usize::from(count.unsigned_abs()),
                ));
            }
        }
        if at.rest().is_empty() {
            break;
        }
    }
    Some(out)
}

/// LZW (§13): words of 9 to 12 bits, high bits first, which grow one entry early.
fn unpack_lzw(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    const CLEAR: usize = 256;
    const END: usize = 257;
    // Of each string its last byte and the string before it, as places in `out`: start and length.
    let mut strings: Vec<(usize, usize)> = Vec::new();
    let mut out: Vec<u8> = Vec::new();
    let mut previous: Option<(usize, usize)> = None;
    let (mut bit, mut width) = (0, 9);
    while out.len() < limit {
        let bytes: [u8; 4] =
            core::array::from_fn(|i| packed.get(bit / 8 + i).copied().unwrap_or(0));
        if bit / 8 >= packed.len() {
            break;
        }
        let word = (u32::from_be_bytes(bytes) << (bit % 8)) >> (32 - width);
        bit += width;
        let word = word as usize;
        if word == END {
            break;
        }
        if word == CLEAR {
            strings.clear();
            (width, previous) = (9, None);
            continue;
        }
        let start = out.len();
        if word < CLEAR {
            out.push(word as u8);
        } else {
            let (from, length) = match strings.get(word - 258) {
                Some(&string) => string,
                // A string that is just being made: the previous one and its first byte.
                None if word - 258 == strings.len() => previous.map(|(from, n)| (from, n + 1))?,
                None => return None,
            };
            for i in from..from + length {
                out.push(out[i]);
            }
        }
        if let Some((from, length)) = previous {
            // It is followed in `out` by the byte that makes it longer.
            strings.push((from, length + 1));
        }
        previous = Some((start, out.len() - start));
        width = match strings.len() + 259 {
            0..=511 => 9,
            512..=1023 => 10,
            1024..=2047 => 11,
            _ => 12,
        };
    }
    Some(out)
}
