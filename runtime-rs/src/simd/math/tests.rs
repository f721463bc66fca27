//! Every function against `f64`, on every instruction set of this machine.

use super::*;
use crate::simd::{available, dispatch_on, with_isa, Isa, Kernel};

/// A function of one vector, as a value.
macro_rules! unary {
    ($($kernel:ident = $f:expr;)*) => {$(
        struct $kernel<'a>(&'a mut [f32]);
        impl Kernel for $kernel<'_> {
            type Out = ();
            #[inline(always)]
            fn run<V: Vector>(self) {
                for chunk in self.0.chunks_mut(V::LANES) {
                    let f = $f;
                    f(V::load_partial(chunk)).store_partial(chunk);
                }
            }
        }
    )*};
}

unary! {
    Exp = exp; Exp2 = exp2; ExpM1 = exp_m1; Ln = ln; Log2 = log2; Log10 = log10; Ln1p = ln_1p; Tanh = tanh;
    Sigmoid = sigmoid; Silu = silu; Softplus = softplus; Mish = mish; Erf = erf; Gelu = gelu; GeluTanh = gelu_tanh;
    Sin = sin; Cos = cos; Tan = tan;
}

/// One function under test: how to run it, the same in `f64`, the bound in ulp.
struct Case {
    name: &'static str,
    run: fn(Isa, &mut [f32]),
    exact: fn(f64) -> f64,
    ulp: f64,
}

macro_rules! case {
    ($kernel:ident, $exact:expr, $ulp:expr) => {
        Case {
            name: stringify!($kernel),
            run: |isa, x| dispatch_on(isa, $kernel(x)),
            exact: $exact,
            ulp: $ulp,
        }
    };
}

