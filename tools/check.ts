/**
 * `npm run check`: everything that has to hold, in order, each line timed: format and lint, types, layering and sizes, unit
 * tests, the runtime's format, lints and tests, the official suite compiled and run, and a dozen real models.
 */
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const root = fileURLToPath(new URL("..", import.meta.url));
const runtime = fileURLToPath(new URL("../runtime-rs", import.meta.url));

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
}

const tsx = (...args: string[]): readonly [string, ...string[]] => ["npx", "tsx", ...args];

/** Small models of every kind: trained, judged by what they say where a person can. */
const models = [
  "digits",
  "magika",
  "silero_vad",
  "blazeface",
  "mtcnn",
  "wakeword",
  "ppocr_cls",
  "ppocr_rec",
  "orientation",
  "mlp",
  "tiny_llama",
];

const steps: readonly Step[] = [
  { name: "format and lint", command: ["npx", "biome", "check", "."] },
  { name: "types", command: ["npx", "tsc", "--noEmit"] },
  { name: "build", command: ["npm", "run", "build", "--silent"] },
  { name: "layers and sizes", command: tsx("tools/tidy.ts") },
  { name: "unit tests", command: ["npx", "vitest", "run"] },
  { name: "runtime: format", command: ["cargo", "fmt", "--check"], cwd: runtime },
  {
    name: "runtime: lints",
    command: ["cargo", "clippy", "--offline", "--all-targets", "--", "-D", "warnings"],
    cwd: runtime,
  },
  { name: "runtime: tests", command: ["cargo", "test", "--offline", "--release", "--lib"], cwd: runtime },
  { name: "official suite", command: tsx("tools/conformance.ts", "--known", "docs/conformance_failures.txt") },
  { name: "real models", command: tsx("tools/models.ts", ...models) },
];

let failed = 0;
for (const step of steps) {
  const start = performance.now();
  console.log(`── ${step.name}`);
  const { exitCode } = await execa(step.command[0], step.command.slice(1), {
    cwd: step.cwd ?? root,
    stdio: "inherit",
    reject: false,
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`── ${step.name}: ${exitCode === 0 ? "ok" : "FAILED"} in ${seconds} s`);
  if (exitCode !== 0) failed++;
}
console.log(`${steps.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
