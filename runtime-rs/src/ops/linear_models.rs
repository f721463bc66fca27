//! Linear models and support vector machines over rows of features. Everything is computed in f64 and rounded once.
//!
//! Sources: https://onnx.ai/onnx/operators/onnx_aionnxml_LinearClassifier.html and its neighbours; Chang & Lin, "LIBSVM" for
//! pairwise votes, and Wu, Lin & Weng 2004, "Probability estimates for multi-class classification", algorithm 2.

use super::labels::Labels;
use super::scores::{argmax, logistic, Feature, PostTransform};

/// `coefficients·x + intercepts` for each class or target.
#[derive(Clone, Copy, Debug)]
pub struct LinearModel<'a> {
    /// `[classes, features]`.
    pub coefficients: &'a [f32],
    /// One for each class, or none at all.
    pub intercepts: &'a [f32],
    /// What becomes of the scores.
    pub transform: PostTransform,
}

impl LinearModel<'_> {
    fn scores<X: Feature>(&self, row: &[X], out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            let w = &self.coefficients[i * row.len()..][..row.len()];
            let start = self.intercepts.get(i).map_or(0.0, |&b| f64::from(b));
            *out = w
                .iter()
                .zip(row)
                .fold(start, |s, (&w, &x)| s + f64::from(w) * x.to_f64());
        }
    }
}

/// Results of a linear model. `x` has rows of `features`, `scratch` holds a value for each target.
pub fn linear_regressor<X: Feature>(
    model: &LinearModel,
    x: &[X],
    features: usize,
    y: &mut [f32],
    scratch: &mut [f64],
) {
    let rows = x.chunks_exact(features.max(1));
    for (row, y) in rows.zip(y.chunks_exact_mut(scratch.len().max(1))) {
        model.scores(row, scratch);
        model.transform.apply(scratch);
        store(scratch, y);
    }
}

/// The label of the class with the highest score for each row, and the scores. A model of one score `s` means two classes,
/// the second above 0; they score as `pair` says. `scratch` holds a value for each label.
pub fn linear_classifier<X: Feature, L>(
    model: &LinearModel,
    labels: &impl Labels<L>,
    x: &[X],
    features: usize,
    y: &mut [L],
    mut z: Option<&mut [f32]>,
    scratch: &mut [f64],
) {
    let classes = model.coefficients.len() / features.max(1);
    for (n, (row, y)) in x.chunks_exact(features.max(1)).zip(y).enumerate() {
        model.scores(row, &mut scratch[..classes]);
        let class = if classes == 1 {
            usize::from(scratch[0] > 0.0)
        } else {
            argmax(scratch)
        };
        labels.write(Some(class), y);
        if classes == 1 {
            pair(scratch[0], true, model.transform, scratch);
        } else {
            model.transform.apply(scratch);
        }
        if let Some(z) = &mut z {
            store(scratch, &mut z[n * scratch.len()..]);
        }
    }
}

/// Scores of two classes from the one score `s`: untransformed `1 − s, s` if it is a `share`, else `−s, s`.
fn pair(s: f64, share: bool, transform: PostTransform, out: &mut [f64]) {
    let rest = match transform {
        PostTransform::Probit => 1.0 - s,
        PostTransform::None if share => 1.0 - s,
        _ => -s,
    };
    out.copy_from_slice(&[rest, s]);
    transform.apply(out);
}

fn store(from: &[f64], to: &mut [f32]) {
    for (to, &x) in to.iter_mut().zip(from) {
        *to = x as f32;
    }
}

/// How like two vectors are.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum SvmKernel {
    /// `a·b`
    Linear,
    /// `(gamma·a·b + coef0)^degree`
    Poly { gamma: f32, coef0: f32, degree: f32 },
    /// `exp(−gamma·‖a − b‖²)`
    Rbf { gamma: f32 },
    /// `tanh(gamma·a·b + coef0)`
    Sigmoid { gamma: f32, coef0: f32 },
}

impl SvmKernel {
    fn of<X: Feature>(self, a: &[X], b: &[f32]) -> f64 {
        let pairs = a.iter().zip(b).map(|(&a, &b)| (a.to_f64(), f64::from(b)));
        let line = |gamma: f32, coef0: f32, dot: f64| f64::from(gamma) * dot + f64::from(coef0);
        match self {
            Self::Rbf { gamma } => {
                (-f64::from(gamma) * pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>()).exp()
            }
            Self::Linear => pairs.map(|(a, b)| a * b).sum(),
            Self::Poly {
                gamma,
                coef0,
                degree,
            } => line(gamma, coef0, pairs.map(|(a, b)| a * b).sum()).powf(f64::from(degree)),
            Self::Sigmoid { gamma, coef0 } => {
                line(gamma, coef0, pairs.map(|(a, b)| a * b).sum()).tanh()
            }
        }
    }
}