/// erf by its Maclaurin series, or by the continued fraction of the complement.
fn erf_f64(x: f64) -> f64 {
    if x.abs() < 2.5 {
        let (mut term, mut sum) = (x, x);
        for n in 1..80 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        return sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    (1.0 - erfc_tail(x.abs())).copysign(x)
}

/// 1 − erf(z) for z ≥ 2.5 (Abramowitz & Stegun 7.1.14).
fn erfc_tail(z: f64) -> f64 {
    let mut fraction = 0.0;
    for n in (1..200).rev() {
        fraction = f64::from(n) / 2.0 / (z + fraction);
    }
    (-z * z).exp() / (z + fraction) * std::f64::consts::FRAC_2_SQRT_PI / 2.0
}

fn gelu_f64(x: f64) -> f64 {
    let z = x * std::f64::consts::FRAC_1_SQRT_2;
    if z < -2.5 {
        return 0.5 * x * erfc_tail(-z);
    }
    0.5 * x * (1.0 + erf_f64(z))
}

fn softplus_f64(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn mish_f64(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 {
        return x * (e * e + 2.0 * e) / (e * e + 2.0 * e + 2.0);
    }
    x * (1.0 + 2.0 * e) / (1.0 + 2.0 * e + 2.0 * e * e)
}

fn cases() -> Vec<Case> {
    vec![
        case!(Exp, f64::exp, 1.1),
        case!(Exp2, f64::exp2, 1.1),
        case!(ExpM1, f64::exp_m1, 1.5),
        case!(Ln, f64::ln, 1.0),
        case!(Log2, f64::log2, 2.0),
        case!(Log10, f64::log10, 2.0),
        case!(Ln1p, f64::ln_1p, 2.0),
        case!(Tanh, f64::tanh, 2.0),
        case!(Sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 3.0),
        case!(Silu, |x| x / (1.0 + (-x).exp()), 4.0),
        case!(Softplus, softplus_f64, 3.0),
        case!(Mish, mish_f64, 5.0),
        case!(Erf, erf_f64, 2.0),
        case!(Sin, f64::sin, 2.0),
        case!(Cos, f64::cos, 2.0),
        case!(Tan, f64::tan, 4.0),
    ]
}

/// The distance of `got` from `want` in units of the last place of `want` as an `f32`.
fn ulp_error(got: f32, want: f64) -> f64 {
    let nearest = want as f32;
    if nearest.is_nan() {
        return if got.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if nearest.is_infinite() || got.is_infinite() {
        // Right at the edge of overflow one may round up and the other not.
        let edge = f64::from(f32::MAX);
        let close = got == nearest
            || (want.abs() > edge * 0.999_999_7 && f64::from(got).abs() > edge * 0.999_999_7);
        return if close && (f64::from(got) < 0.0) == (want < 0.0) {
            0.0
        } else {
            f64::INFINITY
        };
    }
    let exponent = want.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor();
    (f64::from(got) - want).abs() / (exponent - 23.0).exp2()
}

/// Runs `case` over the bit patterns `from, from + step, …` and checks the bound.
fn check(case: &Case, isa: Isa, patterns: impl Iterator<Item = u32>) {
    let bound = if isa == Isa::Scalar || isa == Isa::Wasm {
        case.ulp + 1.5
    } else {
        case.ulp
    };
    let (mut worst, mut at) = (0.0, 0.0);
    let mut x = Vec::with_capacity(4096);
    let mut patterns = patterns.peekable();
    while patterns.peek().is_some() {
        x.clear();
        x.extend(patterns.by_ref().take(4096).map(f32::from_bits));
        let mut y = x.clone();
        (case.run)(isa, &mut y);
        for (&x, &y) in x.iter().zip(&y) {
            let want = (case.exact)(f64::from(x));
            let error = ulp_error(y, want);
            // Products with subnormal factors (see `silu`).
            let tiny = matches!(case.name, "Silu" | "Mish") && (f64::from(y) - want).abs() < 1e-42;
            if error > worst && !tiny {
                (worst, at) = (error, x);
            }
        }
    }
    println!("{} on {}: {worst:.2} ulp at {at:e}", case.name, isa.name());
    assert!(
        worst <= bound,
        "{} on {}: {worst} ulp at {at:e}, bound {bound}",
        case.name,
        isa.name()
    );
}

/// Every 9973rd float: all signs and exponents, with ever other mantissas.
fn sample() -> impl Iterator<Item = u32> {
    (0..=u32::MAX).step_by(9973)
}

/// Every value between −12 and 12 in steps of 1/4096, where networks live.
fn ordinary() -> impl Iterator<Item = u32> {
    (-12 * 4096..=12 * 4096).map(|i| (i as f32 / 4096.0).to_bits())
}

#[test]
fn functions_keep_their_bounds() {
    for case in cases() {
        for isa in available() {
            check(&case, isa, sample().chain(ordinary()));
        }
    }
}

#[test]
#[ignore = "all 2^32 arguments: an hour"]
fn exhaustive() {
    for case in cases() {
        check(&case, available().next().unwrap(), 0..=u32::MAX);
    }
}

#[test]
fn gelu_is_accurate_on_both_sides() {
    for isa in available() {
        let mut x: Vec<f32> = (-12 * 4096..=12 * 4096)
            .map(|i| i as f32 / 4096.0)
            .collect();
        let arguments = x.clone();
        dispatch_on(isa, Gelu(&mut x));
        for (&y, &x) in x.iter().zip(&arguments) {
            let want = gelu_f64(f64::from(x));
            if x >= -1.2 {
                assert!(ulp_error(y, want) <= 4.0, "gelu({x}) = {y}, not {want}");
            } else if want.abs() > f64::from(f32::MIN_POSITIVE) && x > -8.4 {
                assert!(
                    (f64::from(y) / want - 1.0).abs() < 2e-5,
                    "gelu({x}) = {y:e}, not {want:e}"
                );
            }
        }
    }
}

#[test]
fn the_tanh_form_of_gelu_is_near_its_formula() {
    for isa in available() {
        let mut x: Vec<f32> = (-8 * 512..=8 * 512).map(|i| i as f32 / 512.0).collect();
        let arguments = x.clone();
        dispatch_on(isa, GeluTanh(&mut x));
        for (&y, &x) in x.iter().zip(&arguments) {
            let a = f64::from(x);
            let want = 0.5
                * a
                * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (a + 0.044715 * a * a * a)).tanh());
            assert!(
                (f64::from(y) - want).abs() < 4e-7 * a.abs().max(1.0),
                "{x}: {y}, not {want}"
            );
        }
    }
}

#[test]
fn special_arguments_have_their_values() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let check = |run: fn(Isa, &mut [f32]), pairs: &[(f32, f32)]| {
        for isa in available() {
            for &(x, want) in pairs {
                let mut y = [x];
                run(isa, &mut y);
                let same = y[0].to_bits() == want.to_bits() || (y[0].is_nan() && want.is_nan());
                assert!(same, "{}: f({x}) = {}, not {want}", isa.name(), y[0]);
            }
        }
    };
    check(
        |i, x| dispatch_on(i, Exp(x)),
        &[
            (inf, inf),
            (-inf, 0.0),
            (0.0, 1.0),
            (-0.0, 1.0),
            (nan, nan),
            (1e30, inf),
            (-1e30, 0.0),
        ],
    );
    check(
        |i, x| dispatch_on(i, ExpM1(x)),
        &[
            (inf, inf),
            (-inf, -1.0),
            (0.0, 0.0),
            (-0.0, -0.0),
            (nan, nan),
        ],
    );
    check(
        |i, x| dispatch_on(i, Ln(x)),
        &[
            (inf, inf),
            (0.0, -inf),
            (-0.0, -inf),
            (-1.0, nan),
            (-inf, nan),
            (nan, nan),
            (1.0, 0.0),
        ],
    );
    check(
        |i, x| dispatch_on(i, Ln1p(x)),
        &[
            (inf, inf),
            (-1.0, -inf),
            (-2.0, nan),
            (nan, nan),
            (0.0, 0.0),
            (-0.0, -0.0),
        ],
    );
    check(
        |i, x| dispatch_on(i, Log2(x)),
        &[(8.0, 3.0), (0.125, -3.0), (inf, inf), (0.0, -inf)],
    );
    check(
        |i, x| dispatch_on(i, Tanh(x)),
        &[
            (inf, 1.0),
            (-inf, -1.0),
            (0.0, 0.0),
            (-0.0, -0.0),
            (nan, nan),
        ],
    );
    check(
        |i, x| dispatch_on(i, Sigmoid(x)),
        &[(inf, 1.0), (-inf, 0.0), (0.0, 0.5), (nan, nan)],
    );
    check(
        |i, x| dispatch_on(i, Erf(x)),
        &[
            (inf, 1.0),
            (-inf, -1.0),
            (0.0, 0.0),
            (-0.0, -0.0),
            (nan, nan),
        ],
    );
    check(
        |i, x| dispatch_on(i, Gelu(x)),
        &[(inf, inf), (-inf, -0.0), (0.0, 0.0), (nan, nan)],
    );
    check(
        |i, x| dispatch_on(i, Softplus(x)),
        &[(inf, inf), (-inf, 0.0), (nan, nan)],
    );
    check(
        |i, x| dispatch_on(i, Sin(x)),
        &[
            (inf, nan),
            (-inf, nan),
            (0.0, 0.0),
            (-0.0, -0.0),
            (nan, nan),
        ],
    );
    check(
        |i, x| dispatch_on(i, Cos(x)),
        &[(inf, nan), (0.0, 1.0), (nan, nan)],
    );
}

