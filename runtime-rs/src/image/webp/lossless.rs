//! Lossless WebP (RFC 9649, §3).

use super::super::prefix_code::{LowBits, PrefixCode};
use super::super::{pixel_count, Image};
use super::lossless_transforms::Transform;
use super::tables::NEAR;

/// Lengths of code length codes come in this order (§3.7.2.1).
const LENGTH_ORDER: [usize; 19] = [
    17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];
/// Symbols of the first code that are pixels and lengths; colours of the cache come behind them.
const LITERALS: usize = 256;
const LENGTHS: usize = 24;

/// Decodes an image.
pub(super) fn decode(data: &[u8]) -> Option<Image> {
    let (&signature, rest) = data.split_first()?;
    let mut bits = LowBits::new(rest);
    let (width, height) = (bits.bits(14)? as usize + 1, bits.bits(14)? as usize + 1);
    let (_alpha, version) = (bits.bits(1)?, bits.bits(3)?);
    if signature != 0x2f || version != 0 {
        return None;
    }
    pixel_count(width, height)?;
    let mut transforms = Vec::new();
    let mut stored = width;
    while bits.bits(1)? == 1 {
        let transform = Transform::read(&mut bits, stored, height)?;
        if transforms.iter().any(|t: &Transform| t.is_like(&transform)) {
            return None;
        }
        stored = transform.stored_width();
        transforms.push(transform);
    }
    let mut pixels = pixels(&mut bits, stored, height, true)?;
    for transform in transforms.iter().rev() {
        pixels = transform.undo(pixels, height)?;
    }
    let rgb = pixels
        .iter()
        .flat_map(|p| [(p >> 16) as u8, (p >> 8) as u8, *p as u8]);
    Some(Image {
        width,
        height,
        rgb: rgb.collect(),
    })
}

/// Codes of green, lengths and cached colours; of red, blue, alpha; and of distances.
struct Group([PrefixCode; 5]);

impl Group {
    fn read(bits: &mut LowBits, cached: usize) -> Option<Self> {
        let mut code = |symbols| prefix_code(bits, symbols);
        let codes = [
            code(LITERALS + LENGTHS + cached)?,
            code(256)?,
            code(256)?,
            code(256)?,
            code(40)?,
        ];
        Some(Self(codes))
    }
}

/// Pixels as alpha, red, green and blue; `main`: of an image, not of a transform or of the groups.
pub(super) fn pixels(
    bits: &mut LowBits,
    width: usize,
    height: usize,
    main: bool,
) -> Option<Vec<u32>> {
    let mut cache = Cache::read(bits)?;
    let mut tiles = Tiles {
        size: 31,
        across: 1,
        groups: vec![0],
    };
    if main && bits.bits(1)? == 1 {
        tiles.size = bits.bits(3)? + 2;
        tiles.across = width.div_ceil(1 << tiles.size);
        let down = height.div_ceil(1 << tiles.size);
        let numbers = pixels(bits, tiles.across, down, false)?;
        tiles.groups = numbers.iter().map(|n| (n >> 8 & 0xffff) as usize).collect();
    }
    let count = tiles.groups.iter().max()? + 1;
    let groups: Option<Vec<_>> = (0..count)
        .map(|_| Group::read(bits, cache.colours.len()))
        .collect();
    let groups = groups?;
    let total = width * height;
    let mut out: Vec<u32> = Vec::with_capacity(total);
    while out.len() < total {
        let at = out.len();
        let Group(codes) = groups.get(tiles.group(at % width, at / width)?)?;
        let symbol = usize::from(codes[0].read(bits)?);
        if symbol < LITERALS {
            let red = u32::from(codes[1].read(bits)?);
            let blue = u32::from(codes[2].read(bits)?);
            let alpha = u32::from(codes[3].read(bits)?);
            out.push(alpha << 24 | red << 16 | (symbol as u32) << 8 | blue);
            cache.add(&out[at..]);
        } else if symbol < LITERALS + LENGTHS {
            let length = extended(bits, symbol - LITERALS)?;
            let code = usize::from(codes[4].read(bits)?);
            let distance = distance(extended(bits, code)?, width);
            let start = at.checked_sub(distance)?;
            for i in start..start + length.min(total - at) {
                out.push(out[i]);
            }
            cache.add(&out[at..]);
        } else {
            out.push(*cache.colours.get(symbol - LITERALS - LENGTHS)?);
            cache.add(&out[at..]);
        }
    }
    Some(out)
}

