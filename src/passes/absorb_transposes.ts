/**
 * Products of two run-time matrices read and write their operands in any order of axes, so transposes around them are part of
 * the product, and so is a constant factor.
 */
import { type Op, shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { evaluateMap, type MapExpr } from "../ir/map_expr.ts";
import { batchedProduct } from "../ops/batched_product.ts";
import { map } from "../ops/map.ts";
import { matmul } from "../ops/matmul.ts";
import { orderOf, transpose } from "../ops/transpose.ts";
import type { Pass } from "./pass.ts";
import { rewriteToFixpoint, type Site } from "./rewrite.ts";

export const absorbTransposes: Pass = {
  name: "absorb-transposes",
  summary: "transposes and factors around products become part of them",
  optional: true,
  run: (program) =>
    rewriteToFixpoint(program, (site) => {
      if (site.op.def === matmul) return form(site);
      if (site.op.def === batchedProduct) return readInOrder(site);
      if (site.op.def === transpose) return writeInOrder(site);
      return site.op.def === map ? scale(site) : undefined;
    }),
};

type Order = readonly number[];
const identity = (rank: number): Order => Array.from({ length: rank }, (_, i) => i);
/** The runtime's limit of axes before the matrices. */
const maxBatchAxes = 8;

function form({ op, builder }: Site): readonly Value[] | undefined {
  const [a, b] = op.inputs as [Value, Value];
  const ranks = [a, b].map((v) => tensorOf(v).shape?.length ?? 0);
  if (tensorOf(a).dtype !== "f32" || ranks.some((r) => r < 2 || r > maxBatchAxes + 2)) return undefined;
  const rank = Math.max(...ranks);
  const [order_a, order_b] = ranks.map(identity) as [Order, Order];
  return [builder.emit(batchedProduct, { a, b }, { order_a, order_b, order_y: identity(rank) })];
}

const orderOfTranspose = (op: Op): Order =>
  orderOf(op.attrs.perm as Order | undefined, shapeOf(op.inputs[0] as Value).length);

function readInOrder(site: Site): readonly Value[] | undefined {
  const { op, builder } = site;
  for (const [at, name] of [
    [0, "order_a"],
    [1, "order_b"],
  ] as const) {
    const made = site.producer(op.inputs[at]);
    if (made?.def !== transpose) continue;
    const inner = orderOfTranspose(made);
    const inputs = op.inputs.map((v, i) => (i === at ? made.inputs[0] : v));
    site.absorb(made);
    const attrs = { ...op.attrs, [name]: (op.attrs[name] as Order).map((axis) => inner[axis] as number) };
    return [builder.emitOp(op.def, inputs, attrs, [true]).outputs[0] as Value];
  }
  return undefined;
}

function writeInOrder(site: Site): readonly Value[] | undefined {
  const [y] = site.op.inputs as [Value];
  const made = site.producer(y);
  const order = orderOfTranspose(site.op);
  if (made?.def !== batchedProduct || site.uses(y) !== 1 || order.at(-1) !== order.length - 1) return undefined;
  site.absorb(made);
  const before = made.attrs.order_y as Order;
  return [
    site.builder.emitOp(
      made.def,
      made.inputs,
      { ...made.attrs, order_y: order.map((axis) => before[axis] as number) },
      [true],
    ).outputs[0] as Value,
  ];
}

/** A map that multiplies by one number. */
function scale(site: Site): readonly Value[] | undefined {
  const { op, builder } = site;
  const [y] = op.inputs;
  const made = site.producer(y);
  if (op.inputs.length !== 1 || !y || made?.def !== batchedProduct || site.uses(y) !== 1) return undefined;
  const f = (x: number): number => evaluateMap(op.attrs.expr as MapExpr, [x]);
  const factor = f(1);
  if (![-1e4, -3, -0.5, 0, 2, 1e4].every((x) => Math.abs(f(x) - factor * x) <= 1e-12 * Math.abs(x))) return undefined;
  site.absorb(made);
  return [
    builder.emitOp(made.def, made.inputs, { ...made.attrs, alpha: (made.attrs.alpha as number) * factor }, [true])
      .outputs[0] as Value,
  ];
}
