/**
 * A planned program as the files of a crate. Pure: the result is data, writing it is the command line's business.
 * Same program, same bytes.
 */
import { readFileSync } from "node:fs";
import Handlebars from "handlebars";
import { areStatic, type Dim } from "../ir/dim.ts";
import type { Op, Program } from "../ir/graph.ts";
import { named } from "../ir/op_def.ts";
import { type Plan, type Step, stringText } from "../ir/plan.ts";
import { typeText } from "../ir/types.ts";
import { dynamicInterface } from "./dynamic.ts";
import { bindInputs, fieldDoc, fieldType, formOf, type Interface, interfaceOf, type Port } from "./interface.ts";
import { type Declarations, headingOf, type Named, StepPrinter } from "./print_steps.ts";
import {
  byteText,
  call,
  commentText,
  grouped,
  integerLiteral,
  isTooWide,
  layOut,
  ownedType,
  snakeCase,
} from "./rust.ts";
import { WeightLayout } from "./weights.ts";

const handlebars = Handlebars.create();
const render = (template: string): ((view: object) => string) => {
  const text = readFileSync(new URL(`../../src/codegen/templates/${template}.hbs`, import.meta.url), "utf8");
  return handlebars.compile(text, {
    noEscape: true,
    strict: true,
    knownHelpersOnly: true,
    knownHelpers: { each: true },
  });
};
const templates = new Map<string, (view: object) => string>();
export function fill(template: string, view: object): string {
  let compiled = templates.get(template);
  if (!compiled) templates.set(template, (compiled = render(template)));
  return compiled(view);
}

/** Steps in one function: rustc's time grows faster than a function does. */
const stepsPerFunction = 64;

export interface EmitOptions {
  readonly version: string;
  /** Where the constants come from: inside of the program, or a file given when it starts. */
  readonly weights: "embed" | "file";
  /** Path of weights.bin as `include_bytes!` in the module sees it. */
  readonly weightsPath: string;
}

export interface Module {
  /** The crate's `lib.rs`, or a module of a crate of many models. */
  readonly rust: string;
  readonly weights: WeightLayout;
  readonly weightBytes: number;
  /** Whether the constants are part of the program, or a file that it reads when it starts. */
  readonly embedded: boolean;
}

/** Models larger than this are read from a file instead of being part of the program, in bytes. */
export const embedLimit = 64 * 2 ** 20;

export function emitModule(
  program: Program,
  plan: Plan,
  options: Pick<EmitOptions, "version" | "weightsPath"> & { weights: "auto" | "embed" | "file" },
): Module {
  const io = interfaceOf(program);
  const weights = new WeightLayout();
  const printer = new StepPrinter(plan, io, weights);
  const chunks = printChunks(plan.steps, printer);
  const binds = bindInputs(io.inputs, program, "f.inputs", printer.field).map(layOutStatement);
  const results = printResults(io.outputs, printer);
  const declared = printer.declarations();
  const embed = options.weights === "auto" ? weights.bytes <= embedLimit : options.weights === "embed";
  const lifetimes = (ports: readonly Port[], life: string): string => (ports.length > 0 ? `<'${life}>` : "");
  const fallible = chunks.text.some((c) => c.includes(".at("));
  const rust = fill("lib.rs", {
    name: commentText(program.main.name),
    source: commentText(program.source),
    version: options.version,
    table: stepTable(plan.steps),
    summary: `Constants: ${byteText(weights.bytes)} · arena: ${byteText(plan.arenaBytes)} (lower bound ${byteText(plan.lowerBoundBytes)}).`,
    attributes: [],
    imports: fallible ? ["use rt::At;"] : [],
    arenaBytes: integerLiteral(plan.arenaBytes),
    weightBytes: integerLiteral(weights.bytes),
    weightsItem: embed
      ? `static WEIGHTS: rt::arena::Aligned<[u8; WEIGHT_BYTES]> =\n    rt::arena::Aligned(*include_bytes!(${stringText(options.weightsPath)}));`
      : "// Constants are read from a file: see `Model::with_weights`.",
    inputsDerive: "#[derive(Clone, Copy, Debug)]",
    inputsLife: lifetimes(io.inputs, "a"),
    runSignature: runSignature(io),
    runAttributes: skipIfWide([...binds, results].join("\n"), "    "),
    inputsR: io.inputs.length > 0 ? "<'r>" : "",
    outputsLife: lifetimes(io.outputs, "w"),
    inputs: fields(io.inputs, "a"),
    outputs: fields(io.outputs, "w"),
    dims: declared.dims,
    heap: declared.heap.map((h) => ({ field: h.field, doc: h.doc, type: ownedType(h.type) })),
    constructors: constructors(embed, declared),
    binds,
    chunkCalls: chunks.calls,
    chunks: chunks.text,
    results,
    maps: declared.maps.map(printMap),
    dynamic: dynamicInterface(io, embed),
    weights: slots(declared.weights),
    arena: slots(declared.arena),
  });
  return { rust: tidy(rust), weights, weightBytes: weights.bytes, embedded: embed };
}

