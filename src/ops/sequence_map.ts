/**
 * A graph applied to every element of a sequence; further sequences are walked along with it, tensors are the same for every
 * element. Results are gathered in sequences.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__SequenceMap.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, symbolName } from "../ir/dim.ts";
import type { Func, Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { type Arg, dims, grow, int, type Lowering, read, shape, write } from "../ir/plan.ts";
import { isTensor, type RuntimeValue } from "../ir/tensor.ts";
import { asElement, fromElement, sequenceType, type Type, typeText } from "../ir/types.ts";
import { elementsOf, sequenceOf } from "./sequences.ts";

export const sequenceMap = defineOp({
  name: "sequence_map",
  summary: "A graph applied to every element of a sequence.",
  onnx: { type: "SequenceMap", since: [17] },
  inputs: { input_sequence: "required", additional_inputs: "variadic" },
  outputs: { out_sequence: "variadic" },
  attrs: {
    /** Extents of the elements that each iteration sets. */
    varying: attr.internal<readonly string[]>([]),
  },
  regions: {
    names: ["body"],
    build({ input_sequence, additional_inputs }, _, ctx) {
      const varying: string[] = [];
      const fresh = (): Dim => {
        const d = ctx.fresh();
        varying.push(symbolName(d) as string);
        return d;
      };
      const inputs = [input_sequence, ...(additional_inputs as readonly Value[])];
      const args = inputs.map((v) => (v.type.kind === "sequence" ? fromElement(v.type.element, fresh) : v.type));
      return { regions: [ctx.graph("body", args)], attrs: { varying } };
    },
  },

  infer({ input_sequence }, _, ctx) {
    if (input_sequence.type.kind !== "sequence")
      ctx.fail("E0201", { what: "input_sequence", expected: "a sequence", found: typeText(input_sequence.type) });
    const [body] = ctx.regions as [Func];
    return body.outputs.map((v): Type => sequenceType(asElement(v.type)));
  },

  evaluateValues({ input_sequence, additional_inputs }, _, ctx) {
    const [body] = ctx.regions as [Func];
    const inputs = [input_sequence, ...(additional_inputs as readonly RuntimeValue[])];
    const results = elementsOf(input_sequence).map((_, i) =>
      ctx.run(
        body,
        inputs.map((v) => (isTensor(v) ? v : (elementsOf(v)[i] as RuntimeValue))),
      ),
    );
    return body.outputs.map((_, n) => sequenceOf(results.map((r) => r[n] as RuntimeValue)));
  },

  lower({ input_sequence, additional_inputs }, { varying }, l) {
    const [body] = l.op.regions as [Func];
    const [length, counter] = [l.temporary("i64", []), l.temporary("i64", [])];
    l.call("ops::sequence_length", [read(input_sequence), write(length)]);
    for (const y of l.outputs) if (y) l.call("ops::clear", [grow(y)]);
    const inputs = [input_sequence, ...(additional_inputs as readonly Value[])];
    const steps = l.within(() => {
      inputs.forEach((from, i) => {
        const to = body.inputs[i] as Value;
        if (from.type.kind === "sequence") takeElement(l, from, counter, to, varying);
        else l.view(from, to);
      });
      for (const step of l.region(body)) l.step(step);
      body.outputs.forEach((v, i) => {
        const y = l.outputs[i];
        if (y) l.call("ops::sequence_push", [read(v), shape(v), grow(y)]);
      });
    });
    l.step({
      kind: "loop",
      op: l.op,
      limit: { value: length },
      condition: undefined,
      counter,
      body: steps,
      count: undefined,
    });
  },
});

/** `to` becomes the element at hand; extents that differ from element to element are set first. */
function takeElement(l: Lowering, from: Value, position: Value, to: Value, varying: readonly string[]): void {
  const element: readonly Arg[] = [read(from), read(position)];
  const extents = to.type.kind === "tensor" ? to.type.shape : undefined;
  if (!extents) return l.call("ops::sequence_at_tensor", [...element, grow(to)], { fallible: true });
  const open = extents.flatMap((d, axis) =>
    varying.includes(symbolName(d) ?? "") ? [{ axis, name: symbolName(d) as string }] : [],
  );
  if (open.length > 0)
    l.step({
      kind: "call",
      op: l.op,
      kernel: "ops::sequence_at_extents",
      generics: [],
      args: [...element, int(extents.length), dims(open.map((o) => o.axis))],
      fallible: true,
      binds: open.map((o) => o.name),
    });
  l.call("ops::sequence_at", [...element, shape(to), write(to)], { fallible: true });
}
