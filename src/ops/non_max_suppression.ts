/**
 * Boxes by descending score, leaving out those that overlap one already selected (intersection over union greater than
 * `iou_threshold`), per batch and class. Only boxes with a score greater than `score_threshold` are candidates, and at most
 * `max_output_boxes_per_class` (0 where absent) are selected. Equal scores keep the order of the boxes; boxes without area
 * overlap nothing. The result lists `[batch, class, box]`.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__NonMaxSuppression.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic, mul, product } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dims, grow, read, readOption, scratch, struct } from "../ir/plan.ts";
import { numbers, type Tensor, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { expectExtents } from "./operands.ts";
import { oneElement } from "./requantize.ts";
import { agree, dtypeIn, ranked } from "./shape_rules.ts";

export const nonMaxSuppression = defineOp({
  name: "non_max_suppression",
  summary: "Boxes that overlap little, best first.",
  onnx: { type: "NonMaxSuppression", since: [10, 11] },
  inputs: {
    boxes: "required",
    scores: "required",
    max_output_boxes_per_class: "optional",
    iou_threshold: "optional",
    score_threshold: "optional",
  },
  outputs: { selected_indices: "required" },
  attrs: { center_point_box: attr.bool(false) },
  error: "overlaps are computed in f32",

  infer({ boxes, scores, max_output_boxes_per_class, iou_threshold, score_threshold }, _, ctx) {
    for (const v of [boxes, scores]) dtypeIn(v, ["f32"], "an operand", ctx);
    if (max_output_boxes_per_class) dtypeIn(max_output_boxes_per_class, ["i64"], "max_output_boxes_per_class", ctx);
    for (const v of [iou_threshold, score_threshold]) if (v) dtypeIn(v, ["f32"], "a threshold", ctx);
    for (const v of [max_output_boxes_per_class, iou_threshold, score_threshold])
      if (v && !isEmpty(v)) oneElement(v, "a limit", ctx);
    const [batches, count, corners] = ranked(boxes, 3, "boxes", ctx) as [Dim, Dim, Dim];
    const [otherBatches, classes, otherCount] = ranked(scores, 3, "scores", ctx) as [Dim, Dim, Dim];
    agree(4, corners, "axis 2 of boxes", ctx);
    agree(batches, otherBatches, "batches of scores", ctx);
    agree(count, otherCount, "boxes of scores", ctx);
    return [tensorType("i64", [ctx.fresh(most(batches, classes, count, max_output_boxes_per_class)), 3])];
  },

  evaluate({ boxes, scores, max_output_boxes_per_class, iou_threshold, score_threshold }, { center_point_box }) {
    const one = (t: Tensor | undefined): number | undefined => t && numbers(t)[0];
    const limit = one(max_output_boxes_per_class) ?? 0;
    const least = one(score_threshold) ?? Number.NEGATIVE_INFINITY;
    const threshold = one(iou_threshold) ?? 0;
    const [batches, classes, count] = scores.shape as readonly [number, number, number];
    const selected: number[] = [];
    for (let batch = 0; batch < batches; batch++)
      for (let c = 0; c < classes; c++) {
        const score = (i: number): number => scores.data[(batch * classes + c) * count + i] as number;
        const box = (i: number): Span =>
          spanOf(
            Array.from(boxes.data.slice((batch * count + i) * 4, (batch * count + i + 1) * 4) as ArrayLike<number>),
            center_point_box,
          );
        const candidates = Array.from({ length: count }, (_, i) => i).filter(
          (i) => score_threshold === undefined || score(i) > least,
        );
        candidates.sort((p, q) => score(q) - score(p) || p - q);
        const kept: number[] = [];
        for (const i of candidates) {
          if (kept.length >= limit) break;
          if (!kept.some((k) => overlap(box(i), box(k)) > threshold)) kept.push(i);
        }
        selected.push(...kept.flatMap((i) => [batch, c, i]));
      }
    return [tensor("i64", [selected.length / 3, 3], selected)];
  },

  lower({ boxes, scores, max_output_boxes_per_class, iou_threshold, score_threshold }, { center_point_box }, l) {
    const [batches, classes, count] = shapeOf(scores) as [Dim, Dim, Dim];
    expectExtents(l, shapeOf(boxes), [batches, count, 4]);
    l.call(
      "ops::non_max_suppression",
      [
        read(boxes),
        read(scores),
        dims([batches, classes, count]),
        struct("ops::Suppression", [
          ["centre", bool(center_point_box)],
          ["limit", readOption(max_output_boxes_per_class)],
          ["overlap", readOption(iou_threshold)],
          ["score", readOption(score_threshold)],
        ]),
        scratch("i64", count),
        grow(l.output(0)),
      ],
      { binds: true },
    );
  },
});

const isEmpty = (v: Value): boolean => v.type.kind === "tensor" && v.type.shape?.length === 1 && v.type.shape[0] === 0;

/** A bound of the number of selected boxes. */
function most(batches: Dim, classes: Dim, count: Dim, limit: Value | undefined): Dim {
  const [known] = limit?.contents ?? [];
  const perClass = typeof known === "number" && isStatic(count) ? Math.min(Math.max(known, 0), count) : count;
  return mul(product([batches, classes]), perClass);
}

interface Span {
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
}

function spanOf(corners: readonly number[], centre: boolean): Span {
  const [a, b, c, d] = corners as [number, number, number, number];
  if (centre) return { low: [a - c / 2, b - d / 2], high: [a + c / 2, b + d / 2] };
  return { low: [Math.min(a, c), Math.min(b, d)], high: [Math.max(a, c), Math.max(b, d)] };
}

const area = ({ low, high }: Span): number => (high[0] - low[0]) * (high[1] - low[1]);

/** Intersection over union; 0 for boxes that do not meet or have no area. */
function overlap(p: Span, q: Span): number {
  const side = (i: 0 | 1): number => Math.min(p.high[i], q.high[i]) - Math.max(p.low[i], q.low[i]);
  if (side(0) <= 0 || side(1) <= 0 || area(p) <= 0 || area(q) <= 0) return 0;
  const common = side(0) * side(1);
  const union = area(p) + area(q) - common;
  return union > 0 ? common / union : 0;
}
