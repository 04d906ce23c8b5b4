import type * as z from "zod";
import type { Scope } from "../model/access.ts";
import { text } from "../model/text.ts";
import type { Ports } from "../ports.ts";

/** Who calls, as far as the client says. */
export interface Caller {
  /** Name and version of the client; before it the name of the key, or the subject of the token, where there is one. */
  agent?: string | undefined;
}

/** One MCP tool: its contract, then the few lines that call a stage. */
export interface Tool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  /** What it does, when to call it, what to call next: all that an agent knows about it. */
  description: string;
  /** What a caller must hold where callers are told apart. */
  scope: Scope;
  input: Input;
  output: Output;
  annotations: {
    readOnlyHint: boolean;
    destructiveHint: boolean;
    idempotentHint: boolean;
    openWorldHint: boolean;
  };
  run(input: z.output<Input>, ports: Ports, caller: Caller): Promise<z.input<Output>>;
}

/** Carries the types from the contract into `run`. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: Tool<Input, Output>,
): Tool<Input, Output> {
  return tool;
}

/** The field every tool takes that is about one handbook. */
export const handbookField = text(64).optional().describe('Default: "default".');

/** An id that this server gave out. Whether it exists is the ledger's to say, in better words than a pattern's. */
export const idField = text(64);
