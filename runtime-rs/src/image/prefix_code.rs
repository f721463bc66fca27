//! Canonical prefix codes whose first bit is in the low bit of a byte, as Deflate and lossless WebP have them.

/// Bits from the low end of bytes on.
pub(crate) struct LowBits<'a> {
    data: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl<'a> LowBits<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: 0,
            held: 0,
            count: 0,
        }
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(&byte) = self.data.get(self.at) else {
                return;
            };
            self.held |= u64::from(byte) << self.count;
            self.at += 1;
            self.count += 8;
        }
    }

    /// The next `count` (at most 32) bits, the first in the lowest place.
    pub fn bits(&mut self, count: u32) -> Option<u32> {
        self.fill();
        if self.count < count {
            return None;
        }
        let value = self.held & ((1 << count) - 1);
        self.held >>= count;
        self.count -= count;
        Some(value as u32)
    }

    /// Drops what is left of a byte, and gives the whole bytes from there on.
    pub fn align(&mut self) -> &'a [u8] {
        let whole = (self.count / 8) as usize;
        let from = self.at - whole;
        (self.held, self.count, self.at) = (0, 0, from);
        &self.data[from..]
    }

    /// Skips whole bytes after `align`.
    pub fn skip(&mut self, count: usize) {
        self.at += count;
    }
}

/// A prefix code as a table over all strings of its longest word's length.
pub(crate) struct PrefixCode {
    /// Symbol, and length of its word; length 0 where no word begins so.
    table: Vec<(u16, u8)>,
    width: u32,
}

/// Words are at most so long.
const MAX_LENGTH: usize = 15;

impl PrefixCode {
    /// The code in which symbol `i` has a word of `lengths[i]` bits, or none for 0. Nothing if there are too many words.
    pub fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0u32; MAX_LENGTH + 1];
        for &length in lengths {
            *counts.get_mut(length as usize)? += 1;
        }
        counts[0] = 0;
        let width = counts.iter().rposition(|&n| n > 0).unwrap_or(0);
        let mut next = [0u32; MAX_LENGTH + 2];
        for length in 1..=width {
            next[length + 1] = (next[length] + counts[length]) << 1;
        }
        // Words of the greatest length must fit.
        if next[width] + counts[width] > 1 << width {
            return None;
        }
        let mut table = vec![(0, 0); 1 << width];
        for (symbol, &length) in lengths.iter().enumerate() {
            if length == 0 {
                continue;
            }
            let word = next[length as usize];
            next[length as usize] += 1;
            let reversed = word.reverse_bits() >> (32 - u32::from(length));
            for entry in table
                .iter_mut()
                .skip(reversed as usize)
                .step_by(1 << length)
            {
                *entry = (symbol as u16, length);
            }
        }
        Some(Self {
            table,
            width: width as u32,
        })
    }

    /// The code of one symbol, which has an empty word.
    pub fn single(symbol: u16) -> Self {
        Self {
            table: vec![(symbol, 0)],
            width: 0,
        }
    }

    /// Reads a word.
    pub fn read(&self, bits: &mut LowBits) -> Option<u16> {
        bits.fill();
        let (symbol, length) = self.table[(bits.held & ((1 << self.width) - 1)) as usize];
        if self.width > 0 && length == 0 {
            return None;
        }
        bits.bits(u32::from(length))?;
        Some(symbol)
    }
}
