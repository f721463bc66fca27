//! Tiles, their components, resolutions, subbands, precincts and blocks (annex B), and how they become samples.

use super::codestream::{Codestream, Coding, Quantisation, TileHeader};
use super::coefficients::Segment;
use super::packets::Packets;
use super::tag_tree::TagTree;
use super::wavelet;

/// A part of a plane; the ends are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub x0: u32,
    pub y0: u32,
    pub x1: u32,
    pub y1: u32,
}

impl Area {
    pub fn width(self) -> usize {
        self.x1.saturating_sub(self.x0) as usize
    }

    pub fn height(self) -> usize {
        self.y1.saturating_sub(self.y0) as usize
    }

    pub fn is_empty(self) -> bool {
        self.width() == 0 || self.height() == 0
    }

    fn map(self, x: impl Fn(u32) -> u32, y: impl Fn(u32) -> u32) -> Self {
        Self {
            x0: x(self.x0),
            y0: y(self.y0),
            x1: x(self.x1),
            y1: y(self.y1),
        }
    }

    /// The samples of a grid of these distances.
    pub fn divided(self, step: [u32; 2]) -> Self {
        self.map(|x| x.div_ceil(step[0]), |y| y.div_ceil(step[1]))
    }

    fn common(self, other: Self) -> Self {
        let x0 = self.x0.max(other.x0);
        let y0 = self.y0.max(other.y0);
        Self {
            x0,
            y0,
            x1: self.x1.min(other.x1).max(x0),
            y1: self.y1.min(other.y1).max(y0),
        }
    }
}

/// Which of high and low frequencies a subband has, across and down.
pub(super) type Orientation = [bool; 2];

/// Coefficients of a precinct that are coded together.
pub(super) struct Block {
    pub area: Area,
    /// Planes of bits that are all zero; nothing before the block is first mentioned.
    pub zero_planes: Option<u32>,
    /// Bits of the lengths of segments.
    pub length_bits: u32,
    pub passes: u32,
    pub segments: Vec<Segment>,
}

/// The blocks of a precinct in one subband.
pub(super) struct PrecinctBand {
    pub across: usize,
    pub blocks: Vec<Block>,
    pub included: TagTree,
    pub zero_planes: TagTree,
}

pub(super) struct Band {
    pub orientation: Orientation,
    pub area: Area,
    /// Planes of bits that coefficients may have.
    pub planes: u32,
    /// Factor of irreversible coefficients.
    pub step: f32,
    /// By precinct.
    pub precincts: Vec<PrecinctBand>,
}

pub(super) struct Resolution {
    pub area: Area,
    /// Where precincts begin on the image's grid, row by row.
    pub places: Vec<[u64; 2]>,
    pub bands: Vec<Band>,
}

pub(super) struct TileComponent {
    pub area: Area,
    pub coding: Coding,
    pub resolutions: Vec<Resolution>,
}

pub(super) struct Tile<'a> {
    pub header: &'a TileHeader,
    data: &'a [u8],
    pub components: Vec<TileComponent>,
}

/// Tiles of more blocks and precincts are refused.
const MAX_PARTS: usize = 1 << 22;

impl<'a> Tile<'a> {
    pub fn new(stream: &'a Codestream, number: usize) -> Option<Self> {
        let (header, data) = &stream.tiles[number];
        let across = stream.tiles_across();
        let (column, row) = (number as u32 % across, number as u32 / across);
        let [width, height] = stream.tile_size;
        let corner = |i: u32, size: u32, start: u32| start.saturating_add(i.saturating_mul(size));
        let area = stream.area.common(Area {
            x0: corner(column, width, stream.tile_start[0]),
            y0: corner(row, height, stream.tile_start[1]),
            x1: corner(column + 1, width, stream.tile_start[0]),
            y1: corner(row + 1, height, stream.tile_start[1]),
        });
        let mut parts = 0;
        let components: Option<Vec<_>> = header
            .components
            .iter()
            .zip(&stream.components)
            .map(|(settings, component)| {
                let own = area.divided(component.step);
                let quantisation = settings.quantisation.as_ref()?;
                let coding = settings.coding.as_ref()?;
                let plan = Plan {
                    tile: area,
                    step: component.step,
                    bits: component.bits,
                    coding,
                    quantisation,
                };
                let resolutions: Option<Vec<_>> = (0..=coding.levels)
                    .map(|r| plan.resolution(own, r, &mut parts))
                    .collect();
                Some(TileComponent {
                    area: own,
                    coding: coding.clone(),
                    resolutions: resolutions?,
                })
            })
            .collect();
        Some(Self {
            header,
            data,
            components: components?,
        })
    }

    /// The samples of all components, and where they lie.
    pub fn decode(mut self, stream: &Codestream) -> Option<Vec<(Area, Vec<i32>)>> {
        Packets::read(self.header, &mut self.components, self.data)?;
        let mut planes: Vec<wavelet::Samples> = Vec::new();
        for component in &self.components {
            planes.push(wavelet::samples(component)?);
        }
        let alike = stream.components.len() >= 3
            && stream.components[..3]
                .iter()
                .all(|c| c.step == stream.components[0].step);
        if self.header.mixed {
            wavelet::unmix(alike.then(|| planes.get_mut(..3))??)?;
        }
        let areas = self.components.iter().map(|c| c.area);
        Some(
            areas
                .zip(planes.into_iter().map(wavelet::Samples::rounded))
                .collect(),
        )
    }
}

