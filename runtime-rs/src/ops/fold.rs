//! Maps of any number of arrays.

use crate::element::Number;
use crate::index::{broadcast_strides, for_each};

/// An array with its extents.
#[derive(Clone, Copy)]
pub struct Operand<'a, T> {
    /// Elements, row-major.
    pub data: &'a [T],
    /// Extents.
    pub shape: &'a [usize],
}

/// `y[i] = finish(combine(… combine(x₀[i], x₁[i]) …, xₙ[i]))`, all broadcast to `y`'s extents and rounded once.
pub fn fold<T: Number, const N: usize>(
    combine: impl Fn(T::Wide, T::Wide) -> T::Wide,
    finish: impl Fn(T::Wide) -> T::Wide,
    inputs: &[Operand<T>; N],
    y: &mut [T],
    y_shape: &[usize],
) {
    let strides = inputs.map(|x| broadcast_strides(x.shape, y_shape));
    let mut out = y.iter_mut();
    for_each(y_shape, strides.each_ref(), |at: [usize; N]| {
        let mut values = at.iter().zip(inputs).map(|(&i, x)| x.data[i].widen());
        let first = values.next().expect("at least one array");
        let folded = values.fold(first, &combine);
        *out.next().expect("y has the extents of y_shape") = T::narrow(finish(folded));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_arrays_broadcast() {
        let (a, b, c) = ([1i64, 2], [10i64], [100i64, 200]);
        let inputs = [
            Operand {
                data: &a[..],
                shape: &[2],
            },
            Operand {
                data: &b[..],
                shape: &[],
            },
            Operand {
                data: &c[..],
                shape: &[2, 1],
            },
        ];
        let mut y = [0; 4];
        fold(|a, b| a + b, |sum| sum / 3, &inputs, &mut y, &[2, 2]);
        assert_eq!(y, [37, 37, 70, 70]);
    }
}
