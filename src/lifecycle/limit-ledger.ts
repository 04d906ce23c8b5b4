import { type BehaviorKey, behaviorId } from "../model/behavior.ts";
import type { DrawnEpisode } from "../ports/experiment.ts";
import type { Ledger, LedgerReads, LedgerWrites } from "../ports.ts";

/** What a caller may see of the ledger, and change. */
export interface Limits {
  /** Its behaviors. */
  sees(handbook: string): boolean;
  /** Also what was done with it: its traces, its reflections, its figures. Not of a starter, which is everybody's. */
  holds(handbook: string): boolean;
  /** The handbooks that it holds, where not all; for the reads that go by number, not by handbook. */
  held: readonly string[] | undefined;
  /** Throws: FORBIDDEN for one that it sees and does not hold. */
  mustHold(handbook: string): void;
  /** Throws: FORBIDDEN, in the same words whether there is such a handbook or not. */
  mayChange(handbook: string): void;
}

/**
 * The ledger as if it held only what a caller may see: what is beyond that is missing, not refused, so that nothing tells
 * whether it exists. Each method is named, so that a new one of the port does not go through unseen.
 */
export function limitLedger(ledger: Ledger, limits: Limits): Ledger {
  return {
    ...limitReads(ledger, limits),
    write: (work) => ledger.write((tx) => work({ ...limitReads(tx, limits), ...limitWrites(tx, limits) })),
    check: closed("check"),
    close: closed("close"),
  };
}

function limitReads(all: LedgerReads, { sees, holds, held, mustHold }: Limits): LedgerReads {
  const known = <T extends { handbook: string }>(one: T | undefined, mayKnow = holds) =>
    one !== undefined && mayKnow(one.handbook) ? one : undefined;
  const those = <T extends { handbook: string }>(list: readonly T[]) =>
    list.filter(({ handbook }) => sees(handbook));
  const traces = async (ids: readonly string[]) =>
    (await all.traces(ids)).filter(({ handbook }) => holds(handbook));
  const use = async (id: string) => known(await all.use(id), sees); // who retrieves from a starter goes on from it
  const hasTrace = async (id: string) => (await traces([id])).length > 0;
  const hasEpisode = async (id: string) => (await use(id)) !== undefined;
  const of = (handbook: string) => {
    if (!sees(handbook)) throw new Error("unreachable: the handbook was looked up before, and is not seen");
    mustHold(handbook);
    return handbook;
  };
  return {
    handbooks: async () => (await all.handbooks()).filter(({ slug }) => sees(slug)),
    handbook: async (slug) => (sees(slug) ? all.handbook(slug) : undefined),

    behavior: async (key) => (sees(key.handbook) ? all.behavior(key) : undefined),
    behaviorsByKey: (keys) => all.behaviorsByKey(those(keys)),
    behaviors: async (handbook, filter) => (sees(handbook) ? all.behaviors(handbook, filter) : []),
    revisions: async (key) => (sees(key.handbook) ? all.revisions(key) : []),
    headSeq: () => all.headSeq(),
    changedBehaviors: closed("changedBehaviors"),
    behaviorsSince: async (seq, handbooks, limit) =>
      those(await all.behaviorsSince(seq, handbooks.filter(sees), limit)),
    documents: (keys) => all.documents(those(keys)),
    behaviorCount: closed("behaviorCount"),

    traces,
    traceWithHash: async (hash) => known(await all.traceWithHash(hash)),
    citations: async (id) => ((await hasTrace(id)) ? those(await all.citations(id)) : []),
    latestTraceOfEpisode: async (id) => known(await all.latestTraceOfEpisode(id)),
    unreflectedTraces: (handbook, after, limit) => all.unreflectedTraces(of(handbook), after, limit),
    tracesAfter: (after, limit, { handbook = "", ...filter } = {}) =>
      all.tracesAfter(after, limit, { ...filter, handbook: of(handbook) }),
    recentTraces: async (limit) => (held?.length === 0 ? [] : all.recentTraces(limit, held)),

    use,
    latestUseOfConversation: async (id) => known(await all.latestUseOfConversation(id), sees),
    servedInEpisode: async (id) => those(await all.servedInEpisode(id)),
    withheldInEpisode: async (id) => those(await all.withheldInEpisode(id)),
    outcomeReports: async (about) => {
      const has = "trace_id" in about ? hasTrace(about.trace_id) : hasEpisode(about.episode_id);
      return (await has) ? all.outcomeReports(about) : [];
    },

    reflection: async (id) => known(await all.reflection(id)),
    reflectionsOn: async (ids) => (await all.reflectionsOn(ids)).filter(({ handbook }) => holds(handbook)),
    queuedReflections: (handbook, after, limit) => all.queuedReflections(of(handbook), after, limit),
    decisions: async (id) => (known(await all.reflection(id)) === undefined ? [] : all.decisions(id)),

    counts: (handbook, period) => all.counts(of(handbook), period),
    async usage(handbook, period, mostCited) {
      const { behaviors, most_cited } = await all.usage(of(handbook), period, mostCited);
      return { behaviors, most_cited: those(most_cited) };
    },

    assignmentSalt: () => all.assignmentSalt(), // for the draw; it is told nowhere
    draw: async (id) => ((await hasEpisode(id)) ? all.draw(id) : undefined),
    similarAttempts: async (handbook, keys) =>
      holds(handbook) ? all.similarAttempts(handbook, those(keys)) : [],
    episodes: (handbook, range) => withoutNames(all.episodes(of(handbook), range), sees),
    reworded: (keys, until) => all.reworded(those(keys), until),
    lifts: async (handbook, keys) => (holds(handbook) ? all.lifts(handbook, those(keys)) : []),
    succeededTasks: async (handbook) => those(await all.succeededTasks(of(handbook))),

    indexGenerations: closed("indexGenerations"),
    unheldLeases: closed("unheldLeases"),
    keys: closed("keys"),
    key: closed("key"),
    hasKeys: closed("hasKeys"),
  };
}

