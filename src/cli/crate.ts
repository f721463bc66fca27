/** A compiled model as a folder on disk. */

import { type BuildInfo, buildInfoFile, crateFiles, describeBuild, type Golden, textFile } from "../codegen/crate.ts";
import { crateName } from "../codegen/emit.ts";
import type { Compiled } from "../compile.ts";
import { compilerHash, version } from "./fingerprint.ts";
import { type Draft, draftFolder } from "./folder.ts";
import { compileOpened, modelHashes, type OpenModel } from "./model.ts";
import type { ModelOptions } from "./options.ts";
import { runtimeFiles } from "./runtime_files.ts";
import type { Session } from "./session.ts";

export interface CrateRequest {
  readonly folder: string;
  /** Name of the package. */
  readonly name: string;
  readonly options: ModelOptions;
  readonly golden?: Golden | undefined;
  /** Compiles in another way, for example with more outputs. */
  readonly compile?: (() => Promise<Compiled>) | undefined;
}

export interface WrittenCrate {
  readonly compiled: Compiled;
  readonly info: BuildInfo;
  readonly seconds: number;
}

/** Compiles `opened` and writes the crate into a draft; `publish` is left to the caller, who may want to add to it. */
export async function draftCrate(
  session: Session,
  opened: OpenModel,
  request: CrateRequest,
): Promise<WrittenCrate & { readonly draft: Draft }> {
  const start = performance.now();
  const compiled = await (request.compile ?? (() => compileOpened(session, opened, request.options)))();
  session.progress.begin("write the crate");
  const draft = draftFolder(session, request.folder);
  const { program, plan, module } = compiled;
  const files = crateFiles(program, plan, module, {
    name: request.name,
    version,
    runtime: runtimeFiles().files,
    golden: request.golden,
  });
  for (const file of files) await draft.write(file);
  const info: BuildInfo = {
    generator: "onnxidize",
    version,
    compiler: compilerHash(),
    crate: request.name,
    model: { file: opened.name, ...modelHashes(opened) },
    options: optionsInfo(request.options),
    ...describeBuild(program, plan, module),
    files: { ...draft.hashes },
  };
  await draft.write(textFile(buildInfoFile, `${JSON.stringify(info, null, 2)}\n`));
  session.progress.end();
  return { compiled, info, draft, seconds: (performance.now() - start) / 1000 };
}

/** The options as plain data, in an order that does not depend on how they were given. */
export const optionsInfo = (options: ModelOptions): Readonly<Record<string, unknown>> => ({
  dims: Object.fromEntries([...options.dims].sort(([a], [b]) => (a < b ? -1 : 1))),
  without: [...options.without].sort(),
  weights: options.weights,
});

/** The name that a crate has if none is given. */
export const defaultName = (opened: OpenModel): string => crateName(opened.name);
