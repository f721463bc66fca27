/**
 * `tsx tools/panel.ts [WORD]…`: lays out the model panel (or the models whose name contains a word, or of a family), checks
 * that ONNX Runtime for Node.js gives the expected outputs, and prints what they say. Ends with the number of failures.
 */
import { readFile, stat } from "node:fs/promises";
import { numbers, type Tensor } from "../src/ir/tensor.ts";
import { outputsFrom, readNpz } from "../src/tensorfile/npz.ts";
import { layOutPanel, matching, type PanelCase, type PanelModel } from "./data/panel.ts";
import { openReference, type Reference } from "./data/reference.ts";

const { models, failures } = await layOutPanel(matching(process.argv.slice(2)));
let failed = failures.length;
for (const { name, reason } of failures) console.log(`${name.padEnd(22)} cannot be made: ${reason}`);
for (const model of models) failed += (await check(model)) ? 0 : 1;
console.log(`${models.length + failures.length - failed} right, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function check(model: PanelModel): Promise<boolean> {
  const { size } = await stat(model.modelPath);
  const reference = await openReference(model.modelPath);
  let right = true;
  for (const c of model.cases) {
    const error = await largestError(model, c, reference);
    const says = c.verdict === undefined ? "" : `${c.verdict.right ? "right" : "WRONG"}: ${c.verdict.says}`;
    right &&= c.verdict?.right !== false && error <= model.tolerance.atol;
    console.log(
      `${model.name.padEnd(22)} ${(size / 1e6).toFixed(1).padStart(6)} MB  ${c.name.padEnd(16)} ${error.toExponential(0).padStart(6)}  ${says}`,
    );
  }
  await reference.close();
  return right;
}

/** The largest difference to the expected outputs, relative to the largest expected value of the output. */
async function largestError(model: PanelModel, c: PanelCase, reference: Reference): Promise<number> {
  const found = await reference.run(readNpz(await readFile(c.inputs)));
  const expected = outputsFrom(readNpz(await readFile(c.expected)), model.outputNames);
  const errors = model.outputNames.map((name, i) => difference(found.get(name) as Tensor, expected[i] as Tensor));
  return Math.max(...errors);
}

function difference(found: Tensor, expected: Tensor): number {
  const [a, b] = [numbers(found), numbers(expected)];
  let [scale, error] = [Number.MIN_VALUE, a.length === b.length ? 0 : Number.POSITIVE_INFINITY];
  b.forEach((x, i) => {
    scale = Math.max(scale, Math.abs(x));
    error = Math.max(error, Math.abs(x - (a[i] as number)));
  });
  return error / scale;
}
