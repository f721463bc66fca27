/** What was thrown and nobody has foreseen, as a diagnostic that asks for a report. */
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";

export const bug = (error: unknown, file = ""): Diagnosed => {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new Diagnosed(diagnostic("E0300", { message }, "", file));
};
