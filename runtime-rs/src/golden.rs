//! Comparing a model's outputs with stored ones: the test that a generated crate brings along.

use std::path::Path;

use crate::any::AnyModel;
use crate::cli::run_once;
use crate::element::F16;
use crate::error::{Error, Result};
use crate::float_bits::f16_to_f32;
use crate::npz::{parse_npy, parse_npz, Array};

/// Runs the model on the archive `inputs` and compares with the archive `expected`, both by position: element types and
/// shapes exactly, floats within `atol + rtol · |expected|`, NaN equal to NaN, everything else exactly. `weights` is the file
/// with the constants of a model that does not contain them.
pub fn check<M: AnyModel>(
    weights: Option<&str>,
    inputs: &[u8],
    expected: &[u8],
    rtol: f64,
    atol: f64,
) -> Result<()> {
    let read =
        |path: &str| std::fs::read(Path::new(path)).map_err(|e| Error::new(format!("{path}: {e}")));
    let weights = weights.map(read).transpose()?;
    let found = run_once::<M>(weights.as_deref(), inputs)?;
    let found = parse_npz(&found)?;
    for (name, bytes) in parse_npz(expected)? {
        let twin = found
            .iter()
            .find(|(n, _)| *n == name)
            .ok_or_else(|| Error::new(format!("output {name} is missing")))?;
        compare(&parse_npy(&twin.1)?, &parse_npy(&bytes)?, rtol, atol)
            .map_err(|e| Error::new(format!("output {name}: {}", e.message)))?;
    }
    Ok(())
}

fn compare(found: &Array<'_>, expected: &Array<'_>, rtol: f64, atol: f64) -> Result<()> {
    let texts = found.descr.starts_with('U') && expected.descr.starts_with('U');
    if found.shape != expected.shape || (found.descr != expected.descr && !texts) {
        return Err(Error::new(format!(
            "expected {}{:?}, found {}{:?}",
            expected.descr, expected.shape, found.descr, found.shape
        )));
    }
    let (a, b) = (numbers(found)?, numbers(expected)?);
    let same = |x: f64, y: f64| {
        x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= atol + rtol * y.abs()
    };
    match (a, b) {
        (Some(a), Some(b)) => match a.iter().zip(&b).position(|(&x, &y)| !same(x, y)) {
            Some(i) => Err(Error::new(format!(
                "element {i}: expected {}, found {}",
                b[i], a[i]
            ))),
            None => Ok(()),
        },
        _ if texts => (found.to_strings()?.data == expected.to_strings()?.data)
            .then_some(())
            .ok_or_else(|| Error::new("texts differ")),
        _ => (found.bytes == expected.bytes)
            .then_some(())
            .ok_or_else(|| Error::new("elements differ")),
    }
}

/// Floats, for which there is a tolerance; none for other types.
fn numbers(array: &Array<'_>) -> Result<Option<Vec<f64>>> {
    Ok(match array.descr.as_str() {
        "f4" => {
            let t = array.to_tensor::<f32>()?;
            Some(t.data.iter().map(|&x| f64::from(x)).collect())
        }
        "f8" => Some(array.to_tensor::<f64>()?.data),
        "f2" => {
            let t = array.to_tensor::<F16>()?;
            Some(t.data.iter().map(|&x| f64::from(f16_to_f32(x.0))).collect())
        }
        _ => None,
    })
}
