//! Huffman codes and the blocks that they code.

use super::{Frame, ZIGZAG};

/// A code, by the rules of annex C.
pub(super) struct Huffman {
    /// Symbol and length of the word that begins with these nine bits; length 0 for longer words.
    short: Vec<(u8, u8)>,
    /// For each length one more than the greatest word, in the upper of 16 bits.
    limits: [u32; 17],
    /// For each length the place of a word's symbol, less the word.
    places: [i32; 17],
    symbols: Vec<u8>,
}

const SHORT: u32 = 9;

impl Huffman {
    /// The code with `counts[i]` words of `i + 1` bits. Nothing if there are too many.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut code = Self {
            short: vec![(0, 0); 1 << SHORT],
            limits: [0; 17],
            places: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut word, mut place) = (0u32, 0);
        for length in 1..=16 {
            code.places[length] = place as i32 - word as i32;
            for _ in 0..counts[length - 1] {
                if length as u32 <= SHORT {
                    let spare = SHORT - length as u32;
                    let start = (word << spare) as usize;
                    let entries = code.short.get_mut(start..start + (1 << spare))?;
                    entries.fill((*symbols.get(place)?, length as u8));
                }
                word += 1;
                place += 1;
            }
            if word > 1 << length {
                return None;
            }
            code.limits[length] = word << (16 - length);
            word <<= 1;
        }
        Some(code)
    }

    fn read(&self, bits: &mut Bits) -> Option<u8> {
        let ahead = bits.peek16()?;
        let (symbol, length) = self.short[(ahead >> (16 - SHORT)) as usize];
        if length > 0 {
            bits.drop(u32::from(length));
            return Some(symbol);
        }
        for length in SHORT as usize + 1..=16 {
            if ahead < self.limits[length] {
                bits.drop(length as u32);
                let word = (ahead >> (16 - length)) as i32;
                return self
                    .symbols
                    .get(usize::try_from(word + self.places[length]).ok()?)
                    .copied();
            }
        }
        None
    }
}

/// Bits of a scan, high bits first. Where a marker comes too soon zeros are read, as many as may be needed for a block.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    /// Zero bits that were made up.
    missing: u32,
}

impl Bits<'_> {
    fn fill(&mut self) -> Option<()> {
        while self.count <= 48 {
            let byte = match (self.data.get(self.at)?, self.data.get(self.at + 1)) {
                (0xff, Some(0)) => {
                    self.at += 2;
                    0xff
                }
                // A marker.
                (0xff, _) => {
                    self.missing += 8;
                    0
                }
                (&byte, _) => {
                    self.at += 1;
                    byte
                }
            };
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
        Some(())
    }

    fn peek16(&mut self) -> Option<u32> {
        if self.count < 16 {
            self.fill()?;
        }
        Some((self.held >> (self.count - 16)) as u32 & 0xffff)
    }

    fn drop(&mut self, count: u32) {
        self.count -= count;
    }

    /// Up to 16 bits.
    fn read(&mut self, count: u32) -> Option<i32> {
        let ahead = self.peek16()?;
        self.drop(count);
        Some((ahead >> (16 - count)) as i32)
    }

    /// A number of `size` bits whose first bit tells the sign (table F.1).
    fn signed(&mut self, size: u32) -> Option<i32> {
        if size == 0 {
            return Some(0);
        }
        let value = self.read(size)?;
        Some(if value < 1 << (size - 1) {
            value - (1 << size) + 1
        } else {
            value
        })
    }

    /// To the next marker, which must be one of a restart.
    fn restart(&mut self) -> Option<()> {
        (self.held, self.count, self.missing) = (0, 0, 0);
        while *self.data.get(self.at)? != 0xff || matches!(self.data.get(self.at + 1)?, 0 | 0xff) {
            self.at += 1;
        }
        let found = matches!(self.data[self.at + 1], 0xd0..=0xd7);
        self.at += 2;
        found.then_some(())
    }
}

/// What a scan holds: of which components, which coefficients, and which bits of them.
pub(super) struct Scan<'a> {
    /// Number of the component, and of its codes for the first coefficient and the others.
    pub parts: &'a [(usize, [usize; 2])],
    pub codes: &'a [[Option<Huffman>; 4]; 2],
    /// First and last coefficient.
    pub band: [usize; 2],
    /// Bits below the place of this scan's lowest: in the scan before (0 for none), and in this one.
    pub bits: [u32; 2],
    /// Units between restarts, or 0.
    pub restart: usize,
}

/// What is carried from block to block.
#[derive(Default)]
struct State {
    /// The last first coefficient of each part.
    last: [i32; 4],
    /// Blocks that have nothing more.
    ended: i32,
}

