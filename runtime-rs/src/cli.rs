//! The command line of generated programs: tensors in from files, results out, times. Also the door for tests, which talk
//! to many models in one program.

mod picture;
mod proto;
mod report;
mod values;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crate::any::{Any, AnyModel, Port};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::npz::{parse_npz, write_npz};
use report::Times;
pub use values::{load_value, save_value, Members};

/// Arguments that are understood.
const USAGE: &str = "\
options:
  --inputs FILE.npz      inputs by name or by position (0, 1, …)
  --input NAME=FILE      one input from a .npy, .npz or .pb file, or a picture; may be repeated
  --save FILE.npz        write the results, by position and by name
  --repeat N             run N times and report times (default 1)
  --threads N            threads; 0 takes all that the machine has (default 1)
  --weights FILE         constants, for models that do not contain them
  --json                 report as one JSON document
  --help                 this text";

struct Options {
    inputs: Option<String>,
    input: Vec<(String, String)>,
    save: Option<String>,
    repeat: usize,
    threads: usize,
    weights: Option<PathBuf>,
    json: bool,
}

/// Exit codes: wrong arguments, and what the model or the files refuse.
const WRONG_USAGE: u8 = 2;
const REFUSED: u8 = 3;

/// A decoder of pictures, for programs whose model has an input that a picture fits.
pub type Decoder = fn(&[u8]) -> Option<Image>;

/// Runs model `M` as `main` does: exit code 0 if all went well, 2 for wrong arguments, 3 for wrong data. `weights` is where
/// the file with the constants was when the program was built; one beside the program is preferred.
pub fn main<M: AnyModel>(weights: Option<&str>, pictures: Option<Decoder>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "--help" || a == "-h") {
        println!("{USAGE}\n\n{}", report::ports::<M>());
        return ExitCode::SUCCESS;
    }
    let options = match parse(&arguments) {
        Ok(options) => options,
        Err(e) => {
            eprintln!("error: {e}\n\n{USAGE}");
            return WRONG_USAGE.into();
        }
    };
    match run::<M>(&options, weights, pictures) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            report::error(&e, options.json);
            REFUSED.into()
        }
    }
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options {
        inputs: None,
        input: Vec::new(),
        save: None,
        repeat: 1,
        threads: 1,
        weights: None,
        json: false,
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
        match a.as_str() {
            "--inputs" => options.inputs = Some(value()?),
            "--input" => options.input.push(named_file(&value()?)?),
            "--save" => options.save = Some(value()?),
            "--repeat" => options.repeat = number(a, &value()?)?.max(1),
            "--threads" => options.threads = number(a, &value()?)?,
            "--weights" => options.weights = Some(value()?.into()),
            _ => return Err(Error::new(format!("unknown option {a}"))),
        }
    }
    Ok(options)
}

fn number(option: &str, text: &str) -> Result<usize> {
    text.parse()
        .map_err(|_| Error::new(format!("{option}: {text} is no whole number")))
}

fn named_file(text: &str) -> Result<(String, String)> {
    text.split_once('=')
        .map(|(name, file)| (name.to_string(), file.to_string()))
        .ok_or_else(|| Error::new("--input takes NAME=FILE"))
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| Error::new(format!("{}: {e}", path.display())))
}

/// The file with the constants: the one that is asked for, `weights.bin` beside the program, or where it was built.
fn weights_file(options: &Options, built: &str) -> PathBuf {
    let beside = || {
        let path = std::env::current_exe().ok()?.with_file_name("weights.bin");
        path.is_file().then_some(path)
    };
    options
        .weights
        .clone()
        .or_else(beside)
        .unwrap_or_else(|| built.into())
}

fn load<M: AnyModel>(options: &Options, built: Option<&str>) -> Result<M> {
    if M::EMBEDDED && options.weights.is_none() {
        return M::load(None);
    }
    M::load(Some(&read_file(&weights_file(
        options,
        built.unwrap_or("weights.bin"),
    ))?))
}

