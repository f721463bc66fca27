//! Portable bit-, grey- and pixmaps: PBM, PGM, PPM (plain and raw) and PAM.

use super::{pixel_count, Image};

/// A header's words and the samples behind it.
struct Text<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Text<'a> {
    /// The next word; comments run from `#` to the end of a line.
    fn word(&mut self) -> Option<&'a [u8]> {
        loop {
            match self.data.get(self.at)? {
                b'#' => self.line(),
                byte if byte.is_ascii_whitespace() => self.at += 1,
                _ => break,
            }
        }
        let start = self.at;
        while self
            .data
            .get(self.at)
            .is_some_and(|b| !b.is_ascii_whitespace())
        {
            self.at += 1;
        }
        Some(&self.data[start..self.at])
    }

    fn line(&mut self) {
        while self.data.get(self.at).is_some_and(|&b| b != b'\n') {
            self.at += 1;
        }
    }

    fn number(&mut self) -> Option<usize> {
        core::str::from_utf8(self.word()?).ok()?.parse().ok()
    }

    /// A digit 0 or 1, which need not be set off.
    fn bit(&mut self) -> Option<u8> {
        loop {
            let byte = *self.data.get(self.at)?;
            self.at += 1;
            match byte {
                b'0' | b'1' => return Some(byte - b'0'),
                b'#' => self.line(),
                byte if byte.is_ascii_whitespace() => {}
                _ => return None,
            }
        }
    }
}

struct Header {
    width: usize,
    height: usize,
    /// Samples of a pixel.
    samples: usize,
    /// The greatest sample.
    most: usize,
}

/// Decodes a file.
pub(crate) fn decode(file: &[u8]) -> Option<Image> {
    let mut text = Text { data: file, at: 2 };
    let kind = *file.get(1)?;
    let header = if kind == b'7' {
        header_of_pam(&mut text)?
    } else {
        let (width, height) = (text.number()?, text.number()?);
        let most = if matches!(kind, b'1' | b'4') {
            1
        } else {
            text.number()?
        };
        let samples = if matches!(kind, b'3' | b'6') { 3 } else { 1 };
        Header {
            width,
            height,
            samples,
            most,
        }
    };
    let count = pixel_count(header.width, header.height)?;
    if !(1..=65535).contains(&header.most) || header.samples == 0 || header.samples > 4 {
        return None;
    }
    let samples = count * header.samples;
    let values: Vec<u8> = match kind {
        b'1' => (0..samples)
            .map(|_| Some(255 * (1 - text.bit()?)))
            .collect(),
        b'2' | b'3' => (0..samples)
            .map(|_| scaled(text.number()?, header.most))
            .collect(),
        b'4' => bits(file.get(text.at + 1..)?, &header),
        _ => raw(file.get(text.at + 1..)?, samples, header.most),
    }?;
    let mut rgb = Vec::with_capacity(3 * count);
    for pixel in values.chunks_exact(header.samples) {
        match pixel {
            [grey] | [grey, _] => rgb.extend([*grey; 3]),
            [red, green, blue, ..] => rgb.extend([*red, *green, *blue]),
            [] => {}
        }
    }
    Some(Image {
        width: header.width,
        height: header.height,
        rgb,
    })
}

fn header_of_pam(text: &mut Text) -> Option<Header> {
    let mut header = Header {
        width: 0,
        height: 0,
        samples: 0,
        most: 0,
    };
    loop {
        match text.word()? {
            b"WIDTH" => header.width = text.number()?,
            b"HEIGHT" => header.height = text.number()?,
            b"DEPTH" => header.samples = text.number()?,
            b"MAXVAL" => header.most = text.number()?,
            b"TUPLTYPE" => text.line(),
            b"ENDHDR" => return Some(header),
            _ => return None,
        }
    }
}

/// A sample of 0 … `most` as one of 0 … 255, to nearest.
fn scaled(sample: usize, most: usize) -> Option<u8> {
    (sample <= most).then(|| ((sample * 255 + most / 2) / most) as u8)
}

/// Rows of bits, each in bytes of its own; 1 is black.
fn bits(data: &[u8], header: &Header) -> Option<Vec<u8>> {
    let length = header.width.div_ceil(8);
    let rows = data.get(..length * header.height)?.chunks_exact(length);
    let bit = |row: &[u8], x: usize| row[x / 8] >> (7 - x % 8) & 1;
    Some(
        rows.flat_map(|row| (0..header.width).map(move |x| 255 * (1 - bit(row, x))))
            .collect(),
    )
}

fn raw(data: &[u8], samples: usize, most: usize) -> Option<Vec<u8>> {
    if most < 256 {
        return data
            .get(..samples)?
            .iter()
            .map(|&s| scaled(s as usize, most))
            .collect();
    }
    let pairs = data.get(..2 * samples)?.chunks_exact(2);
    pairs
        .map(|p| scaled(p[0] as usize * 256 + p[1] as usize, most))
        .collect()
}
