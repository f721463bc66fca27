//! Distinct entries of an array.

use core::cmp::Ordering;

use super::order::Ordered;
use crate::index::around;

/// Finds equal entries along an axis: `groups[i]` becomes the number of the entry that equals entry `i`, counted in sorted
/// order or in the order of first occurrence. Answers how many distinct ones there are. `order` is scratch; both hold the
/// axis's extent. Elements compare as in `Ordered`: NaN equals NaN.
pub fn unique_groups<T: Ordered>(
    x: &[T],
    shape: &[usize],
    axis: usize,
    sorted: bool,
    order: &mut [i64],
    groups: &mut [i64],
) -> [usize; 1] {
    let (outer, extent, inner) = around(shape, axis);
    let compare = |a: usize, b: usize| -> Ordering {
        for o in 0..outer {
            let row = |e: usize| &x[(o * extent + e) * inner..(o * extent + e + 1) * inner];
            for (x, y) in row(a).iter().zip(row(b)) {
                match x.order(y) {
                    Ordering::Equal => {}
                    other => return other,
                }
            }
        }
        Ordering::Equal
    };
    for (i, e) in order.iter_mut().enumerate() {
        *e = i as i64;
    }
    order.sort_unstable_by(|&a, &b| compare(a as usize, b as usize).then(a.cmp(&b)));
    let mut count = 0;
    let mut first = 0;
    for n in 0..extent {
        let e = order[n] as usize;
        if n == 0 || compare(order[n - 1] as usize, e).is_ne() {
            count += 1;
            first = e;
        }
        groups[e] = if sorted {
            count as i64 - 1
        } else {
            first as i64
        };
    }
    if !sorted {
        number_by_occurrence(order, groups);
    }
    [count]
}

/// `groups[i]` is the first entry that equals entry `i`; it becomes the number of that entry among the first ones.
fn number_by_occurrence(numbers: &mut [i64], groups: &mut [i64]) {
    let mut next = 0;
    for i in 0..groups.len() {
        let first = groups[i] as usize;
        if first == i {
            numbers[i] = next;
            next += 1;
        }
        groups[i] = numbers[first];
    }
}

/// The distinct entries: `y[o, groups[e], n] = x[o, e, n]` for the first `e` of each group.
pub fn unique_entries<T: Clone>(
    x: &[T],
    shape: &[usize],
    axis: usize,
    groups: &[i64],
    y: &mut [T],
) {
    let (outer, extent, inner) = around(shape, axis);
    let block = outer * inner;
    let count = y.len().checked_div(block).unwrap_or(0);
    // Backwards, so that the first entry of a group is the last to be written.
    for e in (0..extent).rev() {
        let g = groups[e] as usize;
        for o in 0..outer {
            let (from, to) = ((o * extent + e) * inner, (o * count + g) * inner);
            y[to..to + inner].clone_from_slice(&x[from..from + inner]);
        }
    }
}

/// The first entry of each group.
pub fn unique_indices(groups: &[i64], indices: &mut [i64]) {
    for (e, &g) in groups.iter().enumerate().rev() {
        indices[g as usize] = e as i64;
    }
}

/// The number of entries of each group.
pub fn unique_counts(groups: &[i64], counts: &mut [i64]) {
    counts.fill(0);
    for &g in groups {
        counts[g as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_or_in_order_of_occurrence() {
        let x = [2.0f32, 1.0, f32::NAN, 1.0, f32::NAN, 3.0];
        let (mut order, mut groups) = ([0; 6], [0; 6]);
        assert_eq!(
            unique_groups(&x, &[6], 0, true, &mut order, &mut groups),
            [4]
        );
        assert_eq!(groups, [1, 0, 3, 0, 3, 2]);
        assert_eq!(
            unique_groups(&x, &[6], 0, false, &mut order, &mut groups),
            [4]
        );
        assert_eq!(groups, [0, 1, 2, 1, 2, 3]);
        let (mut indices, mut counts) = ([0; 4], [0; 4]);
        unique_indices(&groups, &mut indices);
        unique_counts(&groups, &mut counts);
        assert_eq!((indices, counts), ([0, 1, 2, 5], [1, 2, 2, 1]));
    }

    #[test]
    fn columns_are_compared_as_wholes() {
        let x: [String; 6] = ["b", "a", "b", "x", "x", "x"].map(String::from);
        let (mut order, mut groups) = ([0; 3], [0; 3]);
        assert_eq!(
            unique_groups(&x, &[2, 3], 1, true, &mut order, &mut groups),
            [2]
        );
        let mut y: [String; 4] = Default::default();
        unique_entries(&x, &[2, 3], 1, &groups, &mut y);
        assert_eq!(y, ["a", "b", "x", "x"]);
    }
}
