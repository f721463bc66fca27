//! Markers of the codestream (annex A).

use super::super::bytes::Bytes;
use super::tiles::Area;

/// One of the planes of an image.
#[derive(Clone, Copy)]
pub(super) struct Component {
    pub bits: u32,
    /// Distance of its samples on the image's grid.
    pub step: [u32; 2],
}

/// How a component is coded.
#[derive(Clone)]
pub(super) struct Coding {
    pub levels: usize,
    /// Extents of blocks, as powers of two.
    pub block: [u32; 2],
    pub style: BlockStyle,
    pub reversible: bool,
    /// Extents of precincts by resolution, as powers of two.
    pub precincts: Vec<[u32; 2]>,
}

/// Variations of the coding of blocks (table A.19).
#[derive(Clone, Copy)]
pub(super) struct BlockStyle(pub u8);

impl BlockStyle {
    /// Bits of lower planes are not coded arithmetically.
    pub fn bypass(self) -> bool {
        self.0 & 1 != 0
    }
    /// Contexts start anew with each pass.
    pub fn reset(self) -> bool {
        self.0 & 2 != 0
    }
    /// Each pass is a segment of its own.
    pub fn terminate(self) -> bool {
        self.0 & 4 != 0
    }
    /// The stripe below does not count as a neighbour.
    pub fn causal(self) -> bool {
        self.0 & 8 != 0
    }
    /// Four symbols follow each plane.
    pub fn marked(self) -> bool {
        self.0 & 32 != 0
    }
}

/// Steps of the coefficients of a component.
#[derive(Clone)]
pub(super) struct Quantisation {
    pub guard: u32,
    /// Exponent and mantissa by subband; one for all where they are derived.
    pub steps: Vec<(u32, u32)>,
    pub derived: bool,
}

/// What a header says of all components, or of one.
#[derive(Clone)]
pub(super) struct Settings {
    pub coding: Option<Coding>,
    pub quantisation: Option<Quantisation>,
    /// Set by markers for this component alone.
    own_coding: bool,
    own_quantisation: bool,
}

/// What holds for a whole tile.
#[derive(Clone)]
pub(super) struct TileHeader {
    /// Order of the packets: by layer, resolution, place, component (table A.16).
    pub order: u8,
    pub layers: u32,
    pub mixed: bool,
    /// Packets may begin with a marker, and their headers end with one.
    pub marked_packets: bool,
    pub marked_headers: bool,
    pub components: Vec<Settings>,
}

pub(super) struct Codestream {
    pub area: Area,
    pub tile_start: [u32; 2],
    pub tile_size: [u32; 2],
    pub components: Vec<Component>,
    /// Headers and data of the tiles, in order.
    pub tiles: Vec<(TileHeader, Vec<u8>)>,
}

/// More tiles are refused.
const MAX_TILES: usize = 1 << 16;

impl Codestream {
    pub fn read(data: &[u8]) -> Option<Self> {
        let mut at = Bytes::new(data);
        at.skip(2)?;
        let (marker, segment) = segment(&mut at)?;
        let mut stream = (marker == 0x51).then(|| size(segment))??;
        let mut header = TileHeader {
            order: 0,
            layers: 0,
            mixed: false,
            marked_packets: false,
            marked_headers: false,
            components: vec![
                Settings {
                    coding: None,
                    quantisation: None,
                    own_coding: false,
                    own_quantisation: false,
                };
                stream.components.len()
            ],
        };
        let mut part = loop {
            match segment_or_end(&mut at)? {
                Some((0x90, segment)) => break segment,
                Some((marker, segment)) => header.read(marker, segment)?,
                None => return None,
            }
        };
        let count = stream.tile_count()?;
        for settings in &mut header.components {
            (settings.own_coding, settings.own_quantisation) = (false, false);
        }
        stream.tiles = vec![(header, Vec::new()); count];
        loop {
            // The part starts with the marker, twelve bytes before this place.
            let start = at.position() - 12;
            let mut fields = Bytes::new(part);
            let number = usize::from(fields.be16()?);
            let length = fields.be32()? as usize;
            let (header, data) = stream.tiles.get_mut(number)?;
            while let Some((marker, segment)) = segment_or_end(&mut at)? {
                header.read(marker, segment)?;
            }
            let rest = at.rest();
            let size = match length {
                // The last part goes to the end of the file.
                0 => rest.len().saturating_sub(2),
                _ => (start + length).checked_sub(at.position())?,
            };
            data.extend_from_slice(at.take(size.min(rest.len()))?);
            match segment_or_end(&mut at) {
                Some(Some((0x90, segment))) => part = segment,
                _ => return Some(stream),
            }
        }
    }

    /// Tiles across and in all.
    pub fn tiles_across(&self) -> u32 {
        (self.area.x1 - self.tile_start[0]).div_ceil(self.tile_size[0])
    }

    fn tile_count(&self) -> Option<usize> {
        let down = (self.area.y1 - self.tile_start[1]).div_ceil(self.tile_size[1]);
        let count = self.tiles_across() as usize * down as usize;
        (count <= MAX_TILES).then_some(count)
    }
}

