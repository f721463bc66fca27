import { expect, test } from "vitest";
import { splatLiteral } from "../ir/literal.ts";
import { parseOnnxText } from "./onnx_text.ts";
import { printOnnxText } from "./print_onnx_text.ts";
import { attributeFloatText, constantText, float32Text } from "./print_onnx_values.ts";

const text = `<
   ir_version: 8,
   opset_import: ["" : 17, "d" : 1],
   producer_name: "p"
>
main (float[N,2] x, "0") => (seq(float[]) y)
   <float[2] w = {1,-0.1},
    float[N,?] t>
{
   [n] t = Add (x, w)
   y = d.F:v2 <k: int = 1, s: string = "a\\"b"> (t, "")
   z = If (t) <then_branch: graph = then () => (float y) {
      y = Constant <value: tensor = float16[1] {15360}> ()
   }>
}
<
   domain: "d",
   overload: "v2",
   opset_import: ["" : 17]
>
F <k, alpha: float = 2.0> (a) => (b)
   <int64 a>
{
   b = Op <i: int = @k> (a)
}
`;

test("the printed form is laid out like this, and reads back", () => {
  expect(printOnnxText(parseOnnxText(text))).toBe(text);
});

test.each([
  [0.1, "0.1"],
  [1 / 3, "0.33333334"],
  [1e-45, "1e-45"],
  [3.4028234663852886e38, "3.4028235e+38"],
  [16777216, "16777216"],
  [-0, "-0"],
  [2, "2"],
  [Number.NaN, "nan"],
  [-Infinity, "-inf"],
])("the shortest decimal of the f32 %f is %s", (x, wanted) => {
  const printed = float32Text(Math.fround(x));
  expect(printed).toBe(wanted);
  if (Number.isFinite(x)) expect(Math.fround(Number(printed))).toBe(Math.fround(x));
});

test("floats in attributes never look like integers", () => {
  expect([2, -0, 1e21, 0.5, Infinity].map(attributeFloatText)).toEqual(["2.0", "-0.0", "1e+21", "0.5", "inf"]);
});

test("long constants can be cut short without being loaded", () => {
  const literal = splatLiteral("f32", [1000, 1000, 1000], 0.02);
  expect(constantText(literal, 8)).toBe("{… 1000000000 times 0.02}");
  expect(constantText({ ...literal, splat: undefined }, 8)).toBe("{… 1000000000 elements}");
  expect(constantText(splatLiteral("i64", [2], 3n), 8)).toBe("{3,3}");
});

test("bytes that are not text are an error, or are abbreviated for people", () => {
  const [model] = [parseOnnxText('<ir_version: 8> g () => () { y = Op <a = "x"> () }')];
  const [node] = model.graph.nodes;
  const bytes = { name: "a", kind: "string", value: Uint8Array.of(255, 0) } as const;
  const changed = { ...model, graph: { ...model.graph, nodes: [{ ...node!, attributes: [bytes] }] } };
  expect(() => printOnnxText(changed)).toThrow(expect.objectContaining({ code: "E0141" }));
  expect(printOnnxText(changed, { maxElements: 8 })).toContain('a: string = "2 bytes"');
});
