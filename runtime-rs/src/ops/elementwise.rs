//! Maps of one, two or three arrays, with broadcasting. The function works on the wide types and is rounded once.

use crate::element::Number;
use crate::index::Rows;

/// `y[i] = f(x[i])`.
pub fn unary<T: Number, U: Number>(f: impl Fn(T::Wide) -> U::Wide, x: &[T], y: &mut [U]) {
    assert_eq!(x.len(), y.len());
    for (y, &x) in y.iter_mut().zip(x) {
        *y = U::narrow(f(x.widen()));
    }
}

/// `y[i] = f(a[i], b[i])`, both read with `y`'s extents.
pub fn binary<A: Number, B: Number, U: Number>(
    f: impl Fn(A::Wide, B::Wide) -> U::Wide,
    a: &[A],
    a_shape: &[usize],
    b: &[B],
    b_shape: &[usize],
    y: &mut [U],
    y_shape: &[usize],
) {
    if a.len() == y.len() && b.len() == y.len() {
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            *y = U::narrow(f(a.widen(), b.widen()));
        }
        return;
    }
    let rows = Rows::new(y_shape, [a_shape, b_shape]);
    let mut out = y.chunks_exact_mut(rows.len.max(1));
    rows.for_each(|[i, j]| {
        let y = out.next().expect("y has the extents of y_shape");
        let value = |a: A, b: B| U::narrow(f(a.widen(), b.widen()));
        match rows.steps {
            [1, 1] => {
                for ((y, &a), &b) in y.iter_mut().zip(&a[i..]).zip(&b[j..]) {
                    *y = value(a, b);
                }
            }
            [1, 0] => y
                .iter_mut()
                .zip(&a[i..])
                .for_each(|(y, &a)| *y = value(a, b[j])),
            [0, 1] => y
                .iter_mut()
                .zip(&b[j..])
                .for_each(|(y, &b)| *y = value(a[i], b)),
            [da, db] => {
                for (k, y) in y.iter_mut().enumerate() {
                    *y = value(a[i + k * da], b[j + k * db]);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_broadcast_in_all_directions() {
        let a = [1i32, 2, 3];
        for (b, b_shape, sum) in [
            (vec![10, 20, 30], vec![3], vec![11, 22, 33]),
            (vec![10], vec![], vec![11, 12, 13]),
            (vec![10, 20], vec![2, 1], vec![11, 12, 13, 21, 22, 23]),
        ] {
            let mut y = vec![0; sum.len()];
            let shape = [sum.len() / 3, 3];
            binary(|a, b| a + b, &a, &[3], &b, &b_shape, &mut y, &shape);
            assert_eq!(y, sum);
            binary(|a, b| a + b, &b, &b_shape, &a, &[3], &mut y, &shape);
            assert_eq!(y, sum);
        }
        let mut empty: Vec<i32> = vec![];
        let add = |a: i32, b: i32| a + b;
        binary(add, &a[..0], &[0], &a[..], &[3, 1], &mut empty, &[3, 0]);
    }
}
