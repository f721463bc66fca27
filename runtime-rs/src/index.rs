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
