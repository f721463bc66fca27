/** Operators against ONNX's own definitions: `fixtures/onnx_schemas.json` was made once from the schemas of ONNX 1.23. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dtypeToOnnx, isDType } from "../ir/dtype.ts";
import type { AttrSpecs } from "../ir/op_def.ts";
import { operators } from "./index.ts";

interface Schema {
  readonly since: readonly number[];
  readonly deprecated: boolean;
  readonly inputs: readonly (readonly [string, string])[];
  readonly attributes: Readonly<
    Record<string, { readonly type: string; readonly required: boolean; readonly default: unknown }>
  >;
}

const schemas = JSON.parse(
  readFileSync(new URL("../../fixtures/onnx_schemas.json", import.meta.url), "utf8"),
) as Readonly<Record<string, Schema>>;
const bound = operators.flatMap((op) =>
  op.onnx ? [{ op, onnx: op.onnx, key: `${op.onnx.domain ?? ""}:${op.onnx.type}` }] : [],
);

/** Where we differ from the schema, and why. */
const stated: Readonly<Record<string, string>> = {
  ":Scan batched": "opset 8's batch axis, set by the adapter",
  ":SequenceEmpty dtype": "float, as the schema says in prose",
  ":StringNormalizer locale": "en_US, as the schema says in prose",
  ":RotaryEmbedding num_heads": "0 stands for absent",
  ":RNN activations": "one Tanh for each direction, filled in by the operator",
  "ai.onnx.ml:TreeEnsemble n_targets": "one, where the schema leaves it open",
  ":RegexFullMatch pattern": "there is nothing to match without one",
};

/** A default as the schema writes it: flags are 0 and 1, element types numbers. */
function plain(value: unknown): unknown {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" && isDType(value)) return dtypeToOnnx(value);
  if (typeof value === "number") return Math.fround(value);
  return value ?? null;
}
const absent = (x: unknown): boolean =>
  x === null || x === undefined || x === "" || (Array.isArray(x) && x.length === 0);

describe.each(bound.map((b) => [b.key, b] as const))("%s", (key, { op, onnx }) => {
  const schema = schemas[key];

  test("exists in ONNX, with these versions", () => {
    expect(schema, "no schema").toBeDefined();
    expect([...onnx.since]).toEqual(schema?.since.filter((v) => !schema.deprecated || onnx.since.includes(v)));
  });

  test("has ONNX's attributes and defaults", () => {
    if (!schema || schema.deprecated) return;
    const specs = op.attrs as AttrSpecs;
    const own = [
      ...Object.entries(specs)
        .filter(([, s]) => s.kind !== "internal")
        .map(([name]) => name),
      ...(op.regions?.names ?? []),
    ];
    expect(own.filter((name) => !(`${key} ${name}` in stated) || name in schema.attributes).toSorted()).toEqual(
      Object.keys(schema.attributes).toSorted(),
    );
    for (const [name, wanted] of Object.entries(schema.attributes)) {
      const spec = specs[name];
      if (!spec || `${key} ${name}` in stated) continue; // a graph, or a stated difference
      // Long lists are read as tensors, and their operators themselves ask for those that they need.
      if (!(wanted.type.endsWith("S") && spec.default === undefined && !spec.required))
        expect(spec.required, `${name} required`).toBe(wanted.required);
      const [mine, theirs] = [plain(spec.default), plain(wanted.default)];
      if (absent(mine) && absent(theirs)) continue;
      expect(mine, `default of ${name}`).toEqual(theirs);
    }
  });
});

test("every live operator of ONNX is known, but for those named here", () => {
  const known = new Set(bound.map((b) => b.key));
  const missing = Object.entries(schemas)
    .filter(([key, s]) => !s.deprecated && !known.has(key))
    .map(([key]) => key);
  expect(missing).toEqual(["ai.onnx.preview.training:Gradient"]);
});
