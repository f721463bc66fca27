/** The compiled program of a model: from the cache, or compiled, built and put there. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BuildInfo, buildInfoFile } from "../codegen/crate.ts";
import type { Compiled, CompileOptions } from "../compile.ts";
import { cacheFolder, markUsed, prune } from "./cache.ts";
import { buildCrate, forgetCrate } from "./cargo.ts";
import { defaultName, draftCrate, optionsInfo } from "./crate.ts";
import { compilerHash, hashTexts } from "./fingerprint.ts";
import { compileOpened, modelHashes, type OpenModel } from "./model.ts";
import type { ModelOptions } from "./options.ts";
import type { Session } from "./session.ts";

export interface Program {
  /** The folder of the crate. */
  readonly folder: string;
  readonly path: string;
  readonly info: BuildInfo;
  /** Bytes of code: the program without the constants inside of it. */
  readonly codeBytes: number;
  readonly seconds: { readonly compile: number; readonly cargo: number };
}

export interface ProgramRequest {
  readonly options: ModelOptions;
  /** Intermediate values as further outputs, and a name for this choice of them. */
  readonly expose?: { readonly name: string; readonly select: CompileOptions["expose"] } | undefined;
  /** A triple of rustc, or undefined for the machine at hand. */
  readonly target?: string | undefined;
  readonly keepEnv?: boolean | undefined;
}

/** So many programs stay in the cache, the last used ones. */
const programsKept = 200;

const programName = process.platform === "win32" ? "program.exe" : "program";

/** Builds the model's program unless the cache has it. The cache is addressed by content: model, options, compiler. */
export async function programFor(session: Session, opened: OpenModel, request: ProgramRequest): Promise<Program> {
  const key = cacheKey(session, opened, request);
  const folder = cacheFolder(session.host, "programs", key);
  const path = join(folder, programName);
  if (!existsSync(path)) return buildProgram(session, opened, request, key, folder);
  session.progress.end();
  markUsed(folder);
  return describe(folder, { compile: 0, cargo: 0 });
}

function cacheKey(session: Session, opened: OpenModel, request: ProgramRequest): string {
  const { sha256, external } = modelHashes(opened);
  const options = JSON.stringify(optionsInfo(request.options));
  const parts = [
    sha256,
    ...external,
    opened.name,
    options,
    request.expose?.name ?? "",
    request.target ?? "",
    compilerHash(),
  ];
  const flags = request.keepEnv ? [session.host.env.RUSTFLAGS ?? ""] : [];
  return hashTexts(...parts, ...flags).slice(0, 24);
}

async function buildProgram(
  session: Session,
  opened: OpenModel,
  request: ProgramRequest,
  key: string,
  folder: string,
): Promise<Program> {
  // A name of its own, so that programs of different models do not meet in the shared target folder.
  const name = `${defaultName(opened)}_${key.slice(0, 12)}`;
  const compile = (): Promise<Compiled> =>
    compileOpened(session, opened, { ...request.options, expose: request.expose?.select });
  const { draft, seconds } = await draftCrate(session, opened, { folder, name, options: request.options, compile });
  try {
    const { target, keepEnv } = request;
    const program = join(draft.path, programName);
    const cargo = await buildCrate(session, { crate: name, folder: draft.path, program, target, keepEnv });
    draft.publishOnce();
    prune(dirname(folder), programsKept, [key]);
    return describe(folder, { compile: seconds, cargo });
  } finally {
    forgetCrate(session, name, request.target);
  }
}

function describe(folder: string, seconds: Program["seconds"]): Program {
  const info = JSON.parse(readFileSync(join(folder, buildInfoFile), "utf8")) as BuildInfo;
  const path = join(folder, programName);
  return { folder, path, info, codeBytes: codeBytes(path, info), seconds };
}

/** Bytes of the program at `path` without the constants inside of it. */
export const codeBytes = (path: string, info: BuildInfo): number =>
  statSync(path).size - (info.weightsEmbedded ? info.bytes.weights : 0);
