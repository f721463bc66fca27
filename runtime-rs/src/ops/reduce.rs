//! What reductions do with elements: a few are accumulated in a `Part` (f32 for sums of f32 and narrower floats), parts in
//! a `Whole` (f64), which is rounded once. Integers wrap around. The loops over arrays are in `reduce_axes`.

use crate::arithmetic::Arithmetic;

/// Two values become one: what scattering and cumulating do with an element and the next.
pub trait Combine<W>: Copy {
    /// Associative up to rounding.
    fn combine(a: W, b: W) -> W;
}

/// A reduction of values of the wide type `W`.
pub trait Reduce<W>: Copy {
    /// Accumulates a few elements.
    type Part: Copy;
    /// Accumulates all of them.
    type Whole: Copy;
    /// Of no elements.
    fn part() -> Self::Part;
    /// Of no elements.
    fn whole() -> Self::Whole;
    /// One element more.
    fn take(part: Self::Part, x: W) -> Self::Part;
    /// The elements of `part` more.
    fn add(whole: Self::Whole, part: Self::Part) -> Self::Whole;
    /// The result over `count` elements.
    fn finish(whole: Self::Whole, count: usize) -> W;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
    )*};
}
kinds!(
    /// Σx; 0 of nothing.
    Sum,
    /// Σx / n; NaN of nothing (0 for integers, which truncate).
    Mean,
    /// Πx; 1 of nothing.
    Prod,
    /// The greatest, NaN if any is; −∞, the least integer or false of nothing.
    Max,
    /// The least, NaN if any is; +∞, the greatest integer or true of nothing.
    Min,
    /// Σ|x|.
    L1,
    /// √Σx².
    L2,
    /// ln Σx.
    LogSum,
    /// ln Σeˣ, without overflow; −∞ of nothing.
    LogSumExp,
    /// Σx².
    SumSquare
);

/// A reduction whose accumulators are sums (or products) of one type each: how an element enters and the result leaves.
macro_rules! sums {
    ($w:ty, $name:ident: $part:ty, $whole:ty, $zero:expr, |$x:ident| $lift:expr, $op:ident, |$s:ident, $n:ident| $finish:expr) => {
        impl Reduce<$w> for $name {
            type Part = $part;
            type Whole = $whole;
            #[inline(always)]
            fn part() -> $part {
                $zero as $part
            }
            #[inline(always)]
            fn whole() -> $whole {
                $zero as $whole
            }
            #[inline(always)]
            fn take(part: $part, $x: $w) -> $part {
                Arithmetic::$op(part, $lift)
            }
            #[inline(always)]
            fn add(whole: $whole, part: $part) -> $whole {
                Arithmetic::$op(whole, part as $whole)
            }
            #[inline(always)]
            fn finish($s: $whole, $n: usize) -> $w {
                let _ = $n;
                $finish
            }
        }
    };
}

macro_rules! float_sums {
    ($w:ty) => {
        sums!($w, Sum: $w, f64, 0, |x| x, plus, |s, n| s as $w);
        sums!($w, Mean: $w, f64, 0, |x| x, plus, |s, n| (s / n as f64) as $w);
        sums!($w, Prod: f64, f64, 1, |x| x as f64, times, |s, n| s as $w);
        sums!($w, L1: $w, f64, 0, |x| x.abs(), plus, |s, n| s as $w);
        sums!($w, SumSquare: $w, f64, 0, |x| x * x, plus, |s, n| s as $w);
        // In f64, because the square of an f32 may overflow where its root would not.
        sums!($w, L2: f64, f64, 0, |x| x as f64 * x as f64, plus, |s, n| s.sqrt() as $w);
        sums!($w, LogSum: $w, f64, 0, |x| x, plus, |s, n| s.ln() as $w);
    };
}
float_sums!(f32);
float_sums!(f64);

macro_rules! integer_sums {
    ($($w:ty, |$v:ident| $abs:expr);*) => {$(
        sums!($w, Sum: $w, $w, 0, |x| x, plus, |s, n| s);
        sums!($w, Mean: $w, $w, 0, |x| x, plus, |s, n| if n == 0 { 0 } else { (s as i128 / n as i128) as $w });
        sums!($w, Prod: $w, $w, 1, |x| x, times, |s, n| s);
        sums!($w, L1: $w, $w, 0, |$v| $abs, plus, |s, n| s);
        sums!($w, SumSquare: $w, $w, 0, |x| x.wrapping_mul(x), plus, |s, n| s);
        sums!($w, L2: f64, f64, 0, |x| x as f64 * x as f64, plus, |s, n| s.sqrt() as $w);
        sums!($w, LogSum: f64, f64, 0, |x| x as f64, plus, |s, n| s.ln() as $w);
    )*};
}
integer_sums!(
    i8, |x| x.wrapping_abs(); i16, |x| x.wrapping_abs(); i32, |x| x.wrapping_abs(); i64, |x| x.wrapping_abs();
    u8, |x| x; u16, |x| x; u32, |x| x; u64, |x| x
);

