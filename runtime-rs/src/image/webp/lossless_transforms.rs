//! Transforms of lossless WebP and how they are undone (RFC 9649, §3.5). Pixels are alpha, red, green, blue.

use super::super::prefix_code::LowBits;
use super::lossless::pixels;

pub(super) enum Transform {
    /// Differences from a prediction, whose kind is in the green of each tile.
    Predictor(Tiles),
    /// Red and blue less shares of green and red.
    Colour(Tiles),
    /// Red and blue less green.
    SubtractGreen { width: usize },
    /// Numbers of colours, several in the green of a pixel where there are few.
    Indices {
        width: usize,
        /// Pixels stored in one, as a power of two.
        packing: u32,
        colours: Vec<u32>,
    },
}

/// One value for each part of an image.
pub(super) struct Tiles {
    width: usize,
    /// Pixels of a tile across, as a power of two.
    size: u32,
    values: Vec<u32>,
}

impl Tiles {
    fn read(bits: &mut LowBits, width: usize, height: usize) -> Option<Self> {
        let size = bits.bits(3)? + 2;
        let values = pixels(
            bits,
            width.div_ceil(1 << size),
            height.div_ceil(1 << size),
            false,
        )?;
        Some(Self {
            width,
            size,
            values,
        })
    }

    fn value(&self, x: usize, y: usize) -> u32 {
        self.values[(y >> self.size) * self.width.div_ceil(1 << self.size) + (x >> self.size)]
    }
}

/// Sums of the four parts, each modulo 256.
fn sum(a: u32, b: u32) -> u32 {
    let even = (a & 0x00ff_00ff).wrapping_add(b & 0x00ff_00ff) & 0x00ff_00ff;
    let odd = (a & 0xff00_ff00).wrapping_add(b & 0xff00_ff00) & 0xff00_ff00;
    even | odd
}

/// Each part by a function of the parts.
fn parts<const N: usize>(pixels: [u32; N], f: impl Fn([i32; N]) -> i32) -> u32 {
    let part = |shift: u32| f(pixels.map(|p| (p >> shift & 0xff) as i32)).clamp(0, 255) as u32;
    part(24) << 24 | part(16) << 16 | part(8) << 8 | part(0)
}

fn average(a: u32, b: u32) -> u32 {
    parts([a, b], |[a, b]| (a + b) / 2)
}

impl Transform {
    /// Reads a transform of an image of these extents.
    pub fn read(bits: &mut LowBits, width: usize, height: usize) -> Option<Self> {
        Some(match bits.bits(2)? {
            0 => Self::Predictor(Tiles::read(bits, width, height)?),
            1 => Self::Colour(Tiles::read(bits, width, height)?),
            2 => Self::SubtractGreen { width },
            _ => {
                let count = bits.bits(8)? as usize + 1;
                let mut colours = pixels(bits, count, 1, false)?;
                for i in 1..count {
                    colours[i] = sum(colours[i], colours[i - 1]);
                }
                let packing = match count {
                    ..=2 => 3,
                    3..=4 => 2,
                    5..=16 => 1,
                    _ => 0,
                };
                Self::Indices {
                    width,
                    packing,
                    colours,
                }
            }
        })
    }

    pub fn is_like(&self, other: &Self) -> bool {
        core::mem::discriminant(self) == core::mem::discriminant(other)
    }

    /// Pixels of a row as they are stored.
    pub fn stored_width(&self) -> usize {
        match self {
            Self::Predictor(tiles) | Self::Colour(tiles) => tiles.width,
            Self::SubtractGreen { width } => *width,
            Self::Indices { width, packing, .. } => width.div_ceil(1 << packing),
        }
    }

    /// The pixels before the transform.
    pub fn undo(&self, mut pixels: Vec<u32>, height: usize) -> Option<Vec<u32>> {
        match self {
            Self::Predictor(tiles) => predict(&mut pixels, tiles),
            Self::Colour(tiles) => {
                for (i, pixel) in pixels.iter_mut().enumerate() {
                    *pixel = mixed(*pixel, tiles.value(i % tiles.width, i / tiles.width));
                }
            }
            Self::SubtractGreen { .. } => {
                for pixel in &mut pixels {
                    let green = *pixel >> 8 & 0xff;
                    *pixel = sum(*pixel, green << 16 | green);
                }
            }
            Self::Indices {
                width,
                packing,
                colours,
            } => {
                let stored = self.stored_width();
                let bits = 8 >> packing;
                let index = |x: usize, y: usize| {
                    let green = pixels[y * stored + (x >> packing)] >> 8 & 0xff;
                    let shift = (x as u32 & ((1 << packing) - 1)) * bits;
                    (green >> shift & ((1 << bits) - 1)) as usize
                };
                // Colours beyond the last are transparent black.
                let colour = |i: usize| colours.get(i).copied().unwrap_or(0);
                let places = (0..width * height).map(|i| (i % width, i / width));
                return Some(places.map(|(x, y)| colour(index(x, y))).collect());
            }
        }
        Some(pixels)
    }
}

/// Adds shares of green to red, and of green and red to blue; the shares are signed, in 32nds.
fn mixed(pixel: u32, shares: u32) -> u32 {
    let signed = |x: u32| i32::from(x as u8 as i8);
    let share = |factor: u32, part: u32| (signed(factor) * signed(part)) >> 5;
    let green = pixel >> 8 & 0xff;
    let red = (pixel >> 16 & 0xff).wrapping_add_signed(share(shares & 0xff, green)) & 0xff;
    let blue = (pixel & 0xff)
        .wrapping_add_signed(share(shares >> 8 & 0xff, green))
        .wrapping_add_signed(share(shares >> 16 & 0xff, red))
        & 0xff;
    (pixel & 0xff00_ff00) | red << 16 | blue
}

fn predict(pixels: &mut [u32], tiles: &Tiles) {
    let width = tiles.width;
    for i in 0..pixels.len() {
        let (x, y) = (i % width, i / width);
        let predicted = match (x, y) {
            (0, 0) => 0xff00_0000,
            (_, 0) => pixels[i - 1],
            (0, _) => pixels[i - width],
            _ => {
                // Beyond the right border is the first pixel of this row.
                let near = [
                    pixels[i - 1],
                    pixels[i - width],
                    pixels[i - width - 1],
                    pixels[i - width + 1],
                ];
                predicted(tiles.value(x, y) >> 8 & 15, near)
            }
        };
        pixels[i] = sum(pixels[i], predicted);
    }
}

/// A pixel from those to the left, above, above on the left, and above on the right (§3.5.1).
fn predicted(kind: u32, [left, top, corner, right]: [u32; 4]) -> u32 {
    match kind {
        1 => left,
        2 => top,
        3 => right,
        4 => corner,
        5 => average(average(left, right), top),
        6 => average(left, corner),
        7 => average(left, top),
        8 => average(corner, top),
        9 => average(top, right),
        10 => average(average(left, corner), average(top, right)),
        11 => {
            // The one from which left plus top minus corner is nearer.
            let distance = |a: u32, b: u32| -> i32 {
                (0..4)
                    .map(|k| ((a >> (8 * k) & 0xff) as i32 - (b >> (8 * k) & 0xff) as i32).abs())
                    .sum()
            };
            if distance(top, corner) < distance(left, corner) {
                left
            } else {
                top
            }
        }
        12 => parts([left, top, corner], |[l, t, c]| l + t - c),
        13 => parts([average(left, top), corner], |[a, c]| a + (a - c) / 2),
        _ => 0xff00_0000,
    }
}
