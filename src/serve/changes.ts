import type { ServerEvent, ServerEventBus } from "@modelcontextprotocol/server";
import type { App } from "../app.ts";
import type { Access } from "../model/access.ts";
import type { Ledger } from "../ports.ts";
import { may } from "../rules/grants.ts";
import { logError } from "./log.ts";
import { type RequestContext, requestContext } from "./request-context.ts";

const PAGE = 500;
const MOST_OF_ONE = 32; // subscriptions of one caller, far fewer than of all

/** What changed in the ledger, whichever process changed it. */
export type Change =
  | { kind: "handbook"; handbook: string }
  | { kind: "behavior"; handbook: string; name: string };

/** Tells the changes since the last call; the first call tells none. */
export function changesOf(): (ledger: Ledger) => Promise<Change[]> {
  let seq: number | undefined;
  let handbooks: ReadonlySet<string> | undefined;
  return async (ledger) => {
    const head = await ledger.headSeq();
    const now = new Set((await ledger.handbooks()).map(({ slug }) => slug));
    const added = handbooks === undefined ? [] : [...now.difference(handbooks)];
    handbooks = now;
    const changes: Change[] = added.map((handbook) => ({ kind: "handbook", handbook }));
    for (let from = seq ?? head; from < head; ) {
      const { seq: to, documents } = await ledger.changedBehaviors(from, PAGE);
      for (const { handbook, name } of documents) changes.push({ kind: "behavior", handbook, name });
      if (to <= from) break;
      from = to;
    }
    seq = head;
    return changes;
  };
}

/** The resources that a change is about. */
export function urisOf(changes: readonly Change[]): string[] {
  return [
    ...new Set(
      changes.flatMap((change) =>
        change.kind === "behavior"
          ? [`handbook://${change.handbook}`, `behavior://${change.handbook}/${change.name}`]
          : [],
      ),
    ),
  ];
}

type Listener = (event: ServerEvent) => void;

/**
 * Carries changes to the subscriptions of HTTP clients, to each only those that it may read, and ends the subscription of a
 * caller whose key or token has ended. It looks at the ledger while somebody listens.
 */
export class ChangeBus implements ServerEventBus {
  readonly #app: App;
  readonly #everyMs: number;
  readonly #listeners = new Map<Listener, RequestContext | undefined>();
  #timer: NodeJS.Timeout | undefined;
  #changes = changesOf();

  constructor(app: App, everyMs: number) {
    this.#app = app;
    this.#everyMs = everyMs;
  }

  /** Nothing is published from outside: the ledger tells. */
  publish(): void {}

  subscribe(listener: Listener): () => void {
    const request = requestContext.getStore();
    this.#listeners.set(listener, request);
    this.#endOldest(request?.access);
    if (this.#timer === undefined) {
      this.#changes = changesOf();
      this.#timer = setInterval(() => this.#tick(), this.#everyMs).unref();
      this.#tick();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** One caller must not take the places of all. */
  #endOldest(access: Access | undefined): void {
    if (access === undefined) return;
    const own = [...this.#listeners.values()].filter((request) => request?.access?.id === access.id);
    if (own.length > MOST_OF_ONE) own[0]?.end?.();
  }

  #tick(): void {
    this.#app.during(this.#tell()).catch((error: unknown) => logError("changes.failed", error));
  }

  async #tell(): Promise<void> {
    const { ledger } = await this.#app.ports();
    const changes = await this.#changes(ledger);
    const starters = new Set((await ledger.handbooks()).flatMap((one) => (one.starter ? [one.slug] : [])));
    for (const [listener, request] of this.#listeners) {
      if (request !== undefined && !(await isStillIn(ledger, request))) {
        request.end?.();
        continue;
      }
      const { access } = request ?? {};
      const seen = changes.filter(
        ({ handbook }) =>
          access === undefined ||
          may(access, "read", handbook) ||
          (starters.has(handbook) && may(access, "read")),
      );
      if (seen.some(({ kind }) => kind === "handbook")) listener({ kind: "resources_list_changed" });
      for (const uri of urisOf(seen)) listener({ kind: "resource_updated", uri });
    }
  }
}

async function isStillIn(ledger: Ledger, { access, expiresAt }: RequestContext): Promise<boolean> {
  if (access === undefined) return !(await ledger.hasKeys()); // it came when nobody had to say who it is
  if (expiresAt !== undefined && expiresAt * 1000 < Date.now()) return false;
  const [, keyId] = /^key (.*)$/.exec(access.id) ?? [];
  return keyId === undefined || (await ledger.key(keyId))?.revoked_at === undefined;
}
