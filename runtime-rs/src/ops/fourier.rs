//! Fourier transforms of one line, in f64 whatever the element type: what is 0 in truth comes out below 1e-12 of the input.
//!
//! `X[k] = Σₙ x[n]·e^(−2πikn/N)`. Powers of two by Cooley and Tukey's radix-2 scheme in place; other lengths by Bluestein's:
//! `kn = (k² + n² − (k − n)²) / 2` turns the sum into a convolution, which is done with powers of two. Twiddle factors come
//! from `sin` and `cos`, not from recurrences. The inverse is the same with real and imaginary parts exchanged, divided by N.
//!
//! Sources: Cooley & Tukey 1965; Bluestein 1970. Error of radix 2: ≤ 4·log₂N·ε·‖x‖ (Higham 2002, §24.1), ε = 2⁻⁵³.

use core::f64::consts::PI;

/// Real and imaginary parts, equally long.
pub(crate) struct Line<'a> {
    pub re: &'a mut [f64],
    pub im: &'a mut [f64],
}

impl Line<'_> {
    pub(crate) fn clear(&mut self) {
        self.re.fill(0.0);
        self.im.fill(0.0);
    }
    fn multiply(&mut self, i: usize, re: f64, im: f64) {
        let (a, b) = (self.re[i], self.im[i]);
        self.re[i] = a * re - b * im;
        self.im[i] = a * im + b * re;
    }
    fn swap(&mut self, i: usize, j: usize) {
        self.re.swap(i, j);
        self.im.swap(i, j);
    }
    fn exchange(&mut self) {
        self.re.swap_with_slice(self.im);
    }
}

/// Two arrays of the next `n` values of `memory` each.
fn take<'a>(memory: &mut &'a mut [f64], n: usize) -> Line<'a> {
    let (re, rest) = core::mem::take(memory).split_at_mut(n);
    let (im, rest) = rest.split_at_mut(n);
    *memory = rest;
    Line { re, im }
}

/// Tables for transforms of one length, and the line that they are done on.
pub(crate) struct Transform<'a> {
    pub line: Line<'a>,
    /// `cos` and `−sin` of `2πk / m` for k below m / 2, where m is the length of the radix-2 transform.
    twiddles: Line<'a>,
    bluestein: Option<Bluestein<'a>>,
}

struct Bluestein<'a> {
    /// e^(−πik²/n).
    chirp: Line<'a>,
    /// The transform of its conjugate, periodic in m.
    filter: Line<'a>,
    work: Line<'a>,
}

/// Length of the radix-2 transform by which one of `n` values is done.
pub(crate) fn radix2_length(n: usize) -> usize {
    if n.is_power_of_two() {
        n
    } else {
        (2 * n - 1).next_power_of_two()
    }
}

impl<'a> Transform<'a> {
    /// For lines of `n ≥ 1` values. `memory` holds `3·n` for powers of two, else `5·m + 4·n` with m the power of two from
    /// `2·n − 1` on.
    pub(crate) fn new(n: usize, mut memory: &'a mut [f64]) -> Self {
        let m = radix2_length(n);
        let line = take(&mut memory, n);
        let twiddles = take(&mut memory, m / 2);
        for k in 0..m / 2 {
            let angle = 2.0 * PI * k as f64 / m as f64;
            (twiddles.re[k], twiddles.im[k]) = (angle.cos(), -angle.sin());
        }
        let bluestein = (m != n).then(|| Bluestein {
            chirp: take(&mut memory, n),
            filter: take(&mut memory, m),
            work: take(&mut memory, m),
        });
        let mut plan = Self {
            line,
            twiddles,
            bluestein,
        };
        if let Some(b) = &mut plan.bluestein {
            b.prepare(n, &plan.twiddles);
        }
        plan
    }

    /// Transforms the line.
    pub(crate) fn forward(&mut self) {
        match &mut self.bluestein {
            None => radix2(&mut self.line, &self.twiddles),
            Some(b) => b.run(&mut self.line, &self.twiddles),
        }
    }

