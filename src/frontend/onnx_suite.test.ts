/**
 * All models and values of ONNX's official backend tests: they decode, and survive both forms. Runs when `ONNX_SUITE_DIR`
 * names the folder `onnx/backend/test/data` of an unpacked ONNX package.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { plain, plainModel } from "../testing/plain_model.ts";
import { encodeModel } from "./encode_model.ts";
import { decodeModel, loadModel } from "./load_model.ts";
import { parseOnnxText } from "./onnx_text.ts";
import { printOnnxText } from "./print_onnx_text.ts";
import { decodeValueProto, encodeValueProto } from "./tensor_proto.ts";

const suite = process.env.ONNX_SUITE_DIR;
const models =
  suite === undefined
    ? []
    : (readdirSync(suite, { recursive: true }) as string[])
        .filter((f) => f.endsWith(".onnx"))
        .map((f) => join(suite, f));

/** Runs `check` over all models; returns those that fail, with the reason. */
function failures(check: (path: string) => void): string[] {
  const failed: string[] = [];
  for (const path of models) {
    try {
      check(path);
    } catch (error) {
      failed.push(`${path}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return failed;
}

const options = { timeout: 600_000 };

test.skipIf(suite === undefined)("the suite is there", () => {
  expect(models.length).toBeGreaterThanOrEqual(1914);
});

test.skipIf(suite === undefined)("every model decodes without warnings and survives protobuf", options, () => {
  const check = (path: string): void => {
    const model = loadModel(path);
    expect(model.warnings).toEqual([]);
    expect(plainModel(decodeModel(encodeModel(model)))).toEqual(plainModel(model));
  };
  expect(failures(check)).toEqual([]);
});

test.skipIf(suite === undefined)("every model survives the text form", options, () => {
  const check = (path: string): void => {
    const model = loadModel(path);
    const text = printOnnxText(model);
    expect(plainModel(parseOnnxText(text))).toEqual(plainModel(model));
  };
  expect(failures(check)).toEqual([]);
});

test.skipIf(suite === undefined)(
  "every stored input and output decodes as the type that the graph gives it",
  options,
  () => {
    let values = 0;
    const check = (path: string): void => {
      const { inputs, outputs } = loadModel(path).graph;
      const folder = join(dirname(path), "test_data_set_0");
      for (const file of existsSync(folder) ? readdirSync(folder) : []) {
        const [, kind, index] = /^(input|output)_(\d+)\.pb$/.exec(file) ?? [];
        if (kind === undefined) continue;
        const type = (kind === "input" ? inputs : outputs)[Number(index)]?.type?.kind ?? "tensor";
        const value = decodeValueProto(type, readFileSync(join(folder, file)));
        expect(plain(decodeValueProto(type, encodeValueProto(type, value, "v")))).toEqual(plain(value));
        values++;
      }
    };
    expect(failures(check)).toEqual([]);
    expect(values).toBeGreaterThan(6000);
  },
);
