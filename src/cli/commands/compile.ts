/** `onnxidize compile`: a model becomes a crate in a folder of the user's. */
import { Command, InvalidArgumentError } from "commander";
import { byteText } from "../../codegen/rust.ts";
import { defaultName, draftCrate } from "../crate.ts";
import { refuseForeign, shownPath } from "../folder.ts";
import { type GoldenFlags, readGolden } from "../golden.ts";
import { examples } from "../help.ts";
import { openModel } from "../model.ts";
import { type ModelFlags, modelOptions, tolerance, withModelOptions } from "../options.ts";
import type { Session, Start } from "../session.ts";

interface Flags extends ModelFlags, GoldenFlags {
  readonly outDir?: string;
  readonly crateName?: string;
  readonly force?: boolean;
}

export const compileCommand = (start: Start): Command =>
  withModelOptions(new Command("compile"))
    .description("write a Rust crate that computes what the model does")
    .argument("<model>", "an .onnx or .onnxtxt file")
    .option("-o, --out-dir <dir>", "folder of the crate (default: the crate's name)")
    .option("--crate-name <name>", "name of the package (default: from the file's name)", crateNameOption)
    .option("--force", "replace what lies in the folder under the same names, whoever made it")
    .option("--inputs <file.npz>", "inputs for the crate's own test, with --expected")
    .option("--expected <file.npz>", "outputs that these inputs must give")
    .option("--rtol <r>", "relative tolerance of that test (default: 1e-3)", tolerance)
    .option("--atol <a>", "absolute tolerance of that test (default: 1e-5)", tolerance)
    .addHelpText(
      "after",
      examples([
        "compile digits.onnx -o digits",
        "compile bert.onnx --dim batch=1 --dim sequence=1..128",
        "compile digits.onnx --inputs in.npz --expected out.npz",
      ]),
    )
    .action((model: string, flags: Flags, command: Command) =>
      start(command, (session) => compile(session, model, flags)),
    );

/** A package name that cargo, rustc and file systems take. */
export function crateNameOption(text: string): string {
  if (/^[a-z][a-z0-9_]{0,63}$/.test(text)) return text;
  throw new InvalidArgumentError("Expected lower-case letters, digits and _, beginning with a letter.");
}

async function compile(session: Session, file: string, flags: Flags): Promise<number> {
  const options = modelOptions(flags);
  const opened = openModel(session, file);
  const name = flags.crateName ?? defaultName(opened);
  const folder = session.path(flags.outDir ?? name);
  const shown = shownPath(session, folder);
  refuseForeign(folder, shown, flags.force === true);
  const golden = readGolden(session, opened.model, flags);
  const { draft, info, compiled, seconds } = await draftCrate(session, opened, { folder, name, options, golden });
  draft.publish();
  session.document({
    model: file,
    ok: true,
    crate: { name, folder },
    inputs: info.inputs,
    outputs: info.outputs,
    bytes: info.bytes,
    seconds: { compile: seconds },
    diagnostics: compiled.warnings.map((w) => ({ ...w, file })),
  });
  const { weights, arena } = info.bytes;
  session.print(`${shown}: crate \`${name}\`, constants ${byteText(weights)}, arena ${byteText(arena)}`);
  return 0;
}