    /// Transforms the line back.
    pub(crate) fn inverse(&mut self) {
        self.line.exchange();
        self.forward();
        self.line.exchange();
        let factor = 1.0 / self.line.re.len() as f64;
        for x in self.line.re.iter_mut().chain(self.line.im.iter_mut()) {
            *x *= factor;
        }
    }
}

impl Bluestein<'_> {
    fn prepare(&mut self, n: usize, twiddles: &Line) {
        let m = self.filter.re.len();
        self.filter.clear();
        for k in 0..n {
            // k² mod 2n keeps the angle small and hence exact.
            let square = (k as u128 * k as u128 % (2 * n as u128)) as f64;
            let angle = PI * square / n as f64;
            let (cos, sin) = (angle.cos(), angle.sin());
            (self.chirp.re[k], self.chirp.im[k]) = (cos, -sin);
            for at in [k, (m - k) % m] {
                (self.filter.re[at], self.filter.im[at]) = (cos, sin);
            }
        }
        radix2(&mut self.filter, twiddles);
    }

    fn run(&mut self, line: &mut Line, twiddles: &Line) {
        let (n, m) = (line.re.len(), self.work.re.len());
        self.work.clear();
        self.work.re[..n].copy_from_slice(line.re);
        self.work.im[..n].copy_from_slice(line.im);
        for k in 0..n {
            self.work.multiply(k, self.chirp.re[k], self.chirp.im[k]);
        }
        radix2(&mut self.work, twiddles);
        for k in 0..m {
            self.work.multiply(k, self.filter.re[k], self.filter.im[k]);
        }
        self.work.exchange();
        radix2(&mut self.work, twiddles);
        self.work.exchange();
        let factor = 1.0 / m as f64;
        for k in 0..n {
            (line.re[k], line.im[k]) = (self.work.re[k] * factor, self.work.im[k] * factor);
            line.multiply(k, self.chirp.re[k], self.chirp.im[k]);
        }
    }
}

/// A transform in place; the length is a power of two.
fn radix2(line: &mut Line, twiddles: &Line) {
    let m = line.re.len();
    if m < 2 {
        return;
    }
    let shift = usize::BITS - m.trailing_zeros();
    for i in 0..m {
        let j = i.reverse_bits() >> shift;
        if i < j {
            line.swap(i, j);
        }
    }
    let mut half = 1;
    while half < m {
        let stride = m / (2 * half);
        for start in (0..m).step_by(2 * half) {
            for k in 0..half {
                let (p, q) = (start + k, start + k + half);
                line.multiply(q, twiddles.re[k * stride], twiddles.im[k * stride]);
                let (re, im) = (line.re[q], line.im[q]);
                (line.re[q], line.im[q]) = (line.re[p] - re, line.im[p] - im);
                line.re[p] += re;
                line.im[p] += im;
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_agrees_with_the_sum() {
        for n in (1..40).chain([64, 97, 100, 128, 250]) {
            let mut memory = vec![f64::NAN; 24 * n + 8];
            let mut plan = Transform::new(n, &mut memory);
            let x: Vec<(f64, f64)> = (0..n)
                .map(|i| ((i * i % 7) as f64 - 3.0, (i % 5) as f64 / 3.0))
                .collect();
            for (i, &(re, im)) in x.iter().enumerate() {
                (plan.line.re[i], plan.line.im[i]) = (re, im);
            }
            plan.forward();
            for k in 0..n {
                let (mut re, mut im) = (0.0, 0.0);
                for (i, &(a, b)) in x.iter().enumerate() {
                    let angle = -2.0 * PI * (i * k % n) as f64 / n as f64;
                    re += a * angle.cos() - b * angle.sin();
                    im += a * angle.sin() + b * angle.cos();
                }
                assert!(
                    (plan.line.re[k] - re).abs() + (plan.line.im[k] - im).abs() < 1e-11,
                    "{n}: {k}"
                );
            }
            plan.inverse();
            for (i, &(re, im)) in x.iter().enumerate() {
                assert!(
                    (plan.line.re[i] - re).abs() + (plan.line.im[i] - im).abs() < 1e-12,
                    "{n}: {i}"
                );
            }
        }
    }
}
