//! The MQ decoder (annex C).

/// Of each state: the estimate of the less probable symbol, the next state after either symbol, and whether the less
/// probable symbol changes sides (table C.2).
const STATES: [(u32, u8, u8, bool); 47] = [
    (0x5601, 1, 1, true),
    (0x3401, 2, 6, false),
    (0x1801, 3, 9, false),
    (0x0ac1, 4, 12, false),
    (0x0521, 5, 29, false),
    (0x0221, 38, 33, false),
    (0x5601, 7, 6, true),
    (0x5401, 8, 14, false),
    (0x4801, 9, 14, false),
    (0x3801, 10, 14, false),
    (0x3001, 11, 17, false),
    (0x2401, 12, 18, false),
    (0x1c01, 13, 20, false),
    (0x1601, 29, 21, false),
    (0x5601, 15, 14, true),
    (0x5401, 16, 14, false),
    (0x5101, 17, 15, false),
    (0x4801, 18, 16, false),
    (0x3801, 19, 17, false),
    (0x3401, 20, 18, false),
    (0x3001, 21, 19, false),
    (0x2801, 22, 19, false),
    (0x2401, 23, 20, false),
    (0x2201, 24, 21, false),
    (0x1c01, 25, 22, false),
    (0x1801, 26, 23, false),
    (0x1601, 27, 24, false),
    (0x1401, 28, 25, false),
    (0x1201, 29, 26, false),
    (0x1101, 30, 27, false),
    (0x0ac1, 31, 28, false),
    (0x09c1, 32, 29, false),
    (0x08a1, 33, 30, false),
    (0x0521, 34, 31, false),
    (0x0441, 35, 32, false),
    (0x02a1, 36, 33, false),
    (0x0221, 37, 34, false),
    (0x0141, 38, 35, false),
    (0x0111, 39, 36, false),
    (0x0085, 40, 37, false),
    (0x0049, 41, 38, false),
    (0x0025, 42, 39, false),
    (0x0015, 43, 40, false),
    (0x0009, 44, 41, false),
    (0x0005, 45, 42, false),
    (0x0001, 45, 43, false),
    (0x5601, 46, 46, false),
];

/// What is known of the symbols in one context: a state, and the more probable symbol.
#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    pub state: u8,
    more: bool,
}

impl Context {
    pub fn new(state: u8) -> Self {
        Self { state, more: false }
    }
}

/// Symbols from a segment of bytes; ones follow its end.
pub(super) struct Decoder<'a> {
    data: &'a [u8],
    at: usize,
    code: u32,
    range: u32,
    count: u32,
}

impl<'a> Decoder<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        let mut decoder = Self {
            data,
            at: 0,
            code: 0,
            range: 0x8000,
            count: 0,
        };
        decoder.code = decoder.byte(0) << 16;
        decoder.read_byte();
        decoder.code <<= 7;
        decoder.count -= 7;
        decoder
    }

    fn byte(&self, ahead: usize) -> u32 {
        self.data
            .get(self.at + ahead)
            .map_or(0xff, |&b| u32::from(b))
    }

    /// After 0xff only seven bits count, and a marker ends the segment.
    fn read_byte(&mut self) {
        let stuffed = self.byte(0) == 0xff;
        let next = self.byte(1);
        if stuffed && next > 0x8f {
            self.code += 0xff00;
            self.count = 8;
            return;
        }
        self.at += 1;
        self.code += if stuffed { next << 9 } else { next << 8 };
        self.count = if stuffed { 7 } else { 8 };
    }

    /// The next symbol in a context.
    pub fn read(&mut self, context: &mut Context) -> bool {
        let (estimate, after_more, after_less, changes) = STATES[usize::from(context.state)];
        self.range -= estimate;
        let lower = (self.code >> 16) < estimate;
        if !lower {
            self.code -= estimate << 16;
            if self.range & 0x8000 != 0 {
                return context.more;
            }
        }
        // The smaller part is the less probable symbol's, whichever it is.
        let less = lower != (self.range < estimate);
        let symbol = context.more != less;
        if lower {
            self.range = estimate;
        }
        if less {
            context.more ^= changes;
            context.state = after_less;
        } else {
            context.state = after_more;
        }
        while self.range & 0x8000 == 0 {
            if self.count == 0 {
                self.read_byte();
            }
            self.range <<= 1;
            self.code <<= 1;
            self.count -= 1;
        }
        symbol
    }
}
