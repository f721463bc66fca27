/**
 * Leaves stop words out of `[n]` or `[1, n]` strings and changes the letters of the rest. Where none is left, an empty string
 * stands for them.
 *
 * Unless `is_case_sensitive`, words are compared in the case that `case_change_action` asks for, or in lower case. Letters
 * change as Unicode says; locales with rules of their own (Turkish, Azerbaijani, Lithuanian) are refused.
 * Source: https://onnx.ai/onnx/operators/onnx__StringNormalizer.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import { defineOp } from "../ir/op_def.ts";
import { type Arg, list, read, reference, shape, str, struct, write } from "../ir/plan.ts";
import { strings, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { shapeIn, tensorIn } from "./shape_rules.ts";
import { sortedByBytes } from "./string_table.ts";

const actions = ["NONE", "LOWER", "UPPER"] as const;
type Action = (typeof actions)[number];

const applyCase = (action: Action, text: string): string =>
  action === "LOWER" ? text.toLowerCase() : action === "UPPER" ? text.toUpperCase() : text;

/** The case in which words are compared. */
const foldOf = (caseSensitive: boolean, action: Action): Action =>
  caseSensitive ? "NONE" : action === "NONE" ? "LOWER" : action;

const caseArg = (action: Action): Arg =>
  struct(`ops::LetterCase::${{ NONE: "Keep", LOWER: "Lower", UPPER: "Upper" }[action]}`);

export const stringNormalizer = defineOp({
  name: "string_normalizer",
  summary: "Leaves out stop words and changes letter case.",
  onnx: { type: "StringNormalizer", since: [10] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {
    case_change_action: attr.oneOf(actions, "NONE"),
    is_case_sensitive: attr.bool(false),
    locale: attr.string("en_US"),
    stopwords: attr.strings([]),
  },

  infer({ x }, { locale }, ctx) {
    const { dtype } = tensorIn(x, "X", ctx);
    if (dtype !== "string") ctx.fail("E0203", { what: "X", found: dtype, expected: "string" });
    if (/^(tr|az|lt)([_.-]|$)/i.test(locale))
      ctx.fail("E0202", { name: "locale", value: locale, expected: "a locale without letter case rules of its own" });
    const extents = shapeIn(x, "X", ctx);
    const lead = extents[0] as Dim;
    if (extents.length < 1 || extents.length > 2 || (extents.length === 2 && isStatic(lead) && lead !== 1))
      ctx.fail("E0201", { what: "shape of X", expected: "[n] or [1, n]", found: `[${extents.length} axes]` });
    return [tensorType("string", [...(extents.length === 2 ? [1] : []), ctx.fresh()])];
  },

  evaluate({ x }, { case_change_action, is_case_sensitive, stopwords }) {
    if (x.shape.length === 2 && x.shape[0] !== 1) throw new RangeError("strings to normalise must be [n] or [1, n]");
    const fold = foldOf(is_case_sensitive, case_change_action);
    const stop = new Set(stopwords.map((w) => applyCase(fold, w)));
    const kept = strings(x).filter((text) => !stop.has(applyCase(fold, text)));
    const result = kept.length === 0 ? [""] : kept.map((text) => applyCase(case_change_action, text));
    return [tensor("string", [...x.shape.slice(0, -1), result.length], result)];
  },

  lower({ x }, { case_change_action, is_case_sensitive, stopwords }, l) {
    const fold = foldOf(is_case_sensitive, case_change_action);
    const words = sortedByBytes(new Set(stopwords.map((w) => applyCase(fold, w))));
    const stop = reference(
      struct("ops::StopWords", [
        ["words", list(words.map(str))],
        ["fold", caseArg(fold)],
      ]),
    );
    l.call("ops::string_normalizer_extents", [read(x), shape(x), stop], { fallible: true, binds: true });
    l.call("ops::string_normalizer", [read(x), stop, caseArg(case_change_action), write(l.output(0))]);
  },
});