/// Support vectors and what they weigh.
#[derive(Clone, Copy, Debug)]
pub struct Svm<'a> {
    /// How alike.
    pub kernel: SvmKernel,
    /// `[vectors, features]`.
    pub vectors: &'a [f32],
    /// Of a regression one for each vector; of a classification `[classes − 1, vectors]`.
    pub coefficients: &'a [f32],
    /// One, or one for each pair of classes.
    pub rho: &'a [f32],
    /// What becomes of the scores.
    pub transform: PostTransform,
}

/// `Σ coefficient·kernel(x, vector) + rho`; of one class only the side, 1 or −1.
pub fn svm_regressor<X: Feature>(
    svm: &Svm,
    one_class: bool,
    x: &[X],
    features: usize,
    y: &mut [f32],
) {
    for (row, y) in x.chunks_exact(features.max(1)).zip(y) {
        let vectors = svm.vectors.chunks_exact(features.max(1));
        let terms = vectors
            .zip(svm.coefficients)
            .map(|(v, &c)| f64::from(c) * svm.kernel.of(row, v));
        let mut sum = [terms.sum::<f64>() + f64::from(svm.rho[0])];
        if one_class {
            sum[0] = if sum[0] > 0.0 { 1.0 } else { -1.0 };
        } else {
            svm.transform.apply(&mut sum);
        }
        *y = sum[0] as f32;
    }
}

/// Vectors of each class, and how scores of pairs become probabilities.
#[derive(Clone, Copy, Debug)]
pub struct SvmClasses<'a> {
    /// Where the vectors of each class end.
    pub ends: &'a [u32],
    /// `1 / (1 + exp(a·score + b))` is the probability of the first of a pair; empty for none.
    pub prob_a: &'a [f32],
    /// As `prob_a`.
    pub prob_b: &'a [f32],
}

/// The label of the class with the most votes of pairs, and the scores: probabilities `[rows, classes]`, or the scores of the
/// pairs, two columns for one pair. `scratch` holds `vectors + classes·(2·classes + 4)` values.
pub fn svm_classifier<X: Feature, L>(
    svm: &Svm,
    classes: &SvmClasses,
    labels: &impl Labels<L>,
    x: &[X],
    features: usize,
    y: &mut [L],
    mut z: Option<&mut [f32]>,
    scratch: &mut [f64],
) {
    let count = classes.ends.len();
    let pairs = count * (count - 1) / 2;
    let width = if !classes.prob_a.is_empty() {
        count
    } else {
        pairs.max(2)
    };
    let (kernels, rest) = scratch.split_at_mut(svm.vectors.len() / features.max(1));
    let (votes, rest) = rest.split_at_mut(count);
    let (scores, memory) = rest.split_at_mut(count * count);
    for (n, (row, y)) in x.chunks_exact(features.max(1)).zip(y).enumerate() {
        for (k, v) in kernels
            .iter_mut()
            .zip(svm.vectors.chunks_exact(features.max(1)))
        {
            *k = svm.kernel.of(row, v);
        }
        vote(svm, classes, kernels, votes, scores);
        labels.write(Some(argmax(votes)), y);
        if !classes.prob_a.is_empty() {
            let (p, memory) = memory.split_at_mut(count);
            probabilities(classes, &scores[..pairs], p, memory);
            scores[..count].copy_from_slice(p);
            svm.transform.apply(&mut scores[..count]);
        } else if pairs == 1 {
            pair(scores[0], false, svm.transform, &mut scores[..2]);
        } else {
            svm.transform.apply(&mut scores[..pairs]);
        }
        if let Some(z) = &mut z {
            store(&scores[..width], &mut z[n * width..]);
        }
    }
}

fn members(ends: &[u32], class: usize) -> core::ops::Range<usize> {
    (if class == 0 {
        0
    } else {
        ends[class - 1] as usize
    })..ends[class] as usize
}

/// Scores of all pairs of classes, and which of each wins.
fn vote(svm: &Svm, classes: &SvmClasses, kernels: &[f64], votes: &mut [f64], scores: &mut [f64]) {
    let count = classes.ends.len();
    votes.fill(0.0);
    let weight = |row: usize, vectors: core::ops::Range<usize>| -> f64 {
        let coefficients = &svm.coefficients[row * kernels.len()..];
        vectors
            .map(|v| f64::from(coefficients[v]) * kernels[v])
            .sum()
    };
    let mut pair = 0;
    for i in 0..count {
        for j in i + 1..count {
            let sum = weight(j - 1, members(classes.ends, i)) + weight(i, members(classes.ends, j));
            scores[pair] = sum + f64::from(svm.rho[pair]);
            votes[if scores[pair] > 0.0 { i } else { j }] += 1.0;
            pair += 1;
        }
    }
}

