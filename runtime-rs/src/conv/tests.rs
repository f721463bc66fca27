//! Convolutions against loops in `f64` that follow their definitions.

use super::*;
use crate::activation::{Activation, Epilogue, Residual};
use crate::gemm::tests::{close, Random};
use crate::simd::{available, with_isa};
use crate::threads::Pool;

/// One call: its output from what the output held before.
type Call<'a> = dyn Fn(&Pool, &Epilogue<'_>, &mut [f32]) + 'a;

/// Runs `call` on every instruction set, with and without threads, and compares with `exact` sums of `terms` products.
fn check(
    random: &mut Random,
    what: &str,
    channels: usize,
    terms: usize,
    exact: &[f64],
    call: &Call<'_>,
) {
    let bias = (random.below(2) == 0).then(|| random.values(channels));
    let residual = random.values(exact.len());
    let kind = random.below(3);
    let after = random.below(2) == 0;
    let relu = random.below(2) == 0;
    let epilogue = Epilogue {
        bias: bias.as_deref(),
        residual: [Residual::None, Residual::Add(&residual), Residual::InPlace][kind],
        residual_after: after,
        activation: if relu {
            Activation::Relu
        } else {
            Activation::HardSwish
        },
    };
    let activation = |x: f64| {
        if relu {
            x.max(0.0)
        } else {
            x * (x / 6.0 + 0.5).clamp(0.0, 1.0)
        }
    };
    for isa in available() {
        let run = |threads: usize| {
            let mut y = if kind == 2 {
                residual.clone()
            } else {
                vec![f32::NAN; exact.len()]
            };
            with_isa(isa, || call(&Pool::new(threads), &epilogue, &mut y));
            y
        };
        let y = run(1);
        for (i, (&got, &sum)) in y.iter().zip(exact).enumerate() {
            let sum = sum
                + bias
                    .as_ref()
                    .map_or(0.0, |bias| f64::from(bias[i % channels]));
            let r = if kind == 0 {
                0.0
            } else {
                f64::from(residual[i])
            };
            let want = if after {
                activation(sum) + r
            } else {
                activation(sum + r)
            };
            assert!(
                close(got, want, terms),
                "{what} on {}: y[{i}] = {got}, not {want}",
                isa.name()
            );
        }
        let bits = |y: &[f32]| y.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(
            bits(&y),
            bits(&run(3)),
            "{what} on {} depends on the threads",
            isa.name()
        );
    }
}

/// The definition of a convolution; `w` is `[oc][ic][ky][kx]`.
fn reference(shape: &Conv2d, x: &[f32], w: &[f32]) -> Vec<f64> {
    let [height, width] = shape.output();
    let [kernel_rows, kernel_columns] = shape.kernel;
    let (inputs, outputs) = (
        shape.channels / shape.groups,
        shape.out_channels / shape.groups,
    );
    let mut y = Vec::with_capacity(shape.output_len());
    for i in 0..shape.output_len() {
        let (oc, pixel) = (i % shape.out_channels, i / shape.out_channels);
        let (ox, oy, n) = (
            pixel % width,
            pixel / width % height,
            pixel / width / height,
        );
        let mut sum = 0.0;
        for (ky, kx) in (0..kernel_rows).flat_map(|ky| (0..kernel_columns).map(move |kx| (ky, kx)))
        {
            let iy = (oy * shape.stride[0] + ky * shape.dilation[0]).wrapping_sub(shape.pads[0]);
            let ix = (ox * shape.stride[1] + kx * shape.dilation[1]).wrapping_sub(shape.pads[1]);
            if iy >= shape.height || ix >= shape.width {
                continue;
            }
            for ic in 0..inputs {
                let channel = oc / outputs * inputs + ic;
                let a = x[((n * shape.height + iy) * shape.width + ix) * shape.channels + channel];
                let b = w[((oc * inputs + ic) * kernel_rows + ky) * kernel_columns + kx];
                sum += f64::from(a) * f64::from(b);
            }
        }
        y.push(sum);
    }
    y
}

/// A shape that is small in every respect, and odd in most.
fn random_shape(random: &mut Random) -> Conv2d {
    let groups = random.pick(&[1, 1, 1, 2, 3]);
    Conv2d {
        batch: random.pick(&[0, 1, 1, 1, 2]),
        height: random.below(12),
        width: random.below(34),
        channels: groups * random.pick(&[1, 2, 3, 5, 8, 16]),
        out_channels: groups * random.pick(&[1, 3, 8, 16, 17, 33, 48]),
        groups,
        kernel: [1 + random.below(4), 1 + random.below(4)],
        stride: [1 + random.below(3), 1 + random.below(3)],
        dilation: [1 + random.below(2), 1 + random.below(2)],
        pads: [
            random.below(3),
            random.below(3),
            random.below(4),
            random.below(4),
        ],
    }
}

