import { setTimeout as sleep } from "node:timers/promises";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { type HttpServer, startHttp } from "./http-load.ts";
import { ENTRY } from "./servers.ts";

/** One machine of several: its server may die and start again, each time on another port. */
export class Replica {
  isUp = false;
  /** How often it was started. */
  lives = 0;
  readonly #env: Record<string, string>;
  #server: HttpServer | undefined;

  constructor(env: Record<string, string>) {
    this.#env = env;
  }

  get url(): URL {
    return new URL(this.#server?.url ?? "http://127.0.0.1:9/mcp");
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  async start(): Promise<void> {
    this.#server = await startHttp([ENTRY, "serve", "--http", "--port", "0"], this.#env);
    this.lives++;
    this.isUp = true;
  }

  kill(): void {
    this.isUp = false;
    process.kill(this.pid, "SIGKILL");
  }

  async end(): Promise<void> {
    this.isUp = false;
    await this.#server?.end();
  }
}

export class Refused extends Error {}

type Structure = Record<string, unknown>;
interface Connected {
  call(
    name: string,
    given: Structure,
  ): Promise<{ isError?: unknown; content?: unknown; structuredContent?: unknown }>;
  close(): Promise<void>;
}

const ANSWER_MS = 10_000;
const PATIENCE_MS = 40_000;
const INFO = { name: "replicas", version: "1.0.0" };

/** A client of the official SDK, of this protocol's era or the last one's, that goes to another machine when its own is gone. */
export class Visitor {
  /** The machine it is at. */
  at: number;
  retried = 0;
  readonly #replicas: readonly Replica[];
  readonly #key: string;
  readonly #era: "new" | "old";
  #connecting: Promise<Connected> | undefined;

  constructor(replicas: readonly Replica[], at: number, key: string, era: "new" | "old") {
    this.#replicas = replicas;
    this.at = at % replicas.length;
    this.#key = key;
    this.#era = era;
  }

  /** Until it is answered, on whichever machine. Throws `Refused` when the answer is an error. */
  async call(name: string, given: Structure): Promise<Structure> {
    for (const deadline = performance.now() + PATIENCE_MS; ; ) {
      const connecting = this.#connection();
      try {
        return await answer(await connecting, name, given);
      } catch (error) {
        if (error instanceof Refused || performance.now() > deadline) throw error;
        this.retried++;
        if (connecting === this.#connecting) this.moveOn();
        await sleep(20);
      }
    }
  }

  /** On this machine, and only once. */
  async once(name: string, given: Structure): Promise<Structure> {
    const connecting = this.#connection();
    try {
      return await answer(await connecting, name, given);
    } catch (error) {
      if (!(error instanceof Refused) && connecting === this.#connecting) this.#leave();
      throw error;
    }
  }

  /** Goes to the next machine that is up. */
  moveOn(): void {
    this.#leave();
    for (let i = 0; i < this.#replicas.length; i++) {
      this.at = (this.at + 1) % this.#replicas.length;
      if (this.#replicas[this.at]?.isUp) return;
    }
  }

  async close(): Promise<void> {
    await this.#connecting?.then(({ close }) => close()).catch(() => {});
  }

  #leave(): void {
    const left = this.#connecting;
    this.#connecting = undefined;
    // Its other calls may be under way.
    void left
      ?.then((connected) => sleep(ANSWER_MS, undefined, { ref: false }).then(connected.close))
      .catch(() => {});
  }

  #connection(): Promise<Connected> {
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  async #connect(): Promise<Connected> {
    const url = this.#replicas[this.at]?.url ?? new URL("http://127.0.0.1:9");
    const options = { requestInit: { headers: { authorization: `Bearer ${this.#key}` } } };
    const timeout = { timeout: ANSWER_MS };
    if (this.#era === "new") {
      const client = new Client(INFO, { versionNegotiation: { mode: "auto" } });
      await client.connect(new StreamableHTTPClientTransport(url, options), timeout);
      const call: Connected["call"] = (name, given) => client.callTool({ name, arguments: given }, timeout);
      return { call, close: () => client.close() };
    }
    const client = new OldClient(INFO);
    await client.connect(new OldHttp(url, options) as Parameters<OldClient["connect"]>[0], timeout);
    const call: Connected["call"] = (name, given) =>
      client.callTool({ name, arguments: given }, undefined, timeout) as ReturnType<Connected["call"]>;
    return { call, close: () => client.close() };
  }
}

async function answer(connected: Connected, name: string, given: Structure): Promise<Structure> {
  const { isError, content, structuredContent } = await connected.call(name, given);
  if (isError) throw new Refused(`${name}: ${JSON.stringify(content)}`);
  return (structuredContent ?? {}) as Structure;
}
