//! Resampling along one axis after the other. An array is a number of blocks, each of which has `extent` rows of `inner`
//! elements: rows of the result are rows of the input, or weighted sums of them.

use core::fmt::Debug;

use crate::arithmetic::{from_f64, to_f64, Arithmetic};
use crate::element::Number;
use crate::index::around;
use crate::real::Real;

/// From places of the result to places of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coordinates {
    /// Elements are as long as their distance; edges fall on edges.
    HalfPixel,
    /// As `HalfPixel`, with the middle of a result of fractional length on the middle of the input.
    HalfPixelSymmetric,
    /// As `HalfPixel`; a result of one element is the first.
    PytorchHalfPixel,
    /// As `HalfPixel` without moving back by half an element.
    TfHalfPixelForNn,
    /// First elements fall on first elements, last on last.
    AlignCorners,
    /// First elements fall on first elements.
    Asymmetric,
    /// First and last elements fall on the ends of a part of the input.
    TfCropAndResize,
}

/// Which element is the nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearest {
    /// The nearest; the first of two.
    RoundPreferFloor,
    /// The nearest; the second of two.
    RoundPreferCeil,
    /// The one before.
    Floor,
    /// The one behind.
    Ceil,
}

/// The axis that is resized, and where its elements come from.
#[derive(Clone, Copy, Debug)]
pub struct Resize<'a> {
    /// The axis.
    pub axis: usize,
    /// Extent of the result.
    pub extent: usize,
    /// Factors of several axes; empty where the factor is that of the extents.
    pub scales: &'a [f64],
    /// Starts of several axes and then their ends, as parts of their extents; for `TfCropAndResize` only.
    pub roi: &'a [f64],
    /// Number of the axis in `scales` and `roi`.
    pub at: usize,
    /// From places of the result to places of the input.
    pub coordinates: Coordinates,
}

impl Resize<'_> {
    fn scale(&self, input: usize) -> f64 {
        match self.scales {
            [] => self.extent as f64 / input as f64,
            scales => scales[self.at],
        }
    }

    /// Place in an input of `input` elements of element `i`; nothing where a part of the input reaches outside of it.
    fn place(&self, i: usize, input: usize) -> Option<f64> {
        let (x, scale) = (i as f64, self.scale(input));
        // A factor may give a length between whole numbers.
        let (length, last) = (scale * input as f64, input as f64 - 1.0);
        let half = (x + 0.5) / scale - 0.5;
        Some(match self.coordinates {
            Coordinates::HalfPixel => half,
            Coordinates::HalfPixelSymmetric => {
                let adjustment = self.extent as f64 / length;
                input as f64 / 2.0 * (1.0 - adjustment) + half
            }
            Coordinates::PytorchHalfPixel if self.extent > 1 => half,
            Coordinates::PytorchHalfPixel => 0.0,
            Coordinates::TfHalfPixelForNn => (x + 0.5) / scale,
            Coordinates::AlignCorners if i == 0 => 0.0,
            Coordinates::AlignCorners => x * last / (length - 1.0),
            Coordinates::Asymmetric => x / scale,
            Coordinates::TfCropAndResize => {
                let ends = self.roi.len() / 2;
                let (start, end) = (self.roi[self.at], self.roi[ends + self.at]);
                let place = if self.extent > 1 {
                    start * last + x * (end - start) * last / (length - 1.0)
                } else {
                    0.5 * (start + end) * last
                };
                return (0.0..=last).contains(&place).then_some(place);
            }
        })
    }
}

/// Number of the row that each row of the result takes; −1 where there is none.
fn nearest_rows(resize: Resize, rounding: Nearest, input: usize, rows: &mut [i64]) {
    for (i, row) in rows.iter_mut().enumerate() {
        *row = resize.place(i, input).map_or(-1, |place| {
            let rounded = match rounding {
                Nearest::RoundPreferFloor => (place - 0.5).ceil(),
                Nearest::RoundPreferCeil => (place + 0.5).floor(),
                Nearest::Floor => place.floor(),
                Nearest::Ceil => place.ceil(),
            };
            (rounded as i64).clamp(0, input as i64 - 1)
        });
    }
}

