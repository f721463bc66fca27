//! Subbands back to samples (annex F), and components back to colours (annex G).

use super::coefficients;
use super::tiles::{Band, TileComponent};

/// Samples of a tile's component: whole numbers of the reversible transform, or floats of the other.
pub(super) enum Samples {
    Whole(Vec<i32>),
    Real(Vec<f32>),
}

impl Samples {
    /// As whole numbers, ties to even.
    pub fn rounded(self) -> Vec<i32> {
        match self {
            Self::Whole(samples) => samples,
            Self::Real(samples) => samples
                .into_iter()
                .map(|x| x.round_ties_even() as i32)
                .collect(),
        }
    }
}

/// Decodes the blocks of a component and puts its resolutions together.
pub(super) fn samples(component: &TileComponent) -> Option<Samples> {
    if component.coding.reversible {
        // Halves are dropped.
        build(component, |value, _| value / 2, reversible).map(Samples::Whole)
    } else {
        build(
            component,
            |value, step| value as f32 * 0.5 * step,
            irreversible,
        )
        .map(Samples::Real)
    }
}

fn build<T: Copy + Default>(
    component: &TileComponent,
    scaled: impl Fn(i32, f32) -> T,
    row: impl Fn(&mut [T], bool),
) -> Option<Vec<T>> {
    let mut image: Vec<T> = Vec::new();
    for (number, resolution) in component.resolutions.iter().enumerate() {
        let area = resolution.area;
        let (width, height) = (area.width(), area.height());
        let mut next = vec![T::default(); width * height];
        let odd = [area.x0 % 2 == 1, area.y0 % 2 == 1];
        // Even places on the grid are low frequencies, odd ones high.
        let place = |x: usize, y: usize, high: [bool; 2]| {
            let x = 2 * x + usize::from(high[0] != odd[0]);
            let y = 2 * y + usize::from(high[1] != odd[1]);
            y * width + x
        };
        if number > 0 {
            let low = component.resolutions[number - 1].area;
            for (i, &value) in image.iter().enumerate() {
                next[place(i % low.width(), i / low.width(), [false, false])] = value;
            }
        }
        for band in &resolution.bands {
            let values = coefficients_of(band, component, &scaled)?;
            let across = band.area.width();
            for (i, &value) in values.iter().enumerate() {
                let at = if number == 0 {
                    i
                } else {
                    place(i % across, i / across, band.orientation)
                };
                next[at] = value;
            }
        }
        if number > 0 {
            for line in next.chunks_exact_mut(width.max(1)) {
                row(line, odd[0]);
            }
            let mut column = vec![T::default(); height];
            for x in 0..width {
                for (y, value) in column.iter_mut().enumerate() {
                    *value = next[y * width + x];
                }
                row(&mut column, odd[1]);
                for (y, &value) in column.iter().enumerate() {
                    next[y * width + x] = value;
                }
            }
        }
        image = next;
    }
    Some(image)
}

/// All coefficients of a subband.
fn coefficients_of<T: Copy + Default>(
    band: &Band,
    component: &TileComponent,
    scaled: impl Fn(i32, f32) -> T,
) -> Option<Vec<T>> {
    let width = band.area.width();
    let mut values = vec![T::default(); width * band.area.height()];
    for block in band.precincts.iter().flat_map(|p| &p.blocks) {
        if block.segments.is_empty() {
            continue;
        }
        let own =
            coefficients::decode(block, band.orientation, band.planes, component.coding.style)?;
        let left = (block.area.x0 - band.area.x0) as usize;
        let top = (block.area.y0 - band.area.y0) as usize;
        for (y, row) in own.chunks_exact(block.area.width()).enumerate() {
            for (x, &value) in row.iter().enumerate() {
                values[(top + y) * width + left + x] = scaled(value, band.step);
            }
        }
    }
    Some(values)
}

/// Calls `f` with each place of one parity and its two neighbours; beyond the ends the line is mirrored.
fn lift<T: Copy>(line: &mut [T], first: usize, f: impl Fn(T, T, T) -> T) {
    let last = line.len() - 1;
    for i in (first..=last).step_by(2) {
        let before = if i == 0 { 1 } else { i - 1 };
        let after = if i == last { last - 1 } else { i + 1 };
        line[i] = f(line[i], line[before], line[after]);
    }
}

/// The reversible transform of a line whose first place is a high frequency if `odd` (§F.3.8.1).
fn reversible(line: &mut [i32], odd: bool) {
    if line.len() < 2 {
        if odd {
            line.iter_mut().for_each(|x| *x /= 2);
        }
        return;
    }
    let odd = usize::from(odd);
    let sum = |a: i32, b: i32| a.wrapping_add(b);
    lift(line, odd, |x, a, b| x.wrapping_sub(sum(sum(a, b), 2) >> 2));
    lift(line, 1 - odd, |x, a, b| sum(x, sum(a, b) >> 1));
}

/// The irreversible transform (§F.3.8.2).
fn irreversible(line: &mut [f32], odd: bool) {
    const K: f32 = 1.230_174_1;
    if line.len() < 2 {
        if odd {
            line.iter_mut().for_each(|x| *x *= 0.5);
        }
        return;
    }
    let odd = usize::from(odd);
    for (i, x) in line.iter_mut().enumerate() {
        *x *= if i % 2 == odd { K } else { 1.0 / K };
    }
    for (first, factor) in [
        (odd, 0.443_506_85),
        (1 - odd, 0.882_911_1),
        (odd, -0.052_980_12),
        (1 - odd, -1.586_134_3),
    ] {
        lift(line, first, |x, a, b| x - factor * (a + b));
    }
}

/// Undoes the mixing of the first three components (§G.2, §G.3).
pub(super) fn unmix(planes: &mut [Samples]) -> Option<()> {
    match planes {
        [Samples::Whole(y), Samples::Whole(u), Samples::Whole(v)] => {
            for ((y, u), v) in y.iter_mut().zip(u).zip(v) {
                let green = y.wrapping_sub(u.wrapping_add(*v) >> 2);
                (*y, *u, *v) = (v.wrapping_add(green), green, u.wrapping_add(green));
            }
        }
        [Samples::Real(y), Samples::Real(u), Samples::Real(v)] => {
            for ((y, u), v) in y.iter_mut().zip(u).zip(v) {
                let red = *y + 1.402 * *v;
                let green = *y - 0.344_13 * *u - 0.714_14 * *v;
                let blue = *y + 1.772 * *u;
                (*y, *u, *v) = (red, green, blue);
            }
        }
        _ => return None,
    }
    Some(())
}