fn check_conv2d(random: &mut Random, shape: &Conv2d) {
    let x = random.values(shape.input_len());
    let terms = shape.kernel[0] * shape.kernel[1] * (shape.channels / shape.groups);
    let w = random.values(shape.out_channels * terms);
    let mut packed = vec![f32::NAN; conv2d_packed_len(shape)];
    pack_conv2d(shape, &w, &mut packed);
    let exact = reference(shape, &x, &w);
    check(
        random,
        &format!("{shape:?}"),
        shape.out_channels,
        terms,
        &exact,
        &|pool, epilogue, y| {
            let mut scratch = vec![f32::NAN; conv2d_scratch_len(shape, pool.threads())];
            conv2d(pool, shape, &x, &packed, epilogue, y, &mut scratch);
        },
    );
}

#[test]
fn convolutions_agree_with_their_definition() {
    let mut random = Random(11);
    for _ in 0..300 {
        let shape = random_shape(&mut random);
        check_conv2d(&mut random, &shape);
    }
}

#[test]
fn large_convolutions_agree_too() {
    let mut random = Random(12);
    let same = |kernel: usize, shape: Conv2d| Conv2d {
        pads: [kernel / 2; 4],
        ..shape
    };
    check_conv2d(&mut random, &same(3, Conv2d::new([20, 30, 64], 70, [3, 3])));
    // Several passes over the weights, several blocks of rows.
    check_conv2d(&mut random, &same(3, Conv2d::new([7, 7, 260], 40, [3, 3])));
    check_conv2d(
        &mut random,
        &Conv2d {
            stride: [2, 2],
            ..same(7, Conv2d::new([60, 60, 3], 33, [7, 7]))
        },
    );
    check_conv2d(
        &mut random,
        &Conv2d {
            stride: [2, 2],
            ..Conv2d::new([16, 16, 40], 64, [1, 1])
        },
    );
    check_conv2d(&mut random, &Conv2d::new([9, 13, 40], 64, [1, 1]));
    check_conv2d(
        &mut random,
        &Conv2d {
            batch: 2,
            dilation: [3, 3],
            pads: [3; 4],
            ..Conv2d::new([16, 40, 90], 20, [3, 3])
        },
    );
}

fn check_depthwise(random: &mut Random, shape: &Conv2d) {
    let x = random.values(shape.input_len());
    let terms = shape.kernel[0] * shape.kernel[1];
    let w = random.values(shape.channels * terms);
    let mut packed = vec![f32::NAN; w.len()];
    pack_depthwise(shape, &w, &mut packed);
    let exact = reference(shape, &x, &w);
    check(
        random,
        &format!("{shape:?}"),
        shape.channels,
        terms,
        &exact,
        &|pool, epilogue, y| {
            depthwise(pool, shape, &x, &packed, epilogue, y);
        },
    );
}

#[test]
fn depthwise_convolutions_agree_with_their_definition() {
    let mut random = Random(13);
    for round in 0..400 {
        let channels = random.pick(&[1, 3, 4, 7, 8, 15, 16, 17, 24, 33, 40, 64, 100]);
        let mut shape = random_shape(&mut random);
        shape = Conv2d {
            channels,
            out_channels: channels,
            groups: channels,
            ..shape
        };
        if round % 4 > 0 {
            let (kernel, stride) = (random.pick(&[3, 5]), random.pick(&[1, 2]));
            shape = Conv2d {
                kernel: [kernel; 2],
                stride: [stride; 2],
                dilation: [1, 1],
                ..shape
            };
        }
        check_depthwise(&mut random, &shape);
    }
}

/// The values of the window of output (n, oy, ox, c), and how many positions it has with padding.
fn window(shape: &Conv2d, x: &[f32], [n, oy, ox, c]: [usize; 4]) -> (Vec<f64>, usize) {
    let (mut values, mut padded) = (Vec::new(), 0);
    for (ky, kx) in (0..shape.kernel[0]).flat_map(|ky| (0..shape.kernel[1]).map(move |kx| (ky, kx)))
    {
        let y = oy * shape.stride[0] + ky * shape.dilation[0];
        let x_at = ox * shape.stride[1] + kx * shape.dilation[1];
        if y < shape.pads[0] + shape.height + shape.pads[2]
            && x_at < shape.pads[1] + shape.width + shape.pads[3]
        {
            padded += 1;
        }
        let (iy, ix) = (
            y.wrapping_sub(shape.pads[0]),
            x_at.wrapping_sub(shape.pads[1]),
        );
        if iy < shape.height && ix < shape.width {
            values.push(f64::from(
                x[((n * shape.height + iy) * shape.width + ix) * shape.channels + c],
            ));
        }
    }
    (values, padded)
}

