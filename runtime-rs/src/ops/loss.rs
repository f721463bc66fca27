//! The negative log-likelihood of classes: `−x[n, t[n, i], i]·weight[t]`, singly or reduced.

use crate::element::Index;
use crate::error::Result;
use crate::index::strides;
use crate::ops::gather::index_in;
use crate::real::{Float, Real};

/// Targets of a loss, and what they count for.
#[derive(Clone, Copy)]
pub struct Targets<'a, T, I> {
    /// Class of each sample.
    pub classes: &'a [I],
    /// Weight of each class; 1 where absent.
    pub weights: Option<&'a [T]>,
    /// A class of samples that count for nothing.
    pub ignored: Option<i64>,
}

impl<T: Float, I: Index> Targets<'_, T, I> {
    /// Calls `f(sample, loss, weight)` for each sample of log-probabilities with the extents images, classes, places.
    fn each(
        &self,
        x: &[T],
        extents: &[usize; 3],
        mut f: impl FnMut(usize, f64, f64),
    ) -> Result<()> {
        let &[_, classes, places] = extents;
        let step = strides(extents);
        for (sample, class) in self.classes.iter().enumerate() {
            let class = class.to_i64();
            if Some(class) == self.ignored {
                f(sample, 0.0, 0.0);
                continue;
            }
            // A negative class is none, unlike a negative index.
            let class = index_in(if class < 0 { i64::MAX } else { class }, classes)?;
            let weight = self.weights.map_or(1.0, |w| w[class].widen().to_f64());
            let at = sample / places * step[0] + class * step[1] + sample % places;
            f(sample, -x[at].widen().to_f64() * weight, weight);
        }
        Ok(())
    }
}

/// `y[n, i] = −x[n, t, i]·weight[t]`, `t` the class of sample `[n, i]`; 0 for samples that are ignored.
///
/// Errors: a class outside of `0..classes`.
pub fn log_likelihood_loss<T: Float, I: Index>(
    x: &[T],
    extents: &[usize; 3],
    targets: Targets<T, I>,
    y: &mut [T],
) -> Result<()> {
    targets.each(x, extents, |sample, loss, _| {
        y[sample] = T::narrow(T::Wide::from_f64(loss));
    })
}

/// The sum of what `log_likelihood_loss` gives, or its mean: the sum over the sum of the weights (NaN if that is 0).
pub fn log_likelihood_loss_reduced<T: Float, I: Index>(
    x: &[T],
    extents: &[usize; 3],
    targets: Targets<T, I>,
    mean: bool,
    y: &mut [T],
) -> Result<()> {
    let (mut total, mut weights) = (0.0, 0.0);
    targets.each(x, extents, |_, loss, weight| {
        total += loss;
        weights += weight;
    })?;
    let result = if mean { total / weights } else { total };
    y[0] = T::narrow(T::Wide::from_f64(result));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_samples_weigh_nothing_and_wrong_classes_are_refused() {
        let x = [-1.0f32, -2.0, -3.0, -4.0];
        let mut targets = Targets {
            classes: &[1i64, -5],
            weights: Some(&[10.0, 2.0]),
            ignored: Some(-5),
        };
        let mut y = [0.0; 2];
        log_likelihood_loss(&x, &[2, 2, 1], targets, &mut y).unwrap();
        assert_eq!(y, [4.0, 0.0]);
        log_likelihood_loss_reduced(&x, &[2, 2, 1], targets, true, &mut y[..1]).unwrap();
        assert_eq!(y[0], 2.0);
        targets.ignored = None;
        assert!(log_likelihood_loss(&x, &[2, 2, 1], targets, &mut y).is_err());
    }
}
