//! Elements added around an array, or taken away.

use super::run_time_extents::at_axes;
use super::strided::copy_block;
use crate::element::Index;
use crate::error::{Error, Result};
use crate::index::{strides, MAX_RANK};

/// What stands in the added places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PadMode {
    /// A value.
    Constant,
    /// The array mirrored at its first and last entries, which are not repeated.
    Reflect,
    /// The nearest entry of the array.
    Edge,
    /// The array repeated.
    Wrap,
}

/// Along one axis: `cut` entries are left out in front, `kept` stay, `lead` are added in front of them.
#[derive(Clone, Copy, Default)]
struct Plan {
    cut: usize,
    kept: usize,
    lead: usize,
    /// Of the result.
    extent: usize,
}

impl Plan {
    fn of(extent: usize, before: i64, after: i64) -> Result<Self> {
        let kept = extent as i64 + before.min(0) + after.min(0);
        let total = extent as i64 + before + after;
        if total < 0 {
            return Err(Error::new(format!(
                "an axis of extent {extent} cannot be padded by {before} and {after}"
            )));
        }
        // Where both sides cut away more than there is, all that is left is what is added.
        Ok(Self {
            cut: ((-before).max(0) as usize).min(extent),
            kept: kept.max(0) as usize,
            lead: before.max(0).min(total) as usize,
            extent: total as usize,
        })
    }

    /// The entry of the array that stands at `i` of the result in a mode other than `Constant`; `kept` is not 0.
    fn source(&self, i: usize, mode: PadMode) -> usize {
        let n = self.kept as i64;
        let at = i as i64 - self.lead as i64;
        let inside = match mode {
            PadMode::Wrap => at.rem_euclid(n),
            PadMode::Reflect if n > 1 => {
                let m = at.rem_euclid(2 * (n - 1));
                m.min(2 * (n - 1) - m)
            }
            _ => at.clamp(0, n - 1),
        };
        self.cut + inside as usize
    }
}

fn plans<I: Index, A: Index>(shape: &[usize], pads: &[I], axes: &[A]) -> Result<[Plan; MAX_RANK]> {
    let mut all = [Plan::default(); MAX_RANK];
    for (plan, &extent) in all.iter_mut().zip(shape) {
        *plan = Plan::of(extent, 0, 0)?;
    }
    let count = pads.len() / 2;
    let named = if axes.is_empty() { count } else { axes.len() };
    super::expect_extents(&[pads.len()], &[2 * named])?;
    for n in 0..count {
        let axis = axes.get(n).map_or(n as i64, |a| a.to_i64());
        let axis = super::index_in(axis, shape.len())?;
        all[axis] = Plan::of(shape[axis], pads[n].to_i64(), pads[count + n].to_i64())?;
    }
    Ok(all)
}

/// Extents along `at` of an array of `shape` padded by `pads` (all the leading ones, then all the trailing ones) along
/// `axes` (empty: all).
pub fn pad_extents<const N: usize, I: Index, A: Index>(
    shape: &[usize],
    pads: &[I],
    axes: &[A],
    at: &[usize],
) -> Result<[usize; N]> {
    Ok(at_axes(&plans(shape, pads, axes)?.map(|p| p.extent), at))
}

/// `x` with entries added at the ends of its axes, as `mode` says; negative numbers in `pads` take entries away, before any
/// are added. `value` fills in `Constant` mode, the type's zero where there is none.
///
/// Errors: an axis that would have a negative extent; modes that repeat entries where there are none.
pub fn pad<T: Clone + Default, I: Index, A: Index>(
    x: &[T],
    x_shape: &[usize],
    pads: &[I],
    axes: &[A],
    mode: PadMode,
    value: Option<&[T]>,
    y: &mut [T],
) -> Result<()> {
    let all = plans(x_shape, pads, axes)?;
    let rank = x_shape.len();
    let extents = all.map(|p| p.extent);
    let kept = all.map(|p| p.kept);
    super::expect_extents(&[y.len()], &[extents[..rank].iter().product()])?;
    if mode == PadMode::Constant {
        let fill = value.and_then(|v| v.first()).cloned().unwrap_or_default();
        y.fill(fill);
        let (from, to) = (all.map(|p| p.cut), all.map(|p| p.lead));
        copy_block(
            x,
            x_shape,
            &from[..rank],
            y,
            &extents[..rank],
            &to[..rank],
            &kept[..rank],
        );
        return Ok(());
    }
    if y.is_empty() {
        return Ok(());
    }
    if kept[..rank].contains(&0) {
        return Err(Error::new("there are no entries to repeat in the padding"));
    }
    repeat(x, x_shape, &all[..rank], mode, y);
    Ok(())
}

