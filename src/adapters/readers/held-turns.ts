import { MAX_REASONING } from "../../model/trace.ts";
import type { TraceRead } from "./trace-row.ts";

/** Characters. */
const MOST_HELD = 2 * MAX_REASONING;

interface Held {
  read: TraceRead;
  /** Entries of the session that belong to the turn. */
  entries: ReadonlySet<string>;
}

/**
 * The finished turns of a session, held back for as long as they fit into 4 MB: the session may go on from before
 * them, and then what was done in them was taken back.
 */
export class HeldTurns {
  #turns: Held[] = [];
  #turnOf = new Map<string, Held>();
  #size = 0;

  /** Returns those that are not held any longer. */
  add(read: TraceRead, entries: ReadonlySet<string> = new Set()): TraceRead[] {
    const turn = { read, entries };
    this.#turns.push(turn);
    for (const entry of entries) this.#turnOf.set(entry, turn);
    this.#size += sizeOf(turn);
    const out: TraceRead[] = [];
    while (this.#size > MOST_HELD) out.push(...this.#let(this.#turns.splice(0, 1)));
    return out;
  }

  has(entry: string): boolean {
    return this.#turnOf.has(entry);
  }

  /** How many turns come after the one that an entry belongs to; undefined when it belongs to none. */
  after(entry: string): number | undefined {
    const turn = this.#turnOf.get(entry);
    return turn === undefined ? undefined : this.#turns.length - 1 - this.#turns.lastIndexOf(turn);
  }

  /** Takes the last turns back: they are told, but not as traces. */
  takeBack(count: number): TraceRead[] {
    const back = this.#let(count === 0 ? [] : this.#turns.splice(-count));
    return back.map(takenBack);
  }

  all(): TraceRead[] {
    return this.#let(this.#turns.splice(0));
  }

  #let(turns: readonly Held[]): TraceRead[] {
    for (const turn of turns) {
      this.#size -= sizeOf(turn);
      for (const entry of turn.entries) this.#turnOf.delete(entry);
    }
    return turns.map(({ read }) => read);
  }
}

export function takenBack({ place }: TraceRead): TraceRead {
  return { place, reason: "was taken back by the user" };
}

function sizeOf({ read, entries }: Held): number {
  const own = 500 + 100 * entries.size;
  if (!("trace" in read)) return own;
  const { task, reasoning, answer = "" } = read.trace;
  return own + task.length + reasoning.length + answer.length;
}
