//! The command line of generated programs: tensors in from files, results out, times. Also the door for tests, which talk
//! to many models in one program.

use std::time::Instant;

use crate::any::{Any, AnyModel, NpyElement, Port};
use crate::element::*;
use crate::error::{Error, Result};
use crate::npz::{parse_npy, parse_npz, write_npy, write_npz, write_strings, Array};
use crate::tensor::Tensor;

/// Arguments that are understood.
const USAGE: &str = "\
options:
  --inputs FILE.npz      inputs by name or by position (0, 1, …)
  --input NAME=FILE.npy  one input; may be repeated
  --save FILE.npz        write the results
  --repeat N             run N times and report times
  --threads N            worker threads; 0 takes all that the machine has (default 1)
  --weights FILE         constants, for models that do not contain them
  --json                 report as one JSON document
  --help                 this text";

#[derive(Default)]
struct Options {
    inputs: Option<String>,
    input: Vec<(String, String)>,
    save: Option<String>,
    repeat: usize,
    threads: usize,
    weights: Option<String>,
    json: bool,
}

/// Runs model `M` as `main` does: exit code 0 if all went well, 2 for wrong arguments, 3 for wrong data.
pub fn main<M: AnyModel>(default_weights: Option<&str>) -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "--help" || a == "-h") {
        println!(
            "{}\n\ninputs:{}\noutputs:{}",
            USAGE,
            describe(M::inputs()),
            describe(M::outputs())
        );
        return 0.into();
    }
    let options = match parse(&arguments) {
        Ok(options) => options,
        Err(e) => {
            eprintln!("error: {e}\n\n{USAGE}");
            return 2.into();
        }
    };
    match run::<M>(&options, default_weights) {
        Ok(()) => 0.into(),
        Err(e) => {
            eprintln!("error: {e}");
            3.into()
        }
    }
}

fn describe(ports: &[Port]) -> String {
    ports
        .iter()
        .map(|p| format!("\n  {}: {}", p.name, p.kind))
        .collect()
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options {
        repeat: 1,
        threads: 1,
        ..Default::default()
    };
    let mut rest = arguments.iter();
    while let Some(a) = rest.next() {
        if a == "--json" {
            options.json = true;
            continue;
        }
        let mut value = || {
            rest.next()
                .cloned()
                .ok_or_else(|| Error::new(format!("{a} needs a value")))
        };
        let number = |text: String| {
            text.parse()
                .map_err(|_| Error::new(format!("{a}: {text} is no number")))
        };
        match a.as_str() {
            "--inputs" => options.inputs = Some(value()?),
            "--input" => {
                let text = value()?;
                let (name, file) = text
                    .split_once('=')
                    .ok_or_else(|| Error::new("--input takes NAME=FILE"))?;
                options.input.push((name.to_string(), file.to_string()));
            }
            "--save" => options.save = Some(value()?),
            "--repeat" => options.repeat = number(value()?)?,
            "--threads" => options.threads = number(value()?)?,
            "--weights" => options.weights = Some(value()?),
            _ => return Err(Error::new(format!("unknown option {a}"))),
        }
    }
    Ok(options)
}

fn read_file(path: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| Error::new(format!("{path}: {e}")))
}

fn run<M: AnyModel>(options: &Options, default_weights: Option<&str>) -> Result<()> {
    let start = Instant::now();
    let weights = match (&options.weights, default_weights) {
        (Some(path), _) => Some(read_file(path)?),
        (None, Some(path)) if !M::EMBEDDED => Some(read_file(path)?),
        _ => None,
    };
    let model = M::load(weights.as_deref())?;
    drop(weights);
    let mut workspace = M::workspace(options.threads);
    let load = start.elapsed().as_secs_f64();
    let archive = options.inputs.as_deref().map(read_file).transpose()?;
    let single = options
        .input
        .iter()
        .map(|(name, file)| Ok((name.clone(), read_file(file)?)))
        .collect::<Result<Vec<_>>>()?;
    let mut members = archive
        .as_deref()
        .map(parse_npz)
        .transpose()?
        .unwrap_or_default();
    members.extend(
        single
            .iter()
            .map(|(name, bytes)| (name.clone(), &bytes[..])),
    );
    let values = M::inputs()
        .iter()
        .enumerate()
        .map(|(i, port)| load_value(port, i, &members))
        .collect::<Result<Vec<Any>>>()?;
    let mut times = Vec::with_capacity(options.repeat);
    let started = Instant::now();
    let results = model.run_any(&mut workspace, &values, true)?;
    let first = started.elapsed().as_secs_f64();
    for _ in 1..options.repeat {
        let t = Instant::now();
        model.run_any(&mut workspace, &values, false)?;
        times.push(t.elapsed().as_secs_f64());
    }
    if times.is_empty() {
        times.push(first);
    }
    let mut saved = Vec::new();
    for (i, (port, value)) in M::outputs().iter().zip(&results).enumerate() {
        saved.extend(
            save_value(port.kind, value)?
                .into_iter()
                .map(|(suffix, bytes)| (format!("{i}{suffix}"), bytes)),
        );
    }
    if let Some(path) = &options.save {
        std::fs::write(path, write_npz(&saved)).map_err(|e| Error::new(format!("{path}: {e}")))?;
    }
    report::<M>(options, &saved, load, first, &mut times)
}

