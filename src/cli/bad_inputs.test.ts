/** Broken and hostile models: a coded error that names the file and the node, the right exit code, and nothing else. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { badModels } from "../testing/bad_models.ts";
import { commandLine } from "../testing/command_line.ts";

const cli = commandLine();

test.each(badModels)("$name: $code", async ({ code, exit, node, says, flags = [], make, name }) => {
  const folder = name.replace(/\W+/g, "_");
  mkdirSync(join(cli.folder, folder));
  const file = join(folder, make(join(cli.folder, folder)));
  const before = cli.files();
  const ran = await cli.run("compile", file, "-o", join(folder, "out"), ...flags, "--json");
  expect(cli.files()).toEqual(before);
  const { ok, diagnostics } = JSON.parse(ran.stdout) as { ok: boolean; diagnostics: Record<string, string>[] };
  const found = diagnostics.find((d) => d.code === code) ?? diagnostics[0];
  expect([found?.code, ran.code, ok, ran.stderr]).toEqual([code, exit, false, ""]);
  expect(found).toMatchObject({ file, severity: "error", ...(node === undefined ? {} : { node }) });
  expect(found?.message).toContain(says ?? "");
  const people = await cli.run("check", file, ...flags);
  expect([people.code, people.stdout]).toEqual([exit, expect.stringContaining("error")]);
  expect(people.stderr).toMatch(new RegExp(`^error\\[${code}\\]: `, "m"));
  expect(people.stderr).not.toMatch(/\n\s+at .*[:(]\d+/);
  expect(cli.files()).toEqual(before);
});
