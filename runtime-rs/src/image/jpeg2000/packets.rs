//! Packets: which blocks have more data in a layer, and the data (§B.10).

use super::codestream::{BlockStyle, TileHeader};
use super::coefficients::Segment;
use super::tiles::{Block, PrecinctBand, TileComponent};

/// Bits of a packet's header: a byte behind 0xff has only seven.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    byte: u8,
    left: u32,
}

impl<'a> Bits<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: 0,
            byte: 0,
            left: 0,
        }
    }

    pub fn read(&mut self) -> Option<bool> {
        if self.left == 0 {
            self.left = if self.byte == 0xff { 7 } else { 8 };
            self.byte = *self.data.get(self.at)?;
            self.at += 1;
        }
        self.left -= 1;
        Some(self.byte >> self.left & 1 == 1)
    }

    fn number(&mut self, bits: u32) -> Option<u32> {
        let mut n = 0;
        for _ in 0..bits {
            n = n << 1 | u32::from(self.read()?);
        }
        Some(n)
    }

    /// Bytes read, the one behind a last 0xff included.
    fn end(&self) -> usize {
        self.at + usize::from(self.byte == 0xff && self.at > 0)
    }
}

/// Which packet: layer, resolution, component, precinct.
#[derive(Clone, Copy)]
struct Packet {
    layer: u32,
    resolution: usize,
    component: usize,
    precinct: usize,
}

/// New data of a block: bytes, passes, and whether they go on with a segment that began before.
#[derive(Clone, Copy)]
struct Part {
    length: usize,
    passes: u32,
    goes_on: bool,
}

pub(super) struct Packets;

impl Packets {
    /// Reads all packets of a tile into its blocks. Data that ends early leaves the rest as it is.
    pub fn read(header: &TileHeader, components: &mut [TileComponent], data: &[u8]) -> Option<()> {
        let mut at = 0;
        for place in places(header, components) {
            let Some(rest) = data.get(at..).filter(|r| !r.is_empty()) else {
                break;
            };
            at += packet(header, components, place, rest)?;
        }
        Some(())
    }
}

/// The packets in their order (§B.12).
fn places(header: &TileHeader, components: &[TileComponent]) -> Vec<Packet> {
    let mut list = Vec::new();
    for (component, c) in components.iter().enumerate() {
        for (resolution, r) in c.resolutions.iter().enumerate() {
            for (precinct, &place) in r.places.iter().enumerate() {
                let key = [component as u64, resolution as u64, precinct as u64];
                list.push((place, key));
            }
        }
    }
    let packet = |layer: u32, [component, resolution, precinct]: [u64; 3]| Packet {
        layer,
        resolution: resolution as usize,
        component: component as usize,
        precinct: precinct as usize,
    };
    list.sort_by_key(|&([x, y], [c, r, p])| match header.order {
        0 | 1 => [r, c, p, 0, 0],
        2 => [r, y, x, c, p],
        3 => [y, x, c, r, p],
        _ => [c, y, x, r, p],
    });
    let layers = 0..header.layers;
    match header.order {
        0 => layers
            .flat_map(|l| list.iter().map(move |&(_, key)| packet(l, key)))
            .collect(),
        1 => {
            let same = list.chunk_by(|a, b| a.1[1] == b.1[1]);
            same.flat_map(|part| {
                layers
                    .clone()
                    .flat_map(move |l| part.iter().map(move |&(_, key)| packet(l, key)))
            })
            .collect()
        }
        _ => list
            .iter()
            .flat_map(|&(_, key)| layers.clone().map(move |l| packet(l, key)))
            .collect(),
    }
}

