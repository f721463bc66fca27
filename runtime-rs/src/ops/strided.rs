//! Copies between arrays whose axes have strides of their own: what slicing, broadcasting, tiling and permuting share.

use crate::index::{strides, MAX_RANK};

/// Axes of a copy before merging: tiling splits every axis in two.
pub(crate) const MAX_AXES: usize = 2 * MAX_RANK;

/// Extents of a row-major destination with the stride of each axis in the source. Axes of extent 1 are dropped and
/// neighbours that are one run in the source are merged, so that inner loops are as long as they can be.
#[derive(Clone, Copy)]
pub(crate) struct Axes {
    rank: usize,
    extents: [usize; MAX_AXES],
    strides: [isize; MAX_AXES],
}

impl Axes {
    pub fn new() -> Self {
        Self {
            rank: 0,
            extents: [0; MAX_AXES],
            strides: [0; MAX_AXES],
        }
    }

    /// Axes of the given extents and strides, outermost first.
    pub fn of(extents: &[usize], strides: &[isize]) -> Self {
        let mut axes = Self::new();
        for (&extent, &stride) in extents.iter().zip(strides) {
            axes.push(extent, stride);
        }
        axes
    }

    /// Adds an axis inside of those there are.
    pub fn push(&mut self, extent: usize, stride: isize) {
        if extent == 1 {
            return;
        }
        if let Some(last) = self.rank.checked_sub(1) {
            if self.strides[last] == stride * extent as isize {
                self.extents[last] *= extent;
                self.strides[last] = stride;
                return;
            }
        }
        self.extents[self.rank] = extent;
        self.strides[self.rank] = stride;
        self.rank += 1;
    }

    pub fn extents(&self) -> &[usize] {
        &self.extents[..self.rank]
    }

    pub fn strides(&self) -> &[isize] {
        &self.strides[..self.rank]
    }

    /// The axis number `axis` taken out.
    pub fn without(&self, axis: usize) -> Self {
        let mut rest = Self::new();
        for i in (0..self.rank).filter(|&i| i != axis) {
            rest.extents[rest.rank] = self.extents[i];
            rest.strides[rest.rank] = self.strides[i];
            rest.rank += 1;
        }
        rest
    }
}

/// Calls `f` with the source offset of every index of `axes`, in row-major order.
pub(crate) fn for_each_offset(axes: &Axes, start: isize, mut f: impl FnMut(isize)) {
    let (extents, strides) = (axes.extents(), axes.strides());
    if extents.contains(&0) {
        return;
    }
    let mut index = [0usize; MAX_AXES];
    let mut at = start;
    loop {
        f(at);
        let mut axis = extents.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < extents[axis] {
                break;
            }
            at -= strides[axis] * extents[axis] as isize;
            index[axis] = 0;
        }
    }
}

/// `y[i…] = x[start + Σ i·stride]`; `y` is row-major over the axes.
pub(crate) fn copy_from_strided<T: Clone>(x: &[T], start: isize, axes: &Axes, y: &mut [T]) {
    let Some(last) = axes.rank.checked_sub(1) else {
        y[0] = x[start as usize].clone();
        return;
    };
    let (run, stride) = (axes.extents[last], axes.strides[last]);
    if run == 0 || y.is_empty() {
        return;
    }
    let mut rows = y.chunks_exact_mut(run);
    for_each_offset(&axes.without(last), start, |at| {
        let row = rows.next().expect("y has the extents of the axes");
        copy_row(x, at, stride, row);
    });
}

/// `row[i] = x[at + i·stride]`.
#[inline(always)]
fn copy_row<T: Clone>(x: &[T], at: isize, stride: isize, row: &mut [T]) {
    match stride {
        1 => row.clone_from_slice(&x[at as usize..at as usize + row.len()]),
        0 => row.fill(x[at as usize].clone()),
        _ => {
            let mut from = at;
            for to in row {
                *to = x[from as usize].clone();
                from += stride;
            }
        }
    }
}

/// Copies the block of `extents` that begins at index `from` of `x` to where it begins at index `to` of `y`.
pub(crate) fn copy_block<T: Clone>(
    x: &[T],
    x_shape: &[usize],
    from: &[usize],
    y: &mut [T],
    y_shape: &[usize],
    to: &[usize],
    extents: &[usize],
) {
    if extents.contains(&0) {
        return;
    }
    // Axes that the block fills in both arrays, from the last one on, are one run.
    let mut run = 1;
    let mut outer = extents.len();
    while outer > 0 {
        outer -= 1;
        run *= extents[outer];
        if x_shape[outer] != extents[outer] || y_shape[outer] != extents[outer] {
            break;
        }
    }
    let (sx, sy) = (strides(x_shape), strides(y_shape));
    let offset = |s: &[usize; MAX_RANK], index: &[usize]| -> usize {
        index.iter().zip(s).map(|(i, s)| i * s).sum()
    };
    let (ox, oy) = (offset(&sx, from), offset(&sy, to));
    crate::index::for_each(&extents[..outer], [&sx, &sy], |[i, j]| {
        y[oy + j..oy + j + run].clone_from_slice(&x[ox + i..ox + i + run]);
    });
}

/// Row-major strides with a sign.
pub(crate) fn signed_strides(shape: &[usize]) -> [isize; MAX_RANK] {
    strides(shape).map(|s| s as isize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_axes_of_one_run_are_merged() {
        let axes = Axes::of(&[2, 1, 3, 4], &[12, 99, 4, 1]);
        assert_eq!((axes.extents(), axes.strides()), (&[24][..], &[1][..]));
        let repeated = Axes::of(&[5, 2, 3], &[0, 0, 1]);
        assert_eq!(
            (repeated.extents(), repeated.strides()),
            (&[10, 3][..], &[0, 1][..])
        );
    }

    #[test]
    fn strided_copies_run_backwards_and_repeat() {
        let x = [0, 1, 2, 3, 4, 5];
        let mut y = [0; 6];
        copy_from_strided(&x, 5, &Axes::of(&[2, 3], &[-3, -1]), &mut y);
        assert_eq!(y, [5, 4, 3, 2, 1, 0]);
        copy_from_strided(&x, 2, &Axes::of(&[3, 2], &[1, 0]), &mut y);
        assert_eq!(y, [2, 2, 3, 3, 4, 4]);
    }

    #[test]
    fn a_block_lands_where_it_should() {
        let x = [1, 2, 3, 4, 5, 6];
        let mut y = [0; 12];
        copy_block(&x, &[2, 3], &[0, 1], &mut y, &[3, 4], &[1, 2], &[2, 2]);
        assert_eq!(y, [0, 0, 0, 0, 0, 0, 2, 3, 0, 0, 5, 6]);
    }
}
