//! Pictures as inputs: pixels in the order and type that the model's input has.

use crate::error::{Error, Result};
use crate::image::Image;
use crate::npz::npy;

/// Where the channels stand among the extents of an image.
struct Layout {
    channels: usize,
    /// Channels before rows and columns rather than after them.
    planes: bool,
    rows: Option<usize>,
    columns: Option<usize>,
}

/// The picture as a `.npy` file for an input of the type `kind`: `f32[1, 3, H, W]` or `u8[1, H, W, 3]`, one channel (luma)
/// or three (red, green, blue). Integers are 0 to 255, floats 0 to 1. Nothing is scaled: the picture must have the size of
/// the input where that is fixed.
pub fn to_npy(image: &Image, kind: &str) -> Result<Vec<u8>> {
    let (dtype, extents) = parse(kind).ok_or_else(|| unfit(kind))?;
    let layout = layout(&extents, image).ok_or_else(|| unfit(kind))?;
    for (axis, expected, found) in [
        ("columns", layout.columns, image.width),
        ("rows", layout.rows, image.height),
    ] {
        if expected.is_some_and(|e| e != found) {
            let expected = expected.unwrap_or(0);
            return Err(Error::new(format!(
                "expected {expected} {axis} of pixels, found {found}"
            )));
        }
    }
    let samples = samples(image, &layout);
    let shape = shape(image, &layout, extents.len());
    match dtype {
        "u8" => Ok(npy("|u1", &shape, &samples)),
        "f32" => {
            let body: Vec<u8> = samples
                .iter()
                .flat_map(|&s| (f32::from(s) / 255.0).to_le_bytes())
                .collect();
            Ok(npy("<f4", &shape, &body))
        }
        _ => Err(unfit(kind)),
    }
}

fn unfit(kind: &str) -> Error {
    Error::new(format!("a picture is no value for {kind}"))
}

/// Element type and extents of a type's text; symbolic extents are nothing.
fn parse(kind: &str) -> Option<(&str, Vec<Option<usize>>)> {
    let (dtype, rest) = kind.split_once('[')?;
    let extents = rest.strip_suffix(']')?;
    Some((
        dtype,
        extents.split(',').map(|d| d.trim().parse().ok()).collect(),
    ))
}

/// Finds rows, columns and channels among the last three extents, those before them being 1. Where channels could stand
/// at either end the picture's size decides.
fn layout(extents: &[Option<usize>], image: &Image) -> Option<Layout> {
    let (outer, inner) = extents.split_at(extents.len().checked_sub(3)?);
    if outer.iter().any(|d| d.is_some_and(|d| d != 1)) {
        return None;
    }
    let make = |channels: usize, planes, rows: usize, columns: usize| {
        let channels = inner[channels].filter(|d| [1, 3].contains(d))?;
        Some(Layout {
            channels,
            planes,
            rows: inner[rows],
            columns: inner[columns],
        })
    };
    let fits = |l: &Layout| {
        l.rows.is_none_or(|r| r == image.height) && l.columns.is_none_or(|c| c == image.width)
    };
    let mut found = [make(0, true, 1, 2), make(2, false, 0, 1)]
        .into_iter()
        .flatten();
    let first = found.next()?;
    if fits(&first) {
        return Some(first);
    }
    Some(found.find(fits).unwrap_or(first))
}

fn shape(image: &Image, layout: &Layout, rank: usize) -> Vec<usize> {
    let (rows, columns, channels) = (image.height, image.width, layout.channels);
    let inner = if layout.planes {
        [channels, rows, columns]
    } else {
        [rows, columns, channels]
    };
    let mut shape = vec![1; rank - 3];
    shape.extend(inner);
    shape
}

fn samples(image: &Image, layout: &Layout) -> Vec<u8> {
    if layout.channels == 1 {
        return image.rgb.chunks_exact(3).map(luma).collect();
    }
    if !layout.planes {
        return image.rgb.clone();
    }
    (0..3)
        .flat_map(|c| image.rgb.iter().skip(c).step_by(3).copied())
        .collect()
}

/// Rec. ITU-R BT.601-7, §2.5.1, in 16-bit fixed point, rounded.
fn luma(rgb: &[u8]) -> u8 {
    let sum: u32 = rgb
        .iter()
        .zip([19595u32, 38470, 7471])
        .map(|(&c, w)| u32::from(c) * w)
        .sum();
    ((sum + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npz::parse_npy;

    fn two_pixels() -> Image {
        Image {
            width: 2,
            height: 1,
            rgb: vec![255, 0, 0, 10, 20, 30],
        }
    }

    fn of<T: crate::any::NpyElement>(kind: &str) -> (Vec<usize>, Vec<T>) {
        let npy = to_npy(&two_pixels(), kind).unwrap();
        let t = parse_npy(&npy).unwrap().to_tensor::<T>().unwrap();
        (t.shape, t.data)
    }

    #[test]
    fn channels_stand_where_the_input_has_them() {
        assert_eq!(
            of::<u8>("u8[N, 3, H, W]"),
            (vec![1, 3, 1, 2], vec![255, 10, 0, 20, 0, 30])
        );
        assert_eq!(
            of::<u8>("u8[1, 1, 2, 3]"),
            (vec![1, 1, 2, 3], vec![255, 0, 0, 10, 20, 30])
        );
        assert_eq!(of::<u8>("u8[H, W, 3]").0, [1, 2, 3]);
    }

    #[test]
    fn one_channel_is_luma_and_floats_end_at_one() {
        assert_eq!(of::<u8>("u8[1, 1, H, W]").1, [76, 18]);
        assert_eq!(of::<f32>("f32[1, 1, H, W]").1, [76.0 / 255.0, 18.0 / 255.0]);
    }

    #[test]
    fn other_sizes_and_types_are_errors() {
        for kind in [
            "u8[1, 3, 1, 3]",
            "u8[1, 3, 2, 2]",
            "u8[2, 3, H, W]",
            "i64[1, 3, H, W]",
            "u8[N, 5, H, W]",
            "u8[3]",
            "seq(u8[3])",
        ] {
            assert!(to_npy(&two_pixels(), kind).is_err(), "{kind}");
        }
    }
}
