//! Discrete Fourier transforms along an axis, and of frames of a signal. The last axis is the real part alone (extent 1) or
//! the real and the imaginary part (extent 2).
//!
//! Sources: https://onnx.ai/onnx/operators/onnx__DFT.html, https://onnx.ai/onnx/operators/onnx__STFT.html

use crate::element::{Index, Number};
use crate::error::{Error, Result};
use crate::index::around;
use crate::real::{Float, Real};

use super::fourier::Transform;

/// Which transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dft {
    /// Length, where it is not that of the axis: the line is cut off or filled up with 0.
    pub length: Option<usize>,
    /// Back from frequencies.
    pub inverse: bool,
    /// Only frequencies up to half the length; an inverse one gives a real signal.
    pub onesided: bool,
}

impl Dft {
    fn length(&self, extent: usize) -> usize {
        let whole = if self.inverse && self.onesided {
            2 * extent.saturating_sub(1)
        } else {
            extent
        };
        self.length.unwrap_or(whole)
    }
    /// Extent of the result along the axis.
    fn bins(&self, length: usize) -> usize {
        if self.onesided && !self.inverse {
            length / 2 + 1
        } else {
            length
        }
    }
}

/// The axis of the signal that `axis` means: of all axes but the last.
fn signal_axis(axis: &[i64], rank: usize) -> Result<usize> {
    let given = axis[0];
    let at = if given < 0 {
        given + rank as i64
    } else {
        given
    };
    if (0..rank as i64 - 1).contains(&at) {
        return Ok(at as usize);
    }
    Err(Error::new(format!(
        "axis {given} of a signal of rank {rank}"
    )))
}

fn check_length(length: i64) -> Result<usize> {
    match usize::try_from(length) {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(Error::new(format!(
            "a Fourier transform of length {length}"
        ))),
    }
}

/// What of a transform only the run knows: its length if `length` is given, then the extents of the signal if the result's
/// depend on an axis that is not known (`extents`). `N` is how many that is.
pub fn dft_extents<const N: usize, I: Index>(
    shape: &[usize],
    axis: &[i64],
    length: &[I],
    extents: bool,
    dft: &Dft,
) -> Result<[usize; N]> {
    let mut found = [0; N];
    let axis = signal_axis(axis, shape.len())?;
    let mut next = 0;
    let n = match length {
        [n, ..] => {
            found[0] = check_length(n.to_i64())?;
            next = 1;
            found[0]
        }
        [] => dft.length(shape[axis]),
    };
    if extents {
        found[next..].copy_from_slice(&shape[..shape.len() - 1]);
        found[next + axis] = dft.bins(n);
    }
    Ok(found)
}

/// The transform of `x` along an axis. `scratch`: see `Transform::new`. Rounded once. Fails for an axis that is none of the
/// signal's, and for length 0.
pub fn dft<T: Float>(
    x: &[T],
    shape: &[usize],
    axis: &[i64],
    dft: &Dft,
    y: &mut [T],
    scratch: &mut [f64],
) -> Result<()> {
    let parts = shape[shape.len() - 1];
    let (outer, extent, inner) = around(&shape[..shape.len() - 1], signal_axis(axis, shape.len())?);
    let n = check_length(dft.length(extent) as i64)?;
    let mut plan = Transform::new(n, scratch);
    let bins = dft.bins(n);
    let mirrored = dft.inverse && dft.onesided;
    let given = extent.min(if mirrored { n / 2 + 1 } else { n });
    for (o, i) in (0..outer * inner).map(|k| (k / inner, k % inner)) {
        plan.line.clear();
        for k in 0..given {
            let from = &x[((o * extent + k) * inner + i) * parts..][..parts];
            plan.line.re[k] = from[0].widen().to_f64();
            plan.line.im[k] = from.get(1).map_or(0.0, |im| im.widen().to_f64());
        }
        if mirrored {
            mirror(plan.line.re, plan.line.im);
        }
        if dft.inverse {
            plan.inverse();
        } else {
            plan.forward();
        }
        for k in 0..bins {
            let at = (o * bins + k) * inner + i;
            let values = [plan.line.re[k], plan.line.im[k]];
            if mirrored {
                y[at] = narrow(values[0]);
            } else {
                y[2 * at..2 * at + 2].copy_from_slice(&values.map(narrow));
            }
        }
    }
    Ok(())
}

/// Frequencies above half the length are the conjugates of those below; the middle ones have no imaginary part.
fn mirror(re: &mut [f64], im: &mut [f64]) {
    let n = re.len();
    im[0] = 0.0;
    if n.is_multiple_of(2) {
        im[n / 2] = 0.0;
    }
    for k in 1..n.div_ceil(2) {
        (re[n - k], im[n - k]) = (re[k], -im[k]);
    }
}

fn narrow<T: Float>(x: f64) -> T {
    T::narrow(T::Wide::from_f64(x))
}

