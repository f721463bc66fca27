//! The header of a frame of VP8 (RFC 6386, §9).

use super::bools::Bools;
use super::filter::Strength;
use super::residuals::Odds;
use super::tables;

/// What holds for a whole frame.
pub(super) struct Header {
    /// Blocks of 16 × 16 pixels across and down.
    pub blocks: [usize; 2],
    pub segments: Option<Segments>,
    /// Only the brightness is smoothed, by the simple filter.
    pub simple_filter: bool,
    pub filter_level: i32,
    pub sharpness: i32,
    /// Added to the level, for blocks as a whole and for those that are predicted in parts.
    pub level_changes: Option<[i32; 2]>,
    /// Numbers of factors: of other coefficients of the brightness, and their differences.
    pub quantisers: [i32; 6],
    pub odds: Box<[Odds; 4]>,
    /// Odds that a block has coefficients; all do where absent.
    pub empty: Option<u8>,
}

/// Parts of a frame with settings of their own.
pub(super) struct Segments {
    /// Odds of the branches to a part's number, where blocks tell it.
    pub map: Option<[u8; 3]>,
    pub absolute: bool,
    pub quantisers: [i32; 4],
    pub levels: [i32; 4],
}

impl Header {
    /// The header, and the number of streams of coefficients (§9.2 to §9.11).
    pub fn read(bools: &mut Bools, blocks: [usize; 2]) -> Option<(Self, usize)> {
        // Colour space and clamping make no difference to key frames of WebP.
        bools.number(2);
        let segments = bools.flag().then(|| Segments::read(bools));
        let simple_filter = bools.flag();
        let filter_level = bools.number(6);
        let sharpness = bools.number(3);
        let level_changes = bools.flag().then(|| level_changes(bools));
        let streams = 1 << bools.number(2);
        let mut quantisers = [bools.number(7), 0, 0, 0, 0, 0];
        for q in &mut quantisers[1..] {
            *q = bools.optional(4);
        }
        // Whether probabilities are kept for the next frame.
        bools.flag();
        let mut odds = Box::new(tables::COEFFICIENTS);
        let all = odds
            .as_flattened_mut()
            .as_flattened_mut()
            .as_flattened_mut();
        let updates = tables::UPDATES.as_flattened().as_flattened().as_flattened();
        for (odds, &update) in all.iter_mut().zip(updates) {
            if bools.read(update) {
                *odds = bools.number(8) as u8;
            }
        }
        let empty = bools.flag().then(|| bools.number(8) as u8);
        let header = Self {
            blocks,
            segments,
            simple_filter,
            filter_level,
            sharpness,
            level_changes,
            quantisers,
            odds,
            empty,
        };
        Some((header, streams))
    }

    /// Factors of a block: of brightness, of its first coefficients, of colours; of the first and the other coefficients.
    pub fn factors(&self, segment: usize) -> [[i32; 2]; 3] {
        let base = match &self.segments {
            Some(s) if s.absolute => s.quantisers[segment],
            Some(s) => self.quantisers[0] + s.quantisers[segment],
            None => self.quantisers[0],
        };
        let place = |change: i32| (base + change).clamp(0, 127) as usize;
        let first = |change: i32| i32::from(tables::FIRST_FACTORS[place(change)]);
        let other = |change: i32| i32::from(tables::OTHER_FACTORS[place(change)]);
        let [_, y1, y2_first, y2_other, uv_first, uv_other] = self.quantisers;
        [
            [first(y1), other(0)],
            [2 * first(y2_first), (other(y2_other) * 155 / 100).max(8)],
            [first(uv_first).min(132), other(uv_other)],
        ]
    }

    /// How much a block is smoothed, that is predicted in parts, or that has coefficients (§9.6 and §15).
    pub fn strength(&self, segment: usize, parts: bool, filled: bool) -> Strength {
        let mut level = match &self.segments {
            Some(s) if s.absolute => s.levels[segment],
            Some(s) => self.filter_level + s.levels[segment],
            None => self.filter_level,
        };
        if let Some([all, for_parts]) = self.level_changes {
            level += all + if parts { for_parts } else { 0 };
        }
        let level = if self.filter_level == 0 {
            0
        } else {
            level.clamp(0, 63)
        };
        let mut interior = level;
        if self.sharpness > 0 {
            interior >>= if self.sharpness > 4 { 2 } else { 1 };
            interior = interior.min(9 - self.sharpness);
        }
        Strength {
            level,
            interior: interior.max(1),
            // Blocks without coefficients have no edges inside.
            inner: filled || parts,
        }
    }
}

impl Segments {
    fn read(bools: &mut Bools) -> Self {
        let (map, settings) = (bools.flag(), bools.flag());
        let mut segments = Self {
            map: None,
            absolute: false,
            quantisers: [0; 4],
            levels: [0; 4],
        };
        if settings {
            segments.absolute = bools.flag();
            segments.quantisers = core::array::from_fn(|_| bools.optional(7));
            segments.levels = core::array::from_fn(|_| bools.optional(6));
        }
        if map {
            let odds = |bools: &mut Bools| {
                if bools.flag() {
                    bools.number(8) as u8
                } else {
                    255
                }
            };
            segments.map = Some(core::array::from_fn(|_| odds(bools)));
        }
        segments
    }
}

/// Changes of the filter's level by the kind of prediction: of those only two matter to key frames.
fn level_changes(bools: &mut Bools) -> [i32; 2] {
    let mut changes = [0; 8];
    if bools.flag() {
        for change in &mut changes {
            if bools.flag() {
                *change = bools.signed(6);
            }
        }
    }
    [changes[0], changes[4]]
}
