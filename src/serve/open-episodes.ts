import { homeHandbook } from "../lifecycle/handbooks.ts";
import { type BehaviorKey, behaviorId } from "../model/behavior.ts";
import type { Ports } from "../ports.ts";

type Reads = Pick<Ports, "ledger">;
type Settings = Pick<Ports, "settings">;

const MOST_OPEN = 100;

/** What a retrieval asks, as its tool takes it. */
interface Asked {
  task?: unknown;
  handbook?: unknown;
  use_id?: unknown;
}

/**
 * The tasks that a connection is at: each from its retrieval until a trace of it. Asking again for one of them is no new
 * task, and what was withheld from any of them is not told by other ways either. A request over HTTP is a connection of its own,
 * so there nothing is kept.
 */
export class OpenEpisodes {
  readonly #isKept: boolean;
  /** By the id of the use, oldest first. */
  readonly #uses = new Map<string, { asked: string; episode_id: string }>();

  constructor(connection: "lasting" | "one request") {
    this.#isKept = connection === "lasting";
  }

  /** The use that a retrieval goes on from: the one it names, or else the newest open one for the same words. */
  goesOnFrom(ports: Settings, asked: Asked): string | undefined {
    if (typeof asked.use_id === "string") return asked.use_id;
    const key = keyOf({ handbook: homeHandbook(ports), ...asked });
    return [...this.#uses].findLast(([, use]) => use.asked === key)?.[0];
  }

  /** A retrieval begins a task, or goes on with the one of a use. */
  async retrieved({ ledger }: Reads, asked: Asked, from: string | undefined, useId: string): Promise<void> {
    const use = this.#isKept ? await ledger.use(useId) : undefined;
    if (use === undefined) return;
    const { episode_id, handbook } = use;
    const former = this.#uses.get(from ?? "")?.episode_id;
    if (former !== episode_id) this.#end(former); // it was over, or it could have been joined
    this.#uses.set(useId, { asked: keyOf({ task: asked.task, handbook }), episode_id });
    const [oldest] = this.#uses.keys();
    if (this.#uses.size > MOST_OPEN && oldest !== undefined) this.#uses.delete(oldest);
  }

  /** A trace ends the task whose use it names. */
  async recorded({ ledger }: Reads, useId: string): Promise<void> {
    if (this.#isKept) this.#end((await ledger.use(useId))?.episode_id);
  }

  #end(episodeId: string | undefined): void {
    for (const [id, { episode_id }] of this.#uses) if (episode_id === episodeId) this.#uses.delete(id);
  }

  /** Says whether a behavior is withheld now. */
  async withholds({ ledger }: Reads): Promise<(of: BehaviorKey) => boolean> {
    const keys = new Set<string>();
    for (const id of new Set([...this.#uses.values()].map(({ episode_id }) => episode_id)))
      for (const key of await ledger.withheldInEpisode(id)) keys.add(behaviorId(key));
    return (key) => keys.has(behaviorId(key));
  }
}

function keyOf({ task, handbook }: Omit<Asked, "use_id">): string {
  return `${handbook}/${task}`;
}
