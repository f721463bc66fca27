//! Bits of the coefficients of a block, plane by plane in three passes (annex D).

use super::arithmetic::{Context, Decoder};
use super::codestream::BlockStyle;
use super::packets::segment_of;
use super::tiles::{Block, Orientation};

/// Bytes that are decoded in one go, and the passes in them.
pub(super) struct Segment {
    pub data: Vec<u8>,
    pub passes: u32,
}

/// Places of contexts: neighbours of coefficients that are zero so far, signs, further bits, runs, and evenly likely bits.
const SIGN: usize = 9;
const FURTHER: usize = 14;
const RUN: usize = 17;
const EVEN: usize = 18;

/// What is known of a coefficient.
#[derive(Clone, Copy, Default)]
struct Cell {
    /// Twice the magnitude: the lowest bit stands for a half.
    value: u32,
    negative: bool,
    significant: bool,
    /// Has had its bit in this plane.
    visited: bool,
    /// Has had a further bit.
    refined: bool,
}

/// Where bits come from.
enum Source<'a> {
    Coded(Decoder<'a>),
    Raw(RawBits<'a>),
}

/// Bits as they are; after 0xff a byte has only seven.
struct RawBits<'a> {
    data: &'a [u8],
    at: usize,
    byte: u8,
    left: u32,
}

impl RawBits<'_> {
    fn read(&mut self) -> bool {
        if self.left == 0 {
            self.left = if self.byte == 0xff { 7 } else { 8 };
            self.byte = self.data.get(self.at).copied().unwrap_or(0xff);
            self.at += 1;
        }
        self.left -= 1;
        self.byte >> self.left & 1 == 1
    }
}

struct Passes<'a> {
    width: usize,
    height: usize,
    /// With a border of one cell.
    cells: Vec<Cell>,
    orientation: Orientation,
    style: BlockStyle,
    contexts: [Context; 19],
    source: Source<'a>,
    /// The bit of this plane, doubled as values are.
    one: u32,
}

/// Decodes a block of a subband with this many planes: rows of twice the coefficients, in whose lowest bit is a half.
/// Nothing if it has more planes than it may.
pub(super) fn decode(
    block: &Block,
    orientation: Orientation,
    planes: u32,
    style: BlockStyle,
) -> Option<Vec<i32>> {
    let (width, height) = (block.area.width(), block.area.height());
    let mut passes = Passes {
        width,
        height,
        cells: vec![Cell::default(); (width + 2) * (height + 2)],
        orientation,
        style,
        contexts: initial_contexts(),
        source: Source::Coded(Decoder::new(&[])),
        one: 0,
    };
    let Some(zero_planes) = block.zero_planes else {
        return Some(vec![0; width * height]);
    };
    let planes = planes.checked_sub(zero_planes)?;
    let mut number = 0;
    for segment in &block.segments {
        let raw = style.bypass() && number >= 10 && (number - 10) % 3 < 2;
        passes.source = if raw {
            Source::Raw(RawBits {
                data: &segment.data,
                at: 0,
                byte: 0,
                left: 0,
            })
        } else {
            Source::Coded(Decoder::new(&segment.data))
        };
        debug_assert_eq!(segment_of(number, style).0, number);
        for _ in 0..segment.passes {
            // The first plane has only the last of the three passes.
            let plane = number.div_ceil(3);
            passes.one = 2 << planes.checked_sub(1 + plane)?;
            match (number + 2) % 3 {
                0 => passes.neighbours(),
                1 => passes.further(),
                _ => passes.rest(),
            }
            if style.reset() {
                passes.contexts = initial_contexts();
            }
            number += 1;
        }
    }
    Some(passes.values())
}

fn initial_contexts() -> [Context; 19] {
    let mut contexts = [Context::default(); 19];
    contexts[0] = Context::new(4);
    contexts[RUN] = Context::new(3);
    contexts[EVEN] = Context::new(46);
    contexts
}

