/** `onnxidize build`: a model becomes a program, by cargo. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { byteText } from "../../codegen/rust.ts";
import { buildCrate } from "../cargo.ts";
import { defaultName, draftCrate } from "../crate.ts";
import { refuseForeign, shownPath } from "../folder.ts";
import { examples } from "../help.ts";
import { type OpenModel, openModel } from "../model.ts";
import { type ModelFlags, type ModelOptions, modelOptions, withModelOptions } from "../options.ts";
import { codeBytes, type Program, programFor } from "../program.ts";
import type { Session, Start } from "../session.ts";
import { crateNameOption } from "./compile.ts";

interface Flags extends ModelFlags {
  readonly outDir?: string;
  readonly crateName?: string;
  readonly force?: boolean;
  readonly target: string;
  readonly keepEnv?: boolean;
}

export const buildCommand = (start: Start): Command =>
  withModelOptions(new Command("build"))
    .description("compile the model and build its program with cargo")
    .argument("<model>", "an .onnx or .onnxtxt file")
    .option("-o, --out-dir <dir>", "folder of the crate (default: in the cache)")
    .option("--crate-name <name>", "name of the package, with -o (default: from the file's name)", crateNameOption)
    .option("--force", "replace what lies in the folder under the same names, whoever made it")
    .option("--target <target>", "native, wasm, wasm32-wasip1 or another triple of rustc", "native")
    .option("--keep-env", "hand the whole environment to cargo: RUSTFLAGS, wrappers and all")
    .addHelpText("after", examples(["build digits.onnx", "build digits.onnx -o digits --target wasm32-wasip1"]))
    .action((model: string, flags: Flags, command: Command) => start(command, (s) => build(s, model, flags)));

/** Rustc's name of a target; undefined is the machine at hand. */
function triple(target: string): string | undefined {
  if (target === "native") return undefined;
  return target === "wasm" ? "wasm32-unknown-unknown" : target;
}

async function build(session: Session, file: string, flags: Flags): Promise<number> {
  const options = modelOptions(flags);
  const opened = openModel(session, file);
  const target = triple(flags.target);
  const program =
    flags.outDir === undefined
      ? await programFor(session, opened, { options, target, keepEnv: flags.keepEnv })
      : await buildInto(session, opened, options, { ...flags, outDir: flags.outDir }, target);
  session.document({
    model: file,
    ok: true,
    target: target ?? "native",
    crate: { name: program.info.crate, folder: program.folder },
    program: program.path,
    bytes: { ...program.info.bytes, code: program.codeBytes },
    seconds: program.seconds,
  });
  session.print(`${shownPath(session, program.path)}: ${byteText(statSync(program.path).size)}`);
  return 0;
}

/** Writes the crate where the user wants it and puts the program where cargo would: in `target`. */
async function buildInto(
  session: Session,
  opened: OpenModel,
  options: ModelOptions,
  flags: Flags & { readonly outDir: string },
  target: string | undefined,
): Promise<Program> {
  const name = flags.crateName ?? defaultName(opened);
  const folder = session.path(flags.outDir);
  refuseForeign(folder, shownPath(session, folder), flags.force === true);
  const { draft, info, seconds } = await draftCrate(session, opened, { folder, name, options });
  draft.publish();
  const file =
    name + (target?.startsWith("wasm") ? ".wasm" : target === undefined && process.platform === "win32" ? ".exe" : "");
  const path = join(folder, "target", target ?? "", "release", file);
  const cargo = await buildCrate(session, { crate: name, folder, program: path, target, keepEnv: flags.keepEnv });
  return { folder, path, info, codeBytes: codeBytes(path, info), seconds: { compile: seconds, cargo } };
}
