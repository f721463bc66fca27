//! Axes in another order.

use super::strided::{copy_from_strided, for_each_offset, signed_strides, Axes};

/// Side of the square that is moved at once; a cache line of 4-byte elements is two of them.
const SIDE: usize = 8;
/// Rows of the destination that stay in the first-level cache while the columns are walked.
const ROWS: usize = 256;

/// `y[i[perm[0]], i[perm[1]], …] = x[i[0], i[1], …]`.
///
/// Axes that stay neighbours are merged first. Where the last axis stays last, whole rows are copied; else the plane of
/// the source's and the destination's innermost axes is moved in squares, so that both sides touch whole cache lines.
pub fn transpose<T: Clone>(x: &[T], shape: &[usize], perm: &[usize], y: &mut [T]) {
    if y.is_empty() {
        return;
    }
    let own = signed_strides(shape);
    let mut axes = Axes::new();
    for &axis in perm {
        axes.push(shape[axis], own[axis]);
    }
    let rank = axes.extents().len();
    let inner = axes.strides().iter().position(|&s| s == 1);
    match inner {
        Some(rows) if rows + 1 < rank => transpose_planes(x, &axes, rows, y),
        _ => copy_from_strided(x, 0, &axes, y),
    }
}

/// The case where axis `rows` of the destination is the innermost of the source.
fn transpose_planes<T: Clone>(x: &[T], axes: &Axes, rows: usize, y: &mut [T]) {
    let last = axes.extents().len() - 1;
    let own: usize = axes.extents()[rows + 1..].iter().product();
    let plane = Plane {
        rows: axes.extents()[rows],
        columns: axes.extents()[last],
        row_step: own,
        column_step: axes.strides()[last] as usize,
    };
    // The other axes, with strides in the destination alongside.
    let rest = axes.without(last).without(rows);
    let mut steps = [0isize; super::strided::MAX_AXES];
    let mut step = 1;
    let mut n = rest.extents().len();
    for axis in (0..=last).rev() {
        if axis != rows && axis != last {
            n -= 1;
            steps[n] = step;
        }
        step *= axes.extents()[axis] as isize;
    }
    let mut index = Odometer::new(rest.extents(), &steps);
    for_each_offset(&rest, 0, |from| {
        plane.copy(&x[from as usize..], &mut y[index.next()..]);
    });
}

/// Offsets in the destination, in step with `for_each_offset` over the source.
struct Odometer<'a> {
    extents: &'a [usize],
    steps: &'a [isize],
    index: [usize; super::strided::MAX_AXES],
    at: isize,
}

impl<'a> Odometer<'a> {
    fn new(extents: &'a [usize], steps: &'a [isize]) -> Self {
        Self {
            extents,
            steps,
            index: [0; super::strided::MAX_AXES],
            at: 0,
        }
    }

    /// The offset of the current index, which then moves on.
    fn next(&mut self) -> usize {
        let now = self.at;
        for axis in (0..self.extents.len()).rev() {
            self.index[axis] += 1;
            self.at += self.steps[axis];
            if self.index[axis] < self.extents[axis] {
                break;
            }
            self.at -= self.steps[axis] * self.extents[axis] as isize;
            self.index[axis] = 0;
        }
        now as usize
    }
}

/// `y[r·row_step + c] = x[r + c·column_step]`.
struct Plane {
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl Plane {
    fn copy<T: Clone>(&self, x: &[T], y: &mut [T]) {
        let whole_columns = self.columns - self.columns % SIDE;
        for first in (0..self.rows).step_by(ROWS) {
            let end = self.rows.min(first + ROWS);
            let whole_rows = end - (end - first) % SIDE;
            for c in (0..whole_columns).step_by(SIDE) {
                for r in (first..whole_rows).step_by(SIDE) {
                    self.square(x, y, r, c);
                }
                self.rest(x, y, whole_rows..end, c..c + SIDE);
            }
            self.rest(x, y, first..end, whole_columns..self.columns);
        }
    }

    #[inline(always)]
    fn square<T: Clone>(&self, x: &[T], y: &mut [T], r: usize, c: usize) {
        let from: [&[T; SIDE]; SIDE] = core::array::from_fn(|j| {
            let at = r + (c + j) * self.column_step;
            x[at..at + SIDE].first_chunk().expect("SIDE elements")
        });
        for i in 0..SIDE {
            let at = (r + i) * self.row_step + c;
            let to: &mut [T; SIDE] = y[at..at + SIDE].first_chunk_mut().expect("SIDE elements");
            for j in 0..SIDE {
                to[j] = from[j][i].clone();
            }
        }
    }

    #[inline(always)]
    fn rest<T: Clone>(
        &self,
        x: &[T],
        y: &mut [T],
        rows: core::ops::Range<usize>,
        columns: core::ops::Range<usize>,
    ) {
        for r in rows {
            for c in columns.clone() {
                y[r * self.row_step + c] = x[r + c * self.column_step].clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{for_each, strides, MAX_RANK};

    fn naive(x: &[usize], shape: &[usize], perm: &[usize]) -> Vec<usize> {
        let own = strides(shape);
        let mut permuted = [0; MAX_RANK];
        for (to, &axis) in permuted.iter_mut().zip(perm) {
            *to = own[axis];
        }
        let extents: Vec<usize> = perm.iter().map(|&a| shape[a]).collect();
        let mut y = vec![];
        for_each(&extents, [&permuted], |[i]| y.push(x[i]));
        y
    }

    #[test]
    fn every_order_of_every_shape_equals_the_naive_loop() {
        let shapes: &[&[usize]] = &[
            &[],
            &[5],
            &[3, 0, 2],
            &[17, 9],
            &[300, 20],
            &[2, 19, 11, 3],
            &[4, 1, 8, 16, 2],
        ];
        for shape in shapes {
            let x: Vec<usize> = (0..shape.iter().product()).collect();
            let mut perm: Vec<usize> = (0..shape.len()).collect();
            permutations(&mut perm, 0, &mut |perm| {
                let mut y = vec![0; x.len()];
                transpose(&x, shape, perm, &mut y);
                assert_eq!(y, naive(&x, shape, perm), "{shape:?} {perm:?}");
            });
        }
    }

    fn permutations(perm: &mut [usize], fixed: usize, f: &mut impl FnMut(&[usize])) {
        if fixed >= perm.len() {
            return f(perm);
        }
        for i in fixed..perm.len() {
            perm.swap(fixed, i);
            permutations(perm, fixed + 1, f);
            perm.swap(fixed, i);
        }
    }
}
