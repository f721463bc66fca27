//! Windows that slide over the spatial axes of an array: where their taps read, shared by convolutions and pools.

use core::ops::Range;

use crate::index::MAX_RANK;

/// A sliding window. Tap `t` of output position `o` reads the input at `o·stride + t·dilation − pad`, along each axis.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Taps along each axis.
    pub kernel: &'a [usize],
    /// Input elements from one output position to the next.
    pub strides: &'a [usize],
    /// Input elements from one tap to the next.
    pub dilations: &'a [usize],
    /// Elements that the input lacks in front of its first.
    pub pads: &'a [usize],
}

/// Calls `f` with each index of `shape` in row-major order; once for no axes, never where an extent is 0.
pub(crate) fn for_each_index(shape: &[usize], mut f: impl FnMut(&[usize])) {
    let mut index = [0usize; MAX_RANK];
    if shape.contains(&0) {
        return;
    }
    loop {
        f(&index[..shape.len()]);
        let mut axis = shape.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// Output positions along one axis whose read `o·stride + offset − pad` lies inside of `0..extent`.
pub(crate) fn positions_inside(
    extent: usize,
    positions: usize,
    stride: usize,
    offset: usize,
    pad: usize,
) -> Range<usize> {
    let start = pad.saturating_sub(offset).div_ceil(stride);
    let end = (extent + pad)
        .checked_sub(offset + 1)
        .map_or(0, |last| last / stride + 1);
    start..end.min(positions).max(start)
}

/// Calls `f(input, output, count)` for each run along the last axis in which the tap reads inside of the input: offsets of
/// the first read and of the first output position, and how many follow. Reads of a run are the last stride apart.
pub(crate) fn tap_rows(
    input: &[usize],
    output: &[usize],
    window: Window,
    tap: &[usize],
    mut f: impl FnMut(usize, usize, usize),
) {
    let rank = input.len();
    let Some(last) = rank.checked_sub(1) else {
        return f(0, 0, 1);
    };
    let mut first = [0usize; MAX_RANK];
    let mut count = [0usize; MAX_RANK];
    for axis in 0..rank {
        let offset = tap[axis] * window.dilations[axis];
        let inside = positions_inside(
            input[axis],
            output[axis],
            window.strides[axis],
            offset,
            window.pads[axis],
        );
        first[axis] = inside.start;
        count[axis] = inside.len();
    }
    if count[last] == 0 {
        return;
    }
    for_each_index(&count[..last], |index| {
        let (mut from, mut to) = (0, 0);
        for axis in 0..rank {
            let position = first[axis] + if axis < last { index[axis] } else { 0 };
            let read = position * window.strides[axis] + tap[axis] * window.dilations[axis]
                - window.pads[axis];
            from = from * input[axis] + read;
            to = to * output[axis] + position;
        }
        f(from, to, count[last]);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_that_read_inside() {
        for extent in 0..5 {
            for positions in 0..6 {
                for stride in 1..4 {
                    for offset in 0..6 {
                        for pad in 0..4 {
                            let inside = positions_inside(extent, positions, stride, offset, pad);
                            let by_hand: Vec<usize> = (0..positions)
                                .filter(|o| (pad..extent + pad).contains(&(o * stride + offset)))
                                .collect();
                            assert_eq!(inside.collect::<Vec<_>>(), by_hand);
                        }
                    }
                }
            }
        }
    }
}
