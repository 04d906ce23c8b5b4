import { databaseName } from "../adapters/sql/postgres-errors.ts";
import { createApp, openLedger } from "../app.ts";
import type { ServingConfig } from "../config/serving.ts";
import type { Config } from "../config.ts";
import type { Ledger, Ports } from "../ports.ts";
import { checkWritable } from "./doctor-directory.ts";
import { attempt, type Check, damaged, type Finding, skipped } from "./doctor-finding.ts";

/** The ledger, and what is made from it: the starters are in it, the index is built from it. */
export async function* examineLedger(config: Config): AsyncGenerator<Check> {
  const app = createApp(config);
  try {
    // Looked at before the app writes the starters into it.
    const ledger = await attempt(
      async () =>
        (config.databaseUrl === undefined ? checkWritable(config.ledgerPath) : undefined) ??
        (await checkLedger(config)),
    );
    if (ledger.status !== "ok") {
      yield { check: "ledger", ...ledger };
      yield* skipped(["starters", "index"], "the ledger");
      return;
    }
    const starters = await attempt(async () => checkStarters(await app.ports()));
    yield { check: "ledger", ...(await attempt(() => countLedger(config))) };
    yield { check: "starters", ...starters };
    const { handbooks } = config.serving;
    if (handbooks !== undefined)
      yield { check: "handbooks", ...(await attempt(async () => checkRead(await app.ports(), handbooks))) };
    yield { check: "index", ...(await attempt(async () => checkIndex(await app.ports()))) };
  } finally {
    await app.close().catch(() => {});
  }
}

function checkLedger(config: Config): Promise<Finding> {
  return withLedger(config, async (ledger) => {
    // No handbook has this name: nothing changes, and a database that takes no writes refuses it.
    if (config.databaseUrl !== undefined) await ledger.write((tx) => tx.setStarter("", ""));
    const faults = (await ledger.check()).flatMap((fault) => fault.split("\n"));
    if (faults.length === 0) return { status: "ok", message: "sound" };
    const more = faults.length > FAULTS_SHOWN ? `; and ${faults.length - FAULTS_SHOWN} more faults` : "";
    const shown = `${ledgerName(config)} is damaged: ${faults.slice(0, FAULTS_SHOWN).join("; ")}${more}`;
    return config.databaseUrl === undefined ? damaged(shown) : damagedDatabase(shown);
  });
}

/** What it is, for people. */
function ledgerName({ databaseUrl, ledgerPath }: Config): string {
  return databaseUrl === undefined ? ledgerPath : databaseName(databaseUrl);
}

function damagedDatabase(message: string): Finding {
  const fix = "Stop every server, see the server's log, and reindex the database or restore a backup.";
  return { status: "failed", message, fix };
}

const FAULTS_SHOWN = 3;

function countLedger(config: Config): Promise<Finding> {
  return withLedger(config, async (ledger) => {
    const sums = { behaviors: 0, traces: 0 };
    for (const { slug } of await ledger.handbooks()) {
      const counts = await ledger.counts(slug);
      sums.behaviors += sum(counts.behaviors);
      sums.traces += sum(counts.traces);
    }
    const { behaviors, traces } = sums;
    const message = `sound, ${behaviors.toLocaleString("en")} behaviors and ${traces.toLocaleString("en")} traces in ${ledgerName(config)}`;
    return { status: "ok", message };
  });
}

async function withLedger(config: Config, work: (ledger: Ledger) => Promise<Finding>): Promise<Finding> {
  const ledger = await openLedger(config);
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
  }
}

async function checkStarters({ ledger, settings }: Ports): Promise<Finding> {
  if (!settings.starters) return { status: "ok", message: "switched off by HANDBOOK_STARTERS=off" };
  const starters = (await ledger.handbooks()).filter(({ starter }) => starter !== undefined);
  if (starters.length > 0) return { status: "ok", message: starters.map(({ slug }) => slug).join(", ") };
  return {
    status: "failed",
    message: "none is loaded: the package has lost its handbooks",
    fix: "Install behavior-handbook again, or set HANDBOOK_STARTERS=off.",
  };
}

/** Missing ones were made, so a misspelt one is an empty one. The one that is written to begins empty. */
async function checkRead(
  { ledger }: Ports,
  { read, write }: NonNullable<ServingConfig["handbooks"]>,
): Promise<Finding> {
  const filled: string[] = [];
  for (const { slug } of await ledger.handbooks()) {
    const { behaviors, traces } = await ledger.counts(slug);
    if (sum(behaviors) + sum(traces) > 0) filled.push(slug);
  }
  const others = read.filter((slug) => slug !== write);
  const empty = others.filter((slug) => !filled.includes(slug));
  if (empty.length === 0)
    return {
      status: "ok",
      message: `${write} is written to; read beside it: ${others.join(", ") || "none"}`,
    };
  return {
    status: "failed",
    message: `nothing is in ${empty.join(", ")}, which HANDBOOK_READ names`,
    fix: `Correct the name, or import or record something into it. These hold something: ${filled.join(", ") || "none"}.`,
  };
}

const INDEX_WAIT_MS = 60_000;

async function checkIndex({ ledger, index }: Ports): Promise<Finding> {
  const head = await ledger.headSeq();
  const handbooks = (await ledger.handbooks()).map(({ slug }) => slug);
  const started = performance.now();
  for (;;) {
    const { sources } = await index.search({ text: "check the result", handbooks, limit: 1 });
    const { seq, behaviors } = index.progress();
    const ms = Math.round(performance.now() - started);
    if (seq >= head) return { status: "ok", message: `fresh, ${behaviors} behaviors, ready after ${ms} ms` };
    if (!sources.includes("partial") || ms > INDEX_WAIT_MS) {
      return {
        status: "failed",
        message: `it has read up to change ${seq} of ${head} after ${ms} ms`,
        fix: "Start again; retrieval answers from what is there. If it stays so, report it with the size of the ledger.",
      };
    }
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
