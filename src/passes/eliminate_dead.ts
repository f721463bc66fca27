/** Operations whose results nobody uses are removed, and single unused results of operations are marked unwanted. */
import { withoutDead } from "./dead_ops.ts";
import type { Pass } from "./pass.ts";

export const eliminateDead: Pass = {
  name: "eliminate-dead",
  summary: "operations whose results nobody uses are removed",
  optional: true,
  run: withoutDead,
};
