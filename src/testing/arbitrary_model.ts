/** Random models in ONNX's plain form, for round trips and fuzzing; they mean nothing and need not be valid beyond the form. */
import fc from "fast-check";
import type {
  OnnxAttribute,
  OnnxAttributeKind,
  OnnxDim,
  OnnxFunction,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxType,
  OnnxValueInfo,
} from "../frontend/onnx_model.ts";
import { readPacked } from "../ir/bits.ts";
import { type DType, dtypes, packedBytes } from "../ir/dtype.ts";
import { type Literal, literalOf } from "../ir/literal.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";

/** Names as exporters write them, and names that break writers. */
const names = fc.oneof(
  fc.string({ minLength: 1, maxLength: 6 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }),
  fc.constantFrom(
    "x",
    "0",
    "/model/layer.0/Add",
    "float",
    "seq",
    "nan",
    "Inf",
    'a"b\\',
    "line\nbreak",
    "#",
    "=>",
    "@r",
    "{1}",
  ),
);
const maybeEmpty = fc.oneof({ weight: 4, arbitrary: names }, { weight: 1, arbitrary: fc.constant("") });
const domains = fc.constantFrom("", "ai.onnx.ml", "com.example", "my domain", "x-y.z");

const dtype = fc.constantFrom(...dtypes);
const shape = fc.array(fc.nat(3), { maxLength: 3 });

function tensorOf(d: DType, s: readonly number[]): fc.Arbitrary<Tensor> {
  const size = sizeOf(s);
  if (d === "string")
    return fc
      .array(fc.string({ unit: "grapheme" }), { minLength: size, maxLength: size })
      .map((data) => ({ dtype: d, shape: s, data }));
  const length = packedBytes(d, size);
  return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => readPacked(d, s, bytes));
}

const tensor: fc.Arbitrary<Tensor> = fc.tuple(dtype, shape).chain(([d, s]) => tensorOf(d, s));
const literal: fc.Arbitrary<Literal> = tensor.map(literalOf);

const dim: fc.Arbitrary<OnnxDim> = fc.oneof(fc.nat(2 ** 40), names, fc.constant(undefined));
const dims = fc.option(fc.array(dim, { maxLength: 3 }), { nil: undefined });

export const arbitraryType: fc.Arbitrary<OnnxType> = fc.letrec<{ type: OnnxType; element: OnnxType | undefined }>(
  (tie) => ({
    type: fc.oneof(
      { maxDepth: 3, depthIdentifier: "type" },
      fc.record({ kind: fc.constant("tensor" as const), dtype, shape: dims }),
      fc.record({ kind: fc.constant("sparse" as const), dtype, shape: dims }),
      fc.record({ kind: fc.constantFrom("sequence" as const, "optional" as const), element: tie("element") }),
      fc.record({
        kind: fc.constant("map" as const),
        key: fc.constantFrom("i64" as const, "string" as const),
        value: tie("element"),
      }),
    ),
    // Empty brackets mean an unknown rank in the text form, and no brackets a scalar: all three have to survive.
    element: fc.option(tie("type"), { nil: undefined }),
  }),
).type;

const valueInfo: fc.Arbitrary<OnnxValueInfo> = fc.record({
  name: names,
  type: fc.option(arbitraryType, { nil: undefined }),
});

const float = fc.float();
const int = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: "grapheme" });
const list = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 3 });

/** Attributes, with graphs down to `depth`. */
function attribute(depth: number): fc.Arbitrary<OnnxAttribute> {
  const of = <K extends OnnxAttributeKind>(kind: K, value: fc.Arbitrary<unknown>): fc.Arbitrary<OnnxAttribute> =>
    fc.record({ name: names, kind: fc.constant(kind), value }) as fc.Arbitrary<OnnxAttribute>;
  const kinds = [
    of("float", float),
    of("int", int),
    of("string", text),
    of("tensor", literal),
    of("type", arbitraryType),
    of("floats", list(float)),
    of("ints", list(int)),
    of("strings", list(text)),
    of("tensors", list(literal)),
    of("types", list(arbitraryType)),
    of("sparse_tensor", literal),
    fc.record({
      name: names,
      kind: fc.constant("ref" as const),
      refName: names,
      refKind: fc.constantFrom<OnnxAttributeKind | undefined>("int", "floats", "type", undefined),
    }),
  ];
  if (depth === 0) return fc.oneof(...kinds);
  return fc.oneof(...kinds, of("graph", graph(depth - 1)), of("graphs", fc.array(graph(depth - 1), { maxLength: 2 })));
}

const attributes = (depth: number): fc.Arbitrary<OnnxAttribute[]> =>
  fc.uniqueArray(attribute(depth), { selector: (a) => a.name, maxLength: 3 });

const metadata = fc.array(fc.tuple(names, text), { maxLength: 2 }).map((entries) => new Map(entries));

function node(depth: number): fc.Arbitrary<OnnxNode> {
  return fc.record({
    name: maybeEmpty,
    opType: names.filter((name) => !name.includes(".")),
    domain: domains,
    overload: maybeEmpty,
    inputs: fc.array(maybeEmpty, { maxLength: 4 }),
    outputs: fc.array(maybeEmpty, { maxLength: 3 }),
    attributes: attributes(depth),
    metadata,
  });
}

function graph(depth: number): fc.Arbitrary<OnnxGraph> {
  return fc.record({
    name: maybeEmpty,
    nodes: fc.array(node(depth), { maxLength: 3 }),
    inputs: list(valueInfo),
    outputs: list(valueInfo),
    valueInfo: list(valueInfo),
    initializers: fc.uniqueArray(fc.record({ name: names, literal }), { selector: (i) => i.name, maxLength: 3 }),
  });
}

const opsets = fc
  .array(fc.tuple(domains, fc.integer({ min: 1, max: 30 })), { maxLength: 3 })
  .map((pairs) => new Map(pairs));

const arbitraryFunction: fc.Arbitrary<OnnxFunction> = fc.record({
  domain: domains,
  name: names,
  overload: maybeEmpty,
  inputs: list(names),
  outputs: list(names),
  attributes: list(names),
  attributeDefaults: attributes(1),
  nodes: fc.array(node(1), { maxLength: 2 }),
  opsets,
  valueInfo: list(valueInfo),
  metadata,
});

export const arbitraryModel: fc.Arbitrary<OnnxModel> = fc.record({
  irVersion: fc.integer({ min: 1, max: 14 }),
  opsets,
  producer: maybeEmpty,
  producerVersion: maybeEmpty,
  domain: maybeEmpty,
  modelVersion: int,
  metadata,
  graph: graph(2),
  functions: fc.uniqueArray(arbitraryFunction, {
    selector: (f) => JSON.stringify([f.domain, f.name, f.overload]),
    maxLength: 2,
  }),
  warnings: fc.constant([]),
});
