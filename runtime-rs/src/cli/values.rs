//! Values of inputs and outputs as arrays in files.

use std::borrow::Cow;

use crate::any::{Any, NpyElement, Port};
use crate::element::*;
use crate::error::{Error, Result};
use crate::npz::{parse_npy, write_npy, write_strings, Array};
use crate::tensor::Tensor;

/// Calls `$f::<T>` for the element type that a type's text begins with.
macro_rules! by_element {
    ($kind:expr, $call:ident($($arg:expr),*)) => {
        match $kind.split('[').next().unwrap_or("") {
            "f32" => $call::<f32>($($arg),*),
            "f64" => $call::<f64>($($arg),*),
            "f16" => $call::<F16>($($arg),*),
            "bf16" => $call::<Bf16>($($arg),*),
            "f8e4m3fn" => $call::<F8E4M3Fn>($($arg),*),
            "f8e4m3fnuz" => $call::<F8E4M3Fnuz>($($arg),*),
            "f8e5m2" => $call::<F8E5M2>($($arg),*),
            "f8e5m2fnuz" => $call::<F8E5M2Fnuz>($($arg),*),
            "f8e8m0" => $call::<F8E8M0>($($arg),*),
            "f4e2m1" => $call::<F4E2M1>($($arg),*),
            "i8" => $call::<i8>($($arg),*),
            "i16" => $call::<i16>($($arg),*),
            "i32" => $call::<i32>($($arg),*),
            "i64" => $call::<i64>($($arg),*),
            "u8" => $call::<u8>($($arg),*),
            "u16" => $call::<u16>($($arg),*),
            "u32" => $call::<u32>($($arg),*),
            "u64" => $call::<u64>($($arg),*),
            "u4" => $call::<U4>($($arg),*),
            "i4" => $call::<I4>($($arg),*),
            "u2" => $call::<U2>($($arg),*),
            "i2" => $call::<I2>($($arg),*),
            "bool" => $call::<Bool>($($arg),*),
            "string" => $call::<String>($($arg),*),
            other => Err(Error::new(format!("no values of type {other} can be read or written"))),
        }
    };
}

/// Arrays of a file by name.
pub type Members<'a> = [(String, Cow<'a, [u8]>)];

/// Elements that files can hold: numbers and texts.
trait FileElement: Clone + Default + Send + Sized + 'static {
    fn from_array(array: &Array<'_>) -> Result<Tensor<Self>>;
    fn to_file(t: &Tensor<Self>) -> Vec<u8>;
}
impl<T: NpyElement> FileElement for T {
    fn from_array(array: &Array<'_>) -> Result<Tensor<T>> {
        array.to_tensor()
    }
    fn to_file(t: &Tensor<T>) -> Vec<u8> {
        write_npy(t)
    }
}
impl FileElement for String {
    fn from_array(array: &Array<'_>) -> Result<Tensor<String>> {
        array.to_strings()
    }
    fn to_file(t: &Tensor<String>) -> Vec<u8> {
        write_strings(t)
    }
}

fn inner<'a>(kind: &'a str, wrapper: &str) -> Option<&'a str> {
    kind.strip_prefix(wrapper)?
        .strip_prefix('(')?
        .strip_suffix(')')
}

/// The value for an input out of a file's arrays, by name or position; sequences are `NAME.0`, `NAME.1` ….
pub fn load_value(port: &Port, index: usize, members: &Members<'_>) -> Result<Any> {
    let position = index.to_string();
    let key = if has(members, port.name) {
        port.name
    } else {
        &position
    };
    let (kind, optional) = inner(port.kind, "optional").map_or((port.kind, false), |k| (k, true));
    let (element, sequence) = inner(kind, "seq").map_or((kind, false), |k| (k, true));
    by_element!(
        element,
        load_typed(key, port.name, optional, sequence, members)
    )
}

fn has(members: &Members<'_>, name: &str) -> bool {
    members.iter().any(|(n, _)| {
        n == name
            || n.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
    })
}

fn find<T: FileElement>(members: &Members<'_>, name: &str) -> Result<Option<Tensor<T>>> {
    members
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, bytes)| T::from_array(&parse_npy(bytes)?))
        .transpose()
}

fn load_typed<T: FileElement>(
    key: &str,
    name: &str,
    optional: bool,
    sequence: bool,
    members: &Members<'_>,
) -> Result<Any> {
    let about = |e: Error| Error::new(format!("input {name}: {}", e.message));
    if sequence {
        let mut list: Vec<Tensor<T>> = Vec::new();
        while let Some(t) = find::<T>(members, &format!("{key}.{}", list.len())).map_err(about)? {
            list.push(t);
        }
        return Ok(if optional {
            Any::new(has(members, key).then_some(list))
        } else {
            Any::new(list)
        });
    }
    let value = find::<T>(members, key).map_err(about)?;
    if optional {
        return Ok(Any::new(value));
    }
    value.map(Any::new).ok_or_else(|| {
        Error::new(format!(
            "input {name} is missing: give it with --inputs or --input"
        ))
    })
}

/// The arrays of an output, each with the suffix of its name.
pub fn save_value(kind: &str, value: &Any) -> Result<Vec<(String, Vec<u8>)>> {
    let (bare, optional) = inner(kind, "optional").map_or((kind, false), |k| (k, true));
    let (element, sequence) = inner(bare, "seq").map_or((bare, false), |k| (k, true));
    by_element!(element, save_typed(value, optional, sequence, kind))
}

fn save_typed<T: FileElement>(
    value: &Any,
    optional: bool,
    sequence: bool,
    kind: &str,
) -> Result<Vec<(String, Vec<u8>)>> {
    let wrong = || Error::new(format!("an output of type {kind} has another type"));
    let list = |l: &[Tensor<T>]| {
        l.iter()
            .enumerate()
            .map(|(i, t)| (format!(".{i}"), T::to_file(t)))
            .collect()
    };
    Ok(match (optional, sequence) {
        (false, false) => vec![(
            String::new(),
            T::to_file(value.get::<Tensor<T>>().ok_or_else(wrong)?),
        )],
        (true, false) => value
            .get::<Option<Tensor<T>>>()
            .ok_or_else(wrong)?
            .iter()
            .map(|t| (String::new(), T::to_file(t)))
            .collect(),
        (false, true) => list(value.get::<Vec<Tensor<T>>>().ok_or_else(wrong)?),
        (true, true) => value
            .get::<Option<Vec<Tensor<T>>>>()
            .ok_or_else(wrong)?
            .as_deref()
            .map(list)
            .unwrap_or_default(),
    })
}
