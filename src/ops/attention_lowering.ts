/** Arguments of the attention kernels. */
import { add, ceilDiv, type Dim, mul } from "../ir/dim.ts";
import { type DType, isInteger } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import {
  type Arg,
  bool,
  dim,
  float,
  type Lowering,
  option,
  read,
  reference,
  rust,
  shape,
  struct,
  write,
} from "../ir/plan.ts";
import type { AttentionAttrs, Geometry } from "./attention_shape.ts";

/** `Attention { … }`; `kvPacked` where keys and values are read as `[batch, length, heads · size]`. */
export function attentionStruct(g: Geometry<Dim>, attrs: AttentionAttrs, kvPacked: boolean): Arg {
  const window = (n: number): Arg => option(n < 0 ? undefined : dim(n));
  return reference(
    struct("ops::Attention", [
      ["batch", dim(g.batch)],
      ["q_heads", dim(g.qHeads)],
      ["kv_heads", dim(g.kvHeads)],
      ["queries", dim(g.queries)],
      ["keys", dim(g.keys)],
      ["past", dim(g.past)],
      ["head", dim(g.head)],
      ["v_head", dim(g.vHead)],
      ["q_packed", bool(g.packed)],
      ["kv_packed", bool(kvPacked)],
      ["scale", option(attrs.scale === undefined ? undefined : float(attrs.scale))],
      ["softcap", float(Math.max(0, attrs.softcap))],
      ["causal", bool(attrs.is_causal)],
      ["left", window(attrs.left_window_size)],
      ["right", window(attrs.right_window_size)],
    ]),
  );
}

/** What is added to the scores; masks of other number types are converted to that of the queries. */
export function maskArg(mask: Value | undefined, dtype: DType, l: Lowering): Arg {
  if (!mask) return struct("ops::AttentionMask::None");
  const found = tensorOf(mask).dtype;
  const variant = found === "bool" ? "Keep" : "Add";
  const values = found === "bool" || found === dtype ? mask : converted(mask, dtype, l);
  return struct(`ops::AttentionMask::${variant}`, [
    ["values", read(values)],
    ["shape", shape(mask)],
  ]);
}

const wideText = (d: DType): string => (isInteger(d) || d === "f64" ? d : "f32");

function converted(mask: Value, dtype: DType, l: Lowering): Value {
  const result = l.temporary(dtype, shapeOf(mask));
  const [from, to] = [wideText(tensorOf(mask).dtype), wideText(dtype)];
  l.call("ops::unary", [rust(`|x: ${from}| x as ${to}`), read(mask), write(result)]);
  return result;
}

/** Values of temporary memory that `ops::attention_f32` and `ops::attention` want. */
export function attentionScratch(g: Geometry<Dim>, dtype: DType): Dim {
  if (dtype !== "f32") return add(g.keys, g.vHead);
  const rows = mul(32, add(add(g.head, g.vHead), 2));
  return add(add(rows, 33 * 128), mul(g.head, mul(128, ceilDiv(g.keys, 128))));
}