/// `m + ln s` with `s = Σ exp(x − m)` and `m` the greatest so far.
macro_rules! log_sum_exp {
    ($($w:ty),*) => {$(
        impl Reduce<$w> for LogSumExp {
            type Part = (f64, f64);
            type Whole = (f64, f64);
            #[inline(always)]
            fn part() -> (f64, f64) {
                (f64::NEG_INFINITY, 0.0)
            }
            #[inline(always)]
            fn whole() -> (f64, f64) {
                (f64::NEG_INFINITY, 0.0)
            }
            #[inline(always)]
            fn take(part: (f64, f64), x: $w) -> (f64, f64) {
                add_exp(part, (x as f64, 1.0))
            }
            #[inline(always)]
            fn add(whole: (f64, f64), part: (f64, f64)) -> (f64, f64) {
                add_exp(whole, part)
            }
            #[inline(always)]
            fn finish((m, s): (f64, f64), _: usize) -> $w {
                (m + s.ln()) as $w
            }
        }
    )*};
}
log_sum_exp!(f32, f64, i8, i16, i32, i64, u8, u16, u32, u64);

/// The sum of `s·eᵐ` and `t·eⁿ` in the same form, the greater exponent kept. Equal exponents need no `exp`, which would be
/// of ∞ − ∞ where both are infinite.
fn add_exp((m, s): (f64, f64), (n, t): (f64, f64)) -> (f64, f64) {
    if m == n {
        return (m, s + t);
    }
    if n < m {
        return (m, s + t * (n - m).exp());
    }
    (n, s * (m - n).exp() + t)
}

macro_rules! extremum {
    ($name:ident, $none:expr, $($w:ty),*) => {$(
        impl Reduce<$w> for $name {
            type Part = $w;
            type Whole = $w;
            #[inline(always)]
            fn part() -> $w {
                $none(<$w>::LEAST, <$w>::MOST)
            }
            #[inline(always)]
            fn whole() -> $w {
                $none(<$w>::LEAST, <$w>::MOST)
            }
            #[inline(always)]
            fn take(part: $w, x: $w) -> $w {
                Self::combine(part, x)
            }
            #[inline(always)]
            fn add(whole: $w, part: $w) -> $w {
                Self::combine(whole, part)
            }
            #[inline(always)]
            fn finish(whole: $w, _: usize) -> $w {
                whole
            }
        }
    )*};
}
extremum!(
    Max,
    |least, _| least,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    bool
);
extremum!(
    Min,
    |_, most| most,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    bool
);

/// The ends of a type's range.
trait Ends {
    const LEAST: Self;
    const MOST: Self;
}
macro_rules! ends {
    ($least:ident, $most:ident, $($t:ty),*) => {$(impl Ends for $t {
        const LEAST: Self = <$t>::$least;
        const MOST: Self = <$t>::$most;
    })*};
}
ends!(NEG_INFINITY, INFINITY, f32, f64);
ends!(MIN, MAX, i8, i16, i32, i64, u8, u16, u32, u64);
impl Ends for bool {
    const LEAST: Self = false;
    const MOST: Self = true;
}

impl<W: PartialOrd + Copy> Combine<W> for Max {
    #[inline(always)]
    #[allow(clippy::eq_op)] // Only NaN differs from itself.
    fn combine(a: W, b: W) -> W {
        if a > b || a != a {
            a
        } else {
            b
        }
    }
}
impl<W: PartialOrd + Copy> Combine<W> for Min {
    #[inline(always)]
    #[allow(clippy::eq_op)]
    fn combine(a: W, b: W) -> W {
        if a < b || a != a {
            a
        } else {
            b
        }
    }
}
impl<W: Arithmetic> Combine<W> for Sum {
    #[inline(always)]
    fn combine(a: W, b: W) -> W {
        a.plus(b)
    }
}
impl<W: Arithmetic> Combine<W> for Prod {
    #[inline(always)]
    fn combine(a: W, b: W) -> W {
        a.times(b)
    }
}
