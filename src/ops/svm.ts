/**
 * What the support vector machines share: kernels of two vectors, by `kernel_params` gamma, coef0 and degree.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_SVMClassifier.html
 */
import { attr } from "../ir/attr.ts";
import type { Literal } from "../ir/literal.ts";
import { type Arg, float, struct } from "../ir/plan.ts";
import { coefficients } from "./feature_rows.ts";
import { listAttr, numbersOf } from "./list_attrs.ts";
import { type PostTransform, postTransforms, transformArg } from "./scores.ts";

export const kernelTypes = ["LINEAR", "POLY", "RBF", "SIGMOID"] as const;

export const svmAttrs = {
  coefficients: listAttr("floats"),
  kernel_params: listAttr("floats"),
  kernel_type: attr.oneOf(kernelTypes, "LINEAR"),
  post_transform: attr.oneOf(postTransforms, "NONE"),
  rho: listAttr("floats"),
  support_vectors: listAttr("floats"),
};

export interface SvmAttrs {
  readonly coefficients: Literal | undefined;
  readonly kernel_params: Literal | undefined;
  readonly kernel_type: (typeof kernelTypes)[number];
  readonly post_transform: PostTransform;
  readonly rho: Literal | undefined;
  readonly support_vectors: Literal | undefined;
}

/** How like two vectors are. */
export function kernelOf(attrs: SvmAttrs): (a: readonly number[], b: ArrayLike<number>) => number {
  const [gamma = 0, coef0 = 0, degree = 0] = numbersOf(attrs.kernel_params);
  const dot = (a: readonly number[], b: ArrayLike<number>): number =>
    a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  switch (attrs.kernel_type) {
    case "LINEAR":
      return dot;
    case "POLY":
      return (a, b) => (gamma * dot(a, b) + coef0) ** degree;
    case "RBF":
      return (a, b) => Math.exp(-gamma * a.reduce((sum, x, i) => sum + (x - (b[i] as number)) ** 2, 0));
    case "SIGMOID":
      return (a, b) => Math.tanh(gamma * dot(a, b) + coef0);
  }
}

function kernelArg(attrs: SvmAttrs): Arg {
  const [gamma = 0, coef0 = 0, degree = 0] = numbersOf(attrs.kernel_params);
  const fields = { gamma, coef0, degree };
  const [name, used] = (
    {
      LINEAR: ["Linear", []],
      POLY: ["Poly", ["gamma", "coef0", "degree"]],
      RBF: ["Rbf", ["gamma"]],
      SIGMOID: ["Sigmoid", ["gamma", "coef0"]],
    } as const
  )[attrs.kernel_type];
  return struct(
    `ops::SvmKernel::${name}`,
    used.map((field) => [field, float(fields[field])] as const),
  );
}

export const svmArg = (attrs: SvmAttrs): Arg =>
  struct("ops::Svm", [
    ["kernel", kernelArg(attrs)],
    ["vectors", coefficients("support vectors", attrs.support_vectors)],
    ["coefficients", coefficients("coefficients", attrs.coefficients)],
    ["rho", coefficients("rho", attrs.rho)],
    ["transform", transformArg(attrs.post_transform)],
  ]);