/// A marker and the segment behind it.
fn segment<'a>(at: &mut Bytes<'a>) -> Option<(u8, &'a [u8])> {
    segment_or_end(at)?
}

/// As `segment`; the inner nothing is for the markers of a header's end, and of the file's.
fn segment_or_end<'a>(at: &mut Bytes<'a>) -> Option<Option<(u8, &'a [u8])>> {
    let [first, marker] = at.array()?;
    if first != 0xff {
        return None;
    }
    if matches!(marker, 0x93 | 0xd9) {
        return Some(None);
    }
    let length = usize::from(at.be16()?).checked_sub(2)?;
    Some(Some((marker, at.take(length)?)))
}

/// The size of the image, its tiles and components (§A.5.1).
fn size(segment: &[u8]) -> Option<Codestream> {
    let mut at = Bytes::new(segment);
    at.skip(2)?;
    let [x1, y1, x0, y0, width, height, left, top] = {
        let mut values = [0; 8];
        for value in &mut values {
            *value = at.be32()?;
        }
        values
    };
    let count = usize::from(at.be16()?);
    let fits = x0 < x1 && y0 < y1 && left <= x0 && top <= y0 && x1 < 1 << 30 && y1 < 1 << 30;
    let tiled = width > 0
        && height > 0
        && left.checked_add(width).is_some_and(|r| r > x0)
        && top.checked_add(height).is_some_and(|b| b > y0);
    if !fits || !tiled || !(1..=16).contains(&count) {
        return None;
    }
    let area = Area { x0, y0, x1, y1 };
    let mut components = Vec::new();
    for _ in 0..count {
        let [depth, dx, dy] = at.array()?;
        let component = Component {
            bits: u32::from(depth & 0x7f) + 1,
            step: [u32::from(dx), u32::from(dy)],
        };
        if component.bits > 16 || dx == 0 || dy == 0 || area.divided(component.step).is_empty() {
            return None;
        }
        components.push(component);
    }
    Some(Codestream {
        area,
        tile_start: [left, top],
        tile_size: [width, height],
        components,
        tiles: Vec::new(),
    })
}

impl TileHeader {
    /// Takes over what a marker's segment says.
    fn read(&mut self, marker: u8, segment: &[u8]) -> Option<()> {
        let mut at = Bytes::new(segment);
        match marker {
            0x52 => {
                let style = at.u8()?;
                self.marked_packets = style & 2 != 0;
                self.marked_headers = style & 4 != 0;
                self.order = (at.u8()? <= 4).then(|| segment[1])?;
                self.layers = u32::from(at.be16()?);
                self.mixed = at.u8()? == 1;
                let coding = coding(&mut at, style & 1 != 0)?;
                for settings in self.components.iter_mut().filter(|s| !s.own_coding) {
                    settings.coding = Some(coding.clone());
                }
            }
            0x53 => {
                let settings = self.component(&mut at)?;
                let style = at.u8()?;
                settings.coding = Some(coding(&mut at, style & 1 != 0)?);
                settings.own_coding = true;
            }
            0x5c => {
                let quantisation = quantisation(&mut at)?;
                for settings in self.components.iter_mut().filter(|s| !s.own_quantisation) {
                    settings.quantisation = Some(quantisation.clone());
                }
            }
            0x5d => {
                let settings = self.component(&mut at)?;
                settings.quantisation = Some(quantisation(&mut at)?);
                settings.own_quantisation = true;
            }
            // Regions of interest, other progressions, headers apart from their packets.
            0x5e..=0x61 => return None,
            _ => {}
        }
        Some(())
    }

    /// The component that a segment is about.
    fn component(&mut self, at: &mut Bytes) -> Option<&mut Settings> {
        // At most 16 components have numbers of one byte.
        let number = usize::from(at.u8()?);
        self.components.get_mut(number)
    }
}

fn coding(at: &mut Bytes, has_precincts: bool) -> Option<Coding> {
    let [levels, width, height, style, transform] = at.array()?;
    let levels = usize::from(levels);
    let block = [u32::from(width) + 2, u32::from(height) + 2];
    if levels > 32 || block.iter().any(|&b| b > 10) || block[0] + block[1] > 12 || transform > 1 {
        return None;
    }
    let mut precincts = Vec::new();
    for resolution in 0..=levels {
        let size = if has_precincts { at.u8()? } else { 0xff };
        let size = [u32::from(size & 15), u32::from(size >> 4)];
        // Those of higher resolutions are shared out to subbands of half the extents.
        if resolution > 0 && size.contains(&0) {
            return None;
        }
        precincts.push(size);
    }
    Some(Coding {
        levels,
        block,
        style: BlockStyle(style),
        reversible: transform == 1,
        precincts,
    })
}

fn quantisation(at: &mut Bytes) -> Option<Quantisation> {
    let style = at.u8()?;
    let mut steps = Vec::new();
    while !at.rest().is_empty() {
        steps.push(match style & 31 {
            0 => (u32::from(at.u8()? >> 3), 0),
            1 | 2 => {
                let step = u32::from(at.be16()?);
                (step >> 11, step & 0x7ff)
            }
            _ => return None,
        });
    }
    Some(Quantisation {
        guard: u32::from(style >> 5),
        steps,
        derived: style & 31 == 1,
    })
}
