import { existsSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cacheFolder, folderBytes, markUsed, prune } from "./cache.ts";
import { withoutTests } from "./runtime_files.ts";
import { distance, nearest } from "./similar.ts";
import { isOlder, toolEnvironment } from "./toolchain.ts";

test.each([
  [{ ONNXIDIZE_CACHE: "/own" }, "/own/a"],
  [{ XDG_CACHE_HOME: "/xdg", HOME: "/home/u" }, "/xdg/onnxidize/a"],
  [{ XDG_CACHE_HOME: "relative", HOME: "/home/u" }, "/home/u/.cache/onnxidize/a"],
  [{ ONNXIDIZE_CACHE: "relative", HOME: "/home/u" }, "/home/u/.cache/onnxidize/a"],
])("the cache of %j", (env, expected) => {
  if (process.platform === "linux") expect(cacheFolder({ env }, "a")).toBe(expected);
});

test("old entries go, but not the last used, the needed and the recent ones", () => {
  const folder = mkdtempSync(join(tmpdir(), "onnxidize-test-"));
  const names = ["oldest", "needed", "old", "older", "new"];
  for (const name of names) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "old", "file"), new Uint8Array(100));
  expect(folderBytes(folder)).toBe(100);
  const hoursAgo = (h: number): Date => new Date(Date.now() - h * 3_600_000);
  for (const [name, h] of [
    ["oldest", 9],
    ["needed", 8],
    ["older", 7],
    ["old", 6],
  ] as const)
    utimesSync(join(folder, name), hoursAgo(h), hoursAgo(h));
  markUsed(join(folder, "older"));
  prune(folder, 1, ["needed"]);
  expect(names.filter((name) => existsSync(join(folder, name))).sort()).toEqual(["needed", "new", "older"]);
});

test("what is not there cannot be marked, which is no error", () => {
  expect(() => markUsed("/no/such/folder")).not.toThrow();
});

test.each([
  ["model.onnx", "modle.onnx", 1],
  ["abc", "abc", 0],
  ["", "abc", 3],
  ["kitten", "sitting", 3],
])("the distance of %s and %s", (a, b, d) => {
  expect([distance(a, b), distance(b, a)]).toEqual([d, d]);
});

test("the nearest name, if any is near", () => {
  expect(nearest("modle.onnx", ["other", "model.onnx", "Model.onnxtxt"])).toBe("model.onnx");
  expect(nearest("x.onnx", ["completely different"])).toBeUndefined();
});

test.each([
  ["1.88.0", "1.89.0", true],
  ["1.89.0", "1.89.0", false],
  ["1.100.0-nightly", "1.89.0", false],
  ["0.9", "1.0.0", true],
])("%s is older than %s: %s", (a, b, older) => {
  expect(isOlder(a, b)).toBe(older);
});

test("tools see only what they need of the environment", () => {
  const env = {
    PATH: "/bin",
    HOME: "/h",
    RUSTFLAGS: "-C x",
    RUSTC_WRAPPER: "w",
    SECRET_TOKEN: "t",
    CARGO_HOME: "/c",
    CARGO_TARGET_X86_64_LINKER: "ld",
  };
  expect(toolEnvironment(env, false)).toEqual({
    PATH: "/bin",
    HOME: "/h",
    CARGO_HOME: "/c",
    CARGO_TARGET_X86_64_LINKER: "ld",
  });
  expect(toolEnvironment(env, true)).toEqual(env);
});

test("modules of tests are cut out of Rust, and nothing else", () => {
  const rust = [
    "mod a;",
    "#[cfg(test)]",
    "mod tests;",
    "",
    "fn f() {",
    "    #[cfg(test)]",
    "    g();",
    "}",
    "",
    '#[cfg(all(test, feature = "threads"))]',
    "mod more {",
    "    fn h() {",
    "    }",
    "}",
    "",
    "#[cfg(not(test))]",
    "fn i() {}",
    "",
  ];
  const kept = [...rust.slice(0, 1), ...rust.slice(3, 9), ...rust.slice(15)];
  expect(withoutTests(rust.join("\n"))).toBe(kept.join("\n"));
});
