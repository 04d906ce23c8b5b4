import { randomBytes } from "node:crypto";
import { Command, InvalidArgumentError } from "commander";
import { HandbookError } from "../errors.ts";
import { createKey, revokeKey } from "../lifecycle/admit.ts";
import { type ApiKey, Grants, type Scope } from "../model/access.ts";
import { grantsOf } from "../rules/grants.ts";
import { print, withPorts } from "./open.ts";

const UNITS = { h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_557_600_000 };

export function keysCommand(): Command {
  const keys = new Command("keys").description(
    "make, list and revoke the keys that agents call over HTTP with",
  );
  keys
    .command("create")
    .description("make a key and print it, this once: only a hash of it is kept")
    .requiredOption("--name <name>", "what it is for: the author of what is written with it", keyName)
    .option(
      "--scopes <list>",
      "read, write, curate, admin, with commas between; write:me for one handbook only",
      "read,write",
    )
    .option("--handbooks <list>", "the handbooks it is for, with commas between; '*' for all", "default")
    .option(
      "--expires <time>",
      "how long it is valid, such as 90d, 12h or 1y; default: until it is revoked",
      span,
    )
    .option("--json", "print JSON")
    .action(
      (options: { name: string; scopes: string; handbooks: string; expires?: number; json?: boolean }) =>
        withPorts(async (ports) => {
          const { name, expires, json } = options;
          const grants = readGrants(options);
          const expires_at = expires && new Date(ports.now().getTime() + expires).toISOString();
          const random = { id: randomBytes(6).toString("hex"), secret: randomBytes(32).toString("hex") };
          const { key, text } = await createKey(
            ports,
            { name, grants, ...(expires_at && { expires_at }) },
            random,
          );
          const { hash: _, ...shown } = key;
          print({ ...shown, key: text }, json, () => text);
          if (!json)
            console.error(
              `Made ${line(key, ports.now())}\nIt is not shown again. Send it as: Authorization: Bearer <key>`,
            );
        }),
    );
  keys
    .command("list")
    .description("show every key that was made, without its secret")
    .option("--json", "print JSON")
    .action(({ json }: { json?: boolean }) =>
      withPorts(async ({ ledger, now }) => {
        const all = await ledger.keys();
        const shown = all.map(({ hash: _, ...key }) => key);
        print(shown, json, () =>
          all.length === 0 ? "No keys." : all.map((key) => line(key, now())).join("\n"),
        );
      }),
    );
  keys
    .command("revoke")
    .description("let a key in no more, from now on")
    .argument("<id>", "its id, as `keys list` shows it")
    .action((id: string) =>
      withPorts(async (ports) => {
        await revokeKey(ports, id);
        console.error(`Revoked ${id}`);
      }),
    );
  return keys;
}

/** Throws: INVALID_INPUT for what is no scope or no handbook. */
function readGrants({ scopes, handbooks }: { scopes: string; handbooks: string }): Grants {
  const { grants, unknown } = grantsOf(list(scopes), list(handbooks));
  if (unknown.length > 0 || Object.keys(grants).length === 0) {
    throw new HandbookError("INVALID_INPUT", `${unknown.join(", ") || "nothing"} is no scope`, {
      fix: "Pass read, write, curate or admin, with commas between, such as --scopes read,write:me",
    });
  }
  const parsed = Grants.safeParse(grants);
  if (parsed.success && Object.values(grants).every((named) => named.length > 0)) return parsed.data;
  throw new HandbookError("INVALID_INPUT", "a handbook cannot have such a name", {
    fix: "Name handbooks with commas between, such as --handbooks me,team, or '*' for all",
  });
}

function line({ id, name, grants, expires_at, last_used_at, revoked_at }: ApiKey, now: Date): string {
  const may = (Object.keys(grants) as Scope[]).map(
    (scope) => (scope === "admin" ? scope : `${scope} of ${grants[scope]?.join(", ")}`), // metrics are of the server
  );
  const state =
    revoked_at !== undefined
      ? `revoked ${revoked_at}`
      : expires_at !== undefined && expires_at <= now.toISOString()
        ? `expired ${expires_at}`
        : `valid until ${expires_at ?? "it is revoked"}`;
  return `${id}  ${name}  ${may.join("; ")}  ${state}  last used: ${last_used_at ?? "never"}`;
}

function list(value: string): string[] {
  return value
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}

/** It stands in histories and logs, before the name of the client. */
function keyName(value: string): string {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,79}$/u.test(value)) return value;
  throw new InvalidArgumentError("It must be 1 to 80 letters, digits, spaces, dots, dashes and underscores.");
}

function span(value: string): number {
  const [, count, unit] = /^(\d{1,4})([hdwy])$/.exec(value) ?? [];
  if (count === undefined || Number(count) === 0) throw new InvalidArgumentError("Write 90d, 12h, 4w or 1y.");
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}
