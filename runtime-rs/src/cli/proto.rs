//! Tensors as serialised protocol buffers (`TensorProto` of onnx.proto3), the form of test data: `.pb` files.

use crate::error::{Error, Result};
use crate::npz::npy;

/// Numbers of the message's fields.
mod field {
    pub const DIMS: u64 = 1;
    pub const DATA_TYPE: u64 = 2;
    pub const FLOAT_DATA: u64 = 4;
    pub const INT32_DATA: u64 = 5;
    pub const STRING_DATA: u64 = 6;
    pub const INT64_DATA: u64 = 7;
    pub const RAW_DATA: u64 = 9;
    pub const DOUBLE_DATA: u64 = 10;
    pub const UINT64_DATA: u64 = 11;
}

/// How the protocol writes a field: a number of 7-bit groups, 8 bytes, a length and bytes, 4 bytes.
mod wire {
    pub const VARINT: u64 = 0;
    pub const FIXED64: u64 = 1;
    pub const BYTES: u64 = 2;
    pub const FIXED32: u64 = 5;
}

/// Element types by number: numpy's name, bits of an element, and the field that holds elements without `raw_data`.
fn element(data_type: u64) -> Option<(&'static str, usize, u64)> {
    use field::*;
    Some(match data_type {
        1 => ("<f4", 32, FLOAT_DATA),
        2 | 17..=20 | 24 => ("|u1", 8, INT32_DATA),
        3 => ("|i1", 8, INT32_DATA),
        4 => ("<u2", 16, INT32_DATA),
        5 => ("<i2", 16, INT32_DATA),
        6 => ("<i4", 32, INT32_DATA),
        7 => ("<i8", 64, INT64_DATA),
        8 => ("U", 0, STRING_DATA),
        9 => ("|b1", 8, INT32_DATA),
        10 => ("<f2", 16, INT32_DATA),
        11 => ("<f8", 64, DOUBLE_DATA),
        12 => ("<u4", 32, UINT64_DATA),
        13 => ("<u8", 64, UINT64_DATA),
        16 => ("<u2", 16, INT32_DATA),
        21 | 23 => ("|u1", 4, INT32_DATA),
        22 => ("|i1", 4, INT32_DATA),
        25 => ("|u1", 2, INT32_DATA),
        26 => ("|i1", 2, INT32_DATA),
        _ => return None,
    })
}

fn bad(what: &str) -> Error {
    Error::new(format!("tensor file: {what}"))
}

/// The serialised tensor as a `.npy` file. Data of other files (`external_data`) are not read.
pub fn to_npy(bytes: &[u8]) -> Result<Vec<u8>> {
    let message = Message::read(bytes)?;
    let shape = message
        .dims
        .iter()
        .map(|&d| usize::try_from(d as i64).map_err(|_| bad("a negative extent")))
        .collect::<Result<Vec<usize>>>()?;
    let count = shape
        .iter()
        .try_fold(1usize, |n, &d| n.checked_mul(d))
        .ok_or_else(|| bad("too many elements"))?;
    let (descr, bits, typed) = element(message.data_type)
        .ok_or_else(|| bad("neither an array nor a serialised tensor"))?;
    if typed == field::STRING_DATA {
        return strings(&message.strings, &shape, count);
    }
    let body = match message.raw {
        Some(raw) => raw.to_vec(),
        None => message.typed(typed, bits)?,
    };
    let body = if bits < 8 {
        unpack(&body, bits, descr == "|i1", count)
    } else {
        body
    };
    if Some(body.len()) != count.checked_mul(bits.div_ceil(8)) {
        return Err(bad(&format!(
            "{} bytes for shape {shape:?} of {descr}",
            body.len()
        )));
    }
    Ok(npy(descr, &shape, &body))
}

fn strings(texts: &[&[u8]], shape: &[usize], count: usize) -> Result<Vec<u8>> {
    if texts.len() != count {
        return Err(bad(&format!("{} texts for shape {shape:?}", texts.len())));
    }
    let data = texts
        .iter()
        .map(|t| String::from_utf8(t.to_vec()).map_err(|_| bad("a text is not UTF-8")))
        .collect::<Result<Vec<String>>>()?;
    Ok(crate::npz::write_strings(&crate::tensor::Tensor {
        shape: shape.to_vec(),
        data,
    }))
}

/// Elements of 4 or 2 bits, lowest first, each into a byte; too few stay too few.
fn unpack(packed: &[u8], bits: usize, signed: bool, count: usize) -> Vec<u8> {
    let per_byte = 8 / bits;
    if packed.len() != count.div_ceil(per_byte) {
        return Vec::new();
    }
    let rest = 8 - bits;
    (0..count)
        .map(|i| {
            let shifted = packed[i / per_byte] >> (i % per_byte * bits) << rest;
            if signed {
                ((shifted as i8) >> rest) as u8
            } else {
                shifted >> rest
            }
        })
        .collect()
}

