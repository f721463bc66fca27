/** `onnxidize bench`: the compiled model and other engines on the same inputs, taking turns, with the same threads. */
import { Command, Option } from "commander";
import type { RuntimeValue } from "../../ir/tensor.ts";
import { compareResults } from "../comparison.ts";
import { version } from "../fingerprint.ts";
import { examples } from "../help.ts";
import { type OpenModel, openModel } from "../model.ts";
import { openReference, type Reference, referenceVersion } from "../onnxruntime.ts";
import { addInput, type ModelFlags, modelOptions, wholeNumber, withModelOptions } from "../options.ts";
import { type Program, programFor } from "../program.ts";
import { feeds, modelFor } from "../references.ts";
import { runProgram } from "../run_program.ts";
import type { Session, Start } from "../session.ts";
import { type GatherFlags, gather } from "./run.ts";

interface Flags extends ModelFlags, GatherFlags {
  readonly against: "onnxruntime";
  readonly rounds: number;
  readonly keepEnv?: boolean;
}

export const benchCommand = (start: Start): Command =>
  withModelOptions(new Command("bench"))
    .description("time the compiled model against another engine, in turns, on the same inputs and threads")
    .argument("<model>", "an .onnx or .onnxtxt file")
    .option("--inputs <file.npz>", "an array for each input, by name or by position (0, 1, …)")
    .option("--input <name=file>", "one input from a .npy, .npz or .pb file; may be repeated", addInput)
    .option("--random", "draw the inputs that are not given")
    .option("--seed <n>", "where the random numbers start", wholeNumber(0), 0)
    .addOption(new Option("--against <engine>", "the other engine").choices(["onnxruntime"]).default("onnxruntime"))
    .option("--rounds <n>", "turns of each engine, at least ten counted runs in all", wholeNumber(1), 5)
    .option("--keep-env", "hand the whole environment to cargo: RUSTFLAGS, wrappers and all")
    .addHelpText(
      "after",
      examples(["bench resnet50.onnx --random --dim N=1", "bench bert.onnx --inputs in.npz --threads 2 --json"]),
    )
    .action((model: string, flags: Flags, command: Command) => start(command, (s) => bench(s, model, flags)));

interface Timing {
  readonly min: number;
  readonly median: number;
  readonly p90: number;
}

/** Seconds that each engine runs in a round, warm-up left out. */
const roundSeconds = 0.4;
const [fewest, most] = [4, 2000];

async function bench(session: Session, file: string, flags: Flags): Promise<number> {
  const options = modelOptions(flags);
  const opened = openModel(session, file);
  const inputs = gather(session, opened, flags, options);
  const program = await programFor(session, opened, { options, keepEnv: flags.keepEnv });
  const threads = session.options.threads ?? 1;
  const reference = await openReference(modelFor(opened, undefined), { optimize: true, threads });
  try {
    const error = await worstError(session, opened, program, inputs, reference);
    const [ours, theirs] = await takeTurns(session, opened, program, inputs, reference, threads, flags.rounds);
    const results = [
      { engine: "onnxidize", version, seconds: ours, ratio: 1, maxRelError: 0 },
      {
        engine: "onnxruntime",
        version: await referenceVersion(),
        seconds: theirs,
        ratio: theirs.median / ours.median,
        maxRelError: error,
      },
    ];
    session.document({ model: file, threads, results });
    session.print(
      results
        .map(
          (r) =>
            `${r.engine.padEnd(12)} median ${text(r.seconds.median)}  min ${text(r.seconds.min)}  p90 ${text(r.seconds.p90)}  ratio ${r.ratio.toFixed(2)}`,
        )
        .join("\n"),
    );
    return 0;
  } finally {
    await reference.close();
  }
}

const text = (seconds: number): string => `${(seconds * 1e3).toPrecision(3)} ms`.padEnd(9);

/** Outputs are compared before anything is timed: the largest relative error of any output. */
async function worstError(
  session: Session,
  opened: OpenModel,
  program: Program,
  inputs: readonly RuntimeValue[],
  reference: Reference,
): Promise<number | null> {
  const found = await runProgram(session, opened, program, { inputs, repeat: 1, threads: 1 });
  const expected = await reference.run(feeds(opened, inputs));
  const errors = compareResults(found.outputs, expected, opened.model, { rtol: 1e-3 }).map((c) => c.maxRelError);
  return errors.every((e) => e !== null) ? Math.max(0, ...(errors as number[])) : null;
}

async function takeTurns(
  session: Session,
  opened: OpenModel,
  program: Program,
  inputs: readonly RuntimeValue[],
  reference: Reference,
  threads: number,
  rounds: number,
): Promise<readonly [Timing, Timing]> {
  const given = feeds(opened, inputs);
  const once = async (): Promise<number> => {
    const start = performance.now();
    await reference.run(given);
    return (performance.now() - start) / 1e3;
  };
  const repeats = (seconds: number): number => Math.min(most, Math.max(fewest, Math.ceil(roundSeconds / seconds)));
  const warm = await runProgram(session, opened, program, { inputs, repeat: 3, threads });
  await once();
  const theirSeconds = await once();
  const [ours, theirs]: [Timing[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const { seconds } = await runProgram(session, opened, program, {
      inputs,
      repeat: repeats(warm.seconds.median) + 1,
      threads,
    });
    ours.push(seconds);
    await once();
    for (let i = repeats(theirSeconds); i > 0; i--) theirs.push(await once());
  }
  return [
    {
      min: Math.min(...ours.map((t) => t.min)),
      median: quantile(
        ours.map((t) => t.median),
        0.5,
      ),
      p90: quantile(
        ours.map((t) => t.p90),
        0.5,
      ),
    },
    { min: Math.min(...theirs), median: quantile(theirs, 0.5), p90: quantile(theirs, 0.9) },
  ];
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
}
