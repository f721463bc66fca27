/** A model file on its way through the compiler, with progress, and with errors that name the file as the user did. */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { type Compiled, type CompileOptions, compileSteps } from "../compile.ts";
import { Diagnosed, diagnosed, diagnostic } from "../diagnostics/report.ts";
import { externalFiles } from "../frontend/external_files.ts";
import { loadModel } from "../frontend/load_model.ts";
import type { OnnxModel } from "../frontend/onnx_model.ts";
import { headBytes, looksLikeText } from "../frontend/recognise_file.ts";
import { hashFile, version } from "./fingerprint.ts";
import type { ModelOptions } from "./options.ts";
import type { Session } from "./session.ts";
import { didYouMean } from "./similar.ts";

export interface OpenModel {
  /** As the user wrote it: what messages say. */
  readonly file: string;
  /** As the file system wants it. */
  readonly path: string;
  /** The file's name, without folders: what goes into generated code, so that it is the same wherever the model lies. */
  readonly name: string;
  readonly model: OnnxModel;
  /** ONNX's text form rather than protobuf. */
  readonly isText: boolean;
}

export function openModel(session: Session, file: string): OpenModel {
  session.progress.begin("read the model");
  const path = session.path(file);
  refuseMissing(path, file);
  const model = about(file, () => loadModel(path));
  return { file, path, name: basename(path), model, isText: isTextFile(path) };
}

/** Says which file could be meant where there is none at `path`. */
function refuseMissing(path: string, file: string): void {
  if (existsSync(path)) return;
  const message = `there is no file ${JSON.stringify(file)}`;
  const help = didYouMean(path, file) ?? "check the spelling of the path";
  throw new Diagnosed(diagnostic("E0100", { message, help }, "", file));
}

function isTextFile(path: string): boolean {
  if (path.toLowerCase().endsWith(".onnxtxt")) return true;
  const head = Buffer.alloc(headBytes);
  const fd = openSync(path, "r");
  try {
    return looksLikeText(head.subarray(0, readSync(fd, head)));
  } finally {
    closeSync(fd);
  }
}

/** Runs `action`; the errors of the front end and the compiler become diagnostics about `file`. */
export function about<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw named(error, file);
  }
}

/** The compiler knows the model by its bare name; messages use the user's. */
function named(error: unknown, file: string): unknown {
  const known = diagnosed(error, "");
  return known instanceof Diagnosed ? known.in(file, basename(file)) : known;
}

/** Compiles; lets signals in between the passes. */
export async function compileOpened(
  session: Session,
  opened: OpenModel,
  options: ModelOptions & Pick<CompileOptions, "trace" | "expose">,
): Promise<Compiled> {
  const steps = compileSteps(opened.model, {
    source: opened.name,
    version,
    dims: options.dims,
    without: options.without,
    weights: options.weights,
    budget: options.budget,
    ...(options.trace ? { trace: options.trace } : {}),
    expose: options.expose,
  });
  session.progress.begin("compile");
  for (;;) {
    const step = about(opened.file, () => steps.next());
    if (step.done) {
      session.report(step.value.warnings.map((w) => ({ ...w, file: opened.file })));
      return step.value;
    }
    session.progress.step(step.value);
    await session.pause();
  }
}

/** SHA-256 of the model's file and of each file of external data. */
export function modelHashes(opened: OpenModel): { readonly sha256: string; readonly external: readonly string[] } {
  return about(opened.file, () => ({
    sha256: hashFile(opened.path),
    external: externalFiles(opened.model).map((path) => hashFile(path)),
  }));
}
