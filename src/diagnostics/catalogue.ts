/**
 * Every message a user can see: code, text, help and exit status. Codes are never reused.
 * E01xx reading and importing · E02xx operator rules · E03xx broken invariant (our bug) · E04xx target, budget and code
 * generation · E05xx toolchain and running · W05xx warnings.
 */
import { type FrontendCode, frontendCodes } from "../frontend/onnx_error.ts";

export type Params = Readonly<Record<string, string | number>>;

export interface Entry {
  readonly title: string;
  readonly text: (p: Params) => string;
  readonly help: string | ((p: Params) => string);
  /** What `onnxidize explain` says. */
  readonly explain: string;
  readonly exit: number;
}

const own = {
  E0150: {
    title: "operator not supported",
    text: (p) =>
      `operator not supported: ${p.domain ? `${p.domain}.` : ""}${p.op} (opset ${p.opset}), used ${p.count}×`,
    help: "run `onnxidize check` for the complete list; re-export the model without this operator or file a request",
    explain:
      "The model uses an operator that onnxidize has no definition of. Nothing is written: a compiled model is either right or refused.",
    exit: 4,
  },
  E0151: {
    title: "opset not imported",
    text: (p) => `operator ${p.op} is of domain "${p.domain}", which the model imports no opset of`,
    help: "add the domain to the model's opset_import",
    explain:
      "Every domain whose operators a graph uses must be listed in opset_import, since the version selects the meaning of the operator.",
    exit: 3,
  },
  E0152: {
    title: "opset newer than known",
    text: (p) => `opset ${p.opset} of domain "${p.domain}" is newer than the newest known, ${p.newest}`,
    help: "export the model for an older opset, or update onnxidize",
    explain: "A newer opset may change what an operator means. onnxidize does not guess.",
    exit: 4,
  },
  E0153: {
    title: "value not defined",
    text: (p) => `value "${p.value}" is used but nothing defines it`,
    help: "a missing initialiser, or a node whose output has another name",
    explain:
      "Every input of a node must be a graph input, an initialiser, or an output of another node of the same graph or one around it.",
    exit: 3,
  },
  E0154: {
    title: "cycle",
    text: (p) => `the graph has a cycle: ${p.cycle}`,
    help: "a node must not need its own result",
    explain:
      "Nodes may stand in any order in the file, but some order must exist in which each runs after those that it needs.",
    exit: 3,
  },
  E0155: {
    title: "value defined twice",
    text: (p) => `value "${p.value}" is defined more than once`,
    help: "names of values must be unique within a graph (SSA form)",
    explain:
      "Two nodes give the same name to an output, so that it is not clear which value a user of that name means.",
    exit: 3,
  },
  E0156: {
    title: "unknown attribute",
    text: (p) => `${p.op} has no attribute "${p.name}" in opset ${p.opset}`,
    help: (p) => `known attributes: ${p.known || "none"}`,
    explain:
      "An attribute that onnxidize does not know may change what the operator computes, so it is an error rather than ignored.",
    exit: 3,
  },
  E0157: {
    title: "wrong attribute",
    text: (p) => `attribute "${p.name}" of ${p.op}: expected ${p.expected}`,
    help: "",
    explain: "The attribute has another kind or a value outside the set that the operator's specification allows.",
    exit: 3,
  },
  E0158: {
    title: "missing attribute or input",
    text: (p) => `${p.op} needs ${p.what}`,
    help: "",
    explain: "The operator's specification requires this attribute or input.",
    exit: 3,
  },
  E0159: {
    title: "too many inputs or outputs",
    text: (p) => `${p.op} has ${p.found} ${p.what}, at most ${p.expected} are known`,
    help: "",
    explain: "The node lists more inputs or outputs than the operator's specification has.",
    exit: 3,
  },
  E0160: {
    title: "dtype contradicted",
    text: (p) => `value "${p.value}" is declared ${p.declared}, but its operator gives ${p.inferred}`,
    help: "the model was edited inconsistently; declared shapes are hints, declared element types are not",
    explain: "A declared element type of an output or intermediate value differs from what the operators give.",
    exit: 3,
  },
  E0161: {
    title: "input without type",
    text: (p) => `graph input "${p.value}" has no ${p.what}`,
    help: "give the input an element type and a rank; extents may be symbolic",
    explain: "Types of graph inputs are where inference starts; the rank of every input tensor must be known.",
    exit: 3,
  },
  E0162: {
    title: "functions call themselves",
    text: (p) => `model-local functions call each other in a circle: ${p.cycle}`,
    help: "",
    explain: "Functions are expanded where they are called, which cannot end when they are recursive.",
    exit: 3,
  },
  E0163: {
    title: "unknown dimension",
    text: (p) => `--dim ${p.name}: the model has no dimension of that name`,
    help: (p) => (p.known ? `its dimensions: ${p.known}` : "all its dimensions are fixed"),
    explain:
      "`--dim NAME=VALUE` fixes or bounds a symbolic dimension of the graph's inputs. Inputs' unnamed dimensions are called INPUT_AXIS, e.g. `x_0`.",
    exit: 2,
  },
  E0201: {
    title: "operands do not fit",
    text: (p) => `${p.op}: ${p.what}: expected ${p.expected}, found ${p.found}`,
    help: (p) => String(p.help ?? ""),
    explain: "Types, ranks or extents of an operator's inputs do not agree with each other or with its attributes.",
    exit: 3,
  },
  E0202: {
    title: "attribute out of range",
    text: (p) => `${p.op}: attribute ${p.name} is ${p.value}, expected ${p.expected}`,
    help: "",
    explain: "The attribute's value is not allowed for inputs of these shapes.",
    exit: 3,
  },
  E0203: {
    title: "element type not allowed",
    text: (p) => `${p.op}: ${p.what} is ${p.found}, expected ${p.expected}`,
    help: "",
    explain: "The operator's specification does not allow this element type here.",
    exit: 3,
  },
  E0205: {
    title: "must be known when compiling",
    text: (p) => `${p.op}: ${p.what} must be known when compiling`,
    help: (p) => String(p.help ?? "fix dimensions with --dim, or make the operand a constant"),
    explain:
      "What the compiler has to know here (a rank, a number of outputs) depends on data of the run in this model.",
    exit: 4,
  },
  E0300: {
    title: "bug in onnxidize",
    text: (p) => `onnxidize failed: ${p.message}`,
    help: "this is a bug in onnxidize; please report it with the model if you can. `--verbose` shows where it happened",
    explain: "The compiler or the command line stopped at something that nobody has foreseen.",
    exit: 1,
  },
  E0301: {
    title: "broken invariant",
    text: (p) => `after ${p.pass}: ${p.what}`,
    help: "this is a bug in onnxidize; please report it with the model if you can",
    explain:
      "The verifier runs after every pass and found an operation whose types are not what its rule gives, or a value used before its definition.",
    exit: 1,
  },
  E0401: {
    title: "no code generation",
    text: (p) => `${p.op}: cannot be compiled ${p.why}`,
    help: "",
    explain: "The operator is known, but not with these types or attributes.",
    exit: 4,
  },
  E0402: {
    title: "too much memory",
    text: (p) => `${p.what}: ${p.bytes} bytes are more than ${p.limit}`,
    help: "smaller sizes with --dim, or another limit with --max-arena or --max-weights",
    explain:
      "What the program needs is more than the options allow, or more than any machine has: then a size in the model is broken.",
    exit: 5,
  },
  E0500: {
    title: "wrong usage",
    text: (p) => `${p.message}`,
    help: (p) => String(p.help ?? "see `onnxidize --help`"),
    explain: "The command line has an unknown command or option, or one that lacks its value or has a wrong one.",
    exit: 2,
  },
  E0501: {
    title: "no such pass",
    text: (p) =>
      `--without ${p.pass}: ${p.optional === "no" ? "this pass cannot be switched off" : "there is no such pass"}`,
    help: (p) => String(p.known),
    explain: "`--without` takes the name of an optional pass. Those that later stages need cannot be switched off.",
    exit: 2,
  },
  E0502: {
    title: "a tensor file cannot be read",
    text: (p) => `${p.message}`,
    help: (p) => String(p.help ?? ""),
    explain:
      "Inputs are read from .npz archives (compressed or not), .npy files and ONNX's .pb files. The file is missing, of another format, or damaged.",
    exit: 2,
  },
  E0503: {
    title: "inputs missing",
    text: (p) => `no value for ${p.missing}`,
    help: (p) =>
      `the model's inputs: ${p.known}; give them with --inputs FILE.npz or --input NAME=FILE, or draw them with --random`,
    explain:
      "Every input of the graph that has no default needs a value, by its name or by its position (`0`, `1`, …).",
    exit: 2,
  },
  E0504: {
    title: "input does not fit",
    text: (p) => `input "${p.name}": expected ${p.expected}, found ${p.found}`,
    help: (p) => String(p.help ?? ""),
    explain:
      "The element type, rank and fixed extents of a given array must be those of the graph's input. Nothing is converted.",
    exit: 2,
  },
  E0505: {
    title: "no such input",
    text: (p) => `the model has no input "${p.name}"`,
    help: (p) => `its inputs: ${p.known || "none"}`,
    explain: "A name given with `--input` or in the archive of `--inputs` is none of the graph's inputs.",
    exit: 2,
  },
  E0506: {
    title: "the folder is not ours",
    text: (p) => `"${p.path}" ${p.what}`,
    help: "choose another folder with -o, or replace what has the same names with --force",
    explain:
      "A generated crate replaces only a folder that an earlier run has made (it has a build-info.json) or an empty one, so that nothing else is lost.",
    exit: 2,
  },
  E0507: {
    title: "cannot write",
    text: (p) => `cannot write "${p.path}": ${p.why}`,
    help: "",
    explain: "The file system refused: no permission, no space, or a part of the path is not a folder.",
    exit: 2,
  },
  E0508: {
    title: "no such code",
    text: (p) => `there is no code "${p.code}"`,
    help: (p) => String(p.help ?? "`onnxidize explain` lists all codes"),
    explain: "Codes look like E0150 or W0501.",
    exit: 2,
  },
  E0510: {
    title: "tool not found",
    text: (p) => `${p.tool} is not installed, or not on the PATH`,
    help: "install Rust from https://rustup.rs; `onnxidize doctor` checks the tools",
    explain: "Generated crates are built by cargo and rustc. Compiling to a crate works without them.",
    exit: 6,
  },
  E0511: {
    title: "rustc too old",
    text: (p) => `rustc ${p.found} is too old: generated crates need ${p.needed} or newer`,
    help: "`rustup update stable`",
    explain: "The runtime uses features of the named version (stable AVX-512 intrinsics).",
    exit: 6,
  },
  E0512: {
    title: "rustc refuses the generated code",
    text: (p) => `rustc refuses the generated code: ${p.message}`,
    help: "this is a bug in onnxidize; please report it with the model if you can. `onnxidize compile` writes the crate to look at",
    explain: "Generated code must compile. `--verbose` shows all of rustc's messages.",
    exit: 6,
  },
  E0513: {
    title: "cargo failed",
    text: (p) => `cargo failed: ${p.message}`,
    help: (p) => String(p.help ?? "`onnxidize doctor` checks the tools; `--verbose` shows all messages"),
    explain:
      "The build stopped for another reason than the generated code: no linker, no space, a configuration of cargo.",
    exit: 6,
  },
  E0514: {
    title: "target not installed",
    text: (p) => `rustc has no standard library for ${p.target}`,
    help: (p) => `\`rustup target add ${p.target}\``,
    explain: "Building for another machine needs its standard library (and a linker).",
    exit: 6,
  },
  E0520: {
    title: "the model stopped",
    text: (p) => `the model stopped: ${p.message}`,
    help: (p) => String(p.help ?? ""),
    explain:
      "The compiled model refused the inputs: sizes that contradict each other, or an index outside of its axis. The node is named where one is concerned.",
    exit: 2,
  },
  E0521: {
    title: "the program crashed",
    text: (p) => `the compiled program crashed (${p.how}): ${p.message}`,
    help: "this is a bug in onnxidize, or the machine's memory is too small; please report it with the model if you can",
    explain: "The compiled program ended by a panic or a signal rather than with a result or an error.",
    exit: 1,
  },
  E0530: {
    title: "results differ",
    text: (p) =>
      `${p.count} of ${p.total} values differ by more than the tolerance; the first is "${p.name}": ${p.problem}`,
    help: (p) => String(p.help ?? ""),
    explain: "The compiled model's results are not within `|found - expected| <= atol + rtol * |expected|`.",
    exit: 5,
  },
  E0531: {
    title: "ONNX Runtime is not installed",
    text: () => "the package onnxruntime-node is not installed",
    help: "`npm install onnxruntime-node --ignore-scripts`, or compare with stored results: --expected FILE.npz",
    explain: "`--against onnxruntime` runs the model by ONNX Runtime, which is an optional package.",
    exit: 6,
  },
  E0532: {
    title: "ONNX Runtime refused",
    text: (p) => `ONNX Runtime refused: ${p.message}`,
    help: "",
    explain: "ONNX Runtime could not load or run the model on these inputs, so there is nothing to compare with.",
    exit: 6,
  },
  E0533: {
    title: "nothing to compare with",
    text: (p) => `${p.what}`,
    help: "give --expected FILE.npz, or --against onnxruntime",
    explain: "The archive of expected results has no entry for an output, by name or by position.",
    exit: 2,
  },
  W0501: {
    title: "declared shape contradicted",
    text: (p) =>
      `value "${p.value}" is declared ${p.declared}, but its operator gives ${p.inferred}; the declaration is ignored`,
    help: "",
    explain:
      "Declared shapes of intermediate values and outputs are hints: exporters write wrong ones. The inferred shape is used.",
    exit: 0,
  },
  W0502: {
    title: "oddity in the file",
    text: (p) => `${p.what}`,
    help: "",
    explain: "Something in the file that is unusual but does not change what the model computes.",
    exit: 0,
  },
} as const satisfies Record<string, Entry>;

export type Code = keyof typeof own | FrontendCode;

const fromFrontend = Object.fromEntries(
  Object.entries(frontendCodes).map(([code, e]): [string, Entry] => [
    code,
    {
      title: e.title,
      text: (p) => String(p.message ?? e.title),
      help: (p) => String(p.help ?? ""),
      explain: e.help,
      exit: e.exit,
    },
  ]),
) as Record<FrontendCode, Entry>;

export const catalogue: Readonly<Record<Code, Entry>> = { ...own, ...fromFrontend };
