import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chownSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

/** Percent-encoded in every URL, so that the tests see it decoded. */
export const PASSWORD = "p@ss/w0rd";

/** A running PostgreSQL server. */
export interface Server {
  /** Of a database and a schema in it, for the superuser unless another user is named. */
  url(where?: { user?: string; password?: string; database?: string; schema?: string }): string;
  /** Runs statements as the superuser. */
  run(statements: string): Promise<void>;
}

export function serverAt(port: number | string): Server {
  const url: Server["url"] = ({
    user = "handbook",
    password = PASSWORD,
    database = "postgres",
    schema,
  } = {}) =>
    `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}` +
    (schema === undefined ? "" : `?options=-c%20search_path%3D${schema}`);
  const run = async (statements: string) => {
    const client = new Client({ connectionString: url() });
    client.on("error", () => {});
    await client.connect();
    await client.query(statements).finally(() => client.end());
  };
  return { url, run };
}

/** One that a test has for itself, on a port of loopback, with its data in a fresh directory. */
export interface OwnServer extends Server, AsyncDisposable {
  /** Ends it, cleanly or as a crash would, and starts it again on the same data. */
  restart(how: "fast" | "crash"): Promise<void>;
  pause(how: "fast" | "crash"): Promise<void>;
  resume(): Promise<void>;
}

/** Undefined where no PostgreSQL is installed. */
export async function startPostgres(): Promise<OwnServer | undefined> {
  const bin = binaries();
  if (bin === undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "handbook-postgres-"));
  const account = unprivileged();
  const data = join(directory, "data");
  writeFileSync(join(directory, "password"), PASSWORD);
  if (account.uid !== undefined && account.gid !== undefined)
    for (const path of [directory, join(directory, "password")]) chownSync(path, account.uid, account.gid);

  const options = ["-D", data, "-U", "handbook", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"];
  const password = `--pwfile=${join(directory, "password")}`;
  const initdb = (...locale: string[]) =>
    execFileSync(join(bin, "initdb"), [...options, password, ...locale], { ...account, stdio: "pipe" });
  try {
    initdb("--locale=C", "--locale-provider=icu", "--icu-locale=en-US"); // whose order is not that of the bytes
  } catch {
    rmSync(data, { recursive: true, force: true });
    initdb("--locale=C");
  }
  const port = await freePort();
  const settings = [
    `port = ${port}`,
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    "max_connections = 200",
    ...(process.platform === "linux" ? ["recovery_init_sync_method = syncfs"] : []), // quicker after a crash
  ];
  appendFileSync(join(data, "postgresql.conf"), `${settings.join("\n")}\n`);

  let server: ChildProcess | undefined;
  const reached = serverAt(port);
  const postgres: OwnServer = {
    ...reached,
    async resume() {
      server = spawn(join(bin, "postgres"), ["-D", data], { ...account, stdio: "ignore" });
      const deadline = Date.now() + 20_000;
      for (;;) {
        try {
          return await reached.run("select 1");
        } catch (error) {
          if (Date.now() > deadline || server.exitCode !== null) throw error;
          await sleep(20);
        }
      }
    },
    async pause(how) {
      if (server === undefined || server.exitCode !== null) return;
      const ended = once(server, "exit");
      server.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
      await ended;
    },
    async restart(how) {
      await postgres.pause(how);
      await postgres.resume();
    },
    async [Symbol.asyncDispose]() {
      await postgres.pause("crash");
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await postgres.resume();
  return postgres;
}

/** Where the newest server's programs are. */
function binaries(): string | undefined {
  const usual = globSync([
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/{opt/homebrew,usr/local}/opt/postgresql*/bin",
  ]);
  usual.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  const folders = [...(process.env.PATH?.split(delimiter) ?? []), ...usual];
  return folders.find((bin) => ["initdb", "postgres"].every((program) => existsSync(join(bin, program))));
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const name of ["postgres", "nobody"]) {
    try {
      const id = (kind: string) =>
        Number(execFileSync("id", [kind, name], { encoding: "utf8", stdio: "pipe" }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {} // no such account
  }
  return {};
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("unreachable");
  return address.port;
}