function limitWrites(all: LedgerReads & LedgerWrites, { sees, mayChange }: Limits): LedgerWrites {
  const trace = async (id: string | undefined) => {
    const [found] = id === undefined ? [] : await all.traces([id]);
    if (found !== undefined) mayChange(found.handbook);
  };
  const reflection = async (id: string | undefined) => {
    const found = id === undefined ? undefined : await all.reflection(id);
    if (found !== undefined) mayChange(found.handbook);
  };
  return {
    async addHandbook(handbook) {
      mayChange(handbook.slug);
      await all.addHandbook(handbook);
    },
    async addRevision(behavior) {
      mayChange(behavior.handbook);
      await all.addRevision(behavior);
    },
    async addSources(key, ids) {
      mayChange(key.handbook);
      await all.addSources(key, ids);
    },
    async addTrace(added, hash) {
      mayChange(added.handbook);
      await all.addTrace(added, hash);
    },
    async setTokens(id, counts) {
      await trace(id);
      await all.setTokens(id, counts);
    },
    async addCitations(citations) {
      await trace(citations[0]?.trace_id);
      await all.addCitations(citations.filter(({ handbook }) => sees(handbook)));
    },
    async setOutcome(id, outcome, evidence) {
      await trace(id);
      await all.setOutcome(id, outcome, evidence);
    },
    async addOutcomeReport(report) {
      await trace(report.trace_id);
      const use = report.episode_id === undefined ? undefined : await all.use(report.episode_id);
      if (use !== undefined) mayChange(use.handbook);
      await all.addOutcomeReport(report);
    },
    async addUse(use) {
      mayChange(use.handbook);
      await all.addUse(use);
    },
    async addDraw(handbook, draw) {
      mayChange(handbook);
      await all.addDraw(handbook, draw);
    },
    async addContaminations(id, keys) {
      await trace(id);
      await all.addContaminations(id, keys);
    },
    async addReflection(added) {
      mayChange(added.handbook);
      await all.addReflection(added);
    },
    async closeReflection(id, done) {
      await reflection(id);
      return all.closeReflection(id, done);
    },
    async addDecisions(decisions) {
      await reflection(decisions[0]?.reflection_id);
      await all.addDecisions(decisions);
    },
    async queueReflections(added) {
      for (const { handbook } of added) mayChange(handbook);
      await all.queueReflections(added);
    },
    setStarter: closed("setStarter"),
    setLifts: closed("setLifts"),
    takeLease: closed("takeLease"),
    releaseLease: closed("releaseLease"),
    addGeneration: closed("addGeneration"),
    claimGeneration: closed("claimGeneration"),
    advanceIndex: closed("advanceIndex"),
    setBackIndex: closed("setBackIndex"),
    publishGeneration: closed("publishGeneration"),
    dropGeneration: closed("dropGeneration"),
    addKey: closed("addKey"),
    revokeKey: closed("revokeKey"),
    touchKey: closed("touchKey"),
  };
}

/** Episodes of a handbook in which behaviors of others took part keep their numbers; those behaviors lose their names. */
async function* withoutNames(
  pages: AsyncIterable<DrawnEpisode[]>,
  sees: Limits["sees"],
): AsyncGenerator<DrawnEpisode[]> {
  const names = new Map<string, string>();
  const nameless = <T extends BehaviorKey>(key: T): T => {
    if (sees(key.handbook)) return key;
    const whole = behaviorId(key);
    const name = names.get(whole) ?? `behavior_${names.size + 1}`;
    names.set(whole, name);
    return { ...key, handbook: "another-handbook", name };
  };
  for await (const page of pages)
    yield page.map((episode) => ({
      ...episode,
      candidates: episode.candidates.map(nameless),
      cited: episode.cited.map(nameless),
    }));
}

function closed(name: string): () => never {
  return () => {
    throw new Error(`${name} is not for callers`);
  };
}
