/**
 * Building a generated crate by cargo. All builds share one target folder and one copy of the runtime in the cache, so that
 * the runtime is compiled once and not for each model; the crate's own copy is for those who build it elsewhere.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import { cacheFolder, markUsed, prune } from "./cache.ts";
import { draftFolder } from "./folder.ts";
import type { Host } from "./host.ts";
import { runtimeFiles } from "./runtime_files.ts";
import type { Session } from "./session.ts";
import { isMissingTool, requireToolchain, toolEnvironment } from "./toolchain.ts";

export interface BuildRequest {
  readonly crate: string;
  readonly folder: string;
  /** Where the program shall go. */
  readonly program: string;
  /** A triple, or undefined for the machine at hand. */
  readonly target?: string | undefined;
  /** Hands the whole environment to cargo, `RUSTFLAGS` and all. */
  readonly keepEnv?: boolean | undefined;
}

/** Runs `cargo build --release --offline`; the seconds that it took. Throws E0510 to E0514. */
export async function buildCrate(session: Session, request: BuildRequest): Promise<number> {
  const start = performance.now();
  session.progress.begin("cargo");
  await requireToolchain(session);
  const shared = await sharedBuild(session);
  await runCargo(session, request, shared);
  session.progress.end();
  return (performance.now() - start) / 1000;
}

/** What all builds with the same runtime share. */
export interface SharedBuild {
  /** The runtime's sources, without tests. */
  readonly runtime: string;
  /** Cargo's target folder. */
  readonly target: string;
}

export function sharedFolders(host: Pick<Host, "env">): SharedBuild {
  const folder = cacheFolder(host, "builds", runtimeFiles().hash.slice(0, 16));
  return { runtime: join(folder, "runtime"), target: join(folder, "target") };
}

/** Makes them, and removes those of runtimes that nobody uses any more. */
async function sharedBuild(session: Session): Promise<SharedBuild> {
  const shared = sharedFolders(session.host);
  const folder = dirname(shared.runtime);
  if (existsSync(join(shared.runtime, "Cargo.toml"))) {
    markUsed(folder);
    return shared;
  }
  const draft = draftFolder(session, shared.runtime);
  for (const file of runtimeFiles().files) await draft.write(file);
  draft.publishOnce();
  mkdirSync(shared.target, { recursive: true });
  prune(dirname(folder), buildsKept, [basename(folder)]);
  return shared;
}

/** Builds of so many runtimes stay, the last used ones. */
const buildsKept = 3;

async function runCargo(session: Session, request: BuildRequest, shared: SharedBuild): Promise<void> {
  const args = ["build", "--release", "--offline", "--message-format=json"];
  args.push("--config", `paths=[${JSON.stringify(shared.runtime)}]`);
  if (request.target) args.push("--target", request.target);
  const child = execa("cargo", args, {
    cwd: request.folder,
    env: {
      ...toolEnvironment(session.host.env, request.keepEnv === true),
      CARGO_TARGET_DIR: shared.target,
      CARGO_TERM_COLOR: "never",
    },
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    buffer: { stdout: false, stderr: true },
    cancelSignal: session.signal,
    forceKillAfterDelay: 3000,
    // A group of its own, so that the compilers that cargo has started stop with it.
    detached: process.platform !== "win32",
  });
  session.signal.addEventListener("abort", () => killGroup(child.pid), { once: true });
  const messages = new Messages(session, request);
  for await (const line of createInterface({ input: child.stdout })) messages.read(line);
  const result = await child;
  session.check();
  if (isMissingTool(result)) throw new Diagnosed(diagnostic("E0510", { tool: "cargo" }));
  if (result.exitCode === 0 && messages.hasProgram) return;
  throw new Diagnosed(failure(session, request, messages, result.stderr));
}

function killGroup(leader: number | undefined): void {
  if (leader === undefined || process.platform === "win32") return;
  try {
    process.kill(-leader, "SIGTERM");
  } catch {
    // All of them have ended already.
  }
}

/** What cargo says, a JSON document on a line. */
class Messages {
  hasProgram = false;
  /** The first error of rustc, and all of what it printed. */
  error: string | undefined;
  readonly rendered: string[] = [];
  private done = 0;
  private readonly session: Session;
  private readonly request: BuildRequest;

  constructor(session: Session, request: BuildRequest) {
    this.session = session;
    this.request = request;
  }

  read(line: string): void {
    const message = parseMessage(line);
    if (message === undefined) return;
    if (message.reason === "compiler-artifact") this.artifact(message);
    if (message.reason !== "compiler-message" || message.message.level !== "error") return;
    this.rendered.push(message.message.rendered);
    this.error ??= message.message.message;
  }

  private artifact(message: Artifact): void {
    this.done++;
    const { kind, name } = message.target;
    this.session.progress.step(`${this.done}/${crateParts} parts (${name} ${kind[0] ?? ""})`);
    if (!kind.includes("bin") || name !== this.request.crate || !message.executable) return;
    // At once, while cargo still holds its lock: another build may have a program of the same name.
    mkdirSync(dirname(this.request.program), { recursive: true });
    copyFileSync(message.executable, this.request.program);
    this.hasProgram = true;
  }
}

/** What cargo builds: the runtime, the library, the program. */
const crateParts = 3;

/** A line of cargo's; wrappers around it may print lines of their own. */
function parseMessage(line: string): CargoMessage | undefined {
  try {
    return line.startsWith("{") ? (JSON.parse(line) as CargoMessage) : undefined;
  } catch {
    return undefined;
  }
}

interface Artifact {
  readonly reason: "compiler-artifact";
  readonly target: { readonly kind: readonly string[]; readonly name: string };
  readonly executable: string | null;
}
type CargoMessage =
  | Artifact
  | { readonly reason: "compiler-message"; readonly message: { level: string; message: string; rendered: string } }
  | { readonly reason: "build-finished" };

function failure(
  session: Session,
  request: BuildRequest,
  messages: Messages,
  stderr: string,
): ReturnType<typeof diagnostic> {
  for (const text of messages.rendered) session.detail(text);
  session.detail(stderr);
  if (
    request.target &&
    /E0463|may not be installed|can't find crate for `(core|std)`/.test(messages.rendered.join("") + stderr)
  )
    return diagnostic("E0514", { target: request.target });
  if (messages.error !== undefined && !/linking with|linker/.test(messages.error))
    return diagnostic("E0512", { message: messages.error });
  const said = messages.error ?? /^error: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split("\n").at(-1) ?? "";
  return diagnostic("E0513", { message: said || "it gave no reason" });
}

/** Removes what cargo keeps of `crate` in the shared target folder: the program is elsewhere and is not built again. */
export function forgetCrate(session: Session, crate: string, target = ""): void {
  const shared = sharedFolders(session.host).target;
  for (const part of ["", "deps", ".fingerprint", "build", "incremental"]) {
    const folder = join(shared, target, "release", part);
    const entries = existsSync(folder) ? readdirSync(folder) : [];
    for (const name of entries)
      if (name === crate || name === `${crate}.d` || new RegExp(`^(lib)?${crate}[-.]`).test(name))
        rmSync(join(folder, name), { recursive: true, force: true });
  }
}