/// What of a short-time transform only the run knows: the length of a frame if that is given and not known (`length`), the
/// number of frames.
pub fn stft_extents<const N: usize, I: Index, J: Index>(
    signal: usize,
    step: &[I],
    length: &[J],
    known: usize,
) -> Result<[usize; N]> {
    let n = match length {
        [n, ..] => check_length(n.to_i64())?,
        [] => known,
    };
    let step = step[0].to_i64();
    if step < 1 || n > signal {
        return Err(Error::new(format!(
            "frames of {n} values, {step} apart, in a signal of {signal}"
        )));
    }
    let frames = (signal - n) / step as usize + 1;
    let mut found = [frames; N];
    found[0] = if N == 2 { n } else { frames };
    Ok(found)
}

/// Extents of a short-time transform.
#[derive(Clone, Copy, Debug)]
pub struct Stft {
    /// Signals.
    pub batch: usize,
    /// Values of a signal.
    pub signal: usize,
    /// 1 for real signals, 2 for complex ones.
    pub parts: usize,
    /// Frames of a signal.
    pub frames: usize,
    /// Values of a frame.
    pub length: usize,
    /// Only frequencies up to half the length.
    pub onesided: bool,
}

/// `y[b, f, k] = Σₙ window[n]·x[b, f·step + n]·e^(−2πikn/length)`. `scratch`: see `Transform::new`. Rounded once.
pub fn stft<T: Float, I: Index>(
    s: &Stft,
    x: &[T],
    step: &[I],
    window: Option<&[T]>,
    y: &mut [T],
    scratch: &mut [f64],
) -> Result<()> {
    let step = step[0].to_i64() as usize;
    let bins = if s.onesided {
        s.length / 2 + 1
    } else {
        s.length
    };
    let mut plan = Transform::new(check_length(s.length as i64)?, scratch);
    let mut out = y.chunks_exact_mut(2);
    for (b, f) in (0..s.batch * s.frames).map(|k| (k / s.frames, k % s.frames)) {
        plan.line.clear();
        let count = window.map_or(s.length, |w| w.len().min(s.length));
        for n in 0..count {
            let from = &x[(b * s.signal + f * step + n) * s.parts..][..s.parts];
            let weight = window.map_or(1.0, |w| w[n].widen().to_f64());
            plan.line.re[n] = weight * from[0].widen().to_f64();
            plan.line.im[n] = weight * from.get(1).map_or(0.0, |im| im.widen().to_f64());
        }
        plan.forward();
        for (k, out) in out.by_ref().take(bins).enumerate() {
            out.copy_from_slice(&[narrow(plan.line.re[k]), narrow(plan.line.im[k])]);
        }
    }
    Ok(())
}

/// Extents of a mel weight matrix: frequencies of the transform, bands.
pub fn mel_extents<I: Index, J: Index>(bands: &[I], length: &[J]) -> Result<[usize; 2]> {
    let [bands, length] = [bands[0].to_i64(), length[0].to_i64()];
    match (usize::try_from(bands), usize::try_from(length)) {
        (Ok(bands), Ok(length)) => Ok([length / 2 + 1, bands]),
        _ => Err(Error::new(format!(
            "{bands} bands of a transform of length {length}"
        ))),
    }
}

/// Triangles on the mel scale, `mel(f) = 2595·log₁₀(1 + f / 700)`: `y[k, band]` rises from the band's lower edge to 1 at its
/// centre and falls to its upper one, all rounded down to frequencies of the transform. `y` is `[frequencies, bands]`.
pub fn mel_weight_matrix<I: Index, J: Index, E: Float, T: Number>(
    bands: usize,
    length: &[I],
    rate: &[J],
    lower: &[E],
    upper: &[E],
    y: &mut [T],
    convert: impl Fn(f64) -> T::Wide,
) {
    let mel = |hertz: f64| 2595.0 * (1.0 + hertz / 700.0).log10();
    let (low, high) = (
        mel(lower[0].widen().to_f64()),
        mel(upper[0].widen().to_f64()),
    );
    let step = (high - low) / (bands + 2) as f64;
    let bin = |edge: usize| {
        let hertz = 700.0 * (10f64.powf((edge as f64 * step + low) / 2595.0) - 1.0);
        ((length[0].to_i64() + 1) as f64 * hertz / rate[0].to_i64() as f64).floor() as i64
    };
    y.fill(T::narrow(convert(0.0)));
    let rows = y.len() / bands.max(1);
    for band in 0..bands {
        let (left, centre, right) = (bin(band), bin(band + 1), bin(band + 2));
        let mut set = |k: i64, value: f64| {
            if (0..rows as i64).contains(&k) {
                y[k as usize * bands + band] = T::narrow(convert(value));
            }
        };
        for k in left..=centre {
            set(
                k,
                if left == centre {
                    1.0
                } else {
                    (k - left) as f64 / (centre - left) as f64
                },
            );
        }
        for k in centre..right {
            set(k, (right - k) as f64 / (right - centre) as f64);
        }
    }
}
