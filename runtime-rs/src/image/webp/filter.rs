//! Smoothing of the edges of VP8's blocks (RFC 6386, §15).

use super::predict::Plane;

/// How much a block is smoothed.
#[derive(Clone, Copy)]
pub(super) struct Strength {
    pub level: i32,
    /// The greatest difference of neighbours inside.
    pub interior: i32,
    /// Whether the edges within the block are smoothed, too.
    pub inner: bool,
}

impl Strength {
    /// Differences above which an edge is one of the image.
    fn high_variance(self) -> i32 {
        match self.level {
            40.. => 2,
            15.. => 1,
            _ => 0,
        }
    }
}

/// Which filter runs over an edge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Simple,
    /// Between blocks of 16 × 16 pixels.
    Outer,
    Inner,
}

/// Smooths all blocks, row by row; `across` of them are in a row.
pub(super) fn smooth(planes: &mut [Plane; 3], strengths: &[Strength], across: usize, simple: bool) {
    for (n, &strength) in strengths.iter().enumerate() {
        if strength.level == 0 {
            continue;
        }
        let (x, y) = (n % across, n / across);
        for (plane, size) in planes.iter_mut().zip([16, 8, 8]) {
            block(plane, [x, y], size, strength, simple);
            if simple {
                break;
            }
        }
    }
}

fn block(plane: &mut Plane, [x, y]: [usize; 2], size: usize, strength: Strength, simple: bool) {
    let start = plane.at(x * size, y * size);
    let outer = if simple { Edge::Simple } else { Edge::Outer };
    let inner = if simple { Edge::Simple } else { Edge::Inner };
    let limit = 2 * strength.level + strength.interior;
    // Edges that stand upright, then those that lie.
    for (across, along, first) in [(1, plane.stride, x > 0), (plane.stride, 1, y > 0)] {
        if first {
            edge(
                plane,
                start,
                across,
                along,
                size,
                limit + 4,
                strength,
                outer,
            );
        }
        if strength.inner {
            for i in (4..size).step_by(4) {
                edge(
                    plane,
                    start + i * across,
                    across,
                    along,
                    size,
                    limit,
                    strength,
                    inner,
                );
            }
        }
    }
}

/// Smooths `size` places of an edge: `across` leads to the next pixel over it, `along` to the next place.
fn edge(
    plane: &mut Plane,
    start: usize,
    across: usize,
    along: usize,
    size: usize,
    limit: i32,
    strength: Strength,
    kind: Edge,
) {
    for i in 0..size {
        let at = start + i * along;
        let pixel = |k: usize| i32::from(plane.pixels[at + k * across - 4 * across]);
        // Only the two nearest on either side exist for the simple filter.
        let p: [i32; 8] = core::array::from_fn(|k| {
            if kind == Edge::Simple && !(2..6).contains(&k) {
                0
            } else {
                pixel(k)
            }
        });
        if 4 * (p[3] - p[4]).abs() + (p[2] - p[5]).abs() > 2 * limit + 1 {
            continue;
        }
        let step = |k: usize| (p[k] - p[k + 1]).abs();
        let mut put = |k: usize, value: i32| {
            plane.pixels[at + k * across - 4 * across] = value.clamp(0, 255) as u8;
        };
        if kind != Edge::Simple {
            let smooth = [0, 1, 2, 4, 5, 6]
                .into_iter()
                .all(|k| step(k) <= strength.interior);
            if !smooth {
                continue;
            }
        }
        let varies = step(2).max(step(4)) > strength.high_variance();
        let outer = (p[2] - p[5]).clamp(-128, 127);
        let middle = 3 * (p[4] - p[3]);
        if kind == Edge::Simple || varies {
            let (up, down) = halves((middle + outer).clamp(-128, 127));
            put(3, p[3] + down);
            put(4, p[4] - up);
        } else if kind == Edge::Inner {
            let (up, down) = halves(middle.clamp(-128, 127));
            let side = (up + 1) >> 1;
            put(2, p[2] + side);
            put(3, p[3] + down);
            put(4, p[4] - up);
            put(5, p[5] - side);
        } else {
            let w = (middle + outer).clamp(-128, 127);
            for (k, factor) in [(3, 27), (2, 18), (1, 9)] {
                let a = (factor * w + 63) >> 7;
                put(k, p[k] + a);
                put(7 - k, p[7 - k] - a);
            }
        }
    }
}

/// An eighth of a difference, rounded up and down at a half.
fn halves(a: i32) -> (i32, i32) {
    (((a + 4).min(127)) >> 3, ((a + 3).min(127)) >> 3)
}
