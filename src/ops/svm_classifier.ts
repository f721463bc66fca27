/**
 * Classification by support vector machines, one for each pair of classes, that vote. The score of classes i < j is
 * `Σ coefficients[j − 1, v]·k(x, v)` over the vectors of i, plus `Σ coefficients[i, v]·k(x, v)` over those of j, plus rho; above
 * 0 the vote is for i. The label is that of the class with the most votes, the first of equal ones.
 *
 * With `prob_a` and `prob_b` the second result has a probability for each class, else the scores of the pairs (`−s, s` for the
 * one pair of two classes). Without `vectors_per_class` the machine is linear: `coefficients` are `[classes, features]`, rho is
 * added to each score, and the highest wins.
 * Sources: https://onnx.ai/onnx/operators/onnx_aionnxml_SVMClassifier.html; Wu, Lin & Weng 2004, "Probability estimates for
 * multi-class classification by pairwise coupling", algorithm 2.
 */
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { type Literal, literalOf } from "../ir/literal.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { dim, option, read, reference, scratch, struct, table, write } from "../ir/plan.ts";
import { tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { type ClassLabels, classLabelsArg, classLabelsOf, labelled } from "./class_labels.ts";
import { coefficients as coefficientTable, featureRows, rowsOf, wantFeatures } from "./feature_rows.ts";
import { linearScores } from "./linear_regressor.ts";
import { listAttr, numbersOf } from "./list_attrs.ts";
import { rounded } from "./recurrent_cell.ts";
import { argmax, logistic, pairScores, transformArg, transformed } from "./scores.ts";
import { kernelOf, type SvmAttrs, svmArg, svmAttrs } from "./svm.ts";

interface Attrs extends SvmAttrs {
  readonly classlabels_ints: Literal | undefined;
  readonly classlabels_strings: Literal | undefined;
  readonly prob_a: Literal | undefined;
  readonly prob_b: Literal | undefined;
  readonly vectors_per_class: Literal | undefined;
}

const labelsOf = (attrs: Attrs): ClassLabels => classLabelsOf(attrs.classlabels_ints, attrs.classlabels_strings);
const sizesOf = (attrs: Attrs): readonly number[] => numbersOf(attrs.vectors_per_class);
const isLinear = (attrs: Attrs): boolean => sizesOf(attrs).every((n) => n === 0);
const endsOf = (attrs: Attrs): number[] => {
  let end = 0;
  return sizesOf(attrs).map((n) => (end += n));
};

/** Columns of the scores. */
function widthOf(attrs: Attrs): number {
  const classes = labelsOf(attrs).values.length;
  return isLinear(attrs) || (attrs.prob_a?.shape[0] ?? 0) > 0 ? classes : Math.max(2, (classes * (classes - 1)) / 2);
}

export const svmClassifier = defineOp({
  name: "svm_classifier",
  summary: "Classification by support vector machines.",
  onnx: { type: "SVMClassifier", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required", z: "required" },
  attrs: {
    ...svmAttrs,
    classlabels_ints: listAttr("ints"),
    classlabels_strings: listAttr("strings"),
    prob_a: listAttr("floats"),
    prob_b: listAttr("floats"),
    vectors_per_class: listAttr("ints"),
  },
  error: "computed in f64, rounded once",

  infer({ x }, attrs, ctx) {
    const { rows, features } = featureRows(x, ctx);
    wantFeatures(features, check(attrs, ctx), ctx);
    return [tensorType(labelsOf(attrs).dtype, [rows]), tensorType("f32", [rows, widthOf(attrs)])];
  },

  evaluate({ x }, attrs) {
    const rows = rowsOf(x);
    const results = rows.map((row) => (isLinear(attrs) ? classifyLinear(row, attrs) : classify(row, attrs)));
    const z = rounded(
      "f32",
      [rows.length, widthOf(attrs)],
      results.flatMap((r) => r.z),
    );
    return [
      labelled(
        labelsOf(attrs),
        results.map((r) => r.label),
      ),
      z,
    ];
  },

  lower({ x }, attrs, l) {
    const labels = labelsOf(attrs);
    const [y, z] = l.outputs;
    const extents = shapeOf(x);
    const features = dim(extents.at(-1) as Dim);
    const chosen = write(y ?? l.temporary(labels.dtype, [extents.length === 2 ? (extents[0] as Dim) : 1]));
    const rest = [classLabelsArg(labels), read(x), features, chosen, option(z && write(z))];
    const classes = labels.values.length;
    if (isLinear(attrs)) {
      const rho = numbersOf(attrs.rho)[0] as number;
      const model = struct("ops::LinearModel", [
        ["coefficients", coefficientTable("coefficients", attrs.coefficients)],
        ["intercepts", coefficientTable("rho", literalOf(tensor("f32", [classes], new Array(classes).fill(rho))))],
        ["transform", transformArg(attrs.post_transform)],
      ]);
      return l.call("ops::linear_classifier", [reference(model), ...rest, scratch("f64", classes)]);
    }
    const ends = endsOf(attrs);
    const pairs = struct("ops::SvmClasses", [
      ["ends", table({ key: "classes", dtype: "u32", length: ends.length, make: () => Uint32Array.from(ends) })],
      ["prob_a", coefficientTable("prob_a", attrs.prob_a)],
      ["prob_b", coefficientTable("prob_b", attrs.prob_b)],
    ]);
    const memory = scratch("f64", (ends.at(-1) as number) + classes * (2 * classes + 4));
    l.call("ops::svm_classifier", [reference(svmArg(attrs)), reference(pairs), ...rest, memory]);
  },
});

/** Checks sizes; the number of features. */
function check(attrs: Attrs, ctx: InferContext): number {
  const classes = labelsOf(attrs).values.length;
  if (classes < 2) ctx.fail("E0202", { name: "classlabels_*", value: `${classes} labels`, expected: "two or more" });
  const size = (literal: Literal | undefined): number => literal?.shape[0] ?? 0;
  const want = (name: keyof Attrs, found: number, expected: number): void => {
    if (found !== expected) ctx.fail("E0202", { name, value: `${found} numbers`, expected });
  };
  if (isLinear(attrs)) {
    if (size(attrs.rho) < 1) want("rho", 0, 1);
    if (size(attrs.coefficients) % classes !== 0 || size(attrs.coefficients) === 0)
      ctx.fail("E0202", {
        name: "coefficients",
        value: `${size(attrs.coefficients)} numbers`,
        expected: `a multiple of ${classes}`,
      });
    return size(attrs.coefficients) / classes;
  }
  const [vectors, pairs] = [endsOf(attrs).at(-1) as number, (classes * (classes - 1)) / 2];
  want("vectors_per_class", sizesOf(attrs).length, classes);
  want("coefficients", size(attrs.coefficients), (classes - 1) * vectors);
  want("rho", size(attrs.rho), pairs);
  if (size(attrs.prob_a) > 0) want("prob_a", size(attrs.prob_a), pairs);
  want("prob_b", size(attrs.prob_b), size(attrs.prob_a));
  if (size(attrs.support_vectors) % vectors !== 0)
    ctx.fail("E0202", {
      name: "support_vectors",
      value: `${size(attrs.support_vectors)} numbers`,
      expected: `a multiple of ${vectors}`,
    });
  return size(attrs.support_vectors) / vectors;
}

interface Result {
  readonly label: number;
  readonly z: readonly number[];
}

function classifyLinear(row: readonly number[], attrs: Attrs): Result {
  const classes = labelsOf(attrs).values.length;
  const [rho = 0] = numbersOf(attrs.rho);
  const scores = linearScores(numbersOf(attrs.coefficients), new Array<number>(classes).fill(rho), classes, row);
  return { label: argmax(scores), z: transformed(attrs.post_transform, scores) };
}

function classify(row: readonly number[], attrs: Attrs): Result {
  const ends = endsOf(attrs);
  const [weights, vectors, rho] = [
    numbersOf(attrs.coefficients),
    numbersOf(attrs.support_vectors),
    numbersOf(attrs.rho),
  ];
  const count = ends.at(-1) as number;
  const kernel = kernelOf(attrs);
  const likeness = Array.from({ length: count }, (_, v) =>
    kernel(row, vectors.slice(v * row.length, (v + 1) * row.length)),
  );
  const weigh = (of: number, members: number): number => {
    let sum = 0;
    for (let v = ends[members - 1] ?? 0; v < (ends[members] as number); v++)
      sum += (weights[of * count + v] as number) * (likeness[v] as number);
    return sum;
  };
  const votes = ends.map(() => 0);
  const scores: number[] = [];
  for (let i = 0; i < ends.length; i++)
    for (let j = i + 1; j < ends.length; j++) {
      const s = weigh(j - 1, i) + weigh(i, j) + (rho[scores.length] as number);
      scores.push(s);
      const winner = s > 0 ? i : j;
      votes[winner] = (votes[winner] as number) + 1;
    }
  const label = argmax(votes);
  const [a, b] = [numbersOf(attrs.prob_a), numbersOf(attrs.prob_b)];
  if (a.length > 0) return { label, z: transformed(attrs.post_transform, probabilities(ends.length, scores, a, b)) };
  const [s = 0] = scores;
  return {
    label,
    z: scores.length === 1 ? pairScores(attrs.post_transform, s, false) : transformed(attrs.post_transform, scores),
  };
}

/** Probabilities of classes from those of their pairs. */
function probabilities(k: number, scores: readonly number[], a: readonly number[], b: readonly number[]): number[] {
  const q = Array.from({ length: k }, () => new Array<number>(k).fill(0));
  const add = (i: number, j: number, x: number): void => {
    const row = q[i] as number[];
    row[j] = (row[j] as number) + x;
  };
  let pair = 0;
  for (let i = 0; i < k; i++)
    for (let j = i + 1; j < k; j++, pair++) {
      const fit = (scores[pair] as number) * (a[pair] as number) + (b[pair] as number);
      const r = Math.min(1 - 1e-7, Math.max(1e-7, logistic(-fit)));
      add(j, j, r * r);
      add(i, i, (1 - r) * (1 - r));
      add(i, j, -r * (1 - r));
      add(j, i, -r * (1 - r));
    }
  return couple(q);
}

function couple(q: readonly (readonly number[])[]): number[] {
  const k = q.length;
  let p = new Array<number>(k).fill(1 / k);
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, v, i) => sum + v * (y[i] as number), 0);
  for (let round = 0; round < Math.max(100, k); round++) {
    let qp = q.map((row) => dot(row, p));
    let pqp = dot(p, qp);
    if (Math.max(...qp.map((v) => Math.abs(v - pqp))) < 0.005 / k) break;
    for (let t = 0; t < k; t++) {
      const row = q[t] as readonly number[];
      const qtt = row[t] as number;
      const diff = (pqp - (qp[t] as number)) / qtt;
      pqp = (pqp + diff * (diff * qtt + 2 * (qp[t] as number))) / (1 + diff) ** 2;
      p = p.map((v, i) => (v + (i === t ? diff : 0)) / (1 + diff));
      qp = qp.map((v, i) => (v + diff * (row[i] as number)) / (1 + diff));
    }
  }
  return p;
}