/// `x[i] = pow(x[i], y[i])`.
struct Pow<'a>(&'a mut [f32], &'a [f32]);
impl Kernel for Pow<'_> {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        for (x, y) in self.0.chunks_mut(V::LANES).zip(self.1.chunks(V::LANES)) {
            pow(V::load_partial(x), V::load_partial(y)).store_partial(x);
        }
    }
}

#[test]
fn powers_are_accurate_and_follow_c() {
    let mut values = vec![
        0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 1e-40, 1e30, -1e30, 16777217.0, 2.5,
    ];
    values.extend([
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
        f32::MIN_POSITIVE,
    ]);
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        (state >> 8) as f32 / 16777216.0
    };
    let mut pairs: Vec<(f32, f32)> = values
        .iter()
        .flat_map(|&x| values.iter().map(move |&y| (x, y)))
        .collect();
    for _ in 0..200_000 {
        pairs.push(((random() * 40.0 - 20.0).exp2(), (random() - 0.5) * 12.0));
        pairs.push((0.9 + 0.2 * random(), (random() - 0.5) * 2000.0));
    }
    for isa in available() {
        let y: Vec<f32> = pairs.iter().map(|p| p.1).collect();
        let mut x: Vec<f32> = pairs.iter().map(|p| p.0).collect();
        with_isa(isa, || dispatch_on(isa, Pow(&mut x, &y)));
        let mut worst = 0.0f64;
        for (&got, &(x, y)) in x.iter().zip(&pairs) {
            let want = f64::from(x).powf(f64::from(y));
            // Signs of zeros and infinities count too.
            assert!(
                got.is_nan() || (got.is_sign_negative() == want.is_sign_negative()),
                "{x}^{y} = {got}, not {want}"
            );
            let error = ulp_error(got, want);
            worst = worst.max(error);
            assert!(
                error <= 3.0,
                "{}: {x:e}^{y:e} = {got:e}, not {want:e}: {error} ulp",
                isa.name()
            );
        }
        println!("pow on {}: {worst:.2} ulp", isa.name());
    }
}