/// Values of all inputs, from the archive and the single files. Of two values for an input the single file counts.
fn inputs<M: AnyModel>(options: &Options, pictures: Option<Decoder>) -> Result<Vec<Any>> {
    let archive = options
        .inputs
        .as_deref()
        .map(|p| read_file(Path::new(p)))
        .transpose()?
        .unwrap_or_default();
    let mut members = Vec::new();
    for (name, file) in &options.input {
        let port = port::<M>(name)?;
        let array = array(&read_file(Path::new(file))?, port, pictures);
        let array =
            array.map_err(|e| Error::new(format!("input {name}: {file}: {}", e.message)))?;
        members.push((port.name.to_string(), Cow::Owned(array)));
    }
    if options.inputs.is_some() {
        let given: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
        let others = parse_npz(&archive)?;
        members.extend(others.into_iter().filter(|(name, _)| {
            let position = name.parse().ok().and_then(|i: usize| M::inputs().get(i));
            !given
                .iter()
                .any(|g| g == name || position.is_some_and(|p| p.name == g))
        }));
    }
    values_of::<M>(&members)
}

/// The input of that name or position.
fn port<M: AnyModel>(name: &str) -> Result<&'static Port> {
    let position = name.parse().ok().and_then(|i: usize| M::inputs().get(i));
    let found = M::inputs().iter().find(|p| p.name == name).or(position);
    found.ok_or_else(|| Error::new(format!("the model has no input {name}")))
}

/// The contents of a file for one input as a `.npy` file.
fn array(file: &[u8], port: &Port, pictures: Option<Decoder>) -> Result<Vec<u8>> {
    if file.starts_with(b"\x93NUMPY") {
        return Ok(file.to_vec());
    }
    if file.starts_with(b"PK\x03\x04") {
        let mut members = parse_npz(file)?;
        let at = members.iter().position(|(n, _)| n == port.name || n == "0");
        if at.is_none() && members.len() != 1 {
            return Err(Error::new(format!("no array {}", port.name)));
        }
        return Ok(members.swap_remove(at.unwrap_or(0)).1.into_owned());
    }
    match pictures.and_then(|decode| decode(file)) {
        Some(image) => picture::to_npy(&image, port.kind),
        None => proto::to_npy(file),
    }
}

fn values_of<M: AnyModel>(members: &Members<'_>) -> Result<Vec<Any>> {
    M::inputs()
        .iter()
        .enumerate()
        .map(|(i, port)| load_value(port, i, members))
        .collect()
}

fn run<M: AnyModel>(
    options: &Options,
    built: Option<&str>,
    pictures: Option<Decoder>,
) -> Result<()> {
    let start = Instant::now();
    let model: M = load(options, built)?;
    let mut workspace = M::workspace(options.threads);
    let load = start.elapsed().as_secs_f64();
    let values = inputs::<M>(options, pictures)?;
    let start = Instant::now();
    let results = model.run_any(&mut workspace, &values, true)?;
    let first = start.elapsed().as_secs_f64();
    let mut later = Vec::with_capacity(options.repeat);
    for _ in 1..options.repeat {
        let start = Instant::now();
        model.run_any(&mut workspace, &values, false)?;
        later.push(start.elapsed().as_secs_f64());
    }
    let saved = saved::<M>(&results)?;
    if let Some(path) = &options.save {
        let archive = write_npz(&with_names::<M>(&saved));
        std::fs::write(path, archive).map_err(|e| Error::new(format!("{path}: {e}")))?;
    }
    report::results::<M>(
        &saved,
        &Times::new(load, first, later),
        options.threads,
        options.json,
    )
}

/// Outputs as files' arrays, named by position: `0`, `1.0`.
fn saved<M: AnyModel>(results: &[Any]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut saved = Vec::new();
    for (i, (port, value)) in M::outputs().iter().zip(results).enumerate() {
        for (suffix, bytes) in save_value(port.kind, value)? {
            saved.push((format!("{i}{suffix}"), bytes));
        }
    }
    Ok(saved)
}

/// The same again under the model's names, where a zip entry can hold them and they cannot be taken for a position.
fn with_names<M: AnyModel>(saved: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    let mut all = saved.to_vec();
    for (key, bytes) in saved {
        let name = report::name_of::<M>(key);
        let plain = !name.is_empty()
            && name.len() <= 1024
            && !name.contains(|c: char| c.is_control() || c == '\\')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if plain {
            all.push((name, bytes.clone()));
        }
    }
    all
}

/// Runs one model of a program of many: inputs from one archive, results into another. For tests.
pub fn run_once<M: AnyModel>(weights: Option<&[u8]>, inputs: &[u8]) -> Result<Vec<u8>> {
    let model = M::load(weights)?;
    let mut workspace = M::workspace(1);
    let values = values_of::<M>(&parse_npz(inputs)?)?;
    let results = model.run_any(&mut workspace, &values, true)?;
    Ok(write_npz(&saved::<M>(&results)?))
}
