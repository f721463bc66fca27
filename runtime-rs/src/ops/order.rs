//! A total order of elements, for sorting.

use core::cmp::Ordering;

use crate::element::Number;

/// Elements that can be sorted.
pub trait Ordered {
    /// Numbers by value, NaN above all others and equal to itself, −0 equal to 0; false before true; strings by their bytes.
    fn order(&self, other: &Self) -> Ordering;
}

impl<T: Number<Wide: PartialOrd>> Ordered for T {
    #[inline(always)]
    fn order(&self, other: &Self) -> Ordering {
        compare(self.widen(), other.widen())
    }
}

impl Ordered for String {
    fn order(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

#[inline(always)]
#[allow(clippy::eq_op)] // Only NaN differs from itself.
fn compare<W: PartialOrd>(a: W, b: W) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| (a != a).cmp(&(b != b)))
}
