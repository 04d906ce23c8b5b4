/** A turn at writing one index. `epoch` grows with each new holder, so that a former one is told apart. */
export interface Lease {
  name: string;
  holder: string;
  epoch: number;
}

/** One table of an index that lies outside the ledger. It is built under a number of its own and published last. */
export interface IndexGeneration {
  generation: number;
  /** What the table is for, e.g. `vectors`, and the model whose vectors it holds, `""` without any. */
  index: string;
  model: string;
  /** A name that nothing else has. */
  table: string;
  /** Of its vectors; absent before its table is made, and where it has none. */
  dimension?: number | undefined;
  /** The epoch of the lease under which its table was made; absent before it is. */
  epoch?: number | undefined;
  /** The sequence number up to which it has every change. */
  watermark: number;
  published_at?: string | undefined;
}

/** How the indexes that processes share stand. */
export interface IndexStateReads {
  /** All generations that were not dropped, oldest first; those of one index, or of all. */
  indexGenerations(index?: string): Promise<IndexGeneration[]>;
  /** Which of these leases nobody has held since an instant. */
  unheldLeases(names: readonly string[], since: string): Promise<string[]>;
}

/** A write that names a lease does nothing and answers false when somebody else has held it since. */
export interface IndexStateWrites {
  /** Takes or keeps a lease from `now` on, for `ttlMs`; undefined while another holder has it. */
  takeLease(name: string, holder: string, now: Date, ttlMs: number): Promise<Lease | undefined>;
  /** Lets others take it at once. */
  releaseLease(lease: Lease, now: Date): Promise<void>;
  /** Begins a generation, for whoever holds the lease to build. */
  addGeneration(index: string, model: string): Promise<IndexGeneration>;
  /** Says that its table is being made under this lease. */
  claimGeneration(generation: number, dimension: number | undefined, lease: Lease): Promise<boolean>;
  /** Moves the watermark; false, too, when it is not at `from` any more. */
  advanceIndex(generation: number, from: number, to: number, lease: Lease): Promise<boolean>;
  /** Moves the watermark back to `seq` if it is beyond, so that changes from there on are read again. */
  setBackIndex(generation: number, seq: number): Promise<void>;
  publishGeneration(generation: number, now: Date, lease: Lease): Promise<boolean>;
  dropGeneration(generation: number): Promise<void>;
}

/** An index on disk, shared by the ledger's processes, that can be built anew. */
export interface RebuildableIndex {
  /** What a person calls it. */
  readonly name: string;
  /**
   * Builds a new generation from nothing beside the one that answers, and publishes it. Another process may be the one
   * that does it. `show` hears how many of how many changes are read.
   *
   * Throws: EMBEDDER_UNAVAILABLE, EMBEDDER_BAD_OUTPUT, INDEX_UNAVAILABLE when it does not get on.
   */
  rebuild(show: (read: number, of: number) => void): Promise<{ rows: number; table: string }>;
}
