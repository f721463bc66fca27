//! Ensembles of decision trees.
//!
//! A branch is the number of a node or, with the highest bit set, of a leaf. The compiler has checked that branches lead to
//! leaves and that everything is in range, but for the number of features, which only the run may know.
//!
//! Source: https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html

use crate::error::{Error, Result};
use crate::real::{Float, Real};

use super::labels::Labels;
use super::scores::{argmax, Feature, PostTransform};

/// Trees, their nodes and leaves by number.
#[derive(Clone, Copy, Debug)]
pub struct Trees<'a, S> {
    /// The feature that a node looks at.
    pub features: &'a [u32],
    /// How it is compared: ≤ < ≥ > = ≠ with the split, or membership, as 0 to 6. 8 more where NaN goes the true way.
    pub modes: &'a [u8],
    /// What it is compared with; the number of a set for membership.
    pub splits: &'a [S],
    /// The branches of true.
    pub yes: &'a [u32],
    /// The branches of false.
    pub no: &'a [u32],
    /// Where each tree begins: a branch.
    pub roots: &'a [u32],
    /// Where the weights of a leaf end.
    pub leaf_ends: &'a [u32],
    /// The target of a weight.
    pub targets: &'a [u32],
    /// Weights of all leaves.
    pub weights: &'a [S],
    /// Members of all sets.
    pub members: &'a [S],
    /// Where each set ends.
    pub member_ends: &'a [u32],
}

const LEAF: u32 = 1 << 31;

impl<S: Real> Trees<'_, S> {
    /// The leaf that a row comes to.
    fn leaf<X: Feature>(&self, root: u32, row: &[X]) -> usize {
        let mut at = root;
        while at & LEAF == 0 {
            let node = at as usize;
            let x = row[self.features[node] as usize].to_f64();
            let mode = self.modes[node];
            let split = self.splits[node].to_f64();
            let is_true = match mode & 7 {
                0 => x <= split,
                1 => x < split,
                2 => x >= split,
                3 => x > split,
                4 => x == split,
                5 => x != split && !x.is_nan(),
                _ => range(self.member_ends, split as usize).any(|i| self.members[i].to_f64() == x),
            };
            at = if is_true || (mode & 8 != 0 && x.is_nan()) {
                self.yes[node]
            } else {
                self.no[node]
            };
        }
        (at & !LEAF) as usize
    }

    /// Calls `f(target, weight)` for what a row gets from all trees.
    fn each<X: Feature>(&self, row: &[X], mut f: impl FnMut(usize, f64)) {
        for &root in self.roots {
            for i in range(self.leaf_ends, self.leaf(root, row)) {
                f(self.targets[i] as usize, self.weights[i].to_f64());
            }
        }
    }

    fn check(&self, features: usize) -> Result<()> {
        match self.features.iter().max() {
            Some(&most) if most as usize >= features => Err(Error::new(format!(
                "trees look at feature {most} of rows of {features}"
            ))),
            _ => Ok(()),
        }
    }
}

fn range(ends: &[u32], i: usize) -> core::ops::Range<usize> {
    (if i == 0 { 0 } else { ends[i - 1] as usize })..ends[i] as usize
}

/// How the weights of a target become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Sum, divided by the number of trees.
    Average,
    /// Sum.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// `y[row, target]`: the trees' weights for it together, and the base value. 0 where no tree has one. Sums are in f64 and
/// rounded once. `x` has rows of `features`, `scratch` holds a value for each target. Fails for too few features.
pub fn tree_ensemble<X: Feature, S: Real, Y: Float>(
    trees: &Trees<S>,
    aggregate: Aggregate,
    base: &[S],
    transform: PostTransform,
    x: &[X],
    features: usize,
    y: &mut [Y],
    scratch: &mut [f64],
) -> Result<()> {
    trees.check(features)?;
    for (row, y) in x
        .chunks_exact(features.max(1))
        .zip(y.chunks_exact_mut(scratch.len().max(1)))
    {
        aggregate_row(trees, aggregate, row, scratch);
        for (sum, base) in scratch.iter_mut().zip(base) {
            *sum += base.to_f64();
        }
        transform.apply(scratch);
        for (y, &sum) in y.iter_mut().zip(&*scratch) {
            *y = Y::narrow(Y::Wide::from_f64(sum));
        }
    }
    Ok(())
}

fn aggregate_row<X: Feature, S: Real>(
    trees: &Trees<S>,
    aggregate: Aggregate,
    row: &[X],
    sums: &mut [f64],
) {
    // NaN marks targets that have no weight yet.
    sums.fill(f64::NAN);
    trees.each(row, |target, weight| {
        let sum = &mut sums[target];
        *sum = match aggregate {
            _ if sum.is_nan() => weight,
            Aggregate::Sum | Aggregate::Average => *sum + weight,
            Aggregate::Min => sum.min(weight),
            Aggregate::Max => sum.max(weight),
        };
    });
    for sum in sums.iter_mut() {
        if sum.is_nan() {
            *sum = 0.0;
        } else if aggregate == Aggregate::Average {
            *sum /= trees.roots.len() as f64;
        }
    }
}

