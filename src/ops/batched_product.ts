/**
 * `y = alpha · a' · b'`, batched, of f32 values that are read and written in other orders of axes: `a'` is `a` with its axes
 * in the order `order_a`, `b'` likewise, and `y` has the product's axes in the order `order_y`. An operator of the IR's own:
 * what MatMul becomes, so that the transposes around attention cost nothing.
 */
import { attr } from "../ir/attr.ts";
import { type Dim, mul, product } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { float, ints, pool, read, rust, shape, write } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { permuted } from "./channels_last.ts";
import { expectDepthOf, multiply, productShape } from "./matmul.ts";
import { shapeIn } from "./shape_rules.ts";

type Order = readonly number[];
export const inOrderOf = (extents: readonly Dim[], order: Order): Dim[] => order.map((axis) => extents[axis] as Dim);

export const batchedProduct = defineOp({
  name: "batched_product",
  summary: "Matrix products of values with their axes in any order.",
  inputs: { a: "required", b: "required" },
  outputs: { y: "required" },
  attrs: {
    order_a: attr.internal<Order>([]),
    order_b: attr.internal<Order>([]),
    /** The last axis stays the last. */
    order_y: attr.internal<Order>([]),
    alpha: attr.internal(1),
  },
  error: "≤ (K + 1)·ε·|alpha|·Σ|a·b|",

  infer({ a, b }, { order_a, order_b, order_y }, ctx) {
    const extents = productShape(
      inOrderOf(shapeIn(a, "a", ctx), order_a),
      inOrderOf(shapeIn(b, "b", ctx), order_b),
      ctx,
    );
    return [tensorType("f32", inOrderOf(extents, order_y))];
  },

  evaluate({ a, b }, { order_a, order_b, order_y, alpha }) {
    const y = permuted(multiply(permuted(a, order_a), permuted(b, order_b)), order_y);
    return [{ ...y, data: (y.data as Float32Array).map((x) => x * alpha) }];
  },

  lower({ a, b }, { order_a, order_b, order_y, alpha }, l) {
    expectDepthOf(l, inOrderOf(shapeOf(a), order_a), inOrderOf(shapeOf(b), order_b));
    const order = (o: Order) => ints(o, "");
    const operands = [read(a), shape(a), order(order_a), read(b), shape(b), order(order_b), float(alpha)];
    l.call("batched_product", [
      pool,
      ...operands,
      order(order_y),
      write(l.output(0)),
      shape(l.output(0)),
      rust("f.scratch"),
    ]);
  },

  macs: ({ a }, { order_a }, [y]) => mul(product(shapeOf(y as Value)), inOrderOf(shapeOf(a), order_a).at(-1) as Dim),
});