function runSignature({ inputs, outputs }: Interface): string {
  const life = (ports: readonly Port[]): string => (ports.length > 0 ? "<'w>" : "");
  const parameters = ["&'w self", "workspace: &'w mut Workspace", `inputs: &'w Inputs${life(inputs)}`];
  return layOut(call("pub fn run<'w>", parameters), 1, "", ` -> rt::Result<Outputs${life(outputs)}> {`);
}

const fields = (ports: readonly Port[], life: string): object[] =>
  ports.map((p) => ({ doc: fieldDoc(p), field: p.field, type: fieldType(p.type, `${life}`) }));

function slots(list: readonly Named[]): string[] {
  const width = Math.max(0, ...list.map((s) => s.name.length + s.type.length));
  return [...list]
    .sort((a, b) => a.offset - b.offset)
    .map(
      (s) =>
        `pub const ${s.name}: Slot<${s.type}>${" ".repeat(width - s.name.length - s.type.length)} = Slot::new(${s.offset}, ${s.length}); // ${s.doc}`,
    );
}

/** Empty bodies on one line and no blank lines in a row, as rustfmt writes them. */
const tidy = (rust: string): string =>
  rust
    .replace(/(struct \w+(?:<'\w>)?) \{\n\}/g, "$1 {}")
    .replace(/\n{3,}/g, "\n\n")
    .replace(/[ \t]+\n/g, "\n");

interface Chunks {
  readonly calls: readonly string[];
  readonly text: readonly string[];
}

/** Functions of at most `stepsPerFunction` steps, called in order. */
function printChunks(steps: readonly Step[], printer: StepPrinter): Chunks {
  const shown = steps.filter((s) => s.kind !== "view");
  const text: string[] = [];
  const calls: string[] = [];
  for (let at = 0; at < shown.length; at += stepsPerFunction) {
    const part = shown.slice(at, at + stepsPerFunction);
    const name = shown.length <= stepsPerFunction ? "steps" : `steps_${calls.length + 1}`;
    const body = printer.steps(part, 1);
    text.push(
      [
        `/// Steps ${at + 1} to ${at + part.length}.`,
        ...skipIfWide(body.join("\n"), ""),
        `fn ${name}(f: &mut Frame<'_>) -> rt::Result<()> {`,
        ...body,
        "    Ok(())",
        "}",
      ].join("\n"),
    );
    calls.push(`${name}(&mut f)?;`);
  }
  return { calls, text };
}

/** Sums over symbolic sizes can be longer than a line: rustfmt leaves such a function alone. */
const skipIfWide = (rust: string, pad: string): string[] => (isTooWide(rust) ? [`${pad}#[rustfmt::skip]`] : []);

/** A statement of `run`, broken where it is too long; its first line without the indentation, which the template has. */
function layOutStatement(statement: string): string {
  const [, target = "", value = statement, end = ""] = /^([\w.]+ = )?(.*?)(\??;)$/s.exec(statement) ?? [];
  return layOut(value, 2, target, end).trimStart();
}

function printResults(outputs: readonly Port[], printer: StepPrinter): string {
  const items = outputs.map((o) => {
    const text = printer.read(o.value);
    switch (formOf(o.type)) {
      case "array":
        return `${o.field}: rt::fixed(${text})`;
      case "view":
        return `${o.field}: rt::View { data: ${text}, shape: [${(o.type as { shape: readonly Dim[] }).shape.map((d) => printer.dim(d)).join(", ")}] }`;
      case "tensor":
        return `${o.field}: ${text.replace(/\.data(\[\.\.\])?$/, "")}`;
      case "container":
        return `${o.field}: ${text}`;
    }
  });
  const arena = items.some((i) => i.includes("a.get(")) ? ["        let a = f.arena.parts();"] : [];
  return [...arena, layOut({ open: "Ok(Outputs {", items, close: "})" }, 2)].join("\n");
}

function constructors(embed: boolean, declared: Declarations): string {
  const strings = declared.strings.map((list) => `vec![${list.map((s) => `${stringText(s)}.to_string()`).join(", ")}]`);
  const table = strings.length === 0 ? "Vec::new()" : `vec![${strings.join(", ")}]`;
  const load = [
    "    /// The model with constants from elsewhere: the bytes of a `weights.bin` of this very model.",
    "    pub fn with_weights(bytes: &[u8]) -> rt::Result<Self> {",
    "        if bytes.len() != WEIGHT_BYTES {",
    "            return Err(rt::Error::new(format!(",
    '                "weights: expected {WEIGHT_BYTES} bytes, found {}",',
    "                bytes.len()",
    "            )));",
    "        }",
    "        Ok(Self { weights: rt::Weights::copied(bytes), strings: strings() })",
    "    }",
  ];
  const own = embed
    ? [
        "    /// The model with the constants that are part of the program.",
        "    pub fn new() -> Self {",
        "        Self { weights: rt::Weights::embedded(&WEIGHTS), strings: strings() }",
        "    }",
        "",
      ]
    : [];
  return [
    "impl Model {",
    ...own,
    ...load,
    "}",
    ...(embed
      ? ["", "impl Default for Model {", "    fn default() -> Self {", "        Self::new()", "    }", "}"]
      : []),
    "",
    "/// Constant texts.",
    "#[rustfmt::skip]",
    "fn strings() -> Vec<Vec<String>> {",
    `    ${table}`,
    "}",
  ].join("\n");
}

function printMap(m: Declarations["maps"][number]): string {
  return [
    `/// \`${commentText(m.doc)}\``,
    `struct ${m.name};`,
    "",
    `impl rt::MapExpr<${m.arity}> for ${m.name} {`,
    "    #[inline(always)]",
    "    #[rustfmt::skip]",
    `    fn eval<V: rt::Vector>([${m.params}]: [V; ${m.arity}]) -> V {`,
    `        ${m.expr}`,
    "    }",
    "}",
  ].join("\n");
}

/** The steps as a Markdown table; long models show the first and last ones. */
function stepTable(steps: readonly Step[]): string[] {
  const ops: Op[] = [];
  for (const s of steps) if (s.kind !== "view" && s.op !== ops.at(-1)) ops.push(s.op);
  const kernels = new Map<Op, string>();
  for (const s of steps) {
    const name = s.kind === "call" ? s.kernel.replace(/^.*::/, "") : s.kind;
    if (s.kind !== "view")
      kernels.set(s.op, kernels.has(s.op) && kernels.get(s.op) !== name ? `${kernels.get(s.op)}, ${name}` : name);
  }
  const shown = ops.length <= 200 ? ops : [...ops.slice(0, 190), ...ops.slice(-10)];
  const rows = shown.map((op) => {
    const [origins, types] = headingOf(op).split(" → ") as [string, string];
    const results = op.outputs.filter((v) => v !== undefined).map((v) => `${v.name}: ${commentText(typeText(v.type))}`);
    void types;
    return [
      String(ops.indexOf(op) + 1),
      `\`${origins}\``,
      `\`${results.join(", ")}\``,
      `\`${kernels.get(op) ?? ""}\``,
      macsOf(op),
    ];
  });
  if (rows.length === 0) return [];
  const head = ["step", "ONNX nodes", "result", "kernel", "MACs"];
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] as string).length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((c, i) => c.padEnd(widths[i] as number)).join(" | ")} |`.trimEnd();
  return [line(head), `|${widths.map((w) => "-".repeat(w + 2)).join("|")}|`, ...rows.map(line)];
}

function macsOf(op: Op): string {
  if (!op.def.macs) return "—";
  const n = op.def.macs(named(op.def.inputs, op.inputs), op.attrs, op.outputs);
  return areStatic([n]) ? grouped(n as number) : "symbolic";
}

/** Crate name: `[a-z][a-z0-9_]*`, never one that Rust, cargo or our runtime has taken. */
export function crateName(source: string): string {
  const base = snakeCase(source.replace(/^.*[\\/]/, "").replace(/\.(onnx|onnxtxt)$/i, ""));
  return takenNames.has(base) ? `${base}_model` : base;
}

/** Cargo's own folders cannot be names of programs, and Rust's crates would be hidden. */
const takenNames = new Set([
  "onnxidize_runtime",
  "std",
  "core",
  "alloc",
  "test",
  "proc_macro",
  "rt",
  "build",
  "deps",
  "examples",
  "incremental",
]);
