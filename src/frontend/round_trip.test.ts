import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { arbitraryModel } from "../testing/arbitrary_model.ts";
import { plainModel } from "../testing/plain_model.ts";
import { encodeModel } from "./encode_model.ts";
import { decodeModel } from "./load_model.ts";
import { OnnxError } from "./onnx_error.ts";
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode } from "./onnx_model.ts";
import { parseOnnxText } from "./onnx_text.ts";
import { printOnnxText } from "./print_onnx_text.ts";

/** More on request, for a long night. */
const runs = Number(process.env.FUZZ_RUNS ?? 300);
vi.setConfig({ testTimeout: 60_000 + 100 * runs });

test("a model survives protobuf", () => {
  fc.assert(
    fc.property(arbitraryModel, (model) => {
      expect(plainModel(decodeModel(encodeModel(model)))).toEqual(plainModel(model));
    }),
    { numRuns: runs },
  );
});

/** The text form does not carry the metadata of nodes and functions. */
function withoutMetadata(model: OnnxModel): OnnxModel {
  const none = new Map<string, string>();
  const inGraph = (g: OnnxGraph): OnnxGraph => ({ ...g, nodes: g.nodes.map(inNode) });
  const inNode = (n: OnnxNode): OnnxNode => ({ ...n, attributes: n.attributes.map(inAttribute), metadata: none });
  const inAttribute = (a: OnnxAttribute): OnnxAttribute => {
    if (a.kind === "graph") return { ...a, value: inGraph(a.value) };
    return a.kind === "graphs" ? { ...a, value: a.value.map(inGraph) } : a;
  };
  const functions = model.functions.map((f) => ({
    ...f,
    nodes: f.nodes.map(inNode),
    attributeDefaults: f.attributeDefaults.map(inAttribute),
    metadata: none,
  }));
  return { ...model, graph: inGraph(model.graph), functions };
}

test("a model survives the text form, and printing is a fixpoint", () => {
  fc.assert(
    fc.property(arbitraryModel, (model) => {
      const text = printOnnxText(model);
      const read = parseOnnxText(text);
      expect(plainModel(read)).toEqual(plainModel(withoutMetadata(model)));
      expect(printOnnxText(read)).toBe(text);
    }),
    { numRuns: runs },
  );
});

/** Reads a model to the last weight; anything but success or an OnnxError is a failure. */
function readsOrRefuses(read: () => OnnxModel): void {
  try {
    plainModel(read());
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
  }
}

test("truncated models are refused or read, never worse", () => {
  fc.assert(
    fc.property(arbitraryModel, fc.double({ min: 0, max: 1, noNaN: true }), (model, share) => {
      const bytes = encodeModel(model);
      readsOrRefuses(() => decodeModel(bytes.subarray(0, Math.floor(share * bytes.length))));
    }),
    { numRuns: runs },
  );
});

test("damaged models are refused or read, never worse", () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(arbitraryModel, flips, (model, places) => {
      const bytes = encodeModel(model);
      for (const [at, bit] of places) {
        const i = at % bytes.length;
        bytes[i] = (bytes[i] as number) ^ (1 << bit);
      }
      readsOrRefuses(() => decodeModel(bytes));
    }),
    { numRuns: runs },
  );
});

test("random bytes are refused or read, never worse", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => readsOrRefuses(() => decodeModel(bytes))),
    { numRuns: runs },
  );
});

test("damaged text is refused or read, never worse", () => {
  const edits = fc.array(
    fc.tuple(fc.nat(), fc.constantFrom("", "<", ">", "{", "}", '"', ",", "=", "1", "nan", "@", "\\", "float")),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(arbitraryModel, edits, (model, places) => {
      let text = printOnnxText(model);
      for (const [at, insert] of places) {
        const i = at % text.length;
        text = text.slice(0, i) + insert + text.slice(i + 1);
      }
      readsOrRefuses(() => parseOnnxText(text));
    }),
    { numRuns: runs },
  );
});
