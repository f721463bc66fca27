//! The vector operations against plain floats, on every instruction set of this machine.

use super::*;

/// Checks each operation lane by lane.
struct Operations;

impl Kernel for Operations {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let specials = [
            0.0,
            -0.0,
            1.5,
            -2.5,
            0.5,
            -0.5,
            3e9,
            f32::INFINITY,
            f32::NEG_INFINITY,
            8388607.5,
            1e-40,
            -7.25,
        ];
        let lanes = |shift: usize| {
            let mut x = [0.0f32; 16];
            for (i, x) in x.iter_mut().enumerate() {
                *x = specials[(i + shift) % specials.len()];
            }
            x
        };
        for (s, t) in (0..12).flat_map(|s| (0..12).map(move |t| (s, t))) {
            let (a, b) = (lanes(s), lanes(t));
            let (x, y) = (V::load(&a), V::load(&b));
            let check = |name: &str, got: V, want: fn(f32, f32) -> f32| {
                let got = got.to_array();
                for i in 0..V::LANES {
                    let want = want(a[i], b[i]);
                    let same = got[i] == want || (got[i].is_nan() && want.is_nan());
                    assert!(
                        same,
                        "{} {name}({}, {}) = {}, not {want}",
                        V::ISA.name(),
                        a[i],
                        b[i],
                        got[i]
                    );
                }
            };
            check("add", x + y, |a, b| a + b);
            check("sub", x - y, |a, b| a - b);
            check("mul", x * y, |a, b| a * b);
            check("div", x / y, |a, b| a / b);
            check("neg", -x, |a, _| -a);
            check("min", x.min(y), f32::min);
            check("max", x.max(y), f32::max);
            check("abs", x.abs(), |a, _| a.abs());
            check("sqrt", x.sqrt(), |a, _| a.sqrt());
            check("floor", x.floor(), |a, _| a.floor());
            check("ceil", x.ceil(), |a, _| a.ceil());
            check("trunc", x.trunc(), |a, _| a.trunc());
            check("round", x.round_ties_even(), |a, _| a.round_ties_even());
            check("copysign", x.copysign(y), f32::copysign);
            check(
                "lt",
                V::select(x.lt(y), x, y),
                |a, b| if a < b { a } else { b },
            );
            check(
                "le",
                V::select(x.le(y), x, y),
                |a, b| if a <= b { a } else { b },
            );
            check(
                "eq",
                V::select(x.eq(y), V::splat(1.0), V::zero()),
                |a, b| f32::from(a == b),
            );
            check(
                "not",
                V::select(!x.lt(y), x, y),
                |a, b| if a < b { b } else { a },
            );
            check(
                "bits",
                (x.to_bits() ^ V::Int::splat(i32::MIN)).as_float(),
                |a, _| -a,
            );
        }
        let small = [
            1.0f32, -3.0, 2.5, 3.5, -0.5, 100.0, -1e6, 7.0, 1.0, -3.0, 2.5, 3.5, -0.5, 100.0, -1e6,
            7.0,
        ];
        let x = V::load(&small);
        let ints = x.round_to_int();
        let as_float = |v: V::Int| v.to_float().to_array();
        for i in 0..V::LANES {
            let n = small[i].round_ties_even() as i32;
            assert_eq!(as_float(ints)[i], n as f32);
            assert_eq!(
                ints.shl(3).as_float().to_array()[i].to_bits(),
                (n << 3) as u32
            );
            assert_eq!(
                ints.shr(5).as_float().to_array()[i].to_bits(),
                n as u32 >> 5
            );
            assert_eq!(as_float(ints + V::Int::splat(3))[i], (n + 3) as f32);
            assert_eq!(as_float(ints - V::Int::splat(3))[i], (n - 3) as f32);
            let chosen = V::Int::select(
                ints.gt(V::Int::splat(0)) | ints.eq(V::Int::splat(-3)),
                ints,
                V::Int::splat(9),
            );
            assert_eq!(
                as_float(chosen)[i],
                if n > 0 || n == -3 { n as f32 } else { 9.0 }
            );
        }
        let (lower, upper) = x.interleave(-x);
        for i in 0..V::LANES {
            let got = [lower, upper].map(V::to_array);
            let at = |i: usize| got[i / V::LANES][i % V::LANES];
            assert_eq!((at(2 * i), at(2 * i + 1)), (small[i], -small[i]));
        }
        assert_eq!(x.sum(), small[..V::LANES].iter().sum::<f32>());
        assert_eq!(
            x.max_lane(),
            small[..V::LANES].iter().copied().fold(f32::MIN, f32::max)
        );
        assert_eq!(
            x.min_lane(),
            small[..V::LANES].iter().copied().fold(f32::MAX, f32::min)
        );
        assert!(
            x.eq(x).all() && !x.lt(x).any() && x.is_nan().any() == V::splat(0.0).is_nan().all()
        );
        for nan in [
            V::splat(f32::NAN).min(V::splat(1.0)),
            V::splat(f32::NAN).max(V::splat(1.0)),
        ] {
            assert!(nan.is_nan().all(), "a NaN in the first operand stays");
        }
    }
}

/// Partial loads and stores touch exactly the lanes that they name.
struct Partial;

impl Kernel for Partial {
    type Out = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        for n in 0..=V::LANES + 3 {
            let source: Vec<f32> = (1..=n).map(|i| i as f32).collect();
            let v = V::load_partial(&source);
            for (i, lane) in v.to_array().into_iter().enumerate() {
                assert_eq!(
                    lane,
                    if i < n.min(V::LANES) {
                        i as f32 + 1.0
                    } else {
                        0.0
                    }
                );
            }
            let mut target = vec![-1.0; n + 1];
            v.store_partial(&mut target[..n]);
            assert_eq!(target[..n.min(V::LANES)], source[..n.min(V::LANES)]);
            assert!(target[n.min(V::LANES)..].iter().all(|&x| x == -1.0));
        }
    }
}

#[test]
fn operations_agree_with_plain_floats() {
    for isa in available() {
        dispatch_on(isa, Operations);
        dispatch_on(isa, Partial);
    }
}

#[test]
fn a_forced_instruction_set_is_used_and_then_restored() {
    struct Name;
    impl Kernel for Name {
        type Out = Isa;
        #[inline(always)]
        fn run<V: Vector>(self) -> Isa {
            V::ISA
        }
    }
    let before = current();
    for isa in available() {
        with_isa(isa, || {
            assert_eq!(dispatch(Name), isa);
            assert_eq!(super::isa(), isa.name());
        });
    }
    assert_eq!(dispatch(Name), before);
}
