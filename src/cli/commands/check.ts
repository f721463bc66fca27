/** `onnxidize check`: can these models be compiled? All that is wrong with all of them; nothing is written. */
import { Command } from "commander";
import { Diagnosed, type Diagnostic } from "../../diagnostics/report.ts";
import { bug } from "../bug.ts";
import { examples } from "../help.ts";
import { compileOpened, openModel } from "../model.ts";
import { type ModelFlags, modelOptions, withModelOptions } from "../options.ts";
import type { Session, Start } from "../session.ts";

export const checkCommand = (start: Start): Command =>
  withModelOptions(new Command("check"))
    .description("tell everything that keeps models from being compiled; write nothing")
    .argument("<models...>", "one or more .onnx or .onnxtxt files")
    .addHelpText("after", examples(["check model.onnx", "check --json models/*.onnx"]))
    .action((models: string[], flags: ModelFlags, command: Command) =>
      start(command, (session) => check(session, models, flags)),
    );

async function check(session: Session, files: readonly string[], flags: ModelFlags): Promise<number> {
  const options = modelOptions(flags);
  let code = 0;
  for (const file of files) {
    const { diagnostics, exitCode } = await problems(session, file, options);
    const ok = exitCode === 0;
    session.document({ model: file, ok, diagnostics });
    if (!session.json) session.report(diagnostics);
    session.print(`${file}: ${ok ? "can be compiled" : `${count(diagnostics)}`}`);
    code ||= exitCode;
  }
  return code;
}

function count(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((d) => d.severity === "error").length;
  return errors === 1 ? "1 error" : `${errors} errors`;
}

/** All diagnostics of one model. */
async function problems(
  session: Session,
  file: string,
  options: ReturnType<typeof modelOptions>,
): Promise<{ readonly diagnostics: readonly Diagnostic[]; readonly exitCode: number }> {
  try {
    const opened = openModel(session, file);
    const { warnings } = await compileOpened(session, opened, options);
    session.progress.end();
    return { diagnostics: warnings.map((w) => ({ ...w, file })), exitCode: 0 };
  } catch (error) {
    session.progress.end();
    session.check();
    if (!(error instanceof Diagnosed)) session.detail(error instanceof Error ? (error.stack ?? "") : "");
    // A bug of ours with one model must not hide what is wrong with the others.
    const known = error instanceof Diagnosed ? error : bug(error, file);
    return { diagnostics: known.diagnostics, exitCode: known.exitCode };
  }
}
