import { HandbookError } from "../errors.ts";
import type { Access, Scope } from "../model/access.ts";
import type { Ports } from "../ports.ts";
import { may, namedHandbooks } from "../rules/grants.ts";
import { homeHandbook } from "./handbooks.ts";
import { type Limits, limitLedger } from "./limit-ledger.ts";

/**
 * The ports as one caller has them for one operation: everything that all tools, resources and prompts know comes through
 * here, so this is the one place that decides who sees and changes what. A caller sees the handbooks that it may read or
 * that this operation is granted for, and the behaviors of the starters, which are the same everywhere.
 *
 * Throws: FORBIDDEN when the caller holds the scope for no handbook at all.
 */
export async function limit(ports: Ports, access: Access, scope: Scope): Promise<Ports> {
  if (!may(access, scope)) throw forbidden(access, scope);
  const all = await ports.ledger.handbooks();
  const starters = new Set(all.filter(({ starter }) => starter !== undefined).map(({ slug }) => slug));
  const isGranted = (handbook: string) => may(access, "read", handbook) || may(access, scope, handbook);
  const sees = (handbook: string) => isGranted(handbook) || starters.has(handbook);
  const limits: Limits = {
    sees,
    holds: isGranted,
    held: namedHandbooks(access, "read") && all.map(({ slug }) => slug).filter(isGranted),
    mustHold(handbook) {
      if (!isGranted(handbook)) throw forbidden(access, scope, handbook);
    },
    mayChange(handbook) {
      // What a retrieval notes of itself is no change of a starter.
      const isNote = scope === "read" && starters.has(handbook);
      if (!isNote && !may(access, scope, handbook)) throw forbidden(access, scope, handbook);
    },
  };
  // Starters are everybody's, and so are the tasks that were solved with them: whoever may not read all of those must not
  // find out their words by searching for them.
  const byOwnText = namedHandbooks(access, "read") && [...starters];
  const { index, vectors } = ports;
  return {
    ...ports,
    ledger: limitLedger(ports.ledger, limits),
    index: {
      search: (search) => index.search({ ...search, handbooks: search.handbooks.filter(sees), byOwnText }),
      progress: () => index.progress(),
    },
    ...(vectors && {
      vectors: {
        search: (search) =>
          vectors.search({
            ...search,
            handbooks: search.handbooks.filter(sees),
            byOwnText,
            also: search.also.filter(({ handbook }) => sees(handbook)),
          }),
        progress: () => vectors.progress(),
        close: async () => {},
      },
    }),
    settings: { ...ports.settings, handbooks: handbooksOf(ports, access, scope) },
  };
}

/** A caller whose handbooks are named reads all of them and writes to the first; another one has the server's. */
function handbooksOf(ports: Ports, access: Access, scope: Scope): { read: readonly string[]; write: string } {
  const home = homeHandbook(ports);
  const mayBeHome = (handbook: string | undefined) =>
    handbook !== undefined && may(access, scope, handbook) ? handbook : undefined;
  const [granted] = namedHandbooks(access, scope) ?? [home];
  const [written] = namedHandbooks(access, "write") ?? [home];
  const write = mayBeHome(written) ?? granted ?? home;
  const read = namedHandbooks(access, "read") ?? ports.settings.handbooks?.read ?? [home];
  return { write, read: [write, ...read.filter((handbook) => handbook !== write)] };
}

export function forbidden({ by }: Access, scope: Scope, handbook?: string): HandbookError {
  const where = handbook === undefined ? "" : ` for the handbook "${handbook}"`;
  return new HandbookError("FORBIDDEN", `"${by}" does not hold the scope ${scope}${where}`, {
    fix: "Ask whoever runs this server for a key or a token that does; nothing was changed",
  });
}
