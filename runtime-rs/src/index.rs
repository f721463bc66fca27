//! Walking over arrays of any rank: strides, broadcasting, odometers. No allocation: ranks are at most `MAX_RANK`.

/// The greatest rank that kernels take.
pub const MAX_RANK: usize = 16;

/// Strides of a contiguous row-major array, in elements; entries past the rank are 0.
pub fn strides(shape: &[usize]) -> [usize; MAX_RANK] {
    let mut result = [0; MAX_RANK];
    let mut step = 1;
    for (s, &extent) in result[..shape.len()].iter_mut().zip(shape).rev() {
        *s = step;
        step *= extent;
    }
    result
}

/// Strides that read an array of `shape` as if it had `out`'s extents: aligned at the last axis, 0 where an extent of 1
/// is repeated. Panics where the shapes do not broadcast.
pub fn broadcast_strides(shape: &[usize], out: &[usize]) -> [usize; MAX_RANK] {
    assert!(
        shape.len() <= out.len(),
        "cannot broadcast {shape:?} to {out:?}"
    );
    let own = strides(shape);
    let lead = out.len() - shape.len();
    let mut result = [0; MAX_RANK];
    for (axis, &extent) in shape.iter().enumerate() {
        assert!(
            extent == out[lead + axis] || extent == 1,
            "cannot broadcast {shape:?} to {out:?}"
        );
        result[lead + axis] = if extent == 1 { 0 } else { own[axis] };
    }
    result
}

/// Calls `f` with the offsets of each element of `shape` in `N` arrays of the given strides, in row-major order.
pub fn for_each<const N: usize>(
    shape: &[usize],
    strides: [&[usize; MAX_RANK]; N],
    mut f: impl FnMut([usize; N]),
) {
    if shape.contains(&0) {
        return;
    }
    let mut index = [0usize; MAX_RANK];
    let mut at = [0usize; N];
    let Some(last) = shape.len().checked_sub(1) else {
        return f(at);
    };
    loop {
        for _ in 0..shape[last] {
            f(at);
            for n in 0..N {
                at[n] += strides[n][last];
            }
        }
        for n in 0..N {
            at[n] -= strides[n][last] * shape[last];
        }
        let mut axis = last;
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            for n in 0..N {
                at[n] += strides[n][axis];
            }
            if index[axis] < shape[axis] {
                break;
            }
            for n in 0..N {
                at[n] -= strides[n][axis] * shape[axis];
            }
            index[axis] = 0;
        }
    }
}

/// The index space of broadcast arrays with axes merged where all arrays allow it, split into rows: the last axis that is
/// left. Rows are as long as the arrays' layouts let them be.
pub struct Rows<const N: usize> {
    /// Elements of a row; 0 if there are none.
    pub len: usize,
    /// Distance of a row's elements in each array: 1, or 0 where one is repeated, or more.
    pub steps: [usize; N],
    rank: usize,
    shape: [usize; MAX_RANK],
    strides: [[usize; MAX_RANK]; N],
}

impl<const N: usize> Rows<N> {
    /// Rows over `shape` of arrays that are broadcast to it. Panics where one does not.
    pub fn new(shape: &[usize], arrays: [&[usize]; N]) -> Self {
        let strides = arrays.map(|own| broadcast_strides(own, shape));
        let mut rows = Self {
            len: 1,
            steps: [0; N],
            rank: 0,
            shape: [0; MAX_RANK],
            strides: [[0; MAX_RANK]; N],
        };
        for (axis, &extent) in shape.iter().enumerate().filter(|(_, &extent)| extent != 1) {
            let merges = rows.rank > 0
                && (0..N).all(|n| rows.strides[n][rows.rank - 1] == strides[n][axis] * extent);
            if merges {
                rows.shape[rows.rank - 1] *= extent;
            } else {
                rows.shape[rows.rank] = extent;
                rows.rank += 1;
            }
            for n in 0..N {
                rows.strides[n][rows.rank - 1] = strides[n][axis];
            }
        }
        if let Some(last) = rows.rank.checked_sub(1) {
            rows.rank = last;
            rows.len = rows.shape[last];
            rows.steps = core::array::from_fn(|n| rows.strides[n][last]);
        }
        rows
    }

    /// Calls `f` with where each row starts in the arrays, in row-major order.
    pub fn for_each(&self, f: impl FnMut([usize; N])) {
        if self.len > 0 {
            for_each(&self.shape[..self.rank], self.strides.each_ref(), f);
        }
    }
}

/// `axis`, counted from the end where negative. Panics outside of `-rank..rank`.
pub fn axis(axis: i64, rank: usize) -> usize {
    let at = if axis < 0 { axis + rank as i64 } else { axis };
    assert!(
        (0..rank as i64).contains(&at),
        "axis {axis} of an array of rank {rank}"
    );
    at as usize
}

/// Extents before, at and after an axis: (outer, extent, inner).
pub fn around(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    (
        shape[..axis].iter().product(),
        shape[axis],
        shape[axis + 1..].iter().product(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offsets of all elements, by rows and one by one.
    fn check(shape: &[usize], a: &[usize], b: &[usize], len: usize) {
        let rows = Rows::new(shape, [a, b]);
        assert_eq!(rows.len, len);
        let mut found = vec![];
        rows.for_each(|at| {
            found.extend((0..len).map(|k| [at[0] + k * rows.steps[0], at[1] + k * rows.steps[1]]))
        });
        let (sa, sb) = (broadcast_strides(a, shape), broadcast_strides(b, shape));
        let mut expected = vec![];
        for_each(shape, [&sa, &sb], |at| expected.push(at));
        assert_eq!(found, expected, "{shape:?} {a:?} {b:?}");
    }

    #[test]
    fn rows_are_as_long_as_they_can_be() {
        check(&[2, 3, 4], &[2, 3, 4], &[2, 3, 4], 24);
        check(&[2, 3, 4], &[2, 3, 4], &[], 24);
        check(&[2, 3, 4], &[2, 3, 4], &[3, 4], 12);
        check(&[2, 3, 4], &[2, 1, 4], &[3, 1], 4);
        check(&[2, 3, 4], &[2, 3, 1], &[1, 1, 4], 4);
        check(&[2, 3, 1], &[3, 1], &[2, 1, 1], 3);
        check(&[], &[], &[], 1);
        check(&[1, 1], &[], &[1], 1);
        check(&[2, 0, 3], &[3], &[2, 0, 3], 3);
        check(&[3, 0], &[3, 1], &[], 0);
    }
}
