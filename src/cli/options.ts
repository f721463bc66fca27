/** Options that several commands share, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import type { DimBinding } from "../frontend/import_graph.ts";
import type { Budget } from "../passes/check_budget.ts";
import { pipeline } from "../passes/index.ts";
import { nearest } from "./similar.ts";

/** What shapes the generated program. */
export interface ModelOptions {
  readonly dims: ReadonlyMap<string, DimBinding>;
  readonly without: ReadonlySet<string>;
  readonly weights: "auto" | "embed" | "file";
  readonly budget: Partial<Budget>;
}

/** As commander gives them. */
export interface ModelFlags {
  readonly dim?: ReadonlyMap<string, DimBinding>;
  readonly without?: readonly string[];
  readonly weights?: ModelOptions["weights"];
  readonly maxArena?: number;
  readonly maxWeights?: number;
}

/** Adds `--dim`, `--without` and `--weights`. */
export const withModelOptions = (command: Command): Command =>
  command
    .option("--dim <name=size>", "fix (N=8) or bound (N=1..32) a symbolic dimension; may be repeated", addDim)
    .option("--without <pass>", "leave out an optional pass; may be repeated", collect)
    .addOption(
      new Option(
        "--weights <where>",
        "constants inside of the program or in a file beside it (auto: up to 64 MB inside)",
      )
        .choices(["auto", "embed", "file"])
        .default("auto"),
    )
    .option("--max-arena <size>", "fail if planned memory is larger: bytes, or 64k, 2M, 1G", byteSize)
    .option("--max-weights <size>", "fail if the constants are larger", byteSize);

/** Checks names of passes: E0501. */
export function modelOptions(flags: ModelFlags): ModelOptions {
  const optional = [...new Set(pipeline.filter((p) => p.optional).map((p) => p.name))];
  for (const pass of flags.without ?? []) {
    if (optional.includes(pass)) continue;
    const near = nearest(pass, optional);
    const known = `${near === undefined ? "" : `did you mean ${near}? `}passes that can be switched off: ${optional.join(", ")}`;
    const params = { pass, known, optional: pipeline.some((p) => p.name === pass) ? "no" : "" };
    throw new Diagnosed(diagnostic("E0501", params));
  }
  const budget = {
    ...(flags.maxArena === undefined ? {} : { arena: flags.maxArena }),
    ...(flags.maxWeights === undefined ? {} : { weights: flags.maxWeights }),
  };
  return {
    dims: flags.dim ?? new Map(),
    without: new Set(flags.without ?? []),
    weights: flags.weights ?? "auto",
    budget,
  };
}

/** `65536`, `64k`, `2M`, `1G`: multiples of 1024, as memory has them. */
function byteSize(text: string): number {
  const [, digits, unit] = /^(\d+)([kMG]?)B?$/.exec(text) ?? [];
  const size = Number(digits) * 1024 ** ["", "k", "M", "G"].indexOf(unit ?? "");
  if (digits === undefined || !Number.isSafeInteger(size))
    throw new InvalidArgumentError("Expected a size, for example 64k.");
  return size;
}

export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** `N=8` or `N=1..32`; the name may hold anything, an equals sign too. */
export function addDim(text: string, before: ReadonlyMap<string, DimBinding> = new Map()): Map<string, DimBinding> {
  const [, name, from, to] = /^(.+)=(\d+)(?:\.\.(\d+))?$/s.exec(text) ?? [];
  if (name === undefined)
    throw new InvalidArgumentError("Expected NAME=SIZE or NAME=MIN..MAX, for example N=8 or N=1..32.");
  const [min, max] = [Number(from), Number(to ?? from)];
  if (!Number.isSafeInteger(max) || max > largestDim)
    throw new InvalidArgumentError(`A size is at most ${largestDim}.`);
  if (min > max) throw new InvalidArgumentError(`The least size, ${min}, is above the largest, ${max}.`);
  if (before.has(name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return new Map([...before, [name, to === undefined ? min : { min, max }]]);
}

/** No axis of a tensor that fits into memory is longer. */
const largestDim = 2 ** 40;

/** A whole number from `min` on. */
export const wholeNumber =
  (min: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min)
      throw new InvalidArgumentError(`Expected a whole number from ${min} on.`);
    return value;
  };

/** A number that is not negative. */
export function tolerance(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError("Expected a number that is not negative, for example 1e-3.");
  return value;
}

/** Name and file of `--input NAME=FILE`; the file is what follows the first equals sign after which a file can stand. */
export function addInput(
  text: string,
  before: readonly (readonly [string, string])[] = [],
): (readonly [string, string])[] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError("Expected NAME=FILE.");
  return [...before, [text.slice(0, at), text.slice(at + 1)] as const];
}
