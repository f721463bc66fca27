//! Deflate (RFC 1951) in a zlib wrapper (RFC 1950).

use super::prefix_code::{LowBits, PrefixCode};

/// Lengths of code length codes come in this order (RFC 1951, §3.2.7).
const LENGTH_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// The contents of a zlib stream, at most `limit` bytes. Nothing if it is damaged, longer, or its checksum is wrong.
pub(crate) fn inflate_zlib(data: &[u8], limit: usize) -> Option<Vec<u8>> {
    let [method, flags, rest @ ..] = data else {
        return None;
    };
    let header = u16::from_be_bytes([*method, *flags]);
    if method & 15 != 8 || header % 31 != 0 || flags & 32 != 0 {
        return None;
    }
    let mut bits = LowBits::new(rest);
    let out = inflate(&mut bits, limit)?;
    let stored = bits.align().get(..4)?.try_into().ok()?;
    (u32::from_be_bytes(stored) == adler32(&out)).then_some(out)
}

/// The contents of a bare deflate stream, as zip files have them, at most `limit` bytes. Nothing if it is damaged or longer.
pub(crate) fn inflate_raw(data: &[u8], limit: usize) -> Option<Vec<u8>> {
    inflate(&mut LowBits::new(data), limit)
}

/// Adler's checksum (RFC 1950, §8.2).
fn adler32(data: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    // So many sums stay below 2³².
    for chunk in data.chunks(5552) {
        for &byte in chunk {
            a += u32::from(byte);
            b += a;
        }
        (a, b) = (a % 65521, b % 65521);
    }
    b << 16 | a
}

fn inflate(bits: &mut LowBits, limit: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let last = bits.bits(1)? == 1;
        match bits.bits(2)? {
            0 => stored(bits, limit, &mut out)?,
            1 => {
                let (literals, distances) = fixed_codes()?;
                block(bits, &literals, &distances, limit, &mut out)?;
            }
            2 => {
                let (literals, distances) = dynamic_codes(bits)?;
                block(bits, &literals, &distances, limit, &mut out)?;
            }
            _ => return None,
        }
        if last {
            return Some(out);
        }
    }
}

fn stored(bits: &mut LowBits, limit: usize, out: &mut Vec<u8>) -> Option<()> {
    let data = bits.align();
    let length = u16::from_le_bytes(data.get(..2)?.try_into().ok()?);
    let complement = u16::from_le_bytes(data.get(2..4)?.try_into().ok()?);
    let length = (length == !complement).then_some(length as usize)?;
    out.extend_from_slice(data.get(4..4 + length)?);
    bits.skip(4 + length);
    (out.len() <= limit).then_some(())
}

fn fixed_codes() -> Option<(PrefixCode, PrefixCode)> {
    let mut lengths = [8u8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    Some((PrefixCode::new(&lengths)?, PrefixCode::new(&[5; 30])?))
}

fn dynamic_codes(bits: &mut LowBits) -> Option<(PrefixCode, PrefixCode)> {
    let literals = bits.bits(5)? as usize + 257;
    let distances = bits.bits(5)? as usize + 1;
    let count = bits.bits(4)? as usize + 4;
    let mut lengths = [0u8; 19];
    for &place in &LENGTH_ORDER[..count] {
        lengths[place] = bits.bits(3)? as u8;
    }
    let code = PrefixCode::new(&lengths)?;
    let mut lengths: Vec<u8> = Vec::with_capacity(literals + distances);
    while lengths.len() < literals + distances {
        let (value, repeat) = match code.read(bits)? {
            16 => (*lengths.last()?, 3 + bits.bits(2)?),
            17 => (0, 3 + bits.bits(3)?),
            18 => (0, 11 + bits.bits(7)?),
            length => (length as u8, 1),
        };
        lengths.extend(core::iter::repeat_n(value, repeat as usize));
    }
    let lengths = lengths.get(..literals + distances)?;
    let (first, second) = lengths.split_at(literals);
    Some((PrefixCode::new(first)?, PrefixCode::new(second)?))
}

fn block(
    bits: &mut LowBits,
    literals: &PrefixCode,
    distances: &PrefixCode,
    limit: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    loop {
        let symbol = literals.read(bits)?;
        if symbol < 256 {
            out.push(symbol as u8);
        } else if symbol == 256 {
            return Some(());
        } else {
            let length = match u32::from(symbol - 257) {
                28 => 258,
                code @ 0..28 => 3 + extended(bits, code, 4)?,
                _ => return None,
            };
            let distance = match u32::from(distances.read(bits)?) {
                code @ 0..30 => 1 + extended(bits, code, 2)? as usize,
                _ => return None,
            };
            let start = out.len().checked_sub(distance)?;
            for from in start..start + length as usize {
                out.push(out[from]);
            }
        }
        if out.len() > limit {
            return None;
        }
    }
}

/// The value of a code of which `step` have as many extra bits, the first two such groups none.
fn extended(bits: &mut LowBits, code: u32, step: u32) -> Option<u32> {
    if code < 2 * step {
        return Some(code);
    }
    let extra = code / step - 1;
    Some(((step + code % step) << extra) + bits.bits(extra)?)
}
