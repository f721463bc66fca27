/** Steps of the kernel plan as Rust statements. Every decision here is about text; what runs is decided. */
import { type Dim, isStatic } from "../ir/dim.ts";
import { bytesOf } from "../ir/dtype.ts";
import type { Op, Value } from "../ir/graph.ts";
import type { MapExpr } from "../ir/map_expr.ts";
import { mapFunctions } from "../ir/map_expr.ts";
import {
  type Arg,
  type CallStep,
  floatText,
  type IfStep,
  type LoopStep,
  type MapStep,
  type Plan,
  type Step,
  stringText,
} from "../ir/plan.ts";
import { sizeOf } from "../ir/tensor.ts";
import { numel, typeText } from "../ir/types.ts";
import { dimRust, integerRust } from "./dims.ts";
import { formOf, type Interface } from "./interface.ts";
import { array, call, commentText, type Doc, elementType, flat, Identifiers, layOut } from "./rust.ts";
import type { WeightLayout } from "./weights.ts";

export interface Named {
  readonly name: string;
  readonly doc: string;
  readonly type: string;
  readonly offset: number;
  readonly length: number;
}

/** What printing steps has found that the rest of the crate declares. */
export interface Declarations {
  readonly arena: readonly Named[];
  readonly weights: readonly Named[];
  readonly heap: readonly { readonly field: string; readonly type: Value["type"]; readonly doc: string }[];
  readonly dims: readonly { readonly field: string; readonly doc: string }[];
  readonly strings: readonly (readonly string[])[];
  readonly maps: readonly {
    readonly name: string;
    readonly arity: number;
    readonly expr: string;
    readonly params: string;
    readonly doc: string;
  }[];
}

export class StepPrinter {
  private readonly plan: Plan;
  private readonly io: Interface;
  private readonly layout: WeightLayout;
  private readonly arenaNames = new Map<Value, Named>();
  private readonly weightNames = new Map<number, Named>();
  private readonly dimFields = new Map<string, string>();
  private readonly dimIds = new Identifiers();
  private readonly arenaIds = new Identifiers();
  private readonly weightIds = new Identifiers();
  private readonly heapFields: string[];
  private readonly strings = new Map<Value, readonly string[]>();
  private readonly mapNames = new Map<
    string,
    { name: string; arity: number; expr: string; params: string; doc: string }
  >();
  private usesArena = false;

  constructor(plan: Plan, io: Interface, layout: WeightLayout) {
    this.plan = plan;
    this.io = io;
    this.layout = layout;
    const ids = new Identifiers();
    this.heapFields = plan.heapSlots.map((s) => ids.snake((s.values[0] as Value).name));
  }

  readonly field = (symbol: string): string => {
    let name = this.dimFields.get(symbol);
    if (name === undefined) this.dimFields.set(symbol, (name = this.dimIds.snake(symbol)));
    return `f.dims.${name}`;
  };

  declarations(): Declarations {
    return {
      arena: [...this.arenaNames.values()],
      weights: [...this.weightNames.values()],
      heap: this.plan.heapSlots.map((s, i) => ({
        field: this.heapFields[i] as string,
        type: s.type,
        doc: s.values
          .slice(0, 6)
          .map((v) => commentText(v.name))
          .join(", then "),
      })),
      dims: [...this.dimFields].map(([symbol, field]) => ({ field, doc: `\`${commentText(symbol)}\`` })),
      strings: [...this.strings.values()],
      maps: [...this.mapNames.values()],
    };
  }

  /** Lines of one step at an indent, its comment before it. `number` counts from 1. */
  step(step: Step, indent: number, heading: string): string[] {
    const pad = "    ".repeat(indent);
    const lines = heading === "" ? [] : [`${pad}// ${heading}`];
    switch (step.kind) {
      case "view":
        return [];
      case "call":
        return [...lines, ...this.inParts(indent, (at) => [this.call(step, at)])];
      case "map":
        return [...lines, ...this.inParts(indent, (at) => [this.map(step, at)])];
      case "bind":
        return [...lines, `${pad}${this.bindings(step.bindings)}`];
      case "if":
        return [...lines, ...this.branch(step, indent)];
      case "loop":
        return [...lines, ...this.loop(step, indent)];
    }
  }

