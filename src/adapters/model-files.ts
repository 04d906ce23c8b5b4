import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HandbookError } from "../errors.ts";

// Small ones first: a wrong name of a model shows before much was loaded.
const REQUIRED = ["config.json", "tokenizer_config.json", "tokenizer.json", "onnx/model_quantized.onnx"];
const OPTIONAL = "1_Pooling/config.json";
const HUB = "https://huggingface.co";
const STALL_MS = 30_000;
const LOCK_HOLDS_MS = 90_000; // longer than the longest silence of a live download

/** Whether everything that the model needs is in its folder of `directory`. */
export function hasModel(directory: string, model: string): boolean {
  return REQUIRED.every((file) => existsSync(join(directory, model, file)));
}

export interface Download {
  /** Where models come from. Default: `https://huggingface.co`. */
  hub?: string | undefined;
  model: string;
  /** Where models are kept; this one in the folder of its name. */
  directory: string;
  /** Told of each piece that arrives, with the bytes of the present file. `total` is absent where the hub is silent about it. */
  onProgress(progress: { received: number; total: number | undefined }): void;
  /** How long no byte may arrive. Default: 30 s. */
  stallMs?: number;
  signal?: AbortSignal;
}

/**
 * Loads what is missing of a model. A file has its name only when it is whole: until then it is a `.part`, which the
 * next attempt continues. One process at a time downloads a model.
 *
 * Throws: EMBEDDER_UNAVAILABLE, saying what to do.
 */
export async function downloadModel(download: Download): Promise<void> {
  const folder = join(download.directory, download.model);
  const lock = join(folder, ".download");
  try {
    mkdirSync(folder, { recursive: true });
    take(lock);
  } catch (cause) {
    if (cause instanceof HandbookError) throw cause;
    throw unavailable(
      `models cannot be stored in ${download.directory}`,
      "Make it writable or set HANDBOOK_MODELS",
      cause,
    );
  }
  try {
    for (const file of [OPTIONAL, ...REQUIRED]) {
      if (!existsSync(join(folder, file))) await downloadFile(download, file, lock);
    }
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A lock is a file that is touched while bytes arrive; one that is not any more belongs to a process that died. */
function take(lock: string): void {
  if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > LOCK_HOLDS_MS) rmSync(lock, { force: true });
  try {
    writeFileSync(lock, "", { flag: "wx" });
  } catch (cause) {
    if (!existsSync(lock)) throw cause;
    throw unavailable("another process is downloading the model", "Wait for it", cause);
  }
}

async function downloadFile(download: Download, file: string, lock: string): Promise<void> {
  const { hub = HUB, model, directory, onProgress, stallMs = STALL_MS, signal } = download;
  const path = join(directory, model, file);
  const part = { path: `${path}.part`, tag: `${path}.part.etag` };
  mkdirSync(dirname(path), { recursive: true });
  const stall = stallWatch(stallMs);
  try {
    const from = existsSync(part.path) && existsSync(part.tag) ? statSync(part.path).size : 0;
    const response = await fetch(`${hub.replace(/\/+$/, "")}/${model}/resolve/main/${file}`, {
      signal: AbortSignal.any([stall.signal, ...(signal === undefined ? [] : [signal])]),
      headers: {
        "accept-encoding": "identity", // else lengths and ranges are those of the compressed file
        ...(from > 0 && { range: `bytes=${from}-`, "if-range": readFileSync(part.tag, "utf8") }),
      },
    });
    if (response.status === 404 && file === OPTIONAL) return void (await response.body?.cancel());
    if (response.status === 416) rmSync(part.path, { force: true }); // nothing is left to ask for, or it has changed
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw refusal(response.status, download);
    }
    const continued = response.status === 206;
    if (continued && !response.headers.get("content-range")?.startsWith(`bytes ${from}-`)) {
      rmSync(part.path, { force: true });
      throw new Error("another part of the file arrived than was asked for");
    }
    const tag = response.headers.get("etag");
    // A weak tag cannot tell whether the bytes are the same.
    if (tag !== null && !tag.startsWith("W/")) writeFileSync(part.tag, tag);
    else rmSync(part.tag, { force: true });
    let received = continued ? from : 0;
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    const total = Number.isNaN(length) ? undefined : received + length;
    let touchedAt = 0;
    const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        stall.reset();
        received += chunk.length;
        onProgress({ received, total });
        if (Date.now() - touchedAt > 1000) {
          touchedAt = Date.now();
          utimesSync(lock, new Date(), new Date());
        }
        yield chunk;
      }
    };
    const target = createWriteStream(part.path, { flags: continued ? "a" : "w", flush: true });
    await pipeline(Readable.fromWeb(response.body), counted, target);
    if (total !== undefined && received !== total) throw new Error(`${received} of ${total} bytes arrived`);
    rmSync(part.tag, { force: true });
    await rename(part.path, path);
  } catch (cause) {
    if (cause instanceof HandbookError) throw cause;
    const what = stall.signal.aborted ? `stalled: no byte for ${stallMs / 1000} s` : "broke off";
    throw unavailable(
      `the download of the model ${what}`,
      "It goes on from there at the next attempt, within minutes. Behind a wall, put the model's files into HANDBOOK_MODELS by hand and set HANDBOOK_OFFLINE=on",
      cause,
    );
  } finally {
    stall.stop();
  }
}

function stallWatch(ms: number) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error("no byte arrived")), ms);
  timer.unref();
  return { signal: controller.signal, reset: () => void timer.refresh(), stop: () => clearTimeout(timer) };
}

function refusal(status: number, { hub = HUB, model }: Download): HandbookError {
  return status === 401 || status === 403 || status === 404
    ? unavailable(
        `${hub} has no public model ${model} with an 8-bit ONNX file (HTTP ${status})`,
        "Set HANDBOOK_EMBEDDER_MODEL to one that has, such as Xenova/bge-small-en-v1.5",
      )
    : unavailable(`the download of the model failed (HTTP ${status})`, "It is tried again within minutes");
}

function unavailable(message: string, fix: string, cause?: unknown): HandbookError {
  return new HandbookError("EMBEDDER_UNAVAILABLE", message, { fix, cause });
}
