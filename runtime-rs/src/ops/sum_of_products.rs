//! Sums of products over any indices: what `einsum` needs where it is no matrix product.

use crate::arithmetic::Arithmetic;
use crate::element::Number;
use crate::index::MAX_RANK;
use crate::ops::window::for_each_index;

/// `y[o…] = Σ_s Π_n operands[n][o…, s…]`.
///
/// `extents` are those of the indices, the `kept` ones of `y` first and then those that are summed over; `strides` holds,
/// operand by operand, the step of each index in elements (0 where the operand lacks it). At most 16 indices. The sum of
/// no terms is 0.
pub fn sum_of_products<T: Number>(
    operands: &[&[T]],
    extents: &[usize],
    kept: usize,
    strides: &[usize],
    y: &mut [T],
) where
    T::Wide: Arithmetic,
{
    assert!(extents.len() <= MAX_RANK);
    let (outer, inner) = extents.split_at(kept);
    let mut results = y.iter_mut();
    for_each_index(outer, |position| {
        let mut sum = T::Wide::ZERO;
        for_each_index(inner, |summed| {
            let mut product = T::Wide::ONE;
            for (n, operand) in operands.iter().enumerate() {
                let steps = &strides[n * extents.len()..][..extents.len()];
                let index = position.iter().chain(summed);
                let at: usize = index.zip(steps).map(|(i, step)| i * step).sum();
                product = product.times(operand[at].widen());
            }
            sum = sum.plus(product);
        });
        *results.next().expect("y has the kept extents") = T::narrow(sum);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_and_a_product_of_scalars() {
        let mut y = [0];
        sum_of_products(&[&[1, 2, 3, 4]], &[2], 0, &[3], &mut y);
        assert_eq!(y, [5]);
        sum_of_products(&[&[3], &[4]], &[], 0, &[], &mut y);
        assert_eq!(y, [12]);
    }
}