  steps(steps: readonly Step[], indent: number): string[] {
    let previous: Op | undefined;
    return steps.flatMap((s) => {
      const heading = s.op === previous ? "" : headingOf(s.op);
      previous = s.op;
      return this.step(s, indent, heading);
    });
  }

  /** Statements that use the arena go into a block that claims its operands. */
  private inParts(indent: number, print: (indent: number) => string[]): string[] {
    this.usesArena = false;
    print(indent);
    if (!this.usesArena) return print(indent);
    const pad = "    ".repeat(indent);
    return [`${pad}{`, `${pad}    let a = f.arena.parts();`, ...print(indent + 1), `${pad}}`];
  }

  private call(step: CallStep, indent: number): string {
    const generics = step.generics.length > 0 ? `::<${step.generics.join(", ")}>` : "";
    const at = step.fallible ? `.at(${stringText(commentText(step.op.origins[0] ?? ""))})?` : "";
    const doc = call(
      `rt::${step.kernel}${generics}`,
      step.args.map((a) => this.arg(a)),
      at,
    );
    if (step.binds.length === 0) return layOut(doc, indent, "", ";");
    return layOut(doc, indent, `[${step.binds.map((b) => this.field(b)).join(", ")}] = `, ";");
  }

  private map(step: MapStep, indent: number): string {
    const inputs = step.inputs.map((v) => `(${this.read(v)}, ${flat(this.shape(v))})`);
    const name = this.mapName(step.expr, step.inputs.length);
    return layOut(
      call(`rt::map::<${name}, ${inputs.length}>`, [
        "f.pool",
        array(inputs, "["),
        this.write(step.output),
        this.shape(step.output),
      ]),
      indent,
      "",
      ";",
    );
  }

  private branch(step: IfStep, indent: number): string[] {
    const pad = "    ".repeat(indent);
    const otherwise = this.steps(step.else, indent + 1);
    return [
      `${pad}if ${this.scalar(step.condition)}.get() {`,
      ...this.steps(step.then, indent + 1),
      ...(otherwise.length > 0 ? [`${pad}} else {`, ...otherwise] : []),
      `${pad}}`,
    ];
  }

  /** A loop that counts in `trip`; nested ones shadow it, which is right because the outer one is not needed inside. */
  private loop(step: LoopStep, indent: number): string[] {
    const pad = "    ".repeat(indent);
    const limit =
      step.limit === undefined
        ? undefined
        : "dim" in step.limit
          ? this.dim(step.limit.dim)
          : `rt::trip_limit(${this.scalar(step.limit.value)})`;
    const tests = [
      ...(limit === undefined ? [] : ["trip < limit"]),
      ...(step.condition ? [`${this.scalar(step.condition)}.get()`] : []),
    ];
    const counter = step.counter
      ? this.inParts(indent + 2, (at) => [layOut(`${this.write(step.counter as Value)}[0] = trip as i64;`, at)])
      : [];
    const inner = `${pad}    `;
    return [
      `${pad}{`,
      ...(limit === undefined ? [] : [`${inner}let limit: usize = ${limit};`]),
      `${inner}let mut trip = 0;`,
      `${inner}${tests.length > 0 ? `while ${tests.join(" && ")}` : "loop"} {`,
      ...counter,
      ...this.steps(step.body, indent + 2),
      `${inner}    trip += 1;`,
      `${inner}}`,
      ...(step.count === undefined ? [] : [`${inner}${this.field(step.count)} = trip;`]),
      `${pad}}`,
    ];
  }

  /** All at once: an expression may mention a symbol that another one sets. */
  private bindings(list: readonly (readonly [string, Dim])[]): string {
    const one = list.length === 1 ? list[0] : undefined;
    if (one) return `${this.field(one[0])} = ${this.dim(one[1])};`;
    return `[${list.map(([s]) => this.field(s)).join(", ")}] = [${list.map(([, d]) => this.dim(d)).join(", ")}];`;
  }

  /** The one element of a scalar, outside of any claimed operands. */
  private scalar(v: Value): string {
    const text = this.read(v);
    // Indexing borrows by itself.
    return `${text.startsWith("a.") ? `f.arena.parts().${text.slice(2)}` : text.replace(/^&/, "").replace("[..]", "")}[0]`;
  }