/// Reads one packet; the number of its bytes.
fn packet(
    header: &TileHeader,
    components: &mut [TileComponent],
    place: Packet,
    data: &[u8],
) -> Option<usize> {
    let component = &mut components[place.component];
    let style = component.coding.style;
    let resolution = &mut component.resolutions[place.resolution];
    let mut start = 0;
    if header.marked_packets && data.starts_with(&[0xff, 0x91]) {
        start = 6;
    }
    let mut bits = Bits::new(data.get(start..)?);
    // Band, block, and what comes for it.
    let mut found: Vec<(usize, usize, Vec<Part>)> = Vec::new();
    if bits.read()? {
        for (b, band) in resolution.bands.iter_mut().enumerate() {
            let precinct = &mut band.precincts[place.precinct];
            for n in 0..precinct.blocks.len() {
                if let Some(segments) = mention(&mut bits, precinct, n, place.layer, style)? {
                    found.push((b, n, segments));
                }
            }
        }
    }
    let mut at = start + bits.end();
    if header.marked_headers && data.get(at..)?.starts_with(&[0xff, 0x92]) {
        at += 2;
    }
    for (b, n, segments) in found {
        let block = &mut resolution.bands[b].precincts[place.precinct].blocks[n];
        for part in segments {
            // What is missing at the end of a file stays away.
            let end = at.checked_add(part.length)?.min(data.len());
            let bytes = data.get(at..end)?;
            at = end;
            match block.segments.last_mut().filter(|_| part.goes_on) {
                Some(segment) => {
                    segment.data.extend_from_slice(bytes);
                    segment.passes += part.passes;
                }
                None => block.segments.push(Segment {
                    data: bytes.to_vec(),
                    passes: part.passes,
                }),
            }
        }
    }
    Some(at)
}

/// What a packet's header says of a block.
fn mention(
    bits: &mut Bits,
    precinct: &mut PrecinctBand,
    n: usize,
    layer: u32,
    style: BlockStyle,
) -> Option<Option<Vec<Part>>> {
    let (x, y) = (n % precinct.across, n / precinct.across);
    let block = &mut precinct.blocks[n];
    if block.zero_planes.is_some() {
        if !bits.read()? {
            return Some(None);
        }
    } else {
        if precinct.included.read(bits, x, y, layer + 1)?.is_none() {
            return Some(None);
        }
        let mut limit = 1;
        block.zero_planes = loop {
            if let Some(planes) = precinct.zero_planes.read(bits, x, y, limit)? {
                break Some(planes);
            }
            limit += 1;
            if limit > 64 {
                return None;
            }
        };
    }
    let passes = pass_count(bits)?;
    while bits.read()? {
        block.length_bits += 1;
    }
    let segments = lengths(bits, block, passes, style)?;
    block.passes += passes;
    Some(Some(segments))
}

/// The parts of segments that the next passes are in.
fn lengths(bits: &mut Bits, block: &Block, passes: u32, style: BlockStyle) -> Option<Vec<Part>> {
    let mut segments = Vec::new();
    let (mut done, mut left) = (block.passes, passes);
    while left > 0 {
        let (start, room) = segment_of(done, style);
        let count = (start + room - done).min(left);
        let length = bits.number((block.length_bits + count.ilog2()).min(32))?;
        segments.push(Part {
            length: length as usize,
            passes: count,
            goes_on: done > start,
        });
        done += count;
        left -= count;
    }
    Some(segments)
}

/// The first pass of the segment that a pass is in, and how many passes it has room for.
pub(super) fn segment_of(pass: u32, style: BlockStyle) -> (u32, u32) {
    if style.terminate() {
        return (pass, 1);
    }
    if !style.bypass() {
        return (0, u32::MAX);
    }
    // Ten passes, then two without arithmetic and one with it in turn.
    match pass.checked_sub(10) {
        None => (0, 10),
        Some(n) if n % 3 < 2 => (10 + n / 3 * 3, 2),
        Some(_) => (pass, 1),
    }
}

/// Number of new passes (table B.4).
fn pass_count(bits: &mut Bits) -> Option<u32> {
    if !bits.read()? {
        return Some(1);
    }
    if !bits.read()? {
        return Some(2);
    }
    for (width, base) in [(2, 3), (5, 6)] {
        let n = bits.number(width)?;
        if n != (1 << width) - 1 {
            return Some(base + n);
        }
    }
    Some(37 + bits.number(7)?)
}
