/** ONNX Runtime as the reference, for tools: the same that `onnxidize compare` uses. */
export * from "../../src/cli/onnxruntime.ts";
