//! Reading of bytes, all of it checked.

/// A place in a file. Every read answers nothing where the file ends too soon.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// The place `at` of the same file.
    pub fn seek(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// Bytes before this place.
    pub fn position(&self) -> usize {
        self.at
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.data.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    pub fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    /// Everything from here on.
    pub fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or(&[])
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(|[b]| b)
    }

    pub fn be16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn be32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn le16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn le32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
}

/// Samples of `bits` bits (1 to 8), first in the high bits of a byte, in a row that starts at a byte.
pub(crate) fn packed_sample(row: &[u8], index: usize, bits: usize) -> Option<u8> {
    let bit = index * bits;
    let byte = *row.get(bit / 8)?;
    let mask = ((1u16 << bits) - 1) as u8;
    Some((byte >> (8 - bits - bit % 8)) & mask)
}

/// A sample of `bits` bits spread over 0 … 255.
pub(crate) fn spread(sample: u8, bits: usize) -> u8 {
    (u16::from(sample) * 255 / ((1 << bits) - 1)) as u8
}
