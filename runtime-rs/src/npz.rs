//! `.npy` and `.npz` files: reading inputs and writing results.
//!
//! Source: NEP 1 (the npy format); PKWARE APPNOTE.TXT 6.3.10, §4.3.

use std::borrow::Cow;

use crate::any::NpyElement;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// One array of a file, not yet given its type.
pub struct Array<'a> {
    /// numpy's name without byte order: `f4`, `U12`.
    pub descr: String,
    /// Extents.
    pub shape: Vec<usize>,
    /// Little-endian elements.
    pub bytes: &'a [u8],
}

fn bad(what: &str) -> Error {
    Error::new(format!("tensor file: {what}"))
}

fn u16_at(b: &[u8], at: usize) -> Result<usize> {
    Ok(u16::from_le_bytes(
        b.get(at..at + 2)
            .ok_or_else(|| bad("cut off"))?
            .try_into()
            .expect("two bytes"),
    ) as usize)
}
fn u32_at(b: &[u8], at: usize) -> Result<usize> {
    Ok(u32::from_le_bytes(
        b.get(at..at + 4)
            .ok_or_else(|| bad("cut off"))?
            .try_into()
            .expect("four bytes"),
    ) as usize)
}

/// The array in a `.npy` file.
pub fn parse_npy(bytes: &[u8]) -> Result<Array<'_>> {
    if !bytes.starts_with(b"\x93NUMPY") {
        return Err(bad("not a .npy file"));
    }
    let wide = bytes.get(6).is_some_and(|&v| v > 1);
    let (len, at) = if wide {
        (u32_at(bytes, 8)?, 12)
    } else {
        (u16_at(bytes, 8)?, 10)
    };
    let header = bytes
        .get(at..at + len)
        .ok_or_else(|| bad("header cut off"))?;
    let header = std::str::from_utf8(header).map_err(|_| bad("header is no text"))?;
    let field = |name: &str| {
        header
            .split_once(&format!("'{name}':"))
            .map(|(_, rest)| rest.trim_start())
    };
    let descr = field("descr")
        .and_then(|r| r.strip_prefix('\''))
        .and_then(|r| r.split_once('\''))
        .ok_or_else(|| bad("no descr"))?
        .0;
    if descr.starts_with('>') || field("fortran_order").is_some_and(|r| r.starts_with("True")) {
        return Err(bad(
            "big-endian and Fortran order are not read here; convert with numpy.ascontiguousarray",
        ));
    }
    let shape = field("shape")
        .and_then(|r| r.strip_prefix('('))
        .and_then(|r| r.split_once(')'))
        .ok_or_else(|| bad("no shape"))?
        .0;
    let shape = shape
        .split(',')
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .map(|s| s.parse().map_err(|_| bad("shape")))
        .collect::<Result<Vec<usize>>>()?;
    Ok(Array {
        descr: descr.trim_start_matches(['<', '|', '=']).to_string(),
        shape,
        bytes: &bytes[at + len..],
    })
}

impl Array<'_> {
    /// As elements of type `T`, which must be the one in the file.
    pub fn to_tensor<T: NpyElement>(&self) -> Result<Tensor<T>> {
        let count = self
            .shape
            .iter()
            .try_fold(1usize, |n, &d| n.checked_mul(d))
            .ok_or_else(|| bad("too many elements"))?;
        if self.descr != T::NPY {
            return Err(bad(&format!(
                "elements are {}, expected {}",
                self.descr,
                T::NPY
            )));
        }
        let data = T::read(self.bytes);
        if data.len() != count {
            return Err(bad(&format!(
                "{} elements for shape {:?}",
                data.len(),
                self.shape
            )));
        }
        Ok(Tensor {
            shape: self.shape.clone(),
            data,
        })
    }

    /// Texts: numpy's `U`, four bytes a character, padded with zeros.
    pub fn to_strings(&self) -> Result<Tensor<String>> {
        let width = self
            .descr
            .strip_prefix('U')
            .and_then(|n| n.parse::<usize>().ok())
            .ok_or_else(|| bad("elements are no texts"))?;
        let count: usize = self.shape.iter().product();
        if self.bytes.len() != count * width * 4 {
            return Err(bad("texts cut off"));
        }
        let text = |unit: &[u8]| {
            unit.chunks_exact(4)
                .map(|c| u32::from_le_bytes(c.try_into().expect("four bytes")))
                .take_while(|&c| c != 0)
                .map(|c| char::from_u32(c).unwrap_or('\u{fffd}'))
                .collect()
        };
        let data = if width == 0 {
            vec![String::new(); count]
        } else {
            self.bytes.chunks_exact(width * 4).map(text).collect()
        };
        Ok(Tensor {
            shape: self.shape.clone(),
            data,
        })
    }
}

