//! Selection of boxes that overlap little.

/// How boxes are given, and which are selected. Numbers come as arrays of one element; empty ones count as absent.
#[derive(Clone, Copy, Debug)]
pub struct Suppression<'a> {
    /// Boxes are centre x, centre y, width, height; otherwise two opposite corners, y before x.
    pub centre: bool,
    /// Most boxes selected per batch and class; none where absent.
    pub limit: Option<&'a [i64]>,
    /// Boxes whose intersection over union with a selected one is greater are dropped; 0 where absent.
    pub overlap: Option<&'a [f32]>,
    /// Only boxes with a greater score are candidates; all where absent.
    pub score: Option<&'a [f32]>,
}

/// The one element of an array that may be absent.
fn number<T: Copy>(x: Option<&[T]>) -> Option<T> {
    x.and_then(|x| x.first().copied())
}

/// A box as its lower and upper corner.
#[derive(Clone, Copy)]
struct Span {
    low: [f32; 2],
    high: [f32; 2],
}

impl Span {
    fn of(corners: &[f32], centre: bool) -> Self {
        let &[a, b, c, d] = corners else {
            panic!("a box has four numbers");
        };
        if centre {
            return Self {
                low: [a - c / 2.0, b - d / 2.0],
                high: [a + c / 2.0, b + d / 2.0],
            };
        }
        Self {
            low: [a.min(c), b.min(d)],
            high: [a.max(c), b.max(d)],
        }
    }

    fn area(self) -> f32 {
        (self.high[0] - self.low[0]) * (self.high[1] - self.low[1])
    }

    /// Whether intersection over union exceeds the limit; never for boxes without area.
    fn overlaps(self, other: Self, limit: f32) -> bool {
        let sides = [0, 1].map(|i| self.high[i].min(other.high[i]) - self.low[i].max(other.low[i]));
        if sides[0] <= 0.0 || sides[1] <= 0.0 {
            return false;
        }
        let (common, areas) = (sides[0] * sides[1], [self.area(), other.area()]);
        let union = areas[0] + areas[1] - common;
        areas[0] > 0.0 && areas[1] > 0.0 && union > 0.0 && common / union > limit
    }
}

/// Appends `[batch, class, box]` for each selected box, by descending score within batch and class; equal scores keep the
/// order of the boxes. Extents are batches, classes and boxes; `order` holds one entry per box. Returns their number.
pub fn non_max_suppression(
    boxes: &[f32],
    scores: &[f32],
    extents: &[usize; 3],
    options: Suppression,
    order: &mut [i64],
    selected: &mut Vec<i64>,
) -> [usize; 1] {
    let &[batches, classes, count] = extents;
    let limit = usize::try_from(number(options.limit).unwrap_or(0)).unwrap_or(0);
    let overlap = number(options.overlap).unwrap_or(0.0);
    selected.clear();
    for (batch, class) in (0..batches * classes).map(|n| (n / classes, n % classes)) {
        let scores = &scores[(batch * classes + class) * count..][..count];
        let boxes = &boxes[batch * count * 4..][..count * 4];
        let span = |i: i64| Span::of(&boxes[i as usize * 4..][..4], options.centre);
        let candidates = candidates(scores, number(options.score), order);
        let first = selected.len();
        for &candidate in candidates {
            if (selected.len() - first) / 3 == limit {
                break;
            }
            let kept = selected[first..].chunks_exact(3);
            let new = span(candidate);
            if !kept.into_iter().any(|s| new.overlaps(span(s[2]), overlap)) {
                selected.extend([batch as i64, class as i64, candidate]);
            }
        }
    }
    [selected.len() / 3]
}

/// Boxes with a greater score than `least`, by descending score.
fn candidates<'a>(scores: &[f32], least: Option<f32>, order: &'a mut [i64]) -> &'a [i64] {
    let mut count = 0;
    for (i, &score) in scores.iter().enumerate() {
        if least.is_none_or(|least| score > least) {
            order[count] = i as i64;
            count += 1;
        }
    }
    let order = &mut order[..count];
    order.sort_unstable_by(|&p, &q| {
        // The sum makes −0 equal to 0.
        let score = |i: i64| scores[i as usize] + 0.0;
        score(q).total_cmp(&score(p)).then(p.cmp(&q))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_boxes_are_dropped_and_ties_keep_their_order() {
        let boxes = [0.0, 0.0, 1.0, 1.0, 1.0, 0.1, 0.0, 1.1, 0.0, 5.0, 1.0, 6.0];
        let options = Suppression {
            centre: false,
            limit: Some(&[9]),
            overlap: Some(&[0.5]),
            score: Some(&[0.1]),
        };
        let mut selected = Vec::new();
        let found = non_max_suppression(
            &boxes,
            &[0.5, 0.5, 0.5],
            &[1, 1, 3],
            options,
            &mut [0; 3],
            &mut selected,
        );
        assert_eq!((found, selected), ([2], vec![0, 0, 0, 0, 0, 2]));
    }
}
