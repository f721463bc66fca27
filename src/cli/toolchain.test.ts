/** What is said of tools that are missing, old or fail: by scripts in the place of cargo and rustc. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandLine, tinyModel } from "../testing/command_line.ts";

const scripts = commandLine();

/** A folder with a `rustc` of a version and a `cargo` that runs `build` where it is to build. */
function tools(name: string, rustc: string, build: string): string {
  mkdirSync(join(scripts.folder, name));
  const script = (tool: string, text: string): void => {
    scripts.write(join(name, tool), `#!/bin/sh\n${text}\n`);
    chmodSync(join(scripts.folder, name, tool), 0o755);
  };
  script("rustc", `echo "rustc ${rustc}"`);
  script("cargo", `if [ "$1" = --version ]; then echo "cargo 1.95.0"; exit 0; fi\n${build}`);
  return `${join(scripts.folder, name)}:/usr/bin:/bin`;
}

const message = (text: string): string =>
  JSON.stringify({
    reason: "compiler-message",
    message: { level: "error", message: text, rendered: `error: ${text}\n --> lib.rs` },
  });

test.skipIf(process.platform === "win32").each([
  ["old", "1.60.0", "exit 1", "E0511", "rustc 1.60.0 is too old: generated crates need 1.89.0 or newer"],
  ["refusing", "1.95.0", `printf '%s\\n' '${message("mismatched types")}'; exit 101`, "E0512", "mismatched types"],
  [
    "linking",
    "1.95.0",
    `printf '%s\\n' '${message("linking with `cc` failed: exit status: 1")}'; exit 101`,
    "E0513",
    "linking with",
  ],
  ["failing", "1.95.0", "echo 'error: no space left on device' >&2; exit 101", "E0513", "no space left on device"],
  ["silent", "1.95.0", "exit 101", "E0513", "it gave no reason"],
  ["empty", "1.95.0", "exit 0", "E0513", "it gave no reason"],
])("tools that are %s", async (name, rustc, build, code, says) => {
  const cli = commandLine({ env: { PATH: tools(name, rustc, build), ONNXIDIZE_CACHE: join(scripts.folder, "cache") } });
  const model = cli.model("tiny.onnx", tinyModel);
  const { code: exit, stdout, stderr } = await cli.run("build", model);
  expect([exit, stdout]).toEqual([6, ""]);
  expect(stderr).toMatch(new RegExp(`^error\\[${code}\\]: `));
  expect(stderr).toContain(says);
  expect(cli.files()).toEqual(["tiny.onnx"]);
  expect(scripts.files().filter((f) => f.includes(".part") || f.startsWith("cache/programs"))).toEqual([]);
});

test.skipIf(process.platform === "win32")(
  "--verbose shows all that rustc says, --keep-env hands flags on",
  async () => {
    const build = `printf '%s\\n' '${message("mismatched types")}'; echo "flags: $RUSTFLAGS" >&2; exit 101`;
    const env = {
      PATH: tools("verbose", "1.95.0", build),
      RUSTFLAGS: "--cfg mine",
      ONNXIDIZE_CACHE: join(scripts.folder, "cache"),
    };
    const cli = commandLine({ env });
    const model = cli.model("tiny.onnx", tinyModel);
    const kept = await cli.run("build", model, "--verbose", "--keep-env");
    expect(kept.stderr).toContain("error: mismatched types\n --> lib.rs");
    expect(kept.stderr).toContain("flags: --cfg mine");
    expect((await cli.run("build", model, "--verbose")).stderr).toContain("flags: \n");
  },
);
