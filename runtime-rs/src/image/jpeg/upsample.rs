//! From the blocks of a component to a plane of the image's size.

use super::{transform, Component, Frame};

/// The samples of a component at the image's resolution. Nothing for ratios that are no whole numbers, or without a table.
pub(super) fn plane(component: &Component, frame: &Frame) -> Option<Vec<u8>> {
    let own = samples(component)?;
    let ratio = [0, 1].map(|i| frame.factors[i] / component.factors[i]);
    if [0, 1]
        .iter()
        .any(|&i| ratio[i] * component.factors[i] != frame.factors[i])
    {
        return None;
    }
    let [width, height] = component.size;
    let mut out = Vec::with_capacity(frame.width * frame.height);
    // Smoothing needs neighbours on both sides.
    let smooth = width > 2 || ratio[0] == 1;
    for y in 0..frame.height {
        let from = y / ratio[1];
        let row = |y: usize| &own[y.min(height - 1) * width..][..width];
        // The row beyond the nearer edge of this one.
        let other = row(if y % ratio[1] == 0 {
            from.saturating_sub(1)
        } else {
            from + 1
        });
        let start = out.len();
        match ratio {
            [1, 1] => out.extend(row(from)),
            [2, 1] if smooth => smooth_row(row(from), frame.width, &mut out),
            [1, 2] => {
                let bias = if y % 2 == 0 { 1 } else { 2 };
                let pairs = row(from).iter().zip(other);
                out.extend(
                    pairs.map(|(&a, &b)| ((3 * u16::from(a) + u16::from(b) + bias) >> 2) as u8),
                );
            }
            [2, 2] if smooth => smooth_rows(row(from), other, frame.width, &mut out),
            _ => out.extend((0..frame.width).map(|x| row(from)[x / ratio[0]])),
        }
        out.truncate(start + frame.width);
    }
    Some(out)
}

/// The component's own samples, without what pads its blocks.
fn samples(component: &Component) -> Option<Vec<u8>> {
    let [width, height] = component.size;
    let table = component.table?;
    let mut out = vec![0; width * height];
    let [across, down] = component.real_blocks();
    for by in 0..down {
        for bx in 0..across {
            let start = 64 * (by * component.blocks[0] + bx);
            let block = transform::inverse(&component.coefficients[start..start + 64], &table);
            let count = (width - 8 * bx).min(8);
            for (dy, row) in block.chunks_exact(8).enumerate().take(height - 8 * by) {
                out[(8 * by + dy) * width + 8 * bx..][..count].copy_from_slice(&row[..count]);
            }
        }
    }
    Some(out)
}

/// Twice as many samples: three quarters of the nearer and one quarter of the further one.
fn smooth_row(row: &[u8], width: usize, out: &mut Vec<u8>) {
    let at = |i: usize| u16::from(row[i]);
    let last = row.len() - 1;
    for x in 0..width {
        let i = x / 2;
        out.push(match (x % 2, i) {
            (0, 0) => row[0],
            (0, _) => ((3 * at(i) + at(i - 1) + 1) >> 2) as u8,
            _ if i == last => row[last],
            _ => ((3 * at(i) + at(i + 1) + 2) >> 2) as u8,
        });
    }
}

/// As `smooth_row` in both directions.
fn smooth_rows(near: &[u8], far: &[u8], width: usize, out: &mut Vec<u8>) {
    let at = |i: usize| 3 * u16::from(near[i]) + u16::from(far[i]);
    let last = near.len() - 1;
    for x in 0..width {
        let i = x / 2;
        let sum = match (x % 2, i) {
            (0, 0) => 4 * at(0) + 8,
            (0, _) => 3 * at(i) + at(i - 1) + 8,
            _ if i == last => 4 * at(last) + 7,
            _ => 3 * at(i) + at(i + 1) + 7,
        };
        out.push((sum >> 4) as u8);
    }
}
