/**
 * Whether all of each string matches a regular expression in RE2's syntax.
 *
 * The expression becomes a program while compiling; the kernel follows all its threads at once, so that time is proportional
 * to the text, with no library behind it.
 * Source: https://onnx.ai/onnx/operators/onnx__RegexFullMatch.html
 */
import { attr, required } from "../ir/attr.ts";
import { defineOp } from "../ir/op_def.ts";
import { type Arg, read, reference, scratch, struct, write } from "../ir/plan.ts";
import { strings, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { dataTable } from "./data_table.ts";
import { compileRegex, matchesFully, type RegexProgram } from "./regex_program.ts";
import { parseRegex, RegexError } from "./regex_syntax.ts";
import { tensorIn } from "./shape_rules.ts";

export const regexFullMatch = defineOp({
  name: "regex_full_match",
  summary: "Whether strings match a regular expression.",
  onnx: { type: "RegexFullMatch", since: [20] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { pattern: attr.string(required) },

  infer({ x }, { pattern }, ctx) {
    const { dtype, shape } = tensorIn(x, "X", ctx);
    if (dtype !== "string") ctx.fail("E0203", { what: "X", found: dtype, expected: "string" });
    try {
      compileRegex(parseRegex(pattern));
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      ctx.fail("E0202", { name: "pattern", value: pattern, expected: `an expression without ${error.message}` });
    }
    return [tensorType("bool", shape)];
  },

  evaluate({ x }, { pattern }) {
    const program = compileRegex(parseRegex(pattern));
    return [
      tensor(
        "bool",
        x.shape,
        strings(x).map((text) => (matchesFully(program, text) ? 1 : 0)),
      ),
    ];
  },

  lower({ x }, { pattern }, l) {
    const program = compileRegex(parseRegex(pattern));
    const memory = scratch("u32", 5 * program.code.length);
    l.call("ops::regex_full_match", [read(x), programArg(program), write(l.output(0)), memory]);
  },
});

function programArg(program: RegexProgram): Arg {
  const numbers = (key: string, list: readonly number[]): Arg =>
    dataTable(key, "u32", list.length, () => Uint32Array.from(list));
  return reference(
    struct("ops::RegexProgram", [
      ["code", numbers("expression: instructions", program.code.flat())],
      ["ranges", numbers("expression: characters", program.ranges.flat())],
    ]),
  );
}
