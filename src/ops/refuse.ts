/**
 * Stops the run with a message: stands for a branch that cannot work with the sizes at hand (a speech model's branch for
 * another sample rate, say). Taking it is the error, not having it. An operator of the IR's own.
 */
import { attr } from "../ir/attr.ts";
import { defineOp } from "../ir/op_def.ts";
import { str } from "../ir/plan.ts";

export const refuse = defineOp({
  name: "refuse",
  summary: "Stops the run with a message.",
  inputs: {},
  outputs: {},
  attrs: { message: attr.internal("") },
  pure: false,
  infer: () => [],
  evaluate(_, { message }) {
    throw new RangeError(message);
  },
  lower(_, { message }, l) {
    l.call("ops::refuse", [str(message)], { fallible: true });
  },
});