#[test]
fn pooling_agrees_with_its_definition() {
    let mut random = Random(14);
    for _ in 0..300 {
        let channels = random.pick(&[1, 3, 8, 17, 33, 64, 130]);
        let shape = Conv2d {
            channels,
            out_channels: channels,
            groups: channels,
            ..random_shape(&mut random)
        };
        // One line and column more, as rounding up the extents may give.
        let output = shape.output().map(|n| n + random.below(2));
        let x = random.values(shape.input_len());
        let len = shape.batch * output[0] * output[1] * channels;
        for (isa, threads) in available().flat_map(|isa| [(isa, 1), (isa, 3)]) {
            let pool = Pool::new(threads);
            let outputs = with_isa(isa, || {
                let mut y = vec![vec![f32::NAN; len]; 3];
                max_pool(&pool, &shape, output, &x, &mut y[0]);
                average_pool(&pool, &shape, output, false, &x, &mut y[1]);
                average_pool(&pool, &shape, output, true, &x, &mut y[2]);
                y
            });
            for i in 0..len {
                let (c, pixel) = (i % channels, i / channels);
                let place = [
                    pixel / output[1] / output[0],
                    pixel / output[1] % output[0],
                    pixel % output[1],
                    c,
                ];
                let (values, padded) = window(&shape, &x, place);
                let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = values.iter().sum();
                let want = [
                    max,
                    sum / values.len().max(1) as f64,
                    sum / padded.max(1) as f64,
                ];
                for (y, want) in outputs.iter().zip(want) {
                    let same = f64::from(y[i]) == want || close(y[i], want, values.len());
                    assert!(
                        same,
                        "{shape:?} to {output:?} on {}: {} at {place:?}, not {want}",
                        isa.name(),
                        y[i]
                    );
                }
            }
        }
    }
}

#[test]
fn a_nan_is_the_maximum() {
    for isa in available() {
        for at in 0..4 {
            let mut x = [1.0; 4];
            x[at] = f32::NAN;
            let mut y = [0.0];
            with_isa(isa, || {
                max_pool(
                    &Pool::sequential(),
                    &Conv2d::new([2, 2, 1], 1, [2, 2]),
                    [1, 1],
                    &x,
                    &mut y,
                )
            });
            assert!(y[0].is_nan(), "{} with NaN at {at}", isa.name());
        }
    }
}

#[test]
fn global_averages_agree_with_their_definition() {
    let mut random = Random(15);
    for [batch, pixels, channels] in [
        [1, 49, 64],
        [2, 1, 3],
        [3, 200, 33],
        [1, 1000, 300],
        [0, 3, 3],
        [2, 3, 0],
        [1, 49, 1280],
        [2, 5, 7],
    ] {
        let x = random.values(batch * pixels * channels);
        for (isa, threads) in available().flat_map(|isa| [(isa, 1), (isa, 3)]) {
            let mut y = vec![f32::NAN; batch * channels];
            let pool = Pool::new(threads);
            with_isa(isa, || {
                global_average_pool(&pool, [batch, pixels, channels], &x, &mut y)
            });
            for (i, &got) in y.iter().enumerate() {
                let (image, c) = (i / channels, i % channels);
                let sum: f64 = (0..pixels)
                    .map(|p| f64::from(x[(image * pixels + p) * channels + c]))
                    .sum();
                assert!(
                    close(got, sum / pixels as f64, 1),
                    "{batch}x{pixels}x{channels}: {got} at {i}"
                );
            }
        }
    }
}

/// The definition of a transposed convolution; `w` is `[ic][oc / groups][ky][kx]`.
fn transposed_reference(shape: &Conv2d, output: [usize; 2], x: &[f32], w: &[f32]) -> Vec<f64> {
    let (inputs, outputs) = (
        shape.channels / shape.groups,
        shape.out_channels / shape.groups,
    );
    let mut y = vec![0.0; shape.batch * output[0] * output[1] * shape.out_channels];
    for (i, &value) in x.iter().enumerate() {
        let (ic, pixel) = (i % shape.channels, i / shape.channels);
        let (ix, iy, n) = (
            pixel % shape.width,
            pixel / shape.width % shape.height,
            pixel / shape.width / shape.height,
        );
        for (ky, kx) in
            (0..shape.kernel[0]).flat_map(|ky| (0..shape.kernel[1]).map(move |kx| (ky, kx)))
        {
            let oy = (iy * shape.stride[0] + ky * shape.dilation[0]).wrapping_sub(shape.pads[0]);
            let ox = (ix * shape.stride[1] + kx * shape.dilation[1]).wrapping_sub(shape.pads[1]);
            if oy >= output[0] || ox >= output[1] {
                continue;
            }
            for j in 0..outputs {
                let oc = ic / inputs * outputs + j;
                let weight = w[((ic * outputs + j) * shape.kernel[0] + ky) * shape.kernel[1] + kx];
                let at = ((n * output[0] + oy) * output[1] + ox) * shape.out_channels + oc;
                y[at] += f64::from(value) * f64::from(weight);
            }
        }
    }
    y
}