/// Probabilities `p` of the classes from the scores of their pairs. `memory` holds `classes² + classes` values.
fn probabilities(classes: &SvmClasses, scores: &[f64], p: &mut [f64], memory: &mut [f64]) {
    let k = p.len();
    let (q, qp) = memory.split_at_mut(k * k);
    q.fill(0.0);
    let mut pair = 0;
    for i in 0..k {
        for j in i + 1..k {
            let fit =
                scores[pair] * f64::from(classes.prob_a[pair]) + f64::from(classes.prob_b[pair]);
            let r = logistic(-fit).clamp(1e-7, 1.0 - 1e-7);
            // Q(t, t) sums the squares of what the others have against t, Q(i, j) is −r(j, i)·r(i, j).
            q[j * k + j] += r * r;
            q[i * k + i] += (1.0 - r) * (1.0 - r);
            q[i * k + j] = -r * (1.0 - r);
            q[j * k + i] = -r * (1.0 - r);
            pair += 1;
        }
    }
    couple(k, q, &mut qp[..k], p);
}

fn couple(k: usize, q: &[f64], qp: &mut [f64], p: &mut [f64]) {
    p.fill(1.0 / k as f64);
    for _ in 0..k.max(100) {
        for (t, out) in qp.iter_mut().enumerate() {
            *out = q[t * k..][..k].iter().zip(&*p).map(|(q, p)| q * p).sum();
        }
        let mut pqp: f64 = p.iter().zip(&*qp).map(|(p, q)| p * q).sum();
        let error = qp.iter().map(|q| (q - pqp).abs()).fold(0.0, f64::max);
        if error < 0.005 / k as f64 {
            break;
        }
        for t in 0..k {
            let qtt = q[t * k + t];
            let diff = (pqp - qp[t]) / qtt;
            pqp = (pqp + diff * (diff * qtt + 2.0 * qp[t])) / (1.0 + diff) / (1.0 + diff);
            p[t] += diff;
            for j in 0..k {
                qp[j] = (qp[j] + diff * q[t * k + j]) / (1.0 + diff);
                p[j] /= 1.0 + diff;
            }
        }
    }
}

/// How rows are brought to one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowNorm {
    /// The greatest value becomes 1.
    Max,
    /// The sum of the magnitudes does.
    L1,
    /// The sum of the squares does.
    L2,
}

/// Divides rows of `width` by their norm; rows of norm 0 stay. Computed in f64 and rounded once.
pub fn normalize_rows<X: Feature>(norm: RowNorm, x: &[X], width: usize, y: &mut [f32]) {
    for (row, y) in x
        .chunks_exact(width.max(1))
        .zip(y.chunks_exact_mut(width.max(1)))
    {
        let values = row.iter().map(|x| x.to_f64());
        let divisor = match norm {
            RowNorm::Max => values.fold(f64::NEG_INFINITY, f64::max),
            RowNorm::L1 => values.map(f64::abs).sum(),
            RowNorm::L2 => values.map(|x| x * x).sum::<f64>().sqrt(),
        };
        for (y, x) in y.iter_mut().zip(row) {
            *y = if divisor == 0.0 {
                x.to_f64()
            } else {
                x.to_f64() / divisor
            } as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::NumberLabels;

    #[test]
    fn one_score_means_two_classes() {
        let model = LinearModel {
            coefficients: &[1.0, 2.0],
            intercepts: &[0.5],
            transform: PostTransform::None,
        };
        let labels = NumberLabels {
            values: &[10i64, 20],
            default: &[0],
        };
        let (mut y, mut z) = ([0; 2], [0.0; 4]);
        linear_classifier(
            &model,
            &labels,
            &[1i64, 0, -1, 0],
            2,
            &mut y,
            Some(&mut z),
            &mut [0.0; 2],
        );
        assert_eq!((y, z), ([20, 10], [-0.5, 1.5, 1.5, -0.5]));
    }

    #[test]
    fn probabilities_of_two_classes_are_those_of_their_pair() {
        let classes = SvmClasses {
            ends: &[1, 2],
            prob_a: &[-1.0],
            prob_b: &[0.0],
        };
        let mut p = [0.0; 2];
        probabilities(&classes, &[2.0], &mut p, &mut [0.0; 6]);
        assert!((p[0] - logistic(2.0)).abs() < 5e-3 && (p[0] + p[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn rows_of_norm_zero_stay() {
        let mut y = [0.0; 4];
        normalize_rows(RowNorm::Max, &[0.0f32, -2.0, 1.0, 4.0], 2, &mut y);
        assert_eq!(y, [0.0, -2.0, 0.25, 1.0]);
    }
}
