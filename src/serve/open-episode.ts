import type { BehaviorKey } from "../model/behavior.ts";
import type { Ports } from "../ports.ts";

/**
 * The task that a connection is at: from its retrieval until its trace. What was withheld from it is not told by other
 * ways either. A request over HTTP is a connection of its own, so there nothing is known.
 */
export class OpenEpisode {
  #useId: string | undefined;

  /** A retrieval begins a task, or goes on with it; a trace ends it. */
  saw(tool: string, result: Record<string, unknown>): void {
    if (tool === "retrieve_behaviors") this.#useId = String(result.use_id);
    else if (tool === "record_trace") this.#useId = undefined;
  }

  /** Says whether a behavior is withheld now. */
  async withholds({ ledger }: Pick<Ports, "ledger">): Promise<(of: BehaviorKey) => boolean> {
    const use = this.#useId === undefined ? undefined : await ledger.use(this.#useId);
    const withheld = use === undefined ? [] : await ledger.withheldInEpisode(use.episode_id);
    const keys = new Set(withheld.map(({ handbook, name }) => `${handbook}/${name}`));
    return ({ handbook, name }) => keys.has(`${handbook}/${name}`);
  }
}
