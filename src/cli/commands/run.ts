/** `onnxidize run`: the model on given or random inputs, by its compiled program. */
import { Command } from "commander";
import type { RuntimeValue } from "../../ir/tensor.ts";
import { examples } from "../help.ts";
import { type InputFlags, readInputs, requireAll, requiredInputs, takePictures } from "../inputs.ts";
import { type OpenModel, openModel } from "../model.ts";
import {
  addInput,
  type ModelFlags,
  type ModelOptions,
  modelOptions,
  wholeNumber,
  withModelOptions,
} from "../options.ts";
import { programFor } from "../program.ts";
import { randomInputs, sizesFrom } from "../random_inputs.ts";
import { resultTable, saveResults } from "../results.ts";
import { runProgram } from "../run_program.ts";
import type { Session, Start } from "../session.ts";

export interface GatherFlags extends InputFlags {
  readonly random?: boolean;
  readonly seed: number;
}

interface Flags extends ModelFlags, GatherFlags {
  readonly save?: string;
  readonly repeat: number;
  readonly keepEnv?: boolean;
}

export const runCommand = (start: Start): Command =>
  withModelOptions(new Command("run"))
    .description("run the model; its compiled program is kept, so that a second run starts at once")
    .argument("<model>", "an .onnx or .onnxtxt file")
    .option("--inputs <file.npz>", "an array for each input, by name or by position (0, 1, …)")
    .option("--input <name=file>", "one input from a .npy, .npz or .pb file, or a picture; may be repeated", addInput)
    .option("--random", "draw the inputs that are not given")
    .option("--seed <n>", "where the random numbers start", wholeNumber(0), 0)
    .option("--save <file.npz>", "write the outputs, by position and by name")
    .option("--repeat <n>", "run so many times, for the times", wholeNumber(1), 1)
    .option("--keep-env", "hand the whole environment to cargo: RUSTFLAGS, wrappers and all")
    .addHelpText(
      "after",
      examples([
        "run digits.onnx --inputs three.npz",
        "run digits.onnx --input image=three.npy --save result.npz",
        "run bert.onnx --random --dim sequence=128 --repeat 100 --json",
      ]),
    )
    .action((model: string, flags: Flags, command: Command) => start(command, (s) => run(s, model, flags)));

async function run(session: Session, file: string, flags: Flags): Promise<number> {
  const options = modelOptions(flags);
  const opened = openModel(session, file);
  const { pictures, flags: others } = takePictures(session, opened.model, flags);
  const inputs = gather(session, opened, others, options, pictures);
  const program = await programFor(session, opened, { options, keepEnv: flags.keepEnv });
  const threads = session.options.threads ?? 1;
  const result = await runProgram(session, opened, program, { inputs, pictures, repeat: flags.repeat, threads });
  if (flags.save !== undefined) saveResults(session, flags.save, result);
  session.document({
    model: file,
    outputs: result.outputs.flatMap((o) => o.entries.map(([name, t]) => ({ name, dtype: t.dtype, shape: t.shape }))),
    seconds: { ...program.seconds, ...result.seconds },
    bytes: { ...program.info.bytes, code: program.codeBytes, peakRss: result.peakRss },
    threads: result.threads,
    isa: result.isa,
  });
  session.print(resultTable(result));
  return 0;
}

/** Given inputs, and random ones for the rest if they are wanted. */
export function gather(
  session: Session,
  opened: OpenModel,
  flags: GatherFlags,
  options: ModelOptions,
  pictures: ReadonlyMap<number, string> = new Map(),
): RuntimeValue[] {
  const given = readInputs(session, opened.model, flags).map((v, i) => (pictures.has(i) ? null : v));
  if (!flags.random) return requireAll(opened.model, given);
  const sizes = sizesFrom(options.dims);
  const drawn = randomInputs(requiredInputs(opened.model), flags.seed, sizes);
  const all = given.map((v, i) => (v === undefined ? (drawn[i] as RuntimeValue) : v));
  if (sizes.assumed.size > 0)
    session.note(`note: ${[...sizes.assumed].join(", ")} set to 1; give sizes with --dim NAME=SIZE`);
  return all;
}