impl Passes<'_> {
    fn values(&self) -> Vec<i32> {
        let rows = self
            .cells
            .chunks_exact(self.width + 2)
            .skip(1)
            .take(self.height);
        let value = |c: &Cell| {
            if c.negative {
                -(c.value as i32)
            } else {
                c.value as i32
            }
        };
        rows.flat_map(|row| row[1..=self.width].iter().map(value))
            .collect()
    }

    fn bit(&mut self, context: usize) -> bool {
        match &mut self.source {
            Source::Coded(decoder) => decoder.read(&mut self.contexts[context]),
            Source::Raw(bits) => bits.read(),
        }
    }

    fn is_raw(&self) -> bool {
        matches!(self.source, Source::Raw(_))
    }

    fn at(&self, x: usize, y: usize) -> usize {
        (y + 1) * (self.width + 2) + x + 1
    }

    /// Calls `f` with the coefficients in order: stripes of four rows, column by column.
    fn each(&mut self, mut f: impl FnMut(&mut Self, usize, usize)) {
        for top in (0..self.height).step_by(4) {
            for x in 0..self.width {
                for y in top..self.height.min(top + 4) {
                    f(self, x, y);
                }
            }
        }
    }

    /// The neighbours of a coefficient: on either side, above and below, and at the corners.
    fn around(&self, x: usize, y: usize) -> [[&Cell; 2]; 4] {
        let (at, stride) = (self.at(x, y), self.width + 2);
        let blind = self.style.causal() && y % 4 == 3;
        const NONE: &Cell = &Cell {
            value: 0,
            negative: false,
            significant: false,
            visited: false,
            refined: false,
        };
        let below = |i: usize| if blind { NONE } else { &self.cells[i] };
        let cell = |i: usize| &self.cells[i];
        [
            [cell(at - 1), cell(at + 1)],
            [cell(at - stride), below(at + stride)],
            [cell(at - stride - 1), cell(at - stride + 1)],
            [below(at + stride - 1), below(at + stride + 1)],
        ]
    }

    /// The context of whether a coefficient stays zero (table D.1).
    fn zero_context(&self, x: usize, y: usize) -> usize {
        let count = |pair: [&Cell; 2]| pair.iter().filter(|c| c.significant).count();
        let around = self.around(x, y).map(count);
        let (mut h, mut v, d) = (around[0], around[1], around[2] + around[3]);
        if self.orientation == [true, true] {
            return match (d, h + v) {
                (3.., _) => 8,
                (2, 1..) => 7,
                (2, 0) => 6,
                (1, 2..) => 5,
                (1, n) => 3 + n,
                (_, n) => n.min(2),
            };
        }
        if self.orientation[0] {
            (h, v) = (v, h);
        }
        match (h, v, d) {
            (2, ..) => 8,
            (1, 1.., _) => 7,
            (1, _, 1..) => 6,
            (1, ..) => 5,
            (_, 2, _) => 4,
            (_, 1, _) => 3,
            _ => d.min(2),
        }
    }

    /// A coefficient is no longer zero: reads its sign (table D.3).
    fn found(&mut self, x: usize, y: usize) {
        let sum = |pair: [&Cell; 2]| -> i32 {
            let signs = pair
                .iter()
                .filter(|c| c.significant)
                .map(|c| if c.negative { -1 } else { 1 });
            signs.sum::<i32>().clamp(-1, 1)
        };
        let around = self.around(x, y);
        let (h, v) = (sum(around[0]), sum(around[1]));
        let negative = if self.is_raw() {
            self.bit(0)
        } else {
            let flipped = h < 0 || (h == 0 && v < 0);
            let (h, v) = if flipped { (-h, -v) } else { (h, v) };
            let context = SIGN + if h == 1 { (3 + v) as usize } else { v as usize };
            self.bit(context) != flipped
        };
        let one = self.one;
        let at = self.at(x, y);
        let cell = &mut self.cells[at];
        cell.significant = true;
        cell.negative = negative;
        cell.value = one | one >> 1;
    }

    /// The first pass: zeros with neighbours that are not.
    fn neighbours(&mut self) {
        self.each(|p, x, y| {
            let at = p.at(x, y);
            let context = p.zero_context(x, y);
            if p.cells[at].significant || context == 0 {
                return;
            }
            if p.bit(context) {
                p.found(x, y);
            }
            p.cells[at].visited = true;
        });
    }

    /// The second pass: another bit of what is not zero.
    fn further(&mut self) {
        self.each(|p, x, y| {
            let at = p.at(x, y);
            if !p.cells[at].significant || p.cells[at].visited {
                return;
            }
            let context = match (p.cells[at].refined, p.zero_context(x, y)) {
                (true, _) => FURTHER + 2,
                (false, 0) => FURTHER,
                (false, _) => FURTHER + 1,
            };
            let bit = p.bit(context);
            let half = p.one >> 1;
            let cell = &mut p.cells[at];
            // So far a half stood for this bit and what is below.
            cell.value = if bit {
                cell.value + half
            } else {
                cell.value - half
            };
            cell.refined = true;
        });
    }

    /// The third pass: all that is left, four at a time where nothing is near.
    fn rest(&mut self) {
        for top in (0..self.height).step_by(4) {
            for x in 0..self.width {
                let end = self.height.min(top + 4);
                let mut y = top;
                if end - top == 4 && (top..end).all(|y| self.is_alone(x, y)) {
                    if !self.bit(RUN) {
                        continue;
                    }
                    y += 2 * usize::from(self.bit(EVEN)) + usize::from(self.bit(EVEN));
                    self.found(x, y);
                    y += 1;
                }
                for y in y..end {
                    let at = self.at(x, y);
                    if !self.cells[at].significant && !self.cells[at].visited {
                        let context = self.zero_context(x, y);
                        if self.bit(context) {
                            self.found(x, y);
                        }
                    }
                }
            }
        }
        for cell in &mut self.cells {
            cell.visited = false;
        }
        if self.style.marked() {
            for _ in 0..4 {
                self.bit(EVEN);
            }
        }
    }

    /// Nothing is known of it but zeros, and the same of its neighbours.
    fn is_alone(&self, x: usize, y: usize) -> bool {
        let cell = &self.cells[self.at(x, y)];
        !cell.significant && !cell.visited && self.zero_context(x, y) == 0
    }
}