/// The modes that repeat entries: row by row of the last axis that changes.
fn repeat<T: Clone>(x: &[T], x_shape: &[usize], all: &[Plan], mode: PadMode, y: &mut [T]) {
    let changed = |p: &Plan, extent: usize| p.kept != extent || p.extent != extent;
    let last = (0..all.len()).rev().find(|&a| changed(&all[a], x_shape[a]));
    let Some(last) = last else {
        return y.clone_from_slice(x);
    };
    let own = strides(x_shape);
    let run = own[last];
    let plan = &all[last];
    let mut index = [0usize; MAX_RANK];
    for row in y.chunks_exact_mut(plan.extent * run) {
        let start: usize = (0..last)
            .map(|a| all[a].source(index[a], mode) * own[a])
            .sum();
        let from = &x[start..start + x_shape[last] * run];
        let middle = plan.lead..plan.lead + plan.kept;
        row[middle.start * run..middle.end * run]
            .clone_from_slice(&from[plan.cut * run..(plan.cut + plan.kept) * run]);
        for i in (0..middle.start).chain(middle.end..plan.extent) {
            let at = plan.source(i, mode) * run;
            row[i * run..(i + 1) * run].clone_from_slice(&from[at..at + run]);
        }
        for axis in (0..last).rev() {
            index[axis] += 1;
            if index[axis] < all[axis].extent {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// `x` cropped or padded with zeros, equally at both ends, to `y_shape`; where the difference is odd, the larger part is
/// at the end.
pub fn center_crop_pad<T: Clone + Default>(
    x: &[T],
    x_shape: &[usize],
    y: &mut [T],
    y_shape: &[usize],
) {
    let rank = x_shape.len();
    let (mut from, mut to, mut kept) = ([0; MAX_RANK], [0; MAX_RANK], [0; MAX_RANK]);
    for axis in 0..rank {
        let (old, new) = (x_shape[axis], y_shape[axis]);
        from[axis] = old.saturating_sub(new) / 2;
        to[axis] = new.saturating_sub(old) / 2;
        kept[axis] = old.min(new);
    }
    y.fill(T::default());
    copy_block(
        x,
        x_shape,
        &from[..rank],
        y,
        y_shape,
        &to[..rank],
        &kept[..rank],
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(mode: PadMode, before: i64, after: i64) -> Vec<i32> {
        let x = [1, 2, 3, 4];
        let pads = [before, after];
        let [n] = pad_extents(&[4], &pads, &[0i64; 0], &[0]).unwrap();
        let mut y = vec![0; n];
        pad(&x, &[4], &pads, &[0i64; 0], mode, Some(&[9]), &mut y).unwrap();
        y
    }

    #[test]
    fn every_mode_in_one_dimension() {
        use PadMode::*;
        let cases: &[(PadMode, i64, i64, &[i32])] = &[
            (Constant, 1, 2, &[9, 1, 2, 3, 4, 9, 9]),
            (Constant, -1, 1, &[2, 3, 4, 9]),
            (Constant, -3, 6, &[4, 9, 9, 9, 9, 9, 9]),
            (Constant, -5, 6, &[9, 9, 9, 9, 9]),
            (Edge, 2, 1, &[1, 1, 1, 2, 3, 4, 4]),
            (Reflect, 5, 0, &[2, 3, 4, 3, 2, 1, 2, 3, 4]),
            (Reflect, 0, 4, &[1, 2, 3, 4, 3, 2, 1, 2]),
            (Wrap, 5, 1, &[4, 1, 2, 3, 4, 1, 2, 3, 4, 1]),
            (Wrap, -1, 2, &[2, 3, 4, 2, 3]),
        ];
        for &(mode, before, after, expected) in cases {
            assert_eq!(
                padded(mode, before, after),
                expected,
                "{mode:?} {before} {after}"
            );
        }
    }

    #[test]
    fn outer_axes_are_padded_with_whole_rows() {
        let x = [1, 2, 3, 4];
        let mut y = [0; 12];
        pad(
            &x,
            &[2, 2],
            &[1i64, 0, 0, 1],
            &[0i64, 1],
            PadMode::Edge,
            None,
            &mut y[..9],
        )
        .unwrap();
        assert_eq!(y[..9], [1, 2, 2, 1, 2, 2, 3, 4, 4]);
        pad(
            &x,
            &[2, 2],
            &[2i64, 0],
            &[-2i64],
            PadMode::Wrap,
            None,
            &mut y[..8],
        )
        .unwrap();
        assert_eq!(y[..8], [1, 2, 3, 4, 1, 2, 3, 4]);
    }

    #[test]
    fn impossible_padding_is_an_error() {
        assert!(pad_extents::<1, i64, i64>(&[2], &[-2, -1], &[], &[0]).is_err());
        let mut y = [0; 2];
        let empty: [i32; 0] = [];
        assert!(pad(
            &empty,
            &[0],
            &[1i64, 1],
            &[0i64; 0],
            PadMode::Edge,
            None,
            &mut y
        )
        .is_err());
    }

    #[test]
    fn centering_keeps_the_larger_part_at_the_end() {
        let mut y = [9; 4];
        center_crop_pad(&[1, 2, 3, 4, 5, 6, 7], &[7], &mut y, &[4]);
        assert_eq!(y, [2, 3, 4, 5]);
        center_crop_pad(&[1], &[1], &mut y, &[4]);
        assert_eq!(y, [0, 1, 0, 0]);
    }
}
