//! Maps of one, two or three arrays, with broadcasting. The function works on the wide types and is rounded once.

use crate::element::Number;
use crate::index::{broadcast_strides, for_each};

/// `y[i] = f(x[i])`.
pub fn unary<T: Number, U: Number>(x: &[T], y: &mut [U], f: impl Fn(T::Wide) -> U::Wide) {
    assert_eq!(x.len(), y.len());
    for (y, &x) in y.iter_mut().zip(x) {
        *y = U::narrow(f(x.widen()));
    }
}

/// `y[i] = f(a[i], b[i])`, both read with `y`'s extents.
pub fn binary<A: Number, B: Number, U: Number>(
    a: &[A],
    a_shape: &[usize],
    b: &[B],
    b_shape: &[usize],
    y: &mut [U],
    y_shape: &[usize],
    f: impl Fn(A::Wide, B::Wide) -> U::Wide,
) {
    if a.len() == y.len() && b.len() == y.len() {
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            *y = U::narrow(f(a.widen(), b.widen()));
        }
        return;
    }
    let (sa, sb) = (
        broadcast_strides(a_shape, y_shape),
        broadcast_strides(b_shape, y_shape),
    );
    let mut out = y.iter_mut();
    for_each(y_shape, [&sa, &sb], |[i, j]| {
        *out.next().expect("y has the extents of y_shape") =
            U::narrow(f(a[i].widen(), b[j].widen()));
    });
}
