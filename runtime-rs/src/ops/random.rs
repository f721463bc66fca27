//! Random numbers by the Mersenne Twister MT19937: those that NumPy's `RandomState(seed)` draws.
//!
//! Without a seed each call draws another sequence, but the n-th of a process is always the same: runs can be repeated.
//! Sources: Matsumoto and Nishimura 1998, "Mersenne Twister"; Marsaglia and Bray 1964 for normal numbers.

use core::sync::atomic::{AtomicU32, Ordering};

use super::convert::{as_f64, from_float, Convert};
use crate::element::Bool;

const SIZE: usize = 624;
const MIDDLE: usize = 397;

struct MersenneTwister {
    state: [u32; SIZE],
    next: usize,
    spare: Option<f64>,
}

impl MersenneTwister {
    fn new(seed: Option<u32>) -> Self {
        static UNSEEDED: AtomicU32 = AtomicU32::new(0);
        let mut state = [0; SIZE];
        state[0] = seed.unwrap_or_else(|| UNSEEDED.fetch_add(1, Ordering::Relaxed));
        for i in 1..SIZE {
            let previous: u32 = state[i - 1];
            state[i] = (previous ^ (previous >> 30))
                .wrapping_mul(1_812_433_253)
                .wrapping_add(i as u32);
        }
        Self {
            state,
            next: SIZE,
            spare: None,
        }
    }

