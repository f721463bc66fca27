import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandLine } from "../testing/command_line.ts";
import { packageFolder } from "./fingerprint.ts";

const cli = commandLine();
const commands = ["compile", "build", "run", "check", "compare", "inspect", "explain", "doctor"];

test("the version is that of the package", async () => {
  const { version } = JSON.parse(readFileSync(`${packageFolder}/package.json`, "utf8")) as { version: string };
  expect(await cli.run("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("the help names all commands, examples and exit codes", async () => {
  const { code, stdout, stderr } = await cli.run("--help");
  expect([code, stderr]).toEqual([0, ""]);
  for (const text of [...commands, "Examples:", "130 interrupted", "--json", "--threads"])
    expect(stdout).toContain(text);
});

test.each(commands)("%s has a help with examples and the options that all commands have", async (command) => {
  const { code, stdout, stderr } = await cli.run(command, "--help");
  expect([code, stderr]).toEqual([0, ""]);
  for (const text of [`onnxidize ${command}`, "Examples:", "--json", "--quiet"]) expect(stdout).toContain(text);
});

test.each([
  [["compil", "x"], "unknown command 'compil'", "Did you mean compile?"],
  [["compile", "x", "--jsn"], "unknown option '--jsn'", "Did you mean --json?"],
  [["compile"], "missing required argument 'model'", "--help"],
  [["compile", "a", "b"], "too many arguments", "--help"],
  [["run", "x", "--repeat", "0"], "whole number from 1", "--help"],
  [["run", "x", "--seed", "-1"], "whole number", "--help"],
  [["run", "x", "--input", "y"], "NAME=FILE", "--help"],
  [["compare", "x", "--rtol", "much"], "not negative", "--help"],
  [["compile", "x", "--dim", "N"], "N=1..32", "--help"],
  [["compile", "x", "--dim", "N=5..2"], "above the largest", "--help"],
  [["compile", "x", "--dim", "N=99999999999999"], "at most", "--help"],
  [["compile", "x", "--dim", "N=-1"], "N=1..32", "--help"],
  [["compile", "x", "--weights", "nowhere"], "Allowed choices are auto, embed, file", "--help"],
  [["compile", "x", "--crate-name", "../x"], "lower-case letters", "--help"],
  [["inspect", "x", "--stage", "middle"], "Allowed choices are import", "--help"],
])("%j is refused: %s", async (argv, message, help) => {
  const { code, stdout, stderr } = await cli.run(...argv);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^error\[E0500\]: /);
  expect(stderr).toContain(message);
  expect(stderr).toContain(help);
});

test("wrong usage is a JSON document too", async () => {
  const { code, document, stderr } = await cli.json<{ ok: boolean; diagnostics: { code: string }[] }>("compile");
  expect([code, stderr, document.ok, document.diagnostics.map((d) => d.code)]).toEqual([2, "", false, ["E0500"]]);
});

test("no command at all prints the help on stderr and is wrong usage", async () => {
  const { code, stdout, stderr } = await cli.run();
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("Commands:");
});

test("a code is explained, in any case of letters", async () => {
  const { code, stdout } = await cli.run("explain", "e0150");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^error\[E0150\]: operator not supported\n\n/);
  expect(stdout).toContain("exit code 4");
});

test("explain without a code lists all", async () => {
  const { document } = await cli.json<{ codes: { code: string; title: string }[] }>("explain");
  expect(document.codes.length).toBeGreaterThan(60);
  expect(document.codes.map((c) => c.code)).toEqual(document.codes.map((c) => c.code).sort());
});

test("a code that does not exist is an error that says which is near", async () => {
  const { code, stderr } = await cli.run("explain", "E150");
  expect([code, stderr]).toEqual([2, 'error[E0508]: there is no code "E150"\n  = help: did you mean E0150?\n']);
});

test("doctor tells what is there and where the cache is", async () => {
  type Doctor = { ok: boolean; findings: { name: string; ok: boolean }[]; cache: { folder: string; bytes: number } };
  const { code, document } = await cli.json<Doctor>("doctor");
  expect([code, document.ok]).toEqual([0, true]);
  expect(document.findings.map((f) => f.name)).toEqual(
    expect.arrayContaining(["node", "cargo", "rustc", "clippy", "rustfmt", "targets", "onnxruntime-node"]),
  );
  expect(document.cache.folder).toContain("onnxidize");
});

test("doctor fails where a needed tool is missing", async () => {
  const without = commandLine({ env: { PATH: "/nowhere" } });
  const { code, stdout } = await without.run("doctor");
  expect(code).toBe(6);
  expect(stdout).toMatch(/MISSING +cargo/);
});

const missing = ["explain", "E9999"];
test.each([
  [{ isTerminal: true }, [], true],
  [{ isTerminal: true, env: { NO_COLOR: "1" } }, [], false],
  [{ isTerminal: true, env: { TERM: "dumb" } }, [], false],
  [{ isTerminal: true }, ["--color", "never"], false],
  [{ isTerminal: false }, [], false],
  [{ isTerminal: false }, ["--color", "always"], true],
  [{ isTerminal: false, env: { FORCE_COLOR: "1" } }, [], true],
])("colours with %j and %j: %s", async (settings, flags, coloured) => {
  const { stderr } = await commandLine(settings).run(...missing, ...flags);
  expect(stderr.includes("\u001b[")).toBe(coloured);
});