/// What the parts of a tile's component follow from.
struct Plan<'a> {
    tile: Area,
    step: [u32; 2],
    bits: u32,
    coding: &'a Coding,
    quantisation: &'a Quantisation,
}

impl Plan<'_> {
    fn resolution(&self, own: Area, number: usize, parts: &mut usize) -> Option<Resolution> {
        let levels = self.coding.levels;
        let down = (levels - number) as u32;
        let area = own.map(|x| shrunk(x, down), |y| shrunk(y, down));
        let precinct = self.coding.precincts[number];
        let first = [area.x0 >> precinct[0], area.y0 >> precinct[1]];
        let count = [
            precincts(area.x0, area.x1, precinct[0]),
            precincts(area.y0, area.y1, precinct[1]),
        ];
        let count = if area.is_empty() { [0, 0] } else { count };
        *parts += count[0] as usize * count[1] as usize;
        if *parts > MAX_PARTS {
            return None;
        }
        let numbers: Vec<[u32; 2]> = (0..count[1])
            .flat_map(|j| (0..count[0]).map(move |i| [i, j]))
            .map(|[i, j]| [first[0] + i, first[1] + j])
            .collect();
        let start = [self.tile.x0, self.tile.y0];
        let place = |n: &[u32; 2]| {
            [0, 1].map(|k| {
                let on_grid = (u64::from(n[k]) << (precinct[k] + down)) * u64::from(self.step[k]);
                on_grid.max(u64::from(start[k]))
            })
        };
        let places = numbers.iter().map(place).collect();
        let orientations: &[Orientation] = match number {
            0 => &[[false, false]],
            _ => &[[true, false], [false, true], [true, true]],
        };
        let bands: Option<Vec<_>> = orientations
            .iter()
            .enumerate()
            .map(|(i, &orientation)| self.band(own, number, i, orientation, &numbers, parts))
            .collect();
        Some(Resolution {
            area,
            places,
            bands: bands?,
        })
    }

    fn band(
        &self,
        own: Area,
        resolution: usize,
        index: usize,
        orientation: Orientation,
        precincts: &[[u32; 2]],
        parts: &mut usize,
    ) -> Option<Band> {
        let levels = self.coding.levels;
        let level = (levels + 1 - resolution.max(1)).min(levels) as u32;
        let part = |v: u32, high: bool| {
            let offset = if high { 1u64 << (level - 1) } else { 0 };
            let size = 1u64 << level;
            (u64::from(v).saturating_sub(offset)).div_ceil(size) as u32
        };
        let area = own.map(|x| part(x, orientation[0]), |y| part(y, orientation[1]));
        let number = if resolution == 0 {
            0
        } else {
            3 * resolution - 2 + index
        };
        let (exponent, mantissa) = if self.quantisation.derived {
            let &(exponent, mantissa) = self.quantisation.steps.first()?;
            (
                exponent.checked_sub((levels as u32).checked_sub(level)?)?,
                mantissa,
            )
        } else {
            *self.quantisation.steps.get(number)?
        };
        let planes = (self.quantisation.guard + exponent).checked_sub(1)?;
        if planes > 30 {
            return None;
        }
        let gain = orientation.iter().filter(|&&high| high).count() as i32;
        let scale = self.bits as i32 + gain - exponent as i32;
        let step = (1.0 + mantissa as f32 / 2048.0) * (scale as f32).exp2();
        let halved = u32::from(resolution > 0);
        let size = self.coding.precincts[resolution].map(|p| p - halved);
        let block = [0, 1].map(|k| self.coding.block[k].min(size[k]));
        let mut list = Vec::with_capacity(precincts.len());
        for n in precincts {
            let edge =
                |n: u32, k: usize| u32::try_from(u64::from(n) << size[k]).unwrap_or(u32::MAX);
            let inside = area.common(Area {
                x0: edge(n[0], 0),
                y0: edge(n[1], 1),
                x1: edge(n[0] + 1, 0),
                y1: edge(n[1] + 1, 1),
            });
            list.push(blocks(inside, block, parts)?);
        }
        Some(Band {
            orientation,
            area,
            planes,
            step,
            precincts: list,
        })
    }
}

/// `v / 2ⁿ`, rounded up.
fn shrunk(v: u32, n: u32) -> u32 {
    u64::from(v).div_ceil(1 << n) as u32
}

/// Precincts of 2ⁿ between two places.
fn precincts(start: u32, end: u32, n: u32) -> u32 {
    shrunk(end, n) - (start >> n)
}

fn blocks(area: Area, size: [u32; 2], parts: &mut usize) -> Option<PrecinctBand> {
    let (mut across, mut down) = (0, 0);
    if !area.is_empty() {
        across = precincts(area.x0, area.x1, size[0]) as usize;
        down = precincts(area.y0, area.y1, size[1]) as usize;
    }
    *parts += across * down;
    if *parts > MAX_PARTS {
        return None;
    }
    let first = [area.x0 >> size[0], area.y0 >> size[1]];
    let block = |n: usize| {
        let (i, j) = (
            first[0] + (n % across) as u32,
            first[1] + (n / across) as u32,
        );
        Block {
            area: area.common(Area {
                x0: i << size[0],
                y0: j << size[1],
                x1: (i + 1) << size[0],
                y1: (j + 1) << size[1],
            }),
            zero_planes: None,
            length_bits: 3,
            passes: 0,
            segments: Vec::new(),
        }
    };
    Some(PrecinctBand {
        across,
        blocks: (0..across * down).map(block).collect(),
        included: TagTree::new(across, down),
        zero_planes: TagTree::new(across, down),
    })
}
