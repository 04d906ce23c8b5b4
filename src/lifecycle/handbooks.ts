import { HandbookError } from "../errors.ts";
import { DEFAULT_HANDBOOK, HandbookSlug } from "../model/handbook.ts";
import type { TraceFacts, TrainingReads } from "../ports/training.ts";
import type { LedgerReads, LedgerWrites, Ports } from "../ports.ts";

/** The handbook that is meant where none is named: the one that is written to. */
export function homeHandbook({ settings }: Pick<Ports, "settings">): string {
  return settings.handbooks?.write ?? DEFAULT_HANDBOOK;
}

/**
 * The handbook to read from.
 *
 * Throws: UNKNOWN_HANDBOOK, naming those that exist.
 */
export async function handbookToRead(ledger: LedgerReads, slug: string): Promise<string> {
  if ((await ledger.handbook(slug)) !== undefined) return slug;
  const known = (await ledger.handbooks()).map((handbook) => handbook.slug);
  throw new HandbookError("UNKNOWN_HANDBOOK", `there is no handbook "${slug}"`, {
    fix: `These exist: ${known.join(", ")}. Whoever may write to a new name creates it with its first trace`,
  });
}

/** Makes sure that the handbook exists: the first write creates it. Throws: INVALID_INPUT for a name that cannot be one. */
export async function handbookToWrite(
  tx: LedgerReads & LedgerWrites,
  slug: string,
  created_at: string,
  description?: string,
): Promise<void> {
  if ((await tx.handbook(slug)) !== undefined) return;
  const sound = HandbookSlug.safeParse(slug);
  if (!sound.success) {
    throw new HandbookError("INVALID_INPUT", "a new handbook cannot have this name", {
      fix: "Use at most 64 lower-case letters and digits, with single dashes between",
    });
  }
  await tx.addHandbook({ slug, created_at, ...(description !== undefined && { description }) });
}

/**
 * What a search in this handbook reads: itself, and where it is the home of all that names none, the others that are read
 * together with it; then the starters unless they are switched off.
 */
export async function searchedHandbooks(
  { ledger, settings }: Pick<Ports, "ledger" | "settings">,
  slug: string,
): Promise<string[]> {
  const own = slug === homeHandbook({ settings }) ? (settings.handbooks?.read ?? [slug]) : [slug];
  if (!settings.starters) return [...own];
  const starters = (await ledger.handbooks()).filter((handbook) => handbook.starter !== undefined);
  return [...own, ...starters.map((handbook) => handbook.slug).filter((starter) => !own.includes(starter))];
}

/** Texts without their secrets, each under its own name, and the kinds of secrets found. Absent texts stay absent. */
export async function redacted<K extends string>(
  { secrets }: Pick<Ports, "secrets">,
  texts: Record<K, string | undefined>,
): Promise<{ texts: Record<K, string | undefined>; kinds: string[] }> {
  const clean: Partial<Record<K, string | undefined>> = {};
  const kinds = new Set<string>();
  for (const name in texts) {
    const text = texts[name];
    const scanned = text === undefined ? undefined : await secrets.redact(text);
    clean[name] = scanned?.text;
    for (const kind of scanned?.kinds ?? []) kinds.add(kind);
  }
  return { texts: clean as Record<K, string | undefined>, kinds: [...kinds] };
}

type Texts = { [field in "instruction" | "when" | "topic" | "detail"]?: string | undefined } & {
  keywords?: string[] | undefined;
};

/** The same behavior, or part of one, without secrets in its texts and without the fields that are undefined. */
export async function redactedBehavior<T extends Texts>(
  ports: Pick<Ports, "secrets">,
  behavior: T,
): Promise<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  const { instruction, when, topic, detail, keywords } = behavior;
  const { texts } = await redacted(ports, { instruction, when, topic, detail });
  const clean: string[] = [];
  for (const keyword of keywords ?? []) clean.push((await ports.secrets.redact(keyword)).text);
  const fields = Object.entries({ ...behavior, ...texts, keywords: keywords && clean });
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

const PAGE = 200;

/** All traces without their long texts, oldest first, in the memory of a page; of one handbook, or since an instant, if so wished. */
export async function* traceFacts(
  ledger: TrainingReads,
  filter: Parameters<TrainingReads["tracesAfter"]>[2],
): AsyncGenerator<TraceFacts> {
  for (let after = ""; ; ) {
    const page = await ledger.tracesAfter(after, PAGE, filter);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}
