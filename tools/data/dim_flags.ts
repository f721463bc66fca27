/** Sizes of a panel case's inputs as flags of the command line. */
import { readFileSync } from "node:fs";
import { requiredInputs } from "../../src/cli/inputs.ts";
import { loadModel } from "../../src/frontend/load_model.ts";
import { isTensor } from "../../src/ir/tensor.ts";
import { inputsFrom, readNpz } from "../../src/tensorfile/npz.ts";
import type { PanelCase, PanelModel } from "./panel.ts";

/** `--dim` for every open extent of the inputs. */
export function dimFlags(model: PanelModel, c: PanelCase): string[] {
  const loaded = loadModel(model.modelPath);
  const names = requiredInputs(loaded).map((i) => i.name);
  const values = inputsFrom(readNpz(readFileSync(c.inputs)), names);
  return requiredInputs(loaded).flatMap(({ name, type }, i) => {
    const value = values[i];
    if (type?.kind !== "tensor" || !isTensor(value)) return [];
    return (type.shape ?? []).flatMap((d, axis) =>
      typeof d === "number" ? [] : ["--dim", `${name}_${axis}=${value.shape[axis]}`],
    );
  });
}
