/** `onnxidize doctor`: are the tools there that building, running and comparing need? */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { execa } from "execa";
import { byteText } from "../../codegen/rust.ts";
import { cacheFolder, folderBytes } from "../cache.ts";
import { version } from "../fingerprint.ts";
import { examples } from "../help.ts";
import { referenceVersion } from "../onnxruntime.ts";
import type { Session, Start } from "../session.ts";
import { isOlder, neededRust, toolEnvironment, toolVersion } from "../toolchain.ts";

/** The oldest Node.js that this package runs on: `engines` of package.json. */
const neededNode = "20.19.0";

export const doctorCommand = (start: Start): Command =>
  new Command("doctor")
    .description("check the tools that building, running and comparing need")
    .addHelpText("after", examples(["doctor", "doctor --json"]))
    .action((_: object, command: Command) => start(command, doctor));

interface Finding {
  readonly name: string;
  /** What was found; null if nothing. */
  readonly found: string | null;
  /** Missing or too old, and needed: the command fails. */
  readonly ok: boolean;
  readonly needed: boolean;
  readonly help: string;
}

async function doctor(session: Session): Promise<number> {
  const findings = await examine(session);
  const ok = findings.every((f) => f.ok || !f.needed);
  const cache = { folder: cacheFolder(session.host), bytes: folderBytes(cacheFolder(session.host)) };
  session.document({ ok, version, findings, cache });
  const width = Math.max(...findings.map((f) => f.name.length));
  for (const f of findings) {
    const mark = f.ok ? "ok     " : f.needed ? "MISSING" : "absent ";
    session.print(`${mark}  ${f.name.padEnd(width)}  ${f.found ?? ""}${f.ok ? "" : `  (${f.help})`}`);
  }
  session.print(`cache    ${cache.folder} (${byteText(cache.bytes)})`);
  return ok ? 0 : 6;
}

async function examine(session: Session): Promise<Finding[]> {
  const [cargo, rustc, clippy, rustfmt, targets, runtime] = await Promise.all([
    toolVersion(session, "cargo"),
    toolVersion(session, "rustc"),
    toolVersion(session, "cargo", "clippy"),
    toolVersion(session, "cargo", "fmt"),
    installedTargets(session),
    referenceVersion(),
  ]);
  const node = process.versions.node;
  const rustup = "install Rust from https://rustup.rs";
  return [
    needed("node", node, !isOlder(node, neededNode), `${neededNode} or newer`),
    needed("cargo", cargo, cargo !== undefined, rustup),
    needed(
      "rustc",
      rustc,
      rustc !== undefined && !isOlder(rustc, neededRust),
      `${neededRust} or newer: rustup update stable`,
    ),
    optional("clippy", clippy, "rustup component add clippy"),
    optional("rustfmt", rustfmt, "rustup component add rustfmt"),
    optional("targets", targets.length > 0 ? targets.join(", ") : undefined, rustup),
    optional("onnxruntime-node", runtime, "npm install onnxruntime-node --ignore-scripts, for compare"),
  ];
}

const needed = (name: string, found: string | undefined, ok: boolean, help: string): Finding => ({
  name,
  found: found ?? null,
  ok,
  needed: true,
  help,
});

const optional = (name: string, found: string | undefined, help: string): Finding => ({
  name,
  found: found ?? null,
  ok: found !== undefined,
  needed: false,
  help,
});

/** Triples whose standard library rustc has. */
async function installedTargets(session: Session): Promise<string[]> {
  const result = await execa("rustc", ["--print", "sysroot"], {
    env: toolEnvironment(session.host.env, false),
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    cancelSignal: session.signal,
  });
  const folder = join(result.stdout?.trim() ?? "", "lib", "rustlib");
  if (result.exitCode !== 0 || !existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, "lib")) && name.includes("-"));
}
