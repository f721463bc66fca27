/** Types of ONNX's text form. */
import { dtypeFromOnnxText } from "../ir/dtype.ts";
import { fail, quote } from "./onnx_error.ts";
import type { OnnxDim, OnnxType } from "./onnx_model.ts";
import { isTypeWord } from "./onnx_text_tokens.ts";

/**
 * The type that `word` begins: `float[2, N]` has a shape, `seq(float)` arguments. Without brackets a tensor is a scalar;
 * with empty ones (`float[]`) its rank is unknown. An undefined argument is an unknown type. Throws E0124.
 */
export function makeType(
  word: string,
  shape: readonly OnnxDim[] | undefined,
  args: readonly (OnnxType | undefined)[],
): OnnxType {
  const dtype = dtypeFromOnnxText(word);
  const [first, second] = args;
  if (dtype !== undefined) {
    if (args.length > 0) return fail("E0124", `the type ${word} has no arguments`);
    return { kind: "tensor", dtype, shape: shape === undefined ? [] : shape.length === 0 ? undefined : shape };
  }
  if (!isTypeWord(word)) return fail("E0124", `${quote(word)} is not a type`);
  if (shape !== undefined) return fail("E0124", `${quote(word)} is not an element type`);
  const wanted = word === "map" ? 2 : 1;
  if (args.length !== wanted) return fail("E0124", `the type ${word} needs ${wanted} arguments, found ${args.length}`);
  switch (word) {
    case "seq":
      return { kind: "sequence", element: first };
    case "optional":
      return { kind: "optional", element: first };
    case "sparse_tensor":
      if (first?.kind !== "tensor") return fail("E0124", "a sparse_tensor needs the type of a tensor");
      return { kind: "sparse", dtype: first.dtype, shape: first.shape };
    default:
      if (first?.kind !== "tensor" || first.shape?.length !== 0)
        return fail("E0124", "the key of a map has to be an element type");
      return { kind: "map", key: first.dtype, value: second };
  }
}
