//! What a generated program prints: results and times, for people or as JSON.

use crate::any::{AnyModel, NpyElement, Port};
use crate::element::*;
use crate::error::{Error, Result};
use crate::npz::{parse_npy, Array};

/// Times of a run, in seconds.
pub struct Times {
    load: f64,
    first: f64,
    /// The later runs, sorted; the first one where there are none.
    runs: Vec<f64>,
}

impl Times {
    /// Times of loading, of the first run and of those after it.
    pub fn new(load: f64, first: f64, mut runs: Vec<f64>) -> Self {
        if runs.is_empty() {
            runs.push(first);
        }
        runs.sort_by(f64::total_cmp);
        Self { load, first, runs }
    }

    /// The time that the share `q` of the runs, 0 to 1, does not exceed.
    fn quantile(&self, q: f64) -> f64 {
        let last = self.runs.len() - 1;
        self.runs[((last as f64) * q).round() as usize]
    }
}

/// Names and types of inputs and outputs.
pub fn ports<M: AnyModel>() -> String {
    let list = |ports: &[Port]| -> String {
        ports
            .iter()
            .map(|p| format!("\n  {:?}: {}", p.name, p.kind))
            .collect()
    };
    format!(
        "inputs:{}\noutputs:{}",
        list(M::inputs()),
        list(M::outputs())
    )
}

/// An error on stderr; as JSON on stdout too if `json`.
pub fn error(e: &Error, json: bool) {
    eprintln!("error: {e}");
    if json {
        println!(
            "{{\"error\":{{\"node\":{},\"message\":{}}}}}",
            text(e.node),
            text(&e.message)
        );
    }
}

/// The model's name for the array that is called `key` by position: `1.0` is `NAME.0` for the name of output 1.
pub fn name_of<M: AnyModel>(key: &str) -> String {
    let digits = key.find('.').unwrap_or(key.len());
    let port = key[..digits]
        .parse::<usize>()
        .ok()
        .and_then(|i| M::outputs().get(i));
    port.map_or_else(
        || key.to_string(),
        |p| format!("{}{}", p.name, &key[digits..]),
    )
}

/// Element type of an array: the output's, which files do not tell for narrow types.
fn dtype_of<M: AnyModel>(key: &str) -> &'static str {
    let digits = key.find('.').unwrap_or(key.len());
    let kind = key[..digits]
        .parse::<usize>()
        .ok()
        .and_then(|i| M::outputs().get(i))
        .map_or("", |p| p.kind);
    let head = kind.split('[').next().unwrap_or("");
    head.rsplit('(').next().unwrap_or("")
}

/// Prints the outputs `saved` (arrays by position) and the times.
pub fn results<M: AnyModel>(
    saved: &[(String, Vec<u8>)],
    times: &Times,
    threads: usize,
    json: bool,
) -> Result<()> {
    let arrays = saved
        .iter()
        .map(|(key, bytes)| Ok((key.as_str(), parse_npy(bytes)?)))
        .collect::<Result<Vec<_>>>()?;
    if json {
        println!("{}", document::<M>(&arrays, times, threads));
        return Ok(());
    }
    for (key, array) in &arrays {
        println!(
            "{}: {}{:?} = {}",
            shown(&name_of::<M>(key)),
            dtype_of::<M>(key),
            array.shape,
            preview(array)
        );
    }
    eprintln!(
        "first run {:.3} ms, then min {:.3} ms, median {:.3} ms",
        times.first * 1e3,
        times.quantile(0.0) * 1e3,
        times.quantile(0.5) * 1e3
    );
    Ok(())
}

fn document<M: AnyModel>(arrays: &[(&str, Array<'_>)], times: &Times, threads: usize) -> String {
    let outputs: Vec<String> = arrays
        .iter()
        .map(|(key, a)| {
            let (name, dtype) = (text(&name_of::<M>(key)), dtype_of::<M>(key));
            format!(
                "{{\"name\":{name},\"dtype\":\"{dtype}\",\"shape\":{:?}}}",
                a.shape
            )
        })
        .collect();
    let (load, first) = (times.load, times.first);
    let [min, median, p90] = [0.0, 0.5, 0.9].map(|q| times.quantile(q));
    let sizes = M::sizes();
    let threads = if threads == 0 {
        std::thread::available_parallelism().map_or(1, usize::from)
    } else {
        threads
    };
    format!(
        "{{\"outputs\":[{}],\"seconds\":{{\"load\":{load:e},\"first\":{first:e},\"min\":{min:e},\"median\":{median:e},\"p90\":{p90:e}}},\"bytes\":{{\"arena\":{},\"weights\":{},\"peakRss\":{}}},\"threads\":{threads},\"isa\":\"{}\"}}",
        outputs.join(","), sizes.arena, sizes.weights, peak_rss(), crate::simd::isa()
    )
}

/// A name without characters that could steer a terminal: control characters and changes of direction.
fn shown(name: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    name.chars()
        .map(|c| {
            if steers(c) {
                c.escape_unicode().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// A JSON string.
fn text(s: &str) -> String {
    let inner: String = s
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if (c as u32) < 32 => format!("\\u{:04x}", c as u32),
            c => c.to_string(),
        })
        .collect();
    format!("\"{inner}\"")
}

/// The first elements.
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
        "i2" => list::<i16>(array),
        "i1" => list::<i8>(array),
        "u8" => list::<u64>(array),
        "u4" => list::<u32>(array),
        "u2" => list::<u16>(array),
        "u1" => list::<u8>(array),
        "b1" => list::<Bool>(array),
        d if d.starts_with('U') => {
            let texts = array.to_strings().map(|t| t.data).unwrap_or_default();
            format!("{:?}", texts.iter().take(8).collect::<Vec<_>>())
        }
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
