/**
 * Splits each string at a delimiter, or, if that is empty, at runs of white space, those at the ends being dropped. After
 * `maxsplit` splits the rest is the last piece. Rows are filled up with empty strings to the longest; the second result
 * counts the pieces.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__StringSplit.html
 */
import { attr, optional } from "../ir/attr.ts";
import { symbol } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, option, read, str, write } from "../ir/plan.ts";
import { strings, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { shapeIn, tensorIn } from "./shape_rules.ts";

export const stringSplit = defineOp({
  name: "string_split",
  summary: "Splits strings at a delimiter or at white space.",
  onnx: { type: "StringSplit", since: [20] },
  inputs: { x: "required" },
  outputs: { y: "required", z: "required" },
  attrs: { delimiter: attr.string(""), maxsplit: attr.int(optional) },

  infer({ x }, _attrs, ctx) {
    const { dtype } = tensorIn(x, "X", ctx);
    if (dtype !== "string") ctx.fail("E0203", { what: "X", found: dtype, expected: "string" });
    const extents = shapeIn(x, "X", ctx);
    return [tensorType("string", [...extents, ctx.fresh()]), tensorType("i64", extents)];
  },

  evaluate({ x }, { delimiter, maxsplit }) {
    const rows = strings(x).map((text) => pieces(text, delimiter, limitOf(maxsplit)));
    const width = Math.max(0, ...rows.map((r) => r.length));
    const filled = rows.flatMap((r) => [...r, ...new Array<string>(width - r.length).fill("")]);
    return [
      tensor("string", [...x.shape, width], filled),
      tensor(
        "i64",
        x.shape,
        rows.map((r) => r.length),
      ),
    ];
  },

  lower({ x }, { delimiter, maxsplit }, l) {
    const limit = limitOf(maxsplit);
    const how = [read(x), str(delimiter), option(Number.isFinite(limit) ? dim(limit) : undefined)];
    l.call("ops::string_split_extents", how, { binds: true });
    const [y, counts] = l.outputs;
    const width = symbol(l.op.fresh[0] as string);
    const rows = y ?? l.temporary("string", [...shapeOf(x), width]);
    l.call("ops::string_split", [...how, write(rows), option(counts && write(counts))]);
  },
});

/** Negative means no limit, as if it were not given. */
const limitOf = (maxsplit: number | undefined): number =>
  maxsplit === undefined || maxsplit < 0 ? Number.POSITIVE_INFINITY : maxsplit;

function pieces(text: string, delimiter: string, limit: number): string[] {
  const list: string[] = [];
  if (delimiter !== "") {
    let rest = text;
    for (let at = rest.indexOf(delimiter); at >= 0 && list.length < limit; at = rest.indexOf(delimiter)) {
      list.push(rest.slice(0, at));
      rest = rest.slice(at + delimiter.length);
    }
    return [...list, rest];
  }
  // White space as Unicode has it, and the kernel; JavaScript's \s is a little different.
  const spaces = /\p{White_Space}+/u;
  let rest = text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
  for (let space = spaces.exec(rest); space && list.length < limit; space = spaces.exec(rest)) {
    list.push(rest.slice(0, space.index));
    rest = rest.slice(space.index + space[0].length);
  }
  return rest === "" ? list : [...list, rest];
}