/// How votes for classes become labels.
#[derive(Clone, Copy, Debug)]
pub struct Voting<'a, S> {
    /// Added to the scores of the classes.
    pub base: &'a [S],
    /// Of two classes all votes are for this one. Votes for the first are shares of the second, oddly, and the first has what
    /// is left of 1 or, of margins, the negative.
    pub only: Option<usize>,
    /// Votes are shares: none is negative.
    pub positive: bool,
    /// What becomes of the scores.
    pub transform: PostTransform,
}

/// The label of the class with the highest score for each row, and the scores `[rows, classes]`. `scratch` holds a value for
/// each class. Scores are summed in f64 and rounded once. Fails for too few features.
pub fn tree_classifier<X: Feature, S: Real, L>(
    trees: &Trees<S>,
    voting: &Voting<S>,
    labels: &impl Labels<L>,
    x: &[X],
    features: usize,
    y: &mut [L],
    mut scores: Option<&mut [f32]>,
    scratch: &mut [f64],
) -> Result<()> {
    trees.check(features)?;
    let classes = scratch.len();
    for (n, (row, y)) in x.chunks_exact(features.max(1)).zip(y).enumerate() {
        aggregate_row(trees, Aggregate::Sum, row, scratch);
        labels.write(Some(voting.decide(scratch)), y);
        if let Some(scores) = &mut scores {
            for (z, &s) in scores[n * classes..].iter_mut().zip(&*scratch) {
                *z = s as f32;
            }
        }
    }
    Ok(())
}

impl<S: Real> Voting<'_, S> {
    /// The class, while scores of votes become scores to give.
    fn decide(&self, scores: &mut [f64]) -> usize {
        for (s, base) in scores.iter_mut().zip(self.base) {
            *s += base.to_f64();
        }
        let limit = if self.positive { 0.5 } else { 0.0 };
        let class = match self.only {
            Some(only) => usize::from(scores[only] > limit),
            None => argmax(scores),
        };
        if self.only == Some(0) {
            let vote = scores[0];
            let is_share = match self.transform {
                PostTransform::None => self.positive,
                other => other == PostTransform::Probit,
            };
            scores.copy_from_slice(&[if is_share { 1.0 - vote } else { -vote }, vote]);
        }
        self.transform.apply(scores);
        class
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::NumberLabels;

    /// `x₀ ≤ 0.5` or NaN: leaf 0 with weights for targets 0 and 1; else `x₁ ∈ {1, 3}`: leaf 1, else leaf 2.
    const TREES: Trees<f32> = Trees {
        features: &[0, 1],
        modes: &[8, 6],
        splits: &[0.5, 0.0],
        yes: &[LEAF, LEAF | 1],
        no: &[1, LEAF | 2],
        roots: &[0, LEAF | 2],
        leaf_ends: &[2, 3, 4],
        targets: &[0, 1, 0, 1],
        weights: &[1.0, 2.0, 4.0, 8.0],
        members: &[1.0, 3.0],
        member_ends: &[2],
    };

    #[test]
    fn rows_fall_through_to_their_leaves() {
        let x = [0.0f32, 9.0, f32::NAN, 9.0, 1.0, 3.0, 1.0, 2.0];
        let mut y = [0.0f32; 8];
        let run = |aggregate, y: &mut [f32]| {
            tree_ensemble(
                &TREES,
                aggregate,
                &[0.5],
                PostTransform::None,
                &x,
                2,
                y,
                &mut [0.0; 2],
            )
        };
        assert_eq!(run(Aggregate::Sum, &mut y), Ok(()));
        assert_eq!(y, [1.5, 10.0, 1.5, 10.0, 4.5, 8.0, 0.5, 16.0]);
        assert_eq!(run(Aggregate::Average, &mut y), Ok(()));
        assert_eq!(y, [1.0, 5.0, 1.0, 5.0, 2.5, 4.0, 0.5, 8.0]);
        assert_eq!(run(Aggregate::Max, &mut y), Ok(()));
        assert_eq!(y, [1.5, 8.0, 1.5, 8.0, 4.5, 8.0, 0.5, 8.0]);
        let narrow = tree_ensemble(
            &TREES,
            Aggregate::Sum,
            &[],
            PostTransform::None,
            &x,
            1,
            &mut y,
            &mut [0.0; 2],
        );
        assert!(narrow.is_err());
    }

    #[test]
    fn votes_for_one_of_two_classes_are_shares_or_margins() {
        let labels = NumberLabels {
            values: &[10i64, 20],
            default: &[0],
        };
        let trees = Trees {
            targets: &[0; 4],
            weights: &[0.25, 0.0, 0.125, 0.125],
            ..TREES
        };
        let mut voting = Voting {
            base: &[],
            only: Some(0),
            positive: true,
            transform: PostTransform::None,
        };
        let (mut y, mut z) = ([0; 2], [0.0; 4]);
        let x = [0.0f32, 0.0, 1.0, 1.0];
        tree_classifier(
            &trees,
            &voting,
            &labels,
            &x,
            2,
            &mut y,
            Some(&mut z),
            &mut [0.0; 2],
        )
        .unwrap();
        assert_eq!((y, z), ([10, 10], [0.625, 0.375, 0.75, 0.25]));
        voting.positive = false;
        tree_classifier(
            &trees,
            &voting,
            &labels,
            &x,
            2,
            &mut y,
            Some(&mut z),
            &mut [0.0; 2],
        )
        .unwrap();
        assert_eq!((y, z), ([20, 20], [-0.375, 0.375, -0.25, 0.25]));
    }
}
