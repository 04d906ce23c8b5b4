import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { round } from "./measure.ts";
import { type Panel, picture } from "./picture.ts";
import type { Table } from "./report.ts";

/** What is known of one server; what could not be measured is missing. */
export interface Measured {
  version?: string;
  /** What stood in the way, each with the stage. */
  error?: string[];
  initialize_ms?: number;
  initialize_min_ms?: number;
  initialize_max_ms?: number;
  rss_mb?: number;
  rss_min_mb?: number;
  rss_max_mb?: number;
  tools?: number;
  tools_list_tokens?: number;
  write_p50_ms?: number;
  write_p95_ms?: number;
  search_p50_ms?: number;
  search_p95_ms?: number;
  sizes?: Record<string, Record<string, number>>;
  items_reached?: number;
  sets?: Record<string, SetFigures>;
  ndcg10?: number;
  hit1?: number;
  race_acknowledged?: number;
  race_kept?: number;
}

export interface SetFigures {
  ndcg10: number;
  ndcg10_low: number;
  ndcg10_high: number;
  hit1: number;
  ndcg10_as_asked?: number;
}

export interface PeerKeys {
  us: Measured;
  peers: Record<string, Measured>;
}

interface Line {
  what: string;
  of(server: Measured): number | undefined;
  best?: "least" | "most";
  digits?: number;
  /** What stands there where it was not measured. */
  missing?: (server: Measured) => string | undefined;
  /** Set in brackets behind it. */
  beside?: (server: Measured) => number | undefined;
}

/** With so many items stored, calls are measured. */
export const SIZES = [200, 1000, 10_000];
const SETS = { theoremqa: "TheoremQA", metatool: "MetaTool" };

const LINES: Line[] = [
  { what: "spawn to `initialize`, ms", of: (server) => server.initialize_ms, best: "least", digits: 0 },
  { what: "memory after `tools/list`, MB", of: (server) => server.rss_mb, best: "least", digits: 0 },
  { what: "tools", of: (server) => server.tools, digits: 0 },
  { what: "`tools/list`, tokens", of: (server) => server.tools_list_tokens, best: "least", digits: 0 },
  ...["write", "search"].flatMap((call) =>
    SIZES.map(
      (size): Line => ({
        what: `${call} at ${size.toLocaleString("en")} items, ms: p50 (p95)`,
        of: ({ sizes }) => sizes?.[size]?.[`${call}_p50_ms`],
        beside: ({ sizes }) => sizes?.[size]?.[`${call}_p95_ms`],
        missing: ({ items_reached = size }) =>
          items_reached < size ? `stops at ${items_reached.toLocaleString("en")}` : undefined,
        best: "least",
        digits: 1,
      }),
    ),
  ),
  {
    what: "the two calls that lead to a write, at 1,000 items, ms",
    of: ({ sizes }) => sizes?.[1000]?.write_lead_p50_ms,
    missing: () => "none",
    digits: 1,
  },
  ...Object.entries(SETS).flatMap(([set, title]): Line[] => [
    { what: `nDCG@10, ${title}`, of: ({ sets }) => sets?.[set]?.ndcg10, best: "most", digits: 3 },
    { what: `first one right, ${title}`, of: ({ sets }) => sets?.[set]?.hit1, best: "most", digits: 3 },
  ]),
  {
    what: "eight processes, 320 writes: acknowledged",
    of: (server) => server.race_acknowledged,
    best: "most",
    digits: 0,
  },
  { what: "… and kept", of: (server) => server.race_kept, best: "most", digits: 0 },
];

const OURS = "behavior-handbook";

/** A column for each server, the best of each row in bold. */
export function peersTable({ us, peers }: PeerKeys): Pick<Table, "lines" | "align"> {
  const servers = [us, ...Object.values(peers)];
  const head = [
    "",
    OURS,
    ...Object.entries(peers).map(([name, { version = "" }]) => `${name} ${version}`.trim()),
  ];
  const body = LINES.map(({ what, of, missing, beside, digits = 1, best }) => {
    const values = servers.map(of).map((value) => (value === undefined ? undefined : round(value, digits)));
    const top = bestOf(values, best);
    const cells = values.map((value, i) => {
      const server = servers[i] ?? {};
      if (value === undefined) return missing?.(server) ?? "–";
      const side = beside?.(server);
      const text = `${value.toLocaleString("en")}${side === undefined ? "" : ` (${round(side, digits).toLocaleString("en")})`}`;
      return value === top ? `**${text}**` : text;
    });
    return [what, ...cells];
  });
  return { lines: [head, ...body], align: ["l", ...servers.map(() => "r" as const)] };
}

function bestOf(values: readonly (number | undefined)[], best: Line["best"]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  if (best === undefined || known.length === 0) return undefined;
  return best === "least" ? Math.min(...known) : Math.max(...known);
}

/** Each row in which another server is the best, with its name. */
export function betterThanOurs({ us, peers }: PeerKeys): { what: string; who: string }[] {
  return LINES.flatMap(({ what, of, best, digits = 1 }) => {
    const rounded = (server: Measured) => {
      const value = of(server);
      return value === undefined ? undefined : round(value, digits);
    };
    const top = bestOf([us, ...Object.values(peers)].map(rounded), best);
    if (top === undefined || rounded(us) === top) return [];
    const who = Object.entries(peers).filter(([, server]) => rounded(server) === top);
    return [{ what, who: who.map(([name]) => name).join(", ") }];
  });
}

export async function drawPeers({ us, peers }: PeerKeys, file: string): Promise<void> {
  const servers = [[OURS, us], ...Object.entries(peers)] as [string, Measured][];
  const panel = (
    title: string,
    of: (server: Measured) => (number | undefined)[],
    { digits = 0, logarithmic = false } = {},
  ): Panel => ({
    title,
    logarithmic,
    bars: servers.map(([label, server]) => {
      const [value, low, high] = of(server);
      return {
        label,
        value,
        low,
        high,
        text: value === undefined ? "" : round(value, digits).toLocaleString("en"),
      };
    }),
  });
  const inSet = (set: keyof typeof SETS) =>
    panel(
      `nDCG@10, ${SETS[set]}`,
      ({ sets }) => [sets?.[set]?.ndcg10, sets?.[set]?.ndcg10_low, sets?.[set]?.ndcg10_high],
      { digits: 2 },
    );
  const latency = (call: "write" | "search") =>
    panel(
      `${call} at 1,000 items, ms (log; to p95)`,
      (server) => [server[`${call}_p50_ms`], server[`${call}_p50_ms`], server[`${call}_p95_ms`]],
      { digits: 1, logarithmic: true },
    );
  const panels = [
    panel("spawn to initialize, ms", (server) => [
      server.initialize_ms,
      server.initialize_min_ms,
      server.initialize_max_ms,
    ]),
    panel("memory, MB", (server) => [server.rss_mb, server.rss_min_mb, server.rss_max_mb]),
    panel("tools/list, tokens", (server) => [server.tools_list_tokens]),
    latency("write"),
    latency("search"),
    panel("kept of 320 racing writes", (server) => [server.race_kept]),
    inSet("theoremqa"),
    inSet("metatool"),
  ];
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await picture(panels, { columns: 3, highlight: OURS }));
}
