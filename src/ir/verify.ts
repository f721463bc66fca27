/**
 * The verifier: shape inference run again. It runs after every pass and checks that
 * 1. every value is defined once, before its uses (SSA), regions seeing what is around them;
 * 2. every result has the type and contents that the operator's `infer` gives for its inputs;
 * 3. every operation names the ONNX nodes that it comes from;
 * 4. inputs and outputs are as many as the operator declares.
 */
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import { inferredType, inferTypes } from "./builder.ts";
import { symbol } from "./dim.ts";
import type { Func, Op, Value } from "./graph.ts";
import { sameType, typeText } from "./types.ts";

/** Throws E0301, which names `pass`, if `f` is not well-formed. */
export function verify(f: Func, pass: string): void {
  verifyFunc(f, new Set(), pass);
}

function broken(pass: string, what: string, op?: Op): never {
  throw new Diagnosed(diagnostic("E0301", { pass, what }, op?.origins.join(" + ") ?? ""));
}

function verifyFunc(f: Func, outer: ReadonlySet<Value>, pass: string): void {
  const defined = new Set(outer);
  const define = (v: Value, op?: Op): void => {
    if (defined.has(v)) broken(pass, `%${v.name} is defined twice`, op);
    defined.add(v);
  };
  for (const v of f.inputs) define(v);
  for (const op of f.ops) {
    for (const v of op.inputs)
      if (v && !v.literal && !defined.has(v))
        broken(pass, `%${v.name} is used by ${op.def.name} before its definition`, op);
    for (const region of op.regions) verifyFunc(region, defined, pass);
    verifyTypes(op, pass);
    if (op.origins.length === 0) broken(pass, `${op.def.name} has no origin`, op);
    for (const v of op.outputs) if (v) define(v, op);
  }
  for (const v of f.outputs) if (!v.literal && !defined.has(v)) broken(pass, `result %${v.name} has no definition`);
}

function verifyTypes(op: Op, pass: string): void {
  let next = 0;
  const types = inferTypes(
    op.def,
    op.inputs,
    op.attrs,
    op.regions,
    op.outputs.map((o) => o !== undefined),
    op.origins,
    () => symbol(op.fresh[next++] ?? broken(pass, `${op.def.name} mints more sizes than it has`, op)),
  );
  op.outputs.forEach((out, i) => {
    if (!out) return;
    const inferred = types[i] ?? broken(pass, `${op.def.name} has no output ${i}`, op);
    const type = inferredType(inferred);
    if (!sameType(out.type, type))
      broken(pass, `%${out.name} is ${typeText(out.type)} but ${op.def.name} infers ${typeText(type)}`, op);
  });
}
