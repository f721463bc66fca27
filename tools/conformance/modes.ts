/** The ways in which a case of the suite is compiled. */
import type { OnnxModel, OnnxType } from "../../src/frontend/onnx_model.ts";
import { literalOf } from "../../src/ir/literal.ts";
import { isTensor, type RuntimeValue } from "../../src/ir/tensor.ts";

/** As it is, with all dims of all inputs unknown, or with all inputs made constants. */
export type Mode = "static" | "symbolic" | "constant";

/** The model in that mode, and the arguments that are left to give it. */
export function inMode(
  model: OnnxModel,
  mode: Mode,
  args: readonly RuntimeValue[],
): { model: OnnxModel; args: readonly RuntimeValue[] } {
  if (mode === "symbolic") return { model: withUnknownDims(model), args };
  if (mode === "constant") return withConstantInputs(model, args);
  return { model, args };
}

function withUnknownDims(model: OnnxModel): OnnxModel {
  const initial = new Set(model.graph.initializers.map((i) => i.name));
  const inputs = model.graph.inputs.map((i) =>
    i.type && !initial.has(i.name) ? { ...i, type: unknownDims(i.type) } : i,
  );
  return { ...model, graph: { ...model.graph, inputs, valueInfo: [] } };
}

function unknownDims(type: OnnxType): OnnxType {
  if (type.kind !== "tensor") return type;
  return { ...type, shape: type.shape?.map(() => undefined) };
}

function withConstantInputs(
  model: OnnxModel,
  args: readonly RuntimeValue[],
): { model: OnnxModel; args: readonly RuntimeValue[] } {
  const initial = new Set(model.graph.initializers.map((i) => i.name));
  const given = model.graph.inputs.filter((i) => !initial.has(i.name));
  const constant = given.flatMap((input, i) => {
    const value = args[i];
    return isTensor(value) ? [{ name: input.name, literal: literalOf(value) }] : [];
  });
  const names = new Set(constant.map((c) => c.name));
  return {
    model: {
      ...model,
      graph: {
        ...model.graph,
        inputs: model.graph.inputs.filter((i) => !names.has(i.name)),
        initializers: [...model.graph.initializers, ...constant],
      },
    },
    args: args.filter((_, i) => !names.has(given[i]?.name ?? "")),
  };
}