    fn word(&mut self) -> u32 {
        if self.next == SIZE {
            self.refill();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn refill(&mut self) {
        let state = &mut self.state;
        for i in 0..SIZE {
            let y = (state[i] & 0x8000_0000) | (state[(i + 1) % SIZE] & 0x7fff_ffff);
            let twist = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            state[i] = state[(i + MIDDLE) % SIZE] ^ (y >> 1) ^ twist;
        }
        self.next = 0;
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    fn uniform(&mut self) -> f64 {
        let high = (self.word() >> 5) as f64;
        let low = (self.word() >> 6) as f64;
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// Of mean 0 and standard deviation 1, by the polar method.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let a = 2.0 * self.uniform() - 1.0;
            let b = 2.0 * self.uniform() - 1.0;
            let square = a * a + b * b;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(factor * a);
                return factor * b;
            }
        }
    }
}

/// Uniform numbers in `low..high`.
pub fn random_uniform<T: Convert>(low: f64, high: f64, seed: Option<u32>, y: &mut [T]) {
    let mut random = MersenneTwister::new(seed);
    for y in y {
        *y = from_float(low + (high - low) * random.uniform());
    }
}

/// Normally distributed numbers.
pub fn random_normal<T: Convert>(mean: f64, scale: f64, seed: Option<u32>, y: &mut [T]) {
    let mut random = MersenneTwister::new(seed);
    for y in y {
        *y = from_float(mean + scale * random.normal());
    }
}

/// 1 where a uniform number is below `p[i]`, else 0.
pub fn bernoulli<T: Convert, U: Convert>(p: &[T], seed: Option<u32>, y: &mut [U]) {
    assert_eq!(p.len(), y.len());
    let mut random = MersenneTwister::new(seed);
    for (y, &p) in y.iter_mut().zip(p) {
        *y = from_float((random.uniform() < as_f64(p)) as u8 as f64);
    }
}

/// For each row of `logits` as many classes as `y` has room for, drawn by these unnormalised log-probabilities. `sums` is
/// room for one number per class.
pub fn multinomial<T: Convert, U: Convert>(
    logits: &[T],
    shape: &[usize],
    seed: Option<u32>,
    sums: &mut [f64],
    y: &mut [U],
) {
    let &[batch, classes] = shape else {
        panic!("logits of shape {shape:?}");
    };
    if batch == 0 || classes == 0 {
        return;
    }
    let mut random = MersenneTwister::new(seed);
    let samples = y.len() / batch;
    for (row, y) in logits
        .chunks_exact(classes)
        .zip(y.chunks_exact_mut(samples))
    {
        let top = row
            .iter()
            .fold(f64::NEG_INFINITY, |top, &x| top.max(as_f64(x)));
        let mut total = 0.0;
        for (sum, &x) in sums.iter_mut().zip(row) {
            total += (as_f64(x) - top).exp();
            *sum = total;
        }
        for y in y {
            let draw = random.uniform() * total;
            let found = sums[..classes].iter().position(|&sum| sum > draw);
            *y = from_float(found.unwrap_or(classes - 1) as f64);
        }
    }
}

/// In training, zeros with probability `ratio[0]`, and what stays divided by `1 - ratio[0]`; else the input. `mask` says
/// what stays.
pub fn dropout<T: Convert, R: Convert>(
    x: &[T],
    ratio: &[R],
    training: &[Bool],
    seed: Option<u32>,
    y: Option<&mut [T]>,
    mask: Option<&mut [Bool]>,
) {
    let ratio = as_f64(ratio[0]);
    let scale = 1.0 / (1.0 - ratio);
    let mut random = MersenneTwister::new(seed);
    let drops = training[0].get() && ratio != 0.0;
    let (mut y, mut mask) = (y, mask);
    for (i, &x) in x.iter().enumerate() {
        let stays = !drops || random.uniform() >= ratio;
        if let Some(mask) = &mut mask {
            mask[i] = stays.into();
        }
        if let Some(y) = &mut y {
            y[i] = match (stays, drops) {
                (true, false) => x,
                (true, true) => from_float(as_f64(x) * scale),
                (false, _) => from_float(0.0),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_numbers_are_numpys() {
        let mut y = [0f64; 3];
        random_uniform(0.0, 1.0, Some(0), &mut y);
        // numpy.random.RandomState(0).random_sample(3)
        assert_eq!(
            y,
            [
                0.548_813_503_927_324_8,
                0.715_189_366_372_419_5,
                0.602_763_376_071_643_9
            ]
        );
        let mut y = vec![0f32; 2000];
        random_uniform(-1.0, 3.0, Some(7), &mut y);
        let mean = y.iter().sum::<f32>() / 2000.0;
        assert!((mean - 1.0).abs() < 0.1, "{mean}");
    }

    #[test]
    fn normal_numbers_are_numpys() {
        let mut y = [0f64; 3];
        random_normal(0.0, 1.0, Some(0), &mut y);
        // numpy.random.RandomState(0).standard_normal(3)
        assert_eq!(
            y,
            [
                1.764_052_345_967_664,
                0.400_157_208_367_223_3,
                0.978_737_984_105_739_2
            ]
        );
    }

    #[test]
    fn classes_follow_their_probabilities() {
        let logits = [0f32, f32::NEG_INFINITY, 0.0];
        let mut y = [9i64; 1000];
        multinomial(&logits, &[1, 3], Some(1), &mut [0.0; 3], &mut y);
        let ones = y.iter().filter(|&&c| c == 0).count();
        assert!((400..600).contains(&ones), "{ones}");
        assert!(y.iter().all(|&c| c == 0 || c == 2));
    }

    #[test]
    fn without_a_seed_calls_differ() {
        let (mut a, mut b) = ([0f64; 4], [0f64; 4]);
        random_uniform(0.0, 1.0, None, &mut a);
        random_uniform(0.0, 1.0, None, &mut b);
        assert_ne!(a, b);
    }

    #[test]
    fn dropout_outside_of_training_is_the_input() {
        let (mut y, mut mask) = ([0f32; 2], [Bool(0); 2]);
        let off = [Bool(0)];
        dropout(
            &[1.0, 2.0],
            &[0.5f32],
            &off,
            Some(0),
            Some(&mut y),
            Some(&mut mask),
        );
        assert_eq!((y, mask), ([1.0, 2.0], [Bool(1); 2]));
        let on = [Bool(1)];
        dropout(&[1.0, 2.0], &[0.6875f32], &on, Some(0), Some(&mut y), None);
        assert_eq!(y, [0.0, 6.4]);
    }
}