/// A `.npy` file of elements that are bytes already; `descr` is numpy's name with the byte order.
pub(crate) fn npy(descr: &str, shape: &[usize], body: &[u8]) -> Vec<u8> {
    let shape = match shape {
        [one] => format!("({one},)"),
        _ => format!(
            "({})",
            shape
                .iter()
                .map(usize::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.bytes());
    out.extend(body);
    out
}

/// A `.npy` file of numbers.
pub fn write_npy<T: NpyElement>(t: &Tensor<T>) -> Vec<u8> {
    let order = if T::NPY.ends_with('1') { '|' } else { '<' };
    npy(&format!("{order}{}", T::NPY), &t.shape, &T::write(&t.data))
}

/// A `.npy` file of texts.
pub fn write_strings(t: &Tensor<String>) -> Vec<u8> {
    let width = t
        .data
        .iter()
        .map(|s| s.chars().count())
        .max()
        .unwrap_or(0)
        .max(1);
    let mut body = Vec::with_capacity(t.data.len() * width * 4);
    for s in &t.data {
        let mut units: Vec<u32> = s.chars().map(u32::from).collect();
        units.resize(width, 0);
        body.extend(units.into_iter().flat_map(u32::to_le_bytes));
    }
    npy(&format!("<U{width}"), &t.shape, &body)
}

/// Members of a `.npz` by name, `.npy` removed. Compressed ones are unpacked.
pub fn parse_npz(bytes: &[u8]) -> Result<Vec<(String, Cow<'_, [u8]>)>> {
    let end = (0..=bytes.len().saturating_sub(22))
        .rev()
        .take(1 << 16)
        .find(|&i| bytes[i..].starts_with(b"PK\x05\x06"))
        .ok_or_else(|| bad("not a .npz file"))?;
    let (count, mut at) = (u16_at(bytes, end + 10)?, u32_at(bytes, end + 16)?);
    let mut members = Vec::with_capacity(count);
    for _ in 0..count {
        if !bytes
            .get(at..)
            .is_some_and(|b| b.starts_with(b"PK\x01\x02"))
        {
            return Err(bad("damaged .npz directory"));
        }
        let method = u16_at(bytes, at + 10)?;
        let (packed, size) = (u32_at(bytes, at + 20)?, u32_at(bytes, at + 24)?);
        let (name, extra, comment, start) = (
            u16_at(bytes, at + 28)?,
            u16_at(bytes, at + 30)?,
            u16_at(bytes, at + 32)?,
            u32_at(bytes, at + 42)?,
        );
        let text = bytes
            .get(at + 46..at + 46 + name)
            .ok_or_else(|| bad("damaged .npz directory"))?;
        let text = String::from_utf8_lossy(text)
            .trim_end_matches(".npy")
            .to_string();
        let data = start + 30 + u16_at(bytes, start + 26)? + u16_at(bytes, start + 28)?;
        let data = bytes
            .get(data..data + packed)
            .ok_or_else(|| bad("damaged .npz member"))?;
        members.push((text, contents(data, method, size)?));
        at += 46 + name + extra + comment;
    }
    Ok(members)
}

/// The contents of a member of the zip: stored (0) or deflated (8).
fn contents(data: &[u8], method: usize, size: usize) -> Result<Cow<'_, [u8]>> {
    let unpacked = match method {
        0 => Some(Cow::Borrowed(data)),
        8 => crate::image::inflate_raw(data, size).map(Cow::Owned),
        _ => return Err(bad("compressed in a way that is not read here")),
    };
    unpacked
        .filter(|d| d.len() == size)
        .ok_or_else(|| bad("damaged .npz member"))
}

/// A `.npz` of stored members.
pub fn write_npz(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, body) in members {
        let name = format!("{name}.npy");
        let offset = out.len() as u32;
        let mut common = Vec::new();
        // Version, flags (UTF-8 names), stored, the earliest date that the format knows.
        for field in [20u16, 0x800, 0, 0, 0x21] {
            common.extend(field.to_le_bytes());
        }
        for field in [crc32(body), body.len() as u32, body.len() as u32] {
            common.extend(field.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.bytes());
        out.extend(body);
        directory.extend(b"PK\x01\x02");
        directory.extend(20u16.to_le_bytes());
        directory.extend(&common);
        directory.extend([0u8; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.bytes());
    }
    let (start, count) = (out.len() as u32, members.len() as u16);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// CRC-32 as zip has it: reflected polynomial 0xEDB88320, eight bits by a table.
fn crc32(bytes: &[u8]) -> u32 {
    let table: [u32; 256] = core::array::from_fn(|i| {
        (0..8).fold(i as u32, |c, _| {
            if c & 1 != 0 {
                (c >> 1) ^ 0xedb8_8320
            } else {
                c >> 1
            }
        })
    });
    !bytes.iter().fold(!0u32, |c, &b| {
        table[((c ^ b as u32) & 255) as usize] ^ (c >> 8)
    })
}
