// `node bench/peers-page.ts`: puts the last run of the bench `peers` into docs/peers.md and draws docs/peers.svg.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "markdown-table";
import { betterThanOurs, drawPeers, type PeerKeys, peersTable } from "./peer-report.ts";

interface Facts extends PeerKeys {
  date: string;
  node: string;
  cpus: number;
}

const root = join(import.meta.dirname, "..");
const facts: Facts = JSON.parse(readFileSync(join(root, "bench/results/peers.json"), "utf8"));
const file = join(root, "docs/peers.md");
const page = readFileSync(file, "utf8");
const parts = /^([\s\S]*<!-- peers -->\n)[\s\S]*(<!-- \/peers -->[\s\S]*)$/.exec(page);
if (parts === null) throw new Error("docs/peers.md has no <!-- peers --> and <!-- /peers -->");
writeFileSync(file, `${parts[1]}${section(facts)}\n${parts[2]}`);
await drawPeers(facts, join(root, "docs/peers.svg"));

function section(facts: Facts): string {
  const { lines, align } = peersTable(facts);
  const names = Object.entries(facts.peers).map(
    ([name, { version }]) => `${name} ${version ?? "(not installed)"}`,
  );
  const errors = Object.entries(facts.peers).flatMap(([name, { error = [] }]) =>
    error.map((text) => `- ${name}: ${text}`),
  );
  return [
    `On a shared machine with ${facts.cpus} cores, Node ${facts.node}, ${facts.date.slice(0, 10)}, all in one run: ${names.join(", ")}. The best of each row is bold.`,
    markdownTable(lines, { align: [...align] }),
    `![the same as bars](peers.svg)`,
    `**Where others are ahead:** ${ahead(facts)}.`,
    ...(errors.length > 0 ? [`What could not be measured:\n\n${errors.join("\n")}`] : []),
  ].join("\n\n");
}

/** The rows that others lead, by who does. */
function ahead(facts: Facts): string {
  const rows = Map.groupBy(betterThanOurs(facts), ({ who }) => who);
  const said = [...rows].map(([who, led]) => `${who} in ${led.map(({ what }) => plain(what)).join("; ")}`);
  return said.join(". ") || "in no row of this table";
}

function plain(what: string): string {
  return what.replace(", ms: p50 (p95)", "").replace(/, (ms|MB|tokens)$/, "");
}
