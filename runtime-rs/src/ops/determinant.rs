//! Determinants of square matrices.

use crate::real::{Float, Real};

/// The determinant of each matrix of `size` rows, by elimination with the greatest pivot of each column, in double
/// precision (Golub & Van Loan 2013, §3.4). 1 for `size` 0. `scratch` holds one matrix.
pub fn determinant<T: Float>(x: &[T], size: usize, scratch: &mut [f64], y: &mut [T]) {
    for (n, y) in y.iter_mut().enumerate() {
        for (s, x) in scratch.iter_mut().zip(&x[n * size * size..]) {
            *s = x.widen().to_f64();
        }
        *y = T::narrow(T::Wide::from_f64(eliminate(scratch, size)));
    }
}

fn eliminate(matrix: &mut [f64], size: usize) -> f64 {
    let mut result = 1.0;
    for column in 0..size {
        let pivot = (column..size)
            .max_by(|&p, &q| {
                let magnitude = |row: usize| matrix[row * size + column].abs();
                magnitude(p).total_cmp(&magnitude(q))
            })
            .unwrap_or(column);
        if pivot != column {
            for k in 0..size {
                matrix.swap(pivot * size + k, column * size + k);
            }
            result = -result;
        }
        let diagonal = matrix[column * size + column];
        result *= diagonal;
        if diagonal == 0.0 {
            return result;
        }
        let (above, below) = matrix.split_at_mut((column + 1) * size);
        let top = &above[column * size..];
        for row in below[..(size - column - 1) * size].chunks_exact_mut(size) {
            let factor = row[column] / diagonal;
            for (x, t) in row[column..].iter_mut().zip(&top[column..]) {
                *x -= factor * t;
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_change_places_where_a_pivot_is_zero() {
        let mut y = [0.0f64; 2];
        determinant(
            &[0.0, 2.0, 3.0, 4.0, 1.0, 2.0, 2.0, 4.0],
            2,
            &mut [0.0; 4],
            &mut y,
        );
        assert_eq!(y, [-6.0, 0.0]);
    }
}