impl Scan<'_> {
    /// Reads the scan into the frame's coefficients; the number of bytes read.
    pub fn read(&self, frame: &mut Frame, data: &[u8]) -> Option<usize> {
        self.check(frame)?;
        let mut bits = Bits {
            data,
            at: 0,
            held: 0,
            count: 0,
            missing: 0,
        };
        let mut state = State::default();
        let units = match self.parts {
            // A part alone has only the blocks that show.
            [(index, _)] => frame.components[*index].real_blocks(),
            _ => [0, 1].map(|i| [frame.width, frame.height][i].div_ceil(8 * frame.factors[i])),
        };
        for unit in 0..units[0] * units[1] {
            if self.restart > 0 && unit > 0 && unit % self.restart == 0 {
                bits.restart()?;
                state = State::default();
            }
            let place = [unit % units[0], unit / units[0]];
            self.unit(frame, place, &mut bits, &mut state)?;
            // Damaged data would go on with zeros for ever.
            if bits.missing > bits.count + 4096 {
                return None;
            }
        }
        Some(bits.at)
    }

    fn check(&self, frame: &Frame) -> Option<()> {
        let [start, end] = self.band;
        let single = self.parts.len() == 1;
        let blocks: usize = self
            .parts
            .iter()
            .map(|&(i, _)| frame.components[i].factors.iter().product::<usize>())
            .sum();
        let valid = (1..=4).contains(&self.parts.len())
            && start <= end
            && end < 64
            && (single || blocks <= 10)
            && self.bits.iter().all(|&b| b < 14)
            && (!frame.progressive || (start == 0) == (end == 0))
            && (start == 0 || single);
        valid.then_some(())
    }

    fn unit(
        &self,
        frame: &mut Frame,
        place: [usize; 2],
        bits: &mut Bits,
        state: &mut State,
    ) -> Option<()> {
        let single = self.parts.len() == 1;
        let progressive = frame.progressive;
        for (part, &(index, codes)) in self.parts.iter().enumerate() {
            let component = &mut frame.components[index];
            let factors = if single { [1, 1] } else { component.factors };
            for n in 0..factors[0] * factors[1] {
                let x = place[0] * factors[0] + n % factors[0];
                let y = place[1] * factors[1] + n / factors[0];
                let start = 64 * (y * component.blocks[0] + x);
                let block = component.coefficients.get_mut(start..start + 64)?;
                let last = state.last.get_mut(part)?;
                match (progressive, self.band[0], self.bits[0]) {
                    (false, ..) => {
                        self.first(block, codes[0], bits, last)?;
                        self.others(block, codes[1], bits, &mut 0)?;
                    }
                    (true, 0, 0) => self.first(block, codes[0], bits, last)?,
                    (true, 0, _) => block[0] |= (bits.read(1)? << self.bits[1]) as i16,
                    (true, _, 0) => self.others(block, codes[1], bits, &mut state.ended)?,
                    (true, ..) => self.refine(block, codes[1], bits, &mut state.ended)?,
                }
            }
        }
        Some(())
    }

    fn code(&self, kind: usize, number: usize) -> Option<&Huffman> {
        self.codes[kind].get(number)?.as_ref()
    }

    /// The first coefficient: its difference from that of the block before.
    fn first(&self, block: &mut [i16], code: usize, bits: &mut Bits, last: &mut i32) -> Option<()> {
        let size = self.code(0, code)?.read(bits)?;
        let difference = (size <= 15).then(|| bits.signed(u32::from(size)))??;
        *last = last.wrapping_add(difference);
        block[0] = last.wrapping_shl(self.bits[1]) as i16;
        Some(())
    }

    /// The other coefficients, each behind a run of zeros.
    fn others(
        &self,
        block: &mut [i16],
        code: usize,
        bits: &mut Bits,
        ended: &mut i32,
    ) -> Option<()> {
        if *ended > 0 {
            *ended -= 1;
            return Some(());
        }
        let code = self.code(1, code)?;
        let mut k = self.band[0].max(1);
        while k <= self.band[1] {
            let symbol = code.read(bits)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => k += 16,
                (_, 0) => {
                    *ended = (1 << run) - 1 + bits.read(run as u32)?;
                    break;
                }
                _ => {
                    k += run;
                    let value = bits.signed(size)?;
                    *block.get_mut(usize::from(*ZIGZAG.get(k)?))? = (value << self.bits[1]) as i16;
                    k += 1;
                }
            }
        }
        Some(())
    }

    /// One more bit of coefficients that are not zero, and coefficients that become so (§G.1.2.3).
    fn refine(
        &self,
        block: &mut [i16],
        code: usize,
        bits: &mut Bits,
        ended: &mut i32,
    ) -> Option<()> {
        let code = self.code(1, code)?;
        let one = 1i16 << self.bits[1];
        let mut k = self.band[0];
        while *ended == 0 && k <= self.band[1] {
            let symbol = code.read(bits)?;
            let (mut run, size) = (i32::from(symbol >> 4), symbol & 15);
            let mut value = 0;
            match (run, size) {
                (15, 0) => {}
                (_, 0) => {
                    *ended = (1 << run) + bits.read(run as u32)?;
                    break;
                }
                (_, 1) => value = if bits.read(1)? == 1 { one } else { -one },
                _ => return None,
            }
            while k <= self.band[1] {
                let coefficient = &mut block[usize::from(ZIGZAG[k])];
                k += 1;
                if *coefficient != 0 {
                    correct(coefficient, one, bits)?;
                } else if run == 0 {
                    *coefficient = value;
                    break;
                } else {
                    run -= 1;
                }
            }
        }
        if *ended > 0 {
            for &place in &ZIGZAG[k..=self.band[1]] {
                let coefficient = &mut block[usize::from(place)];
                if *coefficient != 0 {
                    correct(coefficient, one, bits)?;
                }
            }
            *ended -= 1;
        }
        Some(())
    }
}

/// Adds a bit, if it is set, to the magnitude.
fn correct(coefficient: &mut i16, one: i16, bits: &mut Bits) -> Option<()> {
    if bits.read(1)? == 1 && *coefficient & one == 0 {
        *coefficient = coefficient.wrapping_add(if *coefficient > 0 { one } else { -one });
    }
    Some(())
}
