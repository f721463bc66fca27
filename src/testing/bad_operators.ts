/** Operators used in ways that their specification does not allow, and requests that do not fit the model. */
import { type BadModel, text } from "./bad_model.ts";

export const badOperators: readonly BadModel[] = [
  // Operators.
  text("an unknown operator", "E0150", 4, `g (float[2] x) => (float[2] y) { [a] y = Frobnicate (x) }`, {
    node: "a",
    says: "Frobnicate",
  }),
  text(
    "an operator of an unknown domain",
    "E0150",
    4,
    `<ir_version: 10, opset_import: ["" : 21, "com.example" : 1]> g (float[2] x) => (float[2] y) { [a] y = com.example.Relu (x) }`,
    { node: "a" },
  ),
  text("a domain without an opset", "E0151", 3, `g (float[2] x) => (float[2] y) { [a] y = com.example.Relu (x) }`, {
    node: "a",
  }),
  text(
    "an opset of the future",
    "E0152",
    4,
    `<ir_version: 10, opset_import: ["" : 99]> g (float[2] x) => (float[2] y) { [a] y = Relu (x) }`,
    { node: "a" },
  ),
  text(
    "an operator newer than its opset",
    "E0150",
    4,
    `<ir_version: 3, opset_import: ["" : 7]> g (float[2] x) => (float[2] y) { [a] y = Gelu (x) }`,
    { node: "a" },
  ),
  text("an unknown attribute", "E0156", 3, `g (float[2] x) => (float[2] y) { [a] y = Relu <beta = 1.0> (x) }`, {
    node: "a",
    says: "beta",
  }),
  text(
    "an attribute of the wrong kind",
    "E0157",
    3,
    `g (float[2] x) => (float[2] y) { [a] y = Elu <alpha = "big"> (x) }`,
    { node: "a", says: "alpha" },
  ),
  text(
    "an attribute of another set",
    "E0157",
    3,
    `g (float[1, 1, 4] x, float[1, 1, 2] w) => (float[1, 1, 3] y) { [a] y = Conv <auto_pad = "SOMETIMES"> (x, w) }`,
    { node: "a", says: "auto_pad" },
  ),
  text("an input too few", "E0158", 3, `g (float[2] x) => (float[2] y) { [a] y = Add (x) }`, { node: "a" }),
  text("an input too many", "E0159", 3, `g (float[2] x) => (float[2] y) { [a] y = Relu (x, x) }`, { node: "a" }),
  text("an output too many", "E0159", 3, `g (float[2] x) => (float[2] y) { [a] y, z = Relu (x) }`, { node: "a" }),
  text("a declared type that is wrong", "E0160", 3, `g (float[2] x) => (int64[2] y) { [a] y = Relu (x) }`, {
    says: '"y"',
  }),
  text("operands of two types", "E0203", 3, `g (float[2] x, int64[2] i) => (float[2] y) { [a] y = Add (x, i) }`, {
    node: "a",
  }),
  text(
    "an element type that the operator does not have",
    "E0203",
    3,
    `g (string[2] x) => (string[2] y) { [a] y = Relu (x) }`,
    { node: "a" },
  ),
  text(
    "matrices that do not fit",
    "E0201",
    3,
    `g (float[2, 3] x, float[4, 5] w) => (float[2, 5] y) { [a] y = MatMul (x, w) }`,
    { node: "a", says: "expected 3" },
  ),
  text(
    "extents that cannot be broadcast",
    "E0201",
    3,
    `g (float[2] x, float[3] z) => (float[3] y) { [a] y = Add (x, z) }`,
    { node: "a" },
  ),
  text(
    "a reshape that does not fit",
    "E0201",
    3,
    `g (float[2, 3] x) => (float[4] y) <int64[1] s = {4}> { [a] y = Reshape (x, s) }`,
    { node: "a" },
  ),
  text("an axis that does not exist", "E0202", 3, `g (float[2] x) => (float[2] y) { [a] y = Softmax <axis = 5> (x) }`, {
    node: "a",
    says: "axis",
  }),
  text(
    "a stride of zero",
    "E0202",
    3,
    `g (float[1, 1, 4] x, float[1, 1, 2] w) => (float[1, 1, 3] y) { [a] y = Conv <strides = [0]> (x, w) }`,
    { node: "a", says: "strides" },
  ),
  text(
    "a negative padding",
    "E0202",
    3,
    `g (float[1, 1, 4] x, float[1, 1, 2] w) => (float[1, 1, 3] y) { [a] y = Conv <pads = [-1, -9]> (x, w) }`,
    { node: "a", says: "pads" },
  ),
  text(
    "a branch that is missing",
    "E0158",
    3,
    `g (bool c, float[2] x) => (float[2] y) { [a] y = If <then_branch = t () => (float[2] o) { o = Relu (x) }> (c) }`,
    { node: "a", says: "else_branch" },
  ),
  text(
    "branches of two types",
    "E0201",
    3,
    `g (bool c, float[2] x, int64[2] i) => (float[2] y) { [a] y = If <then_branch = t () => (float[2] o) { o = Relu (x) }, else_branch = e () => (int64[2] p) { p = Abs (i) }> (c) }`,
    { node: "a" },
  ),
  text(
    "a tensor of terabytes",
    "E0402",
    5,
    `g (float[2] x) => (float[N] y) <int64[1] s = {1000000000000}> { [a] z = ConstantOfShape (s) y = Relu (z) }`,
  ),
  text(
    "sizes beyond all numbers",
    "E0402",
    5,
    `g (float[4000000000, 4000000000, 4000000000] x) => (float[4000000000, 4000000000, 4000000000] y) { [a] y = Relu (x) }`,
  ),
  text(
    "a rank that only a run knows",
    "E0205",
    4,
    `g (float[N] x, int64[M] s) => (int64[P] y) { r = Reshape (x, s) [a] y = Shape (r) }`,
    { node: "a" },
  ),

  // What is asked for.
  text("a dimension that does not exist", "E0163", 2, `g (float[N] x) => (float[N] y) { y = Relu (x) }`, {
    flags: ["--dim", "K=2"],
    says: "K",
  }),
  text(
    "a dimension that does not fit",
    "E0201",
    3,
    `g (float[N] x, float[3] z) => (float[3] y) { [a] y = Add (x, z) }`,
    { flags: ["--dim", "N=2"], node: "a" },
  ),
];
