//! The arithmetic decoder of VP8 (RFC 6386, §7).

/// Truth values from a stream of bytes; zeros follow its end.
pub(super) struct Bools<'a> {
    data: &'a [u8],
    at: usize,
    /// What is read less what lies below the range.
    value: u64,
    /// Between 128 and 255 after each value.
    range: u32,
    /// Bits of `value` beyond the eight that are compared.
    spare: i32,
}

impl<'a> Bools<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: 0,
            value: 0,
            range: 255,
            spare: -8,
        }
    }

    /// True with probability `1 − odds / 256`.
    #[inline]
    pub fn read(&mut self, odds: u8) -> bool {
        while self.spare < 0 {
            let byte = self.data.get(self.at).copied().unwrap_or(0);
            self.value = self.value << 8 | u64::from(byte);
            self.at += 1;
            self.spare += 8;
        }
        let split = 1 + (((self.range - 1) * u32::from(odds)) >> 8);
        let above = u64::from(split) << self.spare;
        let result = self.value >= above;
        if result {
            self.value -= above;
            self.range -= split;
        } else {
            self.range = split;
        }
        let shift = self.range.leading_zeros() - 24;
        self.range <<= shift;
        self.spare -= shift as i32;
        result
    }

    pub fn flag(&mut self) -> bool {
        self.read(128)
    }

    /// A number of `bits` bits, high bits first.
    pub fn number(&mut self, bits: u32) -> i32 {
        (0..bits).fold(0, |n, _| 2 * n + i32::from(self.flag()))
    }

    /// A number with a sign behind it.
    pub fn signed(&mut self, bits: u32) -> i32 {
        let magnitude = self.number(bits);
        if self.flag() {
            -magnitude
        } else {
            magnitude
        }
    }

    /// A signed number if a flag says so, else 0.
    pub fn optional(&mut self, bits: u32) -> i32 {
        if self.flag() {
            self.signed(bits)
        } else {
            0
        }
    }
}