  dim(d: Dim): string {
    return dimRust(d, this.field);
  }

  private arg(a: Arg): Doc {
    switch (a.kind) {
      case "read":
        return this.read(a.value);
      case "write":
        return this.write(a.value);
      case "grow":
        return `&mut f.heap.${this.heapField(a.value)}`;
      case "shape":
        return this.shape(a.value);
      case "dim":
        return this.dim(a.dim);
      case "dims":
        return array(a.dims.map((d) => this.dim(d)));
      case "integers":
        return array(a.dims.map((d) => integerRust(d, this.field)));
      case "scratch":
        throw new TypeError("scratch memory was not planned");
      case "table":
        return this.weight(this.layout.table(a.table), a.table.key, a.table.key);
      case "pool":
        return "f.pool";
      case "some":
        return call("Some", [this.arg(a.arg)]);
      case "list":
        return array(a.items.map((x) => this.arg(x)));
      case "reference": {
        const to = this.arg(a.to);
        return typeof to === "string" ? `&${to}` : { ...to, open: `&${to.open}` };
      }
      case "call":
        return call(
          a.name.replace(/^(&?)/, "$1rt::"),
          a.args.map((x) => this.arg(x)),
        );
      case "array":
        return array(
          a.items.map((x) => this.arg(x)),
          "[",
        );
      case "struct":
        return a.fields.length === 0
          ? `rt::${a.name}`
          : { open: `rt::${a.name} {`, items: a.fields.map(([n, x]) => `${n}: ${flat(this.arg(x))}`), close: "}" };
      case "rust":
        return a.text;
    }
  }

  private rootOf(v: Value): Value {
    const place = this.plan.places.get(v);
    return place?.kind === "view" ? place.of : v;
  }

  private heapField(v: Value): string {
    const place = this.plan.places.get(this.rootOf(v));
    if (place?.kind !== "heap") throw new TypeError(`%${v.name} does not grow`);
    return this.heapFields[place.slot] as string;
  }

  /** Number of elements, where it has to be said: values with sizes that vary in planned memory. */
  private countOf(v: Value): string | undefined {
    if (v.type.kind !== "tensor" || v.type.shape === undefined) return undefined;
    const n = numel({ ...v.type, shape: v.type.shape });
    return isStatic(n) ? undefined : this.dim(n);
  }

  /** An expression of type `&[T]` (or of a reference to the runtime's type). */
  read(v: Value): string {
    if (v.literal) return this.constant(v);
    const place = this.plan.places.get(this.rootOf(v));
    switch (place?.kind) {
      case "input":
        return this.inputRead(place.index);
      case "arena":
        this.usesArena = true;
        return `a.get(${this.arenaSlot(v)})`;
      case "heap": {
        const field = `f.heap.${this.heapFields[place.slot]}`;
        if (v.type.kind === "tensor") return v.type.shape === undefined ? `&${field}.data[..]` : `&${field}[..]`;
        return `&${field}`;
      }
      case "constant":
        return this.constant(this.rootOf(v));
      default:
        throw new TypeError(`%${v.name} lives nowhere`);
    }
  }

  private inputRead(index: number): string {
    const port = this.io.inputs[index] as Interface["inputs"][number];
    const field = `f.inputs.${port.field}`;
    switch (formOf(port.type)) {
      case "array":
        return `&${field}[..]`;
      case "view":
        return `${field}.data`;
      case "tensor":
        return `&${field}.data[..]`;
      case "container":
        return field;
    }
  }

  /** `&mut [T]`, sized before the call. */
  private write(v: Value): string {
    const place = this.plan.places.get(this.rootOf(v));
    if (place?.kind === "arena") {
      this.usesArena = true;
      return `a.get_mut(${this.arenaSlot(v)})`;
    }
    if (place?.kind !== "heap") throw new TypeError(`%${v.name} cannot be written`);
    if (v.type.kind !== "tensor" || v.type.shape === undefined) return `&mut f.heap.${this.heapField(v)}`;
    return `rt::room(&mut f.heap.${this.heapFields[place.slot]}, ${this.dim(numel({ ...v.type, shape: v.type.shape }))})`;
  }

