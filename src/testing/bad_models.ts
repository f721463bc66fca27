/** Broken and hostile models, made by hand: each with what the command line has to say about it. */
import { badFiles } from "./bad_files.ts";
import { badGraphs } from "./bad_graphs.ts";
import type { BadModel } from "./bad_model.ts";
import { badOperators } from "./bad_operators.ts";

export const badModels: readonly BadModel[] = [...badFiles, ...badGraphs, ...badOperators];
