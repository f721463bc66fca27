/** What kernels do on the way to memory — bias, residual, activation — as an argument. Not an operator. */
import { type Activation, activationFields } from "../ir/activation.ts";
import type { Value } from "../ir/graph.ts";
import { type Arg, bool, float, option, read, struct } from "../ir/plan.ts";

/** The runtime's enum variant. */
export function activationArg(a: Activation): Arg {
  const fields = activationFields(a);
  const path = `activation::Activation::${a.name}`;
  if (fields === "tuple")
    return {
      kind: "rust",
      text: `rt::${path}(${a.parameters.map((p) => (float(p) as { text: string }).text).join(", ")})`,
    };
  return struct(
    path,
    fields.map((name, i) => [name, float(a.parameters[i] as number)] as const),
  );
}

export interface EpilogueAttrs {
  readonly activation: Activation;
  readonly residual_last: boolean;
}

/** `&rt::epilogue(bias, residual, residual_last, activation)`. */
export function epilogueArg(bias: Value | undefined, residual: Value | undefined, attrs: EpilogueAttrs): Arg {
  return {
    kind: "call",
    name: "&epilogue",
    args: [
      option(bias && read(bias)),
      option(residual && read(residual)),
      bool(attrs.residual_last),
      activationArg(attrs.activation),
    ],
  };
}
