/**
 * Decoded graphs become IR: nodes are put in order, older opsets brought to the newest form by the operators' adapters,
 * model-local functions expanded, names resolved, types inferred. Everything unsupported is collected and reported at once.
 */
import { Diagnosed, type Diagnostic, diagnostic, fail } from "../diagnostics/report.ts";
import { Builder, identifier, Names } from "../ir/builder.ts";
import { type Dim, isStatic, symbol } from "../ir/dim.ts";
import { evaluateConstant, isConstant, knownTensor } from "../ir/fold.ts";
import type { Func, Op, Program, Value } from "../ir/graph.ts";
import type { AnyOpDef, ImportNode, RegionContext } from "../ir/op_def.ts";
import { named } from "../ir/op_def.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";
import { type Type, typeText } from "../ir/types.ts";
import { operatorFor } from "../ops/index.ts";
import { refuse } from "../ops/refuse.ts";
import { importAttrs, withoutObsolete } from "./import_attrs.ts";
import { contradiction, importType } from "./import_types.ts";
import type { OnnxAttribute, OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from "./onnx_model.ts";
import { newestOpset, resolveVersion } from "./opsets.ts";
import { inOrder, uses } from "./sort_nodes.ts";

/** A size given on the command line: fixed, or within bounds. */
export type DimBinding = number | { readonly min: number; readonly max: number };

export interface Imported {
  readonly program: Program;
  readonly warnings: readonly Diagnostic[];
}

/** Whether an intermediate value, by the model's name, shall be an output too: for comparisons value by value. */
export type Expose = (name: string, type: Type) => boolean;

/** Elements of results that become constants while importing. */
const maxKnown = 64;
/** So many problems of one graph are told. */
const maxProblems = 100;
/** Nesting of functions that call functions. */
const maxFunctionDepth = 32;

/** Imports a model; `dims` fixes or bounds dimensions by the names that the model gives them. */
export function importModel(
  model: OnnxModel,
  source: string,
  dims: ReadonlyMap<string, DimBinding> = new Map(),
  expose?: Expose,
): Imported {
  const unsupported = findUnsupported(model);
  try {
    const imported = new Importer(model, source, dims).run(expose);
    if (unsupported.length === 0) return imported;
    throw new Diagnosed(...unsupported);
  } catch (error) {
    if (!(error instanceof Diagnosed)) throw error;
    const others = error.diagnostics.filter((d) => !unsupported.includes(d));
    throw new Diagnosed(...unsupported, ...others).in(source);
  }
}

/** All operators that nothing defines, with the nodes that use them: E0150 for each kind. */
function findUnsupported(model: OnnxModel): readonly Diagnostic[] {
  const found = new Map<string, { node: OnnxNode; opset: number | undefined; names: string[] }>();
  const visit = (nodes: readonly OnnxNode[], opsets: ReadonlyMap<string, number>): void => {
    for (const node of nodes) {
      const opset = opsets.get(node.domain);
      if (!functionOf(model, node) && !isSupported(node, opset)) {
        const key = `${node.domain}:${node.opType}`;
        const entry = found.get(key) ?? { node, opset, names: [] };
        entry.names.push(node.name || node.outputs[0] || "(unnamed)");
        found.set(key, entry);
      }
      for (const a of node.attributes) {
        if (a.kind === "graph") visit(a.value.nodes, opsets);
        if (a.kind === "graphs") for (const g of a.value) visit(g.nodes, opsets);
      }
    }
  };
  visit(model.graph.nodes, model.opsets);
  for (const f of model.functions) visit(f.nodes, f.opsets);
  return [...found.values()].map((e) => unsupported(e.node, e.opset, e.names));
}

function isSupported(node: OnnxNode, opset: number | undefined): boolean {
  const def = operatorFor(node.domain, node.opType);
  return (
    def !== undefined &&
    opset !== undefined &&
    opset <= newestOpset(node.domain) &&
    resolveVersion(def, opset) !== undefined
  );
}

function unsupported(node: OnnxNode, opset: number | undefined, nodes: readonly string[]): Diagnostic {
  const where = nodes.length > 3 ? `${nodes.slice(0, 3).join(", ")}, …` : nodes.join(", ");
  const params = { op: node.opType, domain: node.domain, opset: opset ?? "not imported", count: nodes.length };
  if (opset === undefined) return diagnostic("E0151", params, where);
  const newest = newestOpset(node.domain);
  if (operatorFor(node.domain, node.opType) && opset > newest) return diagnostic("E0152", { ...params, newest }, where);
  return diagnostic("E0150", params, where);
}

const functionOf = (model: OnnxModel, node: OnnxNode): OnnxFunction | undefined =>
  model.functions.find((f) => f.domain === node.domain && f.name === node.opType && f.overload === node.overload);

/** Names that a graph may use: its own, then those of the graphs around it. */
class Scope {
  private readonly values = new Map<string, Value>();
  readonly parent: Scope | undefined;
  constructor(parent: Scope | undefined) {
    this.parent = parent;
  }
  find(name: string): Value | undefined {
    for (let s: Scope | undefined = this; s; s = s.parent) {
      const v = s.values.get(name);
      if (v) return v;
    }
    return undefined;
  }
  define(name: string, value: Value, node: string): void {
    if (this.values.has(name)) fail("E0155", { value: name }, node);
    this.values.set(name, value);
  }
}

/** What nodes are read by: the opsets, and inside a function the attributes of its call. */
interface Context {
  readonly scope: Scope;
  readonly builder: Builder;
  readonly opsets: ReadonlyMap<string, number>;
  readonly callAttributes: ReadonlyMap<string, OnnxAttribute> | undefined;
  /** Prefix of node names inside functions: the call's name. */
  readonly path: string;
  readonly depth: number;
}

class Importer {
  private readonly names = new Names();
  private readonly symbols = new Map<string, Dim>();
  private readonly bounds = new Map<string, { min: number; max: number }>();
  private readonly warnings: Diagnostic[] = [];
  private readonly used = new Set<string>();
  private readonly model: OnnxModel;
  private readonly source: string;
  private readonly dims: ReadonlyMap<string, DimBinding>;

  constructor(model: OnnxModel, source: string, dims: ReadonlyMap<string, DimBinding>) {
    this.model = model;
    this.source = source;
    this.dims = dims;
  }

  run(expose: Expose = () => false): Imported {
    const { graph } = this.model;
    for (const what of this.model.warnings) this.warnings.push(diagnostic("W0502", { what }, "", this.source));
    const builder = new Builder(this.names);
    const scope = new Scope(undefined);
    const constants = new Set(graph.initializers.map((i) => i.name));
    const given = graph.inputs.filter((i) => !constants.has(i.name));
    const inputs = given.map((i) => this.graphInput(i, scope, builder));
    this.refuseUnknownDims();
    const outputs = this.body(graph, {
      scope,
      builder,
      opsets: this.model.opsets,
      callAttributes: undefined,
      path: "",
      depth: 0,
    });
    const exposed = exposedValues(graph, scope, expose);
    const main: Func = {
      name: identifier(graph.name || "model"),
      inputs,
      ops: builder.ops,
      outputs: [...outputs, ...exposed.map(([, value]) => value)],
    };
    const program: Program = {
      main,
      inputNames: given.map((i) => i.name),
      outputNames: [...graph.outputs.map((o) => o.name), ...exposed.map(([name]) => name)],
      bounds: this.bounds,
      names: this.names,
      source: this.source,
    };
    return { program, warnings: this.warnings };
  }

  private graphInput(info: OnnxValueInfo, scope: Scope, builder: Builder): Value {
    if (!info.type) fail("E0161", { value: info.name, what: "type" });
    const type = importType(info.type, (dim, axis) => this.dimension(dim, `${info.name}_${axis}`));
    if (type.kind === "tensor" && type.shape === undefined) fail("E0161", { value: info.name, what: "shape" });
    const value = builder.value(info.name, type);
    scope.define(info.name, value, "");
    return value;
  }

  /** The symbol of a named dimension, or the number that `--dim` gives it. */
  private dimension(name: string | undefined, fallback: string): Dim {
    const key = name ?? fallback;
    const known = this.symbols.get(key);
    // Said of a later axis of the same dimension, too: fine if it says the same.
    if (known !== undefined && this.dims.get(fallback) === known) this.used.add(fallback);
    if (known !== undefined) return known;
    const binding = this.dims.get(key) ?? this.dims.get(fallback);
    if (binding !== undefined) for (const k of [key, fallback]) this.used.add(k);
    const made = typeof binding === "number" ? binding : symbol(this.names.unique(symbolName(key)));
    if (typeof binding === "object" && typeof made === "object") this.bounds.set(made.key, binding);
    this.symbols.set(key, made);
    return made;
  }

  private refuseUnknownDims(): void {
    for (const name of this.dims.keys())
      if (!this.used.has(name)) fail("E0163", { name, known: [...this.symbols.keys()].join(", ") });
  }

  /** Initialisers, nodes and outputs of a graph whose inputs are already in scope. */
  private body(graph: OnnxGraph, ctx: Context): Value[] {
    for (const { name, literal } of graph.initializers)
      if (name !== "") ctx.scope.define(name, ctx.builder.literal(literal, name), "");
    this.nodes(graph.nodes, ctx);
    this.checkDeclared([...graph.valueInfo, ...graph.outputs], ctx.scope);
    return graph.outputs.map((o) => ctx.scope.find(o.name) ?? fail("E0153", { value: o.name }));
  }

  /**
   * All nodes of a graph. One that fails does not end the import: nodes that need its results are left out, and everything
   * that is wrong with the others is told too.
   */
  private nodes(nodes: readonly OnnxNode[], ctx: Context): void {
    const problems = new Map<string, Diagnostic>();
    const lost = new Set<string>();
    let complete = true;
    for (const node of inOrder(nodes, (name) => ctx.scope.find(name) !== undefined)) {
      const found = this.attempt(node, ctx, lost);
      if (!found) continue;
      complete = false;
      for (const d of found) if (problems.size < maxProblems) problems.set(`${d.code} ${d.message}`, d);
      for (const name of node.outputs) lost.add(name);
    }
    if (!complete) throw new Diagnosed(...problems.values());
  }

  /** Imports a node; what is wrong with it, which is nothing where it only lacks results of others, or undefined. */
  private attempt(node: OnnxNode, ctx: Context, lost: ReadonlySet<string>): readonly Diagnostic[] | undefined {
    if (lost.size > 0 && uses(node).some((name) => lost.has(name))) return [];
    // `findUnsupported` tells of it.
    if (!functionOf(this.model, node) && !isSupported(node, ctx.opsets.get(node.domain))) return [];
    try {
      this.node(node, ctx);
      return undefined;
    } catch (error) {
      if (error instanceof Diagnosed) return error.diagnostics;
      throw error;
    }
  }

  private node(node: OnnxNode, ctx: Context): void {
    const name = ctx.path + (node.name || `${node.opType} → ${node.outputs.find((o) => o !== "") ?? ""}`);
    const inputs = node.inputs.map((i) =>
      i === "" ? undefined : (ctx.scope.find(i) ?? fail("E0153", { value: i }, name)),
    );
    const attributes = resolveRefs(node.attributes, ctx.callAttributes);
    const local = functionOf(this.model, node);
    const results = local
      ? this.call(local, node, inputs, attributes, ctx, name)
      : this.operator(node, inputs, attributes, ctx, name);
    node.outputs.forEach((output, i) => {
      const value = results[i];
      if (output !== "" && value) ctx.scope.define(output, value, name);
      else if (output !== "")
        fail("E0159", { op: node.opType, what: "outputs", found: node.outputs.length, expected: results.length }, name);
    });
  }

  private operator(
    node: OnnxNode,
    inputs: readonly (Value | undefined)[],
    attributes: readonly OnnxAttribute[],
    ctx: Context,
    name: string,
  ): readonly (Value | undefined)[] {
    const def = operatorFor(node.domain, node.opType) as AnyOpDef;
    const opset = ctx.opsets.get(node.domain) as number;
    const version = resolveVersion(def, opset) as number;
    ctx.builder.origins = [name];
    let adapted: ImportNode = {
      inputs,
      attributes: withoutObsolete(attributes, opset),
      outputCount: node.outputs.length,
    };
    const onnx = def.onnx;
    if (onnx?.adapt && (version !== onnx.since.at(-1) || onnx.adaptsNewest)) {
      const result = onnx.adapt(adapted, version, ctx.builder);
      if (!("attributes" in result)) return result;
      adapted = result;
    }
    this.checkArity(def, node, adapted, name);
    const { attrs, graphs } = importAttrs(def, adapted.attributes, opset, name);
    const chosen = def.regions?.chosen?.(named(def.inputs, adapted.inputs));
    const branch = chosen === undefined ? undefined : graphs.get(chosen);
    // Imported in place, since the other branch may have results of another rank, or make no sense at all.
    if (branch) return this.body(branch, { ...ctx, scope: new Scope(ctx.scope), path: `${name}/` });
    const region = this.regions(def, adapted, attrs, graphs, ctx, name);
    const wanted = node.outputs.map((o) => o !== "");
    const op = ctx.builder.emitOp(def, adapted.inputs, region.attrs, wanted, region.regions, node.outputs);
    return this.known(op, ctx.builder);
  }

  /**
   * Small results that are known already become constants here: ranks and branches further on may depend on them, and a
   * type that is not known now would be an error.
   */
  private known(op: Op, builder: Builder): readonly (Value | undefined)[] {
    const constant = op.outputs.map((v) => v && knownTensor(v));
    if (constant.some((t) => t))
      return op.outputs.map((v, i) => (v && constant[i] ? builder.constant(constant[i], v.name) : v));
    const small = op.outputs.every(
      (v) =>
        !v ||
        (v.type.kind === "tensor" && v.type.shape?.every(isStatic) && sizeOf(v.type.shape as number[]) <= maxKnown),
    );
    const inputs = op.inputs.every((v) => !v?.literal || sizeOf(v.literal.shape) <= maxKnown);
    if (!small || !inputs || !isConstant(op)) return op.outputs;
    const results = evaluateConstant(op);
    return results
      ? op.outputs.map((v, i) => (v ? builder.constant(results[i] as Tensor, v.name) : undefined))
      : op.outputs;
  }

  private checkArity(def: AnyOpDef, node: OnnxNode, adapted: ImportNode, name: string): void {
    const arities = Object.entries(def.inputs as Record<string, string>);
    arities.forEach(([input, arity], i) => {
      if (arity === "required" && !adapted.inputs[i]) fail("E0158", { op: node.opType, what: `input ${input}` }, name);
    });
    const variadic = arities.at(-1)?.[1] === "variadic";
    if (!variadic && adapted.inputs.length > arities.length)
      fail("E0159", { op: node.opType, what: "inputs", found: adapted.inputs.length, expected: arities.length }, name);
    const outputs = Object.values(def.outputs as Record<string, string>);
    if (outputs.at(-1) !== "variadic" && node.outputs.length > outputs.length)
      fail("E0159", { op: node.opType, what: "outputs", found: node.outputs.length, expected: outputs.length }, name);
  }

  private regions(
    def: AnyOpDef,
    node: ImportNode,
    attrs: Record<string, unknown>,
    graphs: ReadonlyMap<string, OnnxGraph>,
    ctx: Context,
    name: string,
  ): { regions: readonly Func[]; attrs: Record<string, unknown> } {
    if (!def.regions) return { regions: [], attrs };
    const region: RegionContext = {
      graph: (attribute, args) =>
        this.subgraph(
          graphs.get(attribute) ?? fail("E0158", { op: def.name, what: `the graph ${attribute}` }, name),
          args,
          ctx,
          name,
        ),
      has: (attribute) => graphs.has(attribute),
      attempt: (attribute, args) => {
        try {
          return region.graph(attribute, args);
        } catch (error) {
          const refused = error instanceof Diagnosed && error.diagnostics.every((d) => d.code.startsWith("E02"));
          if (refused) return { refused: error.diagnostics[0]?.message ?? "", error };
          throw error;
        }
      },
      refusal: (message) => {
        const builder = new Builder(this.names, [name]);
        builder.emitAll(refuse, {}, { message }, []);
        return { name: "refusal", inputs: [], ops: builder.ops, outputs: [] };
      },
      fresh: () => ctx.builder.symbol(),
      fail: (code, params) => fail(code, { ...params, op: def.onnx?.type ?? def.name }, name),
    };
    const built = def.regions.build(named(def.inputs, node.inputs), attrs, region);
    // Importing the region has set the builder's origins of the inner nodes.
    ctx.builder.origins = [name];
    return { regions: built.regions, attrs: { ...attrs, ...built.attrs } };
  }

  private subgraph(graph: OnnxGraph, args: readonly Type[], ctx: Context, name: string): Func {
    const scope = new Scope(ctx.scope);
    const builder = new Builder(this.names, [name]);
    if (graph.inputs.length !== args.length)
      fail(
        "E0201",
        { op: graph.name, what: "inputs of the subgraph", expected: args.length, found: graph.inputs.length },
        name,
      );
    const inputs = graph.inputs.map((info, i) => {
      const value = builder.value(info.name, args[i] as Type);
      scope.define(info.name, value, name);
      return value;
    });
    const outputs = this.body(graph, { ...ctx, scope, builder, path: name === "" ? "" : `${name}/` });
    return { name: identifier(graph.name || "body"), inputs, ops: builder.ops, outputs };
  }

  private call(
    f: OnnxFunction,
    node: OnnxNode,
    inputs: readonly (Value | undefined)[],
    attributes: readonly OnnxAttribute[],
    ctx: Context,
    name: string,
  ): readonly (Value | undefined)[] {
    if (ctx.depth >= maxFunctionDepth) fail("E0162", { cycle: `${f.domain}.${f.name}` }, name);
    const scope = new Scope(undefined);
    f.inputs.forEach((input, i) => {
      const value = inputs[i];
      if (value) scope.define(input, value, name);
    });
    const callAttributes = new Map<string, OnnxAttribute>();
    for (const a of [...f.attributeDefaults, ...attributes]) callAttributes.set(a.name, a);
    const absent = new Set(f.inputs.filter((_, i) => !inputs[i]));
    const nodes = f.nodes.map((n) => ({ ...n, inputs: n.inputs.map((i) => (absent.has(i) ? "" : i)) }));
    this.nodes(nodes, {
      scope,
      builder: ctx.builder,
      opsets: new Map([...ctx.opsets, ...f.opsets]),
      callAttributes,
      path: `${name}/`,
      depth: ctx.depth + 1,
    });
    return node.outputs.map((_, i) => scope.find(f.outputs[i] ?? ""));
  }

  /** Declared element types must agree with the inferred ones; declared shapes are hints whose contradiction is a warning. */
  private checkDeclared(infos: readonly OnnxValueInfo[], scope: Scope): void {
    const wrong = new Map<string, Diagnostic>();
    for (const { name, type } of infos) {
      const value = scope.find(name);
      const found = value && type && contradiction(type, value.type);
      if (!found) continue;
      const params = { value: name, declared: found.declared, inferred: typeText(value.type) };
      if (found.kind === "dtype") wrong.set(name, diagnostic("E0160", params));
      else this.warnings.push(diagnostic("W0501", params, "", this.source));
    }
    if (wrong.size > 0) throw new Diagnosed(...wrong.values());
  }
}

/** Results of the graph's nodes that `expose` selects, in the file's order, without outputs and constants. */
function exposedValues(graph: OnnxGraph, scope: Scope, expose: Expose): (readonly [string, Value])[] {
  const outputs = new Set(graph.outputs.map((o) => o.name));
  return graph.nodes
    .flatMap((n) => n.outputs)
    .flatMap((name) => {
      const value = name === "" || outputs.has(name) ? undefined : scope.find(name);
      return value && value.literal === undefined && expose(name, value.type) ? [[name, value] as const] : [];
    });
}

/** Dimension names that are whole formulas become `dim`. */
const symbolName = (name: string): string =>
  /^[A-Za-z_][A-Za-z0-9_]{0,31}$/.test(name) && !/^u\d*$/.test(name)
    ? name
    : /^[\w.:/-]{1,32}$/.test(name)
      ? `d_${identifier(name)}`
      : "dim";

/** `@ref` attributes replaced by those of the function's call; absent ones are dropped. */
function resolveRefs(
  attributes: readonly OnnxAttribute[],
  call: ReadonlyMap<string, OnnxAttribute> | undefined,
): readonly OnnxAttribute[] {
  if (!call) return attributes.filter((a) => a.kind !== "ref");
  return attributes.flatMap((a) => {
    if (a.kind === "graph") return [{ ...a, value: resolveGraphRefs(a.value, call) }];
    if (a.kind !== "ref") return [a];
    const given = call.get(a.refName);
    return given ? [{ ...given, name: a.name } as OnnxAttribute] : [];
  });
}

function resolveGraphRefs(graph: OnnxGraph, call: ReadonlyMap<string, OnnxAttribute>): OnnxGraph {
  return { ...graph, nodes: graph.nodes.map((n) => ({ ...n, attributes: resolveRefs(n.attributes, call) })) };
}