/// `y[…, o, …] = x[…, nearest(o), …]` along an axis of `x`. `rows` holds one entry per row of the result.
pub fn resize_nearest<T: Clone>(
    x: &[T],
    shape: &[usize],
    resize: Resize,
    rounding: Nearest,
    rows: &mut [i64],
    y: &mut [T],
) {
    let (_, extent, inner) = around(shape, resize.axis);
    if y.is_empty() {
        return;
    }
    nearest_rows(resize, rounding, extent, rows);
    let blocks = x.chunks_exact((extent * inner).max(1));
    for (x, y) in blocks.zip(y.chunks_exact_mut(resize.extent * inner)) {
        if inner == 1 {
            for (y, &row) in y.iter_mut().zip(&*rows) {
                *y = x[row as usize].clone();
            }
            continue;
        }
        for (y, &row) in y.chunks_exact_mut(inner).zip(&*rows) {
            y.clone_from_slice(&x[row as usize * inner..][..inner]);
        }
    }
}

/// As `resize_nearest` for a part of the input; what lies outside of the input is `extrapolation`.
pub fn resize_nearest_crop<T: Number>(
    x: &[T],
    shape: &[usize],
    resize: Resize,
    rounding: Nearest,
    extrapolation: f64,
    rows: &mut [i64],
    y: &mut [T],
) where
    T::Wide: Arithmetic,
{
    let (_, extent, inner) = around(shape, resize.axis);
    if y.is_empty() {
        return;
    }
    nearest_rows(resize, rounding, extent, rows);
    let blocks = x.chunks_exact((extent * inner).max(1));
    for (x, y) in blocks.zip(y.chunks_exact_mut(resize.extent * inner)) {
        for (y, &row) in y.chunks_exact_mut(inner).zip(&*rows) {
            match usize::try_from(row) {
                Ok(row) => y.copy_from_slice(&x[row * inner..][..inner]),
                Err(_) => y.fill(from_f64(extrapolation)),
            }
        }
    }
}

/// How rows are weighted by their distance from a place.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// Cubic convolution with this coefficient (Keys 1981, equation 4), or linear.
    pub cubic: Option<f64>,
    /// Stretched where the input is longer than the result, so that every row counts.
    pub antialias: bool,
    /// Rows outside of the input do not count; otherwise they repeat those at the border.
    pub exclude_outside: bool,
    /// What lies outside of a part of the input.
    pub extrapolation: f64,
}

impl Filter {
    /// Weight at a distance, which is not negative.
    fn weight(self, d: f64) -> f64 {
        match self.cubic {
            None => (1.0 - d).max(0.0),
            Some(a) if d <= 1.0 => ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0,
            Some(a) if d < 2.0 => ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a,
            Some(_) => 0.0,
        }
    }

    /// Factor of distances, and number of rows before a place that count.
    fn reach(self, scale: f64) -> (f64, usize) {
        let factor = if self.antialias { scale.min(1.0) } else { 1.0 };
        let radius = if self.cubic.is_some() { 2.0 } else { 1.0 };
        (factor, (radius / factor).ceil() as usize)
    }
}

/// `y[…, o, …] = Σ_t w[o, t]·x[…, row(o, t), …]` along an axis of `x`; weights sum to 1.
///
/// `firsts` holds one entry per row of the result, `weights` one per row and tap (there is room for `taps`; twice the
/// rows that the filter reaches are needed), `acc` one row. Integers are rounded to nearest.
pub fn resize_filtered<T: Number, A: Real, U: Number>(
    x: &[T],
    shape: &[usize],
    resize: Resize,
    filter: Filter,
    taps: usize,
    firsts: &mut [i64],
    weights: &mut [A],
    acc: &mut [A],
    y: &mut [U],
) where
    T::Wide: Arithmetic,
    U::Wide: Arithmetic,
{
    let (_, extent, inner) = around(shape, resize.axis);
    if y.is_empty() {
        return;
    }
    let count = weigh(resize, filter, extent, taps, firsts, weights);
    let blocks = x.chunks_exact((extent * inner).max(1));
    for (x, y) in blocks.zip(y.chunks_exact_mut(resize.extent * inner)) {
        let table = firsts.iter().zip(weights.chunks_exact(taps));
        for (y, (&first, weights)) in y.chunks_exact_mut(inner).zip(table) {
            let weights = &weights[..count];
            match first {
                OUTSIDE => y.fill(from_f64(filter.extrapolation)),
                _ if inner == 1 => y[0] = rounded(sum_elements(x, first, weights)),
                _ => {
                    sum_rows(x, inner, first, weights, acc);
                    for (y, sum) in y.iter_mut().zip(&*acc) {
                        *y = rounded(*sum);
                    }
                }
            }
        }
    }
}

/// A sum as an element.
#[inline(always)]
fn rounded<A: Real, U: Number>(sum: A) -> U
where
    U::Wide: Arithmetic,
{
    U::narrow(U::Wide::from_f64(Real::to_f64(sum)))
}

