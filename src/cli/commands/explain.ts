/** `onnxidize explain`: what a code means and what to do about it. */
import { Command } from "commander";
import { type Code, catalogue } from "../../diagnostics/catalogue.ts";
import { Diagnosed, diagnostic } from "../../diagnostics/report.ts";
import { examples } from "../help.ts";
import type { Session, Start } from "../session.ts";

export const explainCommand = (start: Start): Command =>
  new Command("explain")
    .description("explain an error or warning code; without one, list all")
    .argument("[code]", "for example E0150")
    .addHelpText("after", examples(["explain E0150", "explain"]))
    .action((code: string | undefined, _: object, command: Command) =>
      start(command, async (session) => explain(session, code)),
    );

const codes = (): Code[] => (Object.keys(catalogue) as Code[]).sort();

const severity = (code: Code): string => (code.startsWith("W") ? "warning" : "error");

function explain(session: Session, code: string | undefined): number {
  if (code === undefined) return list(session);
  const known = codes().find((c) => c === code.toUpperCase());
  if (known === undefined) throw new Diagnosed(unknown(code));
  const { title, explain: text, exit } = catalogue[known];
  session.document({ code: known, severity: severity(known), title, explanation: text, exit });
  session.print(`${severity(known)}[${known}]: ${title}\n\n${wrap(text)}\n\nexit code ${exit}`);
  return 0;
}

function list(session: Session): number {
  const all = codes().map((code) => ({ code, severity: severity(code), title: catalogue[code].title }));
  session.document({ codes: all });
  session.print(all.map(({ code, title }) => `${code}  ${title}`).join("\n"));
  return 0;
}

/** Says which codes are near, where any is: E150 means E0150. */
function unknown(code: string): ReturnType<typeof diagnostic> {
  const digits = code.replace(/\D/g, "").padStart(4, "0");
  const near = codes().filter((c) => c.slice(1) === digits);
  return diagnostic("E0508", near.length > 0 ? { code, help: `did you mean ${near.join(" or ")}?` } : { code });
}

/** Lines of at most 90 characters. */
const wrap = (text: string): string => text.replace(/(.{1,90})( +|$)/g, "$1\n").trimEnd();
