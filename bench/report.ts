import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "markdown-table";
import { round, type Summary } from "./measure.ts";

/** What a bench hands back: keys for machines, rows for people. */
export interface Result {
  keys: Record<string, unknown>;
  rows: Row[];
  /** What no run may have: lost data, errors. Any of them makes the exit code 1; a missed time does not. */
  faults: string[];
}

export interface Row {
  what: string;
  value: string;
  /** Smallest and largest, where it was measured more than once. */
  spread?: string;
  must?: { text: string; holds: boolean };
}

export function row(what: string, value: number, unit: string, must?: Row["must"], spread?: Summary): Row {
  return {
    what,
    value: figure(value, unit),
    ...(spread && { spread: `${round(spread.min)} to ${round(spread.max)}, n = ${spread.n}` }),
    ...(must && { must }),
  };
}

export function atMost(limit: number, value: number, unit: string): Row["must"] {
  return { text: `at most ${figure(limit, unit)}`, holds: value <= limit };
}

export function exactly(wanted: number, value: number): Row["must"] {
  return { text: String(wanted), holds: value === wanted };
}

function figure(value: number, unit: string): string {
  return `${round(value)} ${unit}`.trim();
}

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ what, value, spread, must }) => [
    what,
    value,
    spread,
    must?.text,
    must && (must.holds ? "yes" : "no"),
  ]);
  return markdownTable([["", "value", "min to max", "must", "holds"], ...lines], {
    align: ["l", "r", "l", "l", "l"],
  });
}

/** Writes bench/results/<name>.json and returns its path. */
export function writeResult(name: string, facts: Record<string, unknown>): string {
  const directory = join(import.meta.dirname, "results");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${name}.json`);
  writeFileSync(file, `${JSON.stringify(facts, roundedNumbers, 2)}\n`);
  return file;
}

function roundedNumbers(_key: string, value: unknown): unknown {
  return typeof value === "number" ? round(value, 4) : value;
}