/// `Σ_t w[t]·x[first + t]`; places outside of `x` count as the nearest inside.
#[inline(always)]
fn sum_elements<T: Number, A: Real>(x: &[T], first: i64, weights: &[A]) -> A
where
    T::Wide: Arithmetic,
{
    let last = x.len() as i64 - 1;
    let mut sum = A::from_f64(0.0);
    for (t, &weight) in weights.iter().enumerate() {
        let x = x[(first + t as i64).clamp(0, last) as usize];
        sum += weight * A::from_f64(to_f64(x));
    }
    sum
}

/// As `sum_elements` for rows of `inner` elements.
fn sum_rows<T: Number, A: Real>(x: &[T], inner: usize, first: i64, weights: &[A], acc: &mut [A])
where
    T::Wide: Arithmetic,
{
    let last = (x.len() / inner) as i64 - 1;
    acc.fill(A::from_f64(0.0));
    for (t, &weight) in weights.iter().enumerate() {
        let row = (first + t as i64).clamp(0, last) as usize;
        for (sum, &x) in acc.iter_mut().zip(&x[row * inner..][..inner]) {
            *sum += weight * A::from_f64(to_f64(x));
        }
    }
}

/// Marks rows that lie outside of a part of the input.
const OUTSIDE: i64 = i64::MIN;

/// Fills the first row and the weights of each row of the result, and returns how many weights there are.
fn weigh<A: Real>(
    resize: Resize,
    filter: Filter,
    extent: usize,
    taps: usize,
    firsts: &mut [i64],
    weights: &mut [A],
) -> usize {
    let (factor, before) = filter.reach(resize.scale(extent));
    let count = 2 * before;
    assert!(count <= taps, "{count} taps, room for {taps}");
    for (i, first) in firsts.iter_mut().enumerate() {
        let Some(place) = resize.place(i, extent) else {
            *first = OUTSIDE;
            continue;
        };
        *first = place.floor() as i64 + 1 - before as i64;
        let weight = |t: usize| {
            let row = *first + t as i64;
            let counts = !filter.exclude_outside || (0..extent as i64).contains(&row);
            let distance = (row as f64 - place).abs() * factor;
            if counts {
                filter.weight(distance)
            } else {
                0.0
            }
        };
        let total: f64 = (0..count).map(weight).sum();
        let total = if total == 0.0 { 1.0 } else { total };
        for (t, w) in weights[i * taps..][..count].iter_mut().enumerate() {
            *w = A::from_f64(weight(t) / total);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn along(extent: usize, coordinates: Coordinates) -> Resize<'static> {
        Resize {
            axis: 0,
            extent,
            scales: &[],
            roi: &[-0.5, 1.0],
            at: 0,
            coordinates,
        }
    }

    #[test]
    fn ties_go_where_they_are_told() {
        let half = along(1, Coordinates::HalfPixel);
        for (rounding, expected) in [
            (Nearest::RoundPreferFloor, 0),
            (Nearest::RoundPreferCeil, 1),
            (Nearest::Floor, 0),
            (Nearest::Ceil, 1),
        ] {
            let mut y = [9];
            resize_nearest(&[0, 1], &[2], half, rounding, &mut [0], &mut y);
            assert_eq!(y, [expected], "{rounding:?}");
        }
    }

    #[test]
    fn a_part_that_reaches_outside_is_filled_up() {
        let crop = along(3, Coordinates::TfCropAndResize);
        let mut y = [0.0f32; 3];
        resize_nearest_crop(
            &[1.0f32, 2.0, 3.0],
            &[3],
            crop,
            Nearest::Floor,
            7.0,
            &mut [0; 3],
            &mut y,
        );
        assert_eq!(y, [7.0, 1.0, 3.0]);
    }

    #[test]
    fn an_antialiased_filter_sees_every_element() {
        let mut filter = Filter {
            cubic: None,
            antialias: true,
            exclude_outside: false,
            extrapolation: 0.0,
        };
        let (x, mut y) = ([0.0f32, 4.0, 8.0, 4.0], [0.0f32; 2]);
        let half = along(2, Coordinates::HalfPixel);
        let run = |filter, y: &mut [f32]| {
            resize_filtered(
                &x,
                &[4],
                half,
                filter,
                4,
                &mut [0; 2],
                &mut [0.0f32; 8],
                &mut [0.0f32],
                y,
            );
        };
        run(filter, &mut y);
        assert_eq!(y, [2.5, 5.5]);
        filter.antialias = false;
        run(filter, &mut y);
        assert_eq!(y, [2.0, 6.0]);
    }
}
