/** The command line: what `bin/onnxidize.js` calls. The only part of the project that reads arguments. */
import { Command, CommanderError, Option } from "commander";
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import { bug } from "./bug.ts";
import { benchCommand } from "./commands/bench.ts";
import { buildCommand } from "./commands/build.ts";
import { checkCommand } from "./commands/check.ts";
import { compareCommand } from "./commands/compare.ts";
import { compileCommand } from "./commands/compile.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { runCommand } from "./commands/run.ts";
import { version } from "./fingerprint.ts";
import { examples } from "./help.ts";
import { type Host, processHost } from "./host.ts";
import { wholeNumber } from "./options.ts";
import { type GlobalOptions, Interrupted, Session, type Start, type Work } from "./session.ts";

/** What ended with this code was interrupted by the user. */
const interruptedExit = 130;

/** Runs the command line `argv` (without the names of node and the program); the exit code. Throws nothing. */
export async function main(argv: readonly string[], host: Host = processHost()): Promise<number> {
  let code = 0;
  const start: Start = async (command, work) => {
    code = await inSession(host, command.optsWithGlobals<GlobalOptions>(), work);
  };
  try {
    await program(host, start).parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(host, argvOptions(argv), error);
    if (error.exitCode === 0) return 0;
    return report(host, argvOptions(argv), usage(error));
  }
}

/** The global options as far as they can be told from arguments that are wrong. */
const argvOptions = (argv: readonly string[]): GlobalOptions => ({
  json: argv.includes("--json"),
  verbose: argv.includes("--verbose") || argv.includes("-v"),
});

async function inSession(host: Host, options: GlobalOptions, work: Work): Promise<number> {
  const session = new Session(host, options);
  try {
    return await work(session);
  } catch (error) {
    session.progress.end();
    if (session.signal.aborted || error instanceof Interrupted) return interruptedExit;
    return report(host, options, error, session);
  } finally {
    session.close();
  }
}

/** Shows what stopped a command: diagnostics for the user, or a bug of ours. The exit code. */
function report(host: Host, options: GlobalOptions, error: unknown, session = new Session(host, options)): number {
  const known = error instanceof Diagnosed ? error : bug(error);
  session.document({ ok: false, diagnostics: known.diagnostics });
  if (!options.json) session.report(known.diagnostics);
  if (!(error instanceof Diagnosed) && options.verbose)
    host.stderr(`${error instanceof Error ? error.stack : error}\n`);
  session.close();
  return known.exitCode;
}

/** Commander's sentence and its suggestion as a diagnostic. */
function usage(error: CommanderError): Diagnosed {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const hint = rest
    .join(" ")
    .trim()
    .replace(/^\((.*)\)$/, "$1");
  return new Diagnosed(diagnostic("E0500", hint ? { message: first, help: hint } : { message: first }));
}

/** In the order of the help text. */
const commands = [
  compileCommand,
  buildCommand,
  runCommand,
  checkCommand,
  compareCommand,
  benchCommand,
  inspectCommand,
  explainCommand,
  doctorCommand,
];

function program(host: Host, start: Start): Command {
  const root = new Command("onnxidize")
    .description("Compiles ONNX models to readable Rust crates, native programs and WebAssembly.")
    .version(version, "-V, --version", "print the version")
    .option("--json", "print one JSON document on stdout (one per line for several models)")
    .option("--threads <n>", "threads of the model that runs; 0 takes all that the machine has", wholeNumber(0), 1)
    .option("-q, --quiet", "print errors only, no notes and no warnings")
    .option("-v, --verbose", "print more: what tools say, stacks of our own bugs")
    .option("--no-progress", "do not show what is going on")
    .addOption(new Option("--color <when>", "colour messages").choices(["auto", "always", "never"]).default("auto"))
    .helpOption("-h, --help", "print this text")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", examples(["compile model.onnx -o crate", "run model.onnx --random", "check models/*.onnx"]))
    .addHelpText("after", `\nExit codes: ${exitCodes}.`);
  for (const command of commands) root.addCommand(command(start));
  for (const command of [root, ...root.commands]) configure(command, host);
  return root;
}

const exitCodes =
  "0 ok, 1 a bug of ours, 2 usage, 3 invalid model, 4 unsupported, 5 tolerance or budget, 6 toolchain, 7 refused for security, 130 interrupted";

/** Same behaviour for every command: errors are thrown, not printed; help shows the global options too. */
function configure(command: Command, host: Host): void {
  command
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true, helpWidth: 100, sortSubcommands: false })
    .configureOutput({
      writeOut: host.stdout,
      writeErr: host.stderr,
      outputError: () => {},
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
    });
}
