/** Parts of serialised models, right and wrong ones. */
import { bytesField, intField, message, textField } from "../frontend/wire_write.ts";

/** Fields of ModelProto, GraphProto, NodeProto, TensorProto and ValueInfoProto by their numbers in onnx.proto. */
export const opset = (domain: string, version: number): Uint8Array =>
  bytesField(8, message(textField(1, domain), intField(2, version)));
export const model = (graph: Uint8Array, ...more: Uint8Array[]): Uint8Array =>
  message(intField(1, 10), opset("", 21), bytesField(7, graph), ...more);
export const node = (op: string, inputs: string[], outputs: string[], ...more: Uint8Array[]): Uint8Array =>
  bytesField(
    1,
    message(
      ...inputs.map((n) => textField(1, n)),
      ...outputs.map((n) => textField(2, n)),
      textField(3, `the ${op}`),
      textField(4, op),
      ...more,
    ),
  );
export const tensorType = (dtype: number, dims: readonly (number | bigint)[] | undefined): Uint8Array => {
  const shape = dims && bytesField(2, message(...dims.map((d) => bytesField(1, intField(1, d)))));
  return bytesField(1, message(intField(1, dtype), ...(shape ? [shape] : [])));
};
export const info = (field: number, name: string, type: Uint8Array | undefined): Uint8Array =>
  bytesField(field, message(textField(1, name), ...(type ? [bytesField(2, type)] : [])));
export const input = (name: string, dims?: readonly (number | bigint)[], dtype = 1): Uint8Array =>
  info(11, name, tensorType(dtype, dims));
export const output = (name: string): Uint8Array => info(12, name, tensorType(1, undefined));
export const initializer = (...fields: Uint8Array[]): Uint8Array => bytesField(5, message(...fields));
export const graph = (...fields: Uint8Array[]): Uint8Array => message(textField(2, "g"), ...fields);
export const dims = (...values: (number | bigint)[]): Uint8Array => message(...values.map((d) => intField(1, d)));
export const floats = (count: number): Uint8Array => bytesField(9, new Uint8Array(4 * count));