/// What a serialised tensor says.
#[derive(Default)]
struct Message<'a> {
    dims: Vec<u64>,
    data_type: u64,
    raw: Option<&'a [u8]>,
    strings: Vec<&'a [u8]>,
    /// Numbers of the typed fields by field: varints, or the bits of floats.
    numbers: Vec<(u64, u64)>,
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut message = Self::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let tag = varint(&mut rest)?;
            let (number, kind) = (tag >> 3, tag & 7);
            match kind {
                wire::VARINT => {
                    let value = varint(&mut rest)?;
                    message.number(number, value);
                }
                wire::FIXED32 | wire::FIXED64 => {
                    let value = fixed(&mut rest, if kind == wire::FIXED32 { 4 } else { 8 })?;
                    message.number(number, value);
                }
                wire::BYTES => {
                    let length = usize::try_from(varint(&mut rest)?).map_err(|_| bad("cut off"))?;
                    let data = take(&mut rest, length)?;
                    message.bytes(number, data)?;
                }
                _ => return Err(bad("neither an array nor a serialised tensor")),
            }
        }
        Ok(message)
    }

    fn number(&mut self, number: u64, value: u64) {
        match number {
            field::DIMS => self.dims.push(value),
            field::DATA_TYPE => self.data_type = value,
            _ => self.numbers.push((number, value)),
        }
    }

    fn bytes(&mut self, number: u64, data: &'a [u8]) -> Result<()> {
        let mut rest = data;
        match number {
            field::RAW_DATA => self.raw = Some(data),
            field::STRING_DATA => self.strings.push(data),
            field::FLOAT_DATA | field::DOUBLE_DATA => {
                let size = if number == field::FLOAT_DATA { 4 } else { 8 };
                while !rest.is_empty() {
                    let value = fixed(&mut rest, size)?;
                    self.numbers.push((number, value));
                }
            }
            field::DIMS | field::INT32_DATA | field::INT64_DATA | field::UINT64_DATA => {
                while !rest.is_empty() {
                    let value = varint(&mut rest)?;
                    self.number(number, value);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Elements of a typed field as little-endian bytes.
    fn typed(&self, number: u64, bits: usize) -> Result<Vec<u8>> {
        let size = bits.div_ceil(8);
        let ours = self.numbers.iter().filter(|(n, _)| *n == number);
        Ok(ours
            .flat_map(|(_, value)| value.to_le_bytes().into_iter().take(size))
            .collect())
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count).ok_or_else(|| bad("cut off"))?;
    *rest = tail;
    Ok(head)
}

fn fixed(rest: &mut &[u8], size: usize) -> Result<u64> {
    let mut value = [0; 8];
    value[..size].copy_from_slice(take(rest, size)?);
    Ok(u64::from_le_bytes(value))
}

fn varint(rest: &mut &[u8]) -> Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Ok(value);
        }
    }
    Err(bad("neither an array nor a serialised tensor"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::F16;
    use crate::npz::parse_npy;

    fn elements<T: crate::any::NpyElement>(pb: &[u8]) -> (Vec<usize>, Vec<T>) {
        let npy = to_npy(pb).unwrap();
        let t = parse_npy(&npy).unwrap().to_tensor::<T>().unwrap();
        (t.shape, t.data)
    }

    #[test]
    fn raw_and_typed_data_are_the_same() {
        let raw = [8, 2, 16, 1, 74, 8, 0, 0, 128, 63, 0, 0, 0, 64];
        let packed = [10, 1, 2, 16, 1, 34, 8, 0, 0, 128, 63, 0, 0, 0, 64];
        let single = [8, 2, 16, 1, 37, 0, 0, 128, 63, 37, 0, 0, 0, 64];
        for pb in [&raw[..], &packed, &single] {
            assert_eq!(elements::<f32>(pb), (vec![2], vec![1.0, 2.0]));
        }
    }

    #[test]
    fn negative_numbers_and_half_floats_are_cut_to_their_width() {
        let minus_one = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        let int8 = [&[8, 1, 16, 3, 40][..], &minus_one].concat();
        assert_eq!(elements::<i8>(&int8), (vec![1], vec![-1]));
        let int64 = [&[8, 1, 16, 7, 56][..], &minus_one].concat();
        assert_eq!(elements::<i64>(&int64), (vec![1], vec![-1]));
        let (_, half) = elements::<F16>(&[8, 1, 16, 10, 40, 128, 120]);
        assert_eq!(half[0].0, 0x3c00);
    }

    #[test]
    fn four_bits_are_unpacked_lowest_first() {
        assert_eq!(
            elements::<u8>(&[8, 3, 16, 21, 74, 2, 0x21, 0x03]).1,
            [1, 2, 3]
        );
        assert_eq!(elements::<i8>(&[8, 2, 16, 22, 74, 1, 0xf1]).1, [1, -1]);
    }

    #[test]
    fn texts_are_read() {
        let npy = to_npy(&[8, 2, 16, 8, 50, 1, b'a', 50, 2, b'b', b'c']).unwrap();
        assert_eq!(
            parse_npy(&npy).unwrap().to_strings().unwrap().data,
            ["a", "bc"]
        );
    }

    #[test]
    fn damaged_files_are_errors() {
        for pb in [
            &[][..],
            &[255],
            &[8, 2, 16, 1, 74, 4, 0, 0, 128, 63],
            &[8, 2, 16, 1, 74, 9],
            &[16, 77],
        ] {
            assert!(to_npy(pb).is_err(), "{pb:?}");
        }
    }
}