fn report<M: AnyModel>(
    options: &Options,
    saved: &[(String, Vec<u8>)],
    load: f64,
    first: f64,
    times: &mut [f64],
) -> Result<()> {
    times.sort_by(f64::total_cmp);
    let (min, median, p90) = (
        times[0],
        times[times.len() / 2],
        times[(times.len() * 9 / 10).min(times.len() - 1)],
    );
    let mut outputs = Vec::new();
    for (name, bytes) in saved {
        let array = parse_npy(bytes)?;
        let port = name
            .split('.')
            .next()
            .and_then(|n| n.parse::<usize>().ok())
            .map(|i| M::outputs()[i].name);
        outputs.push((port.unwrap_or(name), array));
    }
    let sizes = M::sizes();
    if options.json {
        let list: Vec<String> = outputs
            .iter()
            .map(|(name, a)| {
                format!(
                    "{{\"name\":{},\"dtype\":\"{}\",\"shape\":{:?}}}",
                    json_text(name),
                    a.descr,
                    a.shape
                )
            })
            .collect();
        println!(
            "{{\"outputs\":[{}],\"seconds\":{{\"load\":{load:e},\"first\":{first:e},\"min\":{min:e},\"median\":{median:e},\"p90\":{p90:e}}},\"bytes\":{{\"arena\":{},\"weights\":{},\"peakRss\":{}}},\"threads\":{},\"isa\":\"{}\"}}",
            list.join(","), sizes.arena, sizes.weights, peak_rss(), options.threads, crate::simd::isa()
        );
        return Ok(());
    }
    for (name, array) in &outputs {
        println!(
            "{name}: {}{:?} = {}",
            array.descr,
            array.shape,
            preview(array)
        );
    }
    eprintln!(
        "first run {:.3} ms, then min {:.3} ms, median {:.3} ms",
        first * 1e3,
        min * 1e3,
        median * 1e3
    );
    Ok(())
}

fn json_text(s: &str) -> String {
    let inner: String = s
        .chars()
        .map(|c| {
            if c == '"' || c == '\\' {
                format!("\\{c}")
            } else if (c as u32) < 32 {
                format!("\\u{:04x}", c as u32)
            } else {
                c.to_string()
            }
        })
        .collect();
    format!("\"{inner}\"")
}

fn preview(array: &Array<'_>) -> String {
    fn list<T: NpyElement + core::fmt::Debug>(a: &Array<'_>) -> String {
        let t = a.to_tensor::<T>().map(|t| t.data).unwrap_or_default();
        let dots = if t.len() > 8 { ", …" } else { "" };
        let shown: Vec<String> = t.iter().take(8).map(|x| format!("{x:?}")).collect();
        format!("[{}{dots}]", shown.join(", "))
    }
    match array.descr.as_str() {
        "f4" => list::<f32>(array),
        "f8" => list::<f64>(array),
        "i8" => list::<i64>(array),
        "i4" => list::<i32>(array),
        "i1" => list::<i8>(array),
        "u1" => list::<u8>(array),
        "b1" => list::<Bool>(array),
        d if d.starts_with('U') => format!(
            "{:?}",
            array
                .to_strings()
                .map(|t| t.data.into_iter().take(8).collect::<Vec<_>>())
                .unwrap_or_default()
        ),
        _ => String::from("…"),
    }
}

/// Most memory that the process has had, in bytes; 0 where the system does not tell.
fn peak_rss() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| {
        l.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse::<usize>()
            .ok()
    })
    .map_or(0, |kb| kb * 1024)
}

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
type Members<'a> = [(String, &'a [u8])];

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

/// Runs one model of a program of many: inputs from one archive, results into another. For tests.
pub fn run_once<M: AnyModel>(weights: Option<&[u8]>, inputs: &[u8]) -> Result<Vec<u8>> {
    let model = M::load(weights)?;
    let mut workspace = M::workspace(1);
    let members = parse_npz(inputs)?;
    let values = M::inputs()
        .iter()
        .enumerate()
        .map(|(i, port)| load_value(port, i, &members))
        .collect::<Result<Vec<Any>>>()?;
    let results = model.run_any(&mut workspace, &values, true)?;
    let mut saved = Vec::new();
    for (i, (port, value)) in M::outputs().iter().zip(&results).enumerate() {
        saved.extend(
            save_value(port.kind, value)?
                .into_iter()
                .map(|(suffix, bytes)| (format!("{i}{suffix}"), bytes)),
        );
    }
    Ok(write_npz(&saved))
}
