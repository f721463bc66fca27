import { expect, test } from "vitest";
import { encodeModel } from "../../src/frontend/encode_model.ts";
import { parseOnnxText } from "../../src/frontend/onnx_text.ts";
import { type DType, dtypeToOnnxText } from "../../src/ir/dtype.ts";
import { type Tensor, tensor } from "../../src/ir/tensor.ts";
import { isReferenceType, runOnnxRuntime, withIntermediates } from "./reference.ts";

const head = '<ir_version: 8, opset_import: ["" : 17]>';
const model = (graph: string) => parseOnnxText(`${head} ${graph}`);

test.each<Tensor>([
  tensor("f32", [2], [1.5, -0]),
  tensor("f64", [1], [0.1]),
  tensor("f16", [3], [65504, 2 ** -24, Number.NEGATIVE_INFINITY]),
  tensor("i8", [1], [-128]),
  tensor("i16", [1], [-32768]),
  tensor("i32", [1], [-(2 ** 31)]),
  tensor("i64", [1, 1], [2n ** 62n + 1n]),
  tensor("u8", [1], [255]),
  tensor("u16", [1], [65535]),
  tensor("u32", [1], [2 ** 32 - 1]),
  tensor("u64", [], [2n ** 64n - 1n]),
  tensor("bool", [2], [1, 0]),
  tensor("string", [2], ["ü", ""]),
  tensor("f32", [0, 3], []),
])("a value of $dtype goes in and comes out", async (t) => {
  const type = `${dtypeToOnnxText(t.dtype)}${t.shape.length > 0 ? `[${t.shape.join(",")}]` : ""}`;
  const bytes = encodeModel(model(`g (${type} x) => (${type} y) { y = Identity(x) }`));
  expect(await runOnnxRuntime(bytes, new Map([["x", t]]))).toEqual(new Map([["y", t]]));
});

test("an element type that cannot cross the edge is refused by name", async () => {
  const bytes = encodeModel(model("g (float[1] x) => (float[1] y) { y = Identity(x) }"));
  expect(isReferenceType("bf16" satisfies DType)).toBe(false);
  const inputs = new Map([["x", tensor("bf16", [1], [1])]]);
  await expect(runOnnxRuntime(bytes, inputs)).rejects.toThrow(/input "x": onnxruntime-node cannot take bf16/);
});

test("intermediate values become outputs, those that are wanted, after the model's own", async () => {
  const chain = model("g (float[2] x) => (float[2] y) { a = Neg(x) b = Abs(a) y = Add(a, b) }");
  const x = new Map([["x", tensor("f32", [2], [1, -2])]]);
  expect(await runOnnxRuntime(encodeModel(withIntermediates(chain)), x)).toEqual(
    new Map([
      ["y", tensor("f32", [2], [0, 4])],
      ["a", tensor("f32", [2], [-1, 2])],
      ["b", tensor("f32", [2], [1, 2])],
    ]),
  );
  const some = await runOnnxRuntime(encodeModel(withIntermediates(chain, (name) => name === "b")), x);
  expect([...some.keys()]).toEqual(["y", "b"]);
});
