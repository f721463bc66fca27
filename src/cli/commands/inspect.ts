/** `onnxidize inspect`: what a model is, or what it has become at a stage of the compiler. */
import { Command, Option } from "commander";
import { Diagnosed } from "../../diagnostics/report.ts";
import { importModel } from "../../frontend/import_graph.ts";
import type { Program } from "../../ir/graph.ts";
import { simplify } from "../../passes/index.ts";
import { runPasses } from "../../passes/pass.ts";
import { compiledFacts, factsText, fileFacts } from "../facts.ts";
import { examples } from "../help.ts";
import { programText } from "../ir_text.ts";
import { about, compileOpened, type OpenModel, openModel } from "../model.ts";
import { type ModelFlags, type ModelOptions, modelOptions, withModelOptions } from "../options.ts";
import { planText } from "../plan_text.ts";
import type { Session, Start } from "../session.ts";

const stages = ["import", "simplified", "fused", "plan", "rust"] as const;
type Stage = (typeof stages)[number];

interface Flags extends ModelFlags {
  readonly stage?: Stage;
}

export const inspectCommand = (start: Start): Command =>
  withModelOptions(new Command("inspect"))
    .description("show inputs, outputs, operators and sizes, or the program at a stage of the compiler")
    .argument("<model>", "an .onnx or .onnxtxt file")
    .addOption(new Option("--stage <stage>", "print the program as it is after this stage").choices(stages))
    .addHelpText(
      "after",
      examples(["inspect model.onnx", "inspect model.onnx --stage fused", "inspect model.onnx --stage rust > lib.rs"]),
    )
    .action((model: string, flags: Flags, command: Command) => start(command, (s) => inspect(s, model, flags)));

async function inspect(session: Session, file: string, flags: Flags): Promise<number> {
  const options = modelOptions(flags);
  const opened = openModel(session, file);
  if (flags.stage === undefined) return inspectModel(session, opened, options);
  const text = await stageText(session, opened, options, flags.stage);
  session.progress.end();
  session.document({ model: file, stage: flags.stage, text });
  session.print(text);
  return 0;
}

/** A model that cannot be compiled is shown as far as its file tells. */
async function inspectModel(session: Session, opened: OpenModel, options: ModelOptions): Promise<number> {
  const facts = fileFacts(opened.model);
  const compiled = await attempt(session, opened, options);
  session.progress.end();
  const ok = !(compiled instanceof Diagnosed);
  const more = ok ? compiledFacts(compiled) : undefined;
  session.document({ model: opened.file, ok, ...facts, ...more, diagnostics: ok ? [] : compiled.diagnostics });
  session.print(factsText(facts, more));
  if (!ok) session.note(`note: ${opened.file} cannot be compiled; \`onnxidize check\` says why`);
  return 0;
}

async function attempt(
  session: Session,
  opened: OpenModel,
  options: ModelOptions,
): Promise<Awaited<ReturnType<typeof compileOpened>> | Diagnosed> {
  try {
    return await compileOpened(session, opened, options);
  } catch (error) {
    if (error instanceof Diagnosed) return error;
    throw error;
  }
}

async function stageText(session: Session, opened: OpenModel, options: ModelOptions, stage: Stage): Promise<string> {
  const imported = (): Program =>
    about(opened.file, () => importModel(opened.model, opened.name, options.dims).program);
  if (stage === "import") return programText(imported());
  if (stage === "simplified")
    return programText(about(opened.file, () => runPasses(imported(), simplify, options.without)));
  const compiled = await compileOpened(session, opened, options);
  if (stage === "fused") return programText(compiled.program);
  return stage === "plan" ? planText(compiled.plan) : compiled.module.rust.trimEnd();
}
