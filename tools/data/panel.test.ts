import { expect, test } from "vitest";
import { packagePins } from "./package_pins.ts";
import { matching, type PanelEntry } from "./panel.ts";

const entries: PanelEntry[] = [
  { name: "digits", family: "vision", weights: "trained" },
  { name: "light_resnet50", family: "light", weights: "splat" },
  { name: "resnet50", family: "twin", weights: "random" },
];

test.each<[string[], string[]]>([
  [[], ["digits", "light_resnet50", "resnet50"]],
  [["vision"], ["digits"]],
  [["light"], ["light_resnet50"]],
  [["resnet"], ["light_resnet50", "resnet50"]],
  [
    ["twin", "dig"],
    ["digits", "resnet50"],
  ],
  [["vis"], []],
])("%j selects %j: by a part of the name, or by the whole family", (words, names) => {
  expect(entries.filter(matching(words)).map((e) => e.name)).toEqual(names);
});

test.each(Object.entries(packagePins))("the pin of %s is whole", (_, pin) => {
  expect(pin.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(pin.version).toMatch(/^\d+(\.\d+)+$/);
  expect(pin.bytes).toBeGreaterThan(0);
});
