import { describe, expect, test } from "vitest";
import { planProgram } from "../compile.ts";
import { importModel } from "../frontend/import_graph.ts";
import { parseOnnxText } from "../frontend/onnx_text.ts";
import { interpret } from "../ir/interpret.ts";
import { type Tensor, tensor } from "../ir/tensor.ts";
import { compareValues } from "../tensorfile/compare.ts";
import { pipeline } from "./index.ts";
import { runPasses } from "./pass.ts";

/** Small models that between them give every pass something to do. */
const models = {
  "a residual block of images": `<ir_version: 8, opset_import: ["": 17]>
    g (float[N, 4, 6, 6] x) => (float[N, 3] y)
    <float[4, 4, 3, 3] w = {${weights(144)}}, float[4] b = {0.1, -0.2, 0.3, 0}, float[4] s = {1.5, 0.5, 1, 2}, float[4] t = {0, 1, -1, 0.5},
     float[4] m = {0.1, 0.2, 0, -0.1}, float[4] v = {1, 2, 0.5, 1}, float[4, 1, 3, 3] d = {${weights(36)}}, float[4, 3] f = {${weights(12)}}>
    {
      c = Conv<pads = [1, 1, 1, 1]>(x, w, b)
      n = BatchNormalization(c, s, t, m, v)
      r = Relu(n)
      e = Conv<group = 4, pads = [1, 1, 1, 1]>(r, d)
      q = Sigmoid(e)
      u = Mul(e, q)
      a = Add(u, x)
      p = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(a)
      h = GlobalAveragePool(p)
      k = Flatten(h)
      y = MatMul(k, f)
    }`,
  "shape arithmetic": `<ir_version: 8, opset_import: ["": 17]>
    g (float[N, 2, 6] x) => (float[N, 12] y)
    <int64 zero = {0}, int64[1] first = {0}, int64[1] rest = {-1}>
    {
      s = Shape(x)
      n = Gather(s, zero)
      n1 = Unsqueeze(n, first)
      t = Concat<axis = 0>(n1, rest)
      z = Reshape(x, t)
      e = Exp(z)
      l = Log(e)
      y = Add(l, l)
    }`,
  "attention of two heads": `<ir_version: 8, opset_import: ["": 17]>
    g (float[N, 3, 4] x) => (float[N, 3, 4] y)
    <float[4, 4] q = {${weights(16)}}, int64[4] heads = {0, 0, 2, 2}, int64[3] joined = {0, 0, 4}, float scale = {0.7}>
    {
      p = MatMul(x, q)
      r = Reshape(p, heads)
      a = Transpose<perm = [0, 2, 1, 3]>(r)
      b = Transpose<perm = [0, 2, 3, 1]>(r)
      m = MatMul(a, b)
      s = Mul(m, scale)
      w = Softmax(s)
      o = MatMul(w, a)
      t = Transpose<perm = [0, 2, 1, 3]>(o)
      y = Reshape(t, joined)
    }`,
  "a branch on a constant and a function": `<ir_version: 8, opset_import: ["": 17]>
    g (float[3, 4] x) => (float[3, 4] y)
    <bool yes = {1}>
    {
      h = If(yes) <then_branch = a () => (float[3, 4] p) { p = Softplus(x) }, else_branch = b () => (float[3, 4] q) { q = Neg(x) }>
      g = Celu<alpha = 2.0>(h)
      y = Softmax(g)
    }`,
} as const;

function weights(count: number): string {
  return Array.from({ length: count }, (_, i) => (((i * 37) % 19) / 19 - 0.45).toFixed(3)).join(", ");
}

const inputOf = (shape: readonly number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    "f32",
    shape,
    Array.from({ length: size }, (_, i) => ((i * 29) % 23) / 11 - 1),
  );
};
const shapes = {
  "a residual block of images": [2, 4, 6, 6],
  "shape arithmetic": [3, 2, 6],
  "attention of two heads": [2, 3, 4],
  "a branch on a constant and a function": [3, 4],
};

describe.each(Object.keys(models) as (keyof typeof models)[])("%s", (name) => {
  const { program } = importModel(parseOnnxText(models[name]), name);
  const x = inputOf(shapes[name]);
  const expected = interpret(program.main, [x]);

  test.each([[], ...pipeline.filter((p) => p.optional).map((p) => [p.name])])(
    "means the same without %s",
    (...without) => {
      const result = runPasses(program, pipeline, new Set(without));
      const found = interpret(result.main, [x]);
      for (const [i, e] of expected.entries())
        expect(compareValues(found[i], e, { rtol: 1e-4, atol: 1e-6 }).problem).toBeUndefined();
      expect(planProgram(result).steps.length).toBeGreaterThan(0);
    },
  );
});