  private shape(v: Value): Doc {
    if (v.type.kind !== "tensor") throw new TypeError(`%${v.name} has no shape`);
    if (v.type.shape !== undefined) return array(v.type.shape.map((d) => this.dim(d)));
    const place = this.plan.places.get(this.rootOf(v));
    return place?.kind === "input"
      ? `&f.inputs.${this.io.inputs[place.index]?.field}.shape`
      : `&f.heap.${this.heapField(v)}.shape`;
  }

  private arenaSlot(v: Value): string {
    const root = this.rootOf(v);
    let slot = this.arenaNames.get(root);
    if (!slot) {
      const place = this.plan.places.get(root);
      if (place?.kind !== "arena" || root.type.kind !== "tensor")
        throw new TypeError(`%${root.name} is not in the arena`);
      const length = root.type.shape?.every(isStatic)
        ? sizeOf(root.type.shape as number[])
        : Math.floor(place.bytes / bytesOf(root.type.dtype));
      slot = {
        name: this.arenaIds.upper(root.name),
        doc: typeText(root.type),
        type: elementType(root.type.dtype),
        offset: place.offset,
        length,
      };
      this.arenaNames.set(root, slot);
    }
    const count = this.countOf(v);
    return count === undefined ? `v::${slot.name}` : `v::${slot.name}.first(${count})`;
  }

  private constant(v: Value): string {
    const literal = v.literal as NonNullable<Value["literal"]>;
    if (literal.dtype === "string") {
      if (!this.strings.has(v)) this.strings.set(v, literal.load().data as string[]);
      return `&f.strings[${[...this.strings.keys()].indexOf(v)}][..]`;
    }
    if (sizeOf(literal.shape) <= 8 && (literal.dtype === "i64" || literal.dtype === "i32")) {
      const type = literal.dtype;
      return `&[${Array.from(literal.load().data as ArrayLike<unknown>, (x, i) => (i === 0 ? `${x}${type}` : String(x))).join(", ") || `0${type}; 0`}]`;
    }
    return this.weight(this.layout.literal(literal), v.name, typeText(v.type));
  }

  private weight(
    placed: { offset: number; length: number; dtype: Parameters<typeof elementType>[0] },
    name: string,
    doc: string,
  ): string {
    let slot = this.weightNames.get(placed.offset);
    if (!slot || slot.length !== placed.length || slot.type !== elementType(placed.dtype)) {
      slot = {
        name: this.weightIds.upper(name),
        doc: commentText(doc),
        type: elementType(placed.dtype),
        offset: placed.offset,
        length: placed.length,
      };
      this.weightNames.set(placed.offset, slot);
    }
    return `f.weights.get(w::${slot.name})`;
  }

  private mapName(expr: MapExpr, arity: number): string {
    const names = ["a", "b", "c", "d", "e", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"];
    const used = new Set<number>();
    const text = stripParens(mapRust(expr, names, used));
    const key = `${arity}:${text}`;
    const known = this.mapNames.get(key);
    if (known) return known.name;
    const params = Array.from({ length: arity }, (_, i) => (used.has(i) ? (names[i] as string) : `_${names[i]}`)).join(
      ", ",
    );
    const made = { name: `Map${this.mapNames.size + 1}`, arity, expr: text, params, doc: text };
    this.mapNames.set(key, made);
    return made.name;
  }
}

function mapRust(e: MapExpr, names: readonly string[], used: Set<number>): string {
  switch (e.kind) {
    case "input":
      used.add(e.index);
      return names[e.index] ?? `x${e.index}`;
    case "constant":
      return `V::splat(${floatText(e.value)})`;
    case "apply":
      return mapFunctions[e.fn].rust(...e.args.map((a) => mapRust(a, names, used)));
  }
}

function stripParens(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    depth += text[i] === "(" ? 1 : text[i] === ")" ? -1 : 0;
    if (depth === 0) return text;
  }
  return text.slice(1, -1);
}

/** `/fc1/Gemm + /act1/Relu → f32[1, 128]`. */
export function headingOf(op: Op): string {
  const results = op.outputs.filter((v) => v !== undefined).map((v) => commentText(typeText(v.type)));
  const origins = op.origins.slice(0, 4).map(commentText).join(" + ") + (op.origins.length > 4 ? " + …" : "");
  return `${origins} → ${results.join(", ")}`;
}
