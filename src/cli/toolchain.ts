/** Finding and calling cargo and rustc. Processes get an argument list, never a shell, and only the environment they need. */
import { ExecaError, execa } from "execa";
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import type { Host } from "./host.ts";
import type { Session } from "./session.ts";

/** The oldest rustc that generated crates build with: `rust-version` of the runtime. */
export const neededRust = "1.89.0";

/** What cargo, rustc and linkers read. `RUSTFLAGS`, wrappers and the like stay out: they would change what is built. */
const kept =
  /^(PATH|HOME|USERPROFILE|HOMEDRIVE|HOMEPATH|LOCALAPPDATA|APPDATA|PROGRAMDATA|PROGRAMFILES.*|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|TMPDIR|TEMP|TMP|LANG|LC_.*|CARGO_HOME|CARGO_BUILD_JOBS|CARGO_TARGET_[A-Z0-9_]+_(LINKER|RUNNER)|RUSTUP_HOME|RUSTUP_TOOLCHAIN|CC|AR|SDKROOT|DEVELOPER_DIR|MACOSX_DEPLOYMENT_TARGET|LIB|INCLUDE|VC.*|WINDOWSSDK.*|LD_LIBRARY_PATH|DYLD_.*|NIX_.*|XDG_.*)$/i;

/** The environment for tools: a choice of the user's, or all of it. */
export const toolEnvironment = (env: Host["env"], keepAll: boolean): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).filter((e): e is [string, string] => e[1] !== undefined && (keepAll || kept.test(e[0]))),
  );

/** The version that `tool --version` tells ("1.95.0"), or undefined if it cannot be run. */
export async function toolVersion(
  session: Session,
  tool: string,
  ...args: readonly string[]
): Promise<string | undefined> {
  const result = await execa(tool, [...args, "--version"], {
    cwd: session.host.cwd,
    env: toolEnvironment(session.host.env, false),
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    cancelSignal: session.signal,
  });
  session.check();
  if (result.exitCode !== 0) return undefined;
  return /\d+\.\d+\.\d+\S*/.exec(result.stdout)?.[0] ?? result.stdout.trim();
}

/** Throws E0510 or E0511 unless a new enough rustc and cargo are there; rustc's version. */
export async function requireToolchain(session: Session): Promise<string> {
  const [cargo, rustc] = await Promise.all([toolVersion(session, "cargo"), toolVersion(session, "rustc")]);
  for (const [tool, found] of [
    ["cargo", cargo],
    ["rustc", rustc],
  ] as const)
    if (found === undefined) throw new Diagnosed(diagnostic("E0510", { tool }));
  if (isOlder(rustc as string, neededRust))
    throw new Diagnosed(diagnostic("E0511", { found: rustc as string, needed: neededRust }));
  return rustc as string;
}

/** Whether version `a` is older than `b`, by the three numbers at their beginnings. */
export function isOlder(a: string, b: string): boolean {
  const parts = (v: string): number[] => v.split(/[.-]/, 3).map((n) => Number.parseInt(n, 10) || 0);
  const [x, y] = [parts(a), parts(b)];
  const at = x.findIndex((n, i) => n !== (y[i] ?? 0));
  return at >= 0 && (x[at] as number) < (y[at] ?? 0);
}

export const isMissingTool = (error: unknown): boolean => error instanceof ExecaError && error.code === "ENOENT";