/// Parts of an image with codes of their own.
struct Tiles {
    /// Pixels across, as a power of two.
    size: u32,
    across: usize,
    groups: Vec<usize>,
}

impl Tiles {
    fn group(&self, x: usize, y: usize) -> Option<usize> {
        self.groups
            .get((y >> self.size) * self.across + (x >> self.size))
            .copied()
    }
}

/// The colours of late, by a hash (§3.6.2.3).
struct Cache {
    bits: u32,
    colours: Vec<u32>,
}

impl Cache {
    fn read(bits: &mut LowBits) -> Option<Self> {
        let size = if bits.bits(1)? == 1 { bits.bits(4)? } else { 0 };
        let colours = match size {
            0 => Vec::new(),
            1..=11 => vec![0; 1 << size],
            _ => return None,
        };
        Some(Self {
            bits: size,
            colours,
        })
    }

    fn add(&mut self, pixels: &[u32]) {
        if self.bits > 0 {
            for &pixel in pixels {
                let place = 0x1e35_a7bdu32.wrapping_mul(pixel) >> (32 - self.bits);
                self.colours[place as usize] = pixel;
            }
        }
    }
}

/// The value of a code for lengths and distances (§3.6.2.2).
fn extended(bits: &mut LowBits, code: usize) -> Option<usize> {
    if code < 4 {
        return Some(code + 1);
    }
    let extra = (code as u32 - 2) >> 1;
    Some(((2 + (code & 1)) << extra) + bits.bits(extra)? as usize + 1)
}

/// Pixels back; small codes stand for places nearby.
fn distance(code: usize, width: usize) -> usize {
    match NEAR.get(code - 1) {
        Some(&(left, up)) => {
            let back = i64::from(left) + i64::from(up) * width as i64;
            back.max(1) as usize
        }
        None => code - NEAR.len(),
    }
}

/// Reads a code for this many symbols (§3.7.2).
fn prefix_code(bits: &mut LowBits, symbols: usize) -> Option<PrefixCode> {
    let mut lengths = vec![0; symbols];
    if bits.bits(1)? == 1 {
        let two = bits.bits(1)? == 1;
        let wide = bits.bits(1)? == 1;
        let first = bits.bits(if wide { 8 } else { 1 })? as usize;
        *lengths.get_mut(first)? = 1;
        if two {
            *lengths.get_mut(bits.bits(8)? as usize)? = 1;
        }
    } else {
        read_lengths(bits, &mut lengths)?;
    }
    let mut used = lengths
        .iter()
        .enumerate()
        .filter(|(_, &n)| n > 0)
        .map(|(i, _)| i);
    match (used.next(), used.next()) {
        (Some(only), None) => Some(PrefixCode::single(only as u16)),
        (None, _) => None,
        _ => PrefixCode::new(&lengths),
    }
}

fn read_lengths(bits: &mut LowBits, lengths: &mut [u8]) -> Option<()> {
    let mut own = [0; 19];
    let count = bits.bits(4)? as usize + 4;
    for &place in &LENGTH_ORDER[..count] {
        own[place] = bits.bits(3)? as u8;
    }
    let used = own.iter().filter(|&&n| n > 0).count();
    let code = match own.iter().position(|&n| n > 0) {
        Some(only) if used == 1 => PrefixCode::single(only as u16),
        _ => PrefixCode::new(&own)?,
    };
    let mut most = lengths.len();
    if bits.bits(1)? == 1 {
        let size = 2 + 2 * bits.bits(3)?;
        most = 2 + bits.bits(size)? as usize;
    }
    let (mut at, mut last) = (0, 8);
    while at < lengths.len() && most > 0 {
        most -= 1;
        let (value, repeat) = match code.read(bits)? {
            16 => (last, 3 + bits.bits(2)?),
            17 => (0, 3 + bits.bits(3)?),
            18 => (0, 11 + bits.bits(7)?),
            length => {
                if length > 0 {
                    last = length as u8;
                }
                (length as u8, 1)
            }
        };
        lengths.get_mut(at..at + repeat as usize)?.fill(value);
        at += repeat as usize;
    }
    Some(())
}
