/** Reading a case's stored inputs and expected outputs. The graph's types say what each file holds; files bind by position. */
import { readFileSync } from "node:fs";
import type { OnnxModel, OnnxType } from "../../src/frontend/onnx_model.ts";
import {
  decodeMapProto,
  decodeOptionalProto,
  decodeSequenceProto,
  decodeTensorProto,
} from "../../src/frontend/tensor_proto.ts";
import type { RuntimeValue } from "../../src/ir/tensor.ts";
import type { DataSet } from "../data/onnx_suite.ts";

export interface CaseData {
  readonly inputs: readonly RuntimeValue[];
  readonly outputs: readonly RuntimeValue[];
}

export function readCaseData(model: OnnxModel, set: DataSet): CaseData {
  const initial = new Set(model.graph.initializers.map((i) => i.name));
  const inputs = model.graph.inputs.filter((i) => !initial.has(i.name));
  return {
    inputs: set.inputs.map((path, i) => readValue(path, inputs[i]?.type)),
    outputs: set.outputs.map((path, i) => readValue(path, model.graph.outputs[i]?.type)),
  };
}

function readValue(path: string, type: OnnxType | undefined): RuntimeValue {
  const bytes = readFileSync(path);
  if (type?.kind === "sequence") return decodeSequenceProto(bytes);
  if (type?.kind === "optional") return decodeOptionalProto(bytes);
  if (type?.kind === "map") return decodeMapProto(bytes);
  return decodeTensorProto(bytes);
}
