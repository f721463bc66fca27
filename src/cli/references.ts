/** What results are compared with: stored values, or those of ONNX Runtime. */
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import { encodeModel } from "../frontend/encode_model.ts";
import { isTensor, type RuntimeValue, type Tensor } from "../ir/tensor.ts";
import { valueAt } from "../tensorfile/npz.ts";
import { readExpected } from "./golden.ts";
import { readArchive, requiredInputs } from "./inputs.ts";
import type { OpenModel } from "./model.ts";
import { isReferenceType, openReference, referenceVersion, withIntermediates } from "./onnxruntime.ts";
import type { ProgramRequest } from "./program.ts";
import type { Session } from "./session.ts";

export interface ReferenceValues {
  readonly engine: string;
  version(): Promise<string | undefined>;
  /** The intermediate values that the compiled model has to give besides its outputs. */
  readonly expose: ProgramRequest["expose"];
  /** The values called `names`, where there are any. */
  values(
    opened: OpenModel,
    inputs: readonly RuntimeValue[],
    names: readonly string[],
  ): Promise<ReadonlyMap<string, RuntimeValue>>;
}

/** Values from an archive: all outputs, and with `layers` the intermediate values that it has by name. */
export function expectedFrom(session: Session, opened: OpenModel, file: string, layers: boolean): ReferenceValues {
  const outputs = opened.model.graph.outputs.map((o) => o.name);
  const expected = readExpected(session, opened.model, file);
  const archive = layers ? readArchive(session, file) : new Map<string, Tensor>();
  const named = [...archive.keys()].filter((name) => !/^\d+(\.|$)/.test(name) && !outputs.includes(name));
  return {
    engine: "expected",
    version: async () => undefined,
    expose:
      named.length > 0 ? { name: `values ${JSON.stringify(named)}`, select: (name) => archive.has(name) } : undefined,
    async values(_, __, names) {
      const more = names.flatMap((name) => {
        const value = outputs.includes(name) ? undefined : valueAt(archive, name);
        return value === undefined ? [] : [[name, value] as const];
      });
      return new Map<string, RuntimeValue>([
        ...outputs.map((name, i) => [name, expected[i] as RuntimeValue] as const),
        ...more,
      ]);
    },
  };
}

/** Values of ONNX Runtime, with `layers` all intermediate ones that it can give. Throws E0531, E0532. */
export function referenceFrom(layers: boolean): ReferenceValues {
  return {
    engine: "onnxruntime",
    version: referenceVersion,
    expose: layers
      ? { name: "layers", select: (_, type) => type.kind === "tensor" && isReferenceType(type.dtype) }
      : undefined,
    async values(opened, inputs, names) {
      try {
        const reference = await openReference(modelFor(opened, layers ? new Set(names) : undefined));
        try {
          return await reference.run(feeds(opened, inputs), names);
        } finally {
          await reference.close();
        }
      } catch (error) {
        if (error instanceof Diagnosed) throw error;
        const message = error instanceof Error ? (error.message.split("\n")[0] as string) : String(error);
        throw new Diagnosed(diagnostic("E0532", { message }, "", opened.file));
      }
    },
  };
}

/** The model as ONNX Runtime reads it: its file, or bytes where that is text or where it shall have more outputs. */
export function modelFor(opened: OpenModel, exposed: ReadonlySet<string> | undefined): string | Uint8Array {
  if (exposed) return encodeModel(withIntermediates(opened.model, (name) => exposed.has(name)));
  return opened.isText ? encodeModel(opened.model) : opened.path;
}

export function feeds(opened: OpenModel, inputs: readonly RuntimeValue[]): Map<string, Tensor> {
  return new Map(
    requiredInputs(opened.model).map(({ name }, i) => {
      const value = inputs[i];
      if (!isTensor(value))
        throw new TypeError(`input "${name}" is no tensor, and onnxruntime-node takes nothing else`);
      return [name, value] as const;
    }),
  );
}