#[test]
fn transposed_convolutions_agree_with_their_definition() {
    let mut random = Random(16);
    for _ in 0..300 {
        let shape = random_shape(&mut random);
        let along = |axis: usize, extent: usize, more: usize| {
            let reach = shape.dilation[axis] * (shape.kernel[axis] - 1) + 1;
            (extent.saturating_sub(1) * shape.stride[axis] + reach + more)
                .saturating_sub(shape.pads[axis] + shape.pads[axis + 2])
        };
        let output = [
            along(0, shape.height, random.below(3)),
            along(1, shape.width, random.below(3)),
        ];
        let x = random.values(shape.input_len());
        let taps = shape.kernel[0] * shape.kernel[1];
        let w = random.values(shape.channels * (shape.out_channels / shape.groups) * taps);
        let mut packed = vec![f32::NAN; conv_transpose2d_packed_len(&shape)];
        pack_conv_transpose2d(&shape, &w, &mut packed);
        let exact = transposed_reference(&shape, output, &x, &w);
        let terms = taps * (shape.channels / shape.groups);
        let what = format!("{shape:?} to {output:?}");
        check(
            &mut random,
            &what,
            shape.out_channels,
            terms,
            &exact,
            &|pool, epilogue, y| {
                let mut scratch =
                    vec![f32::NAN; conv_transpose2d_scratch_len(&shape, output, pool.threads())];
                conv_transpose2d(pool, &shape, output, &x, &packed, epilogue, y, &mut scratch);
            },
        );
    }
}

#[test]
fn winograd_agrees_with_the_definition() {
    let mut random = Random(17);
    let mut shapes: Vec<Conv2d> = (0..150)
        .map(|_| Conv2d {
            groups: 1,
            kernel: [3, 3],
            stride: [1, 1],
            dilation: [1, 1],
            channels: random.pick(&[1, 3, 8, 17, 40]),
            out_channels: random.pick(&[1, 8, 17, 33, 70]),
            ..random_shape(&mut random)
        })
        .collect();
    shapes.push(Conv2d {
        pads: [1; 4],
        ..Conv2d::new([40, 40, 70], 70, [3, 3])
    });
    for shape in shapes {
        assert!(winograd_applies(&shape));
        let x = random.values(shape.input_len());
        let w = random.values(shape.out_channels * shape.channels * 9);
        let mut packed = vec![f32::NAN; winograd_packed_len(&shape)];
        pack_winograd(&shape, &w, &mut packed);
        let exact = reference(&shape, &x, &w);
        // The transforms cost about ten times the rounding of the direct sum.
        let terms = 10 * (9 * shape.channels + 8);
        check(
            &mut random,
            &format!("{shape:?}"),
            shape.out_channels,
            terms,
            &exact,
            &|pool, epilogue, y| {
                let mut scratch = vec![f32::NAN; winograd_scratch_len(&shape, pool.threads())];
                winograd(pool, &shape, &x, &packed, epilogue, y, &mut scratch);
            },
        );
    }
}

#[test]
fn the_error_of_winograd_is_small_against_the_output() {
    let mut random = Random(18);
    let shape = Conv2d {
        pads: [1; 4],
        ..Conv2d::new([14, 14, 256], 32, [3, 3])
    };
    let x: Vec<f32> = random
        .values(shape.input_len())
        .into_iter()
        .map(|x| x.max(0.0))
        .collect();
    let w = random.values(shape.out_channels * shape.channels * 9);
    let mut packed = vec![0.0; winograd_packed_len(&shape)];
    pack_winograd(&shape, &w, &mut packed);
    let exact = reference(&shape, &x, &w);
    let largest = exact.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    for isa in available() {
        let (pool, mut y) = (Pool::sequential(), vec![0.0; shape.output_len()]);
        let mut scratch = vec![0.0; winograd_scratch_len(&shape, 1)];
        with_isa(isa, || {
            winograd(
                &pool,
                &shape,
                &x,
                &packed,
                &Epilogue::default(),
                &mut y,
                &mut scratch,
            )
        });
        let error = y
            .iter()
            .zip(&exact)
            .map(|(&y, want)| (f64::from(y) - want).abs())
            .fold(0.0, f64::max);
        assert!(
            error < 1.5e-5 * largest,
            "{}: {:.1e} of the largest output",
            isa.name(),
            error / largest
        );
    }
}
