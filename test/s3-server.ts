import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface S3Server extends AsyncDisposable {
  url: string;
  /** Objects by `bucket/key`. */
  objects: Map<string, Buffer>;
  /** What an index on it is given. */
  storage: { options: Record<string, string> };
  /** The same, for a process. */
  environment: Record<string, string>;
  /** Answers 503 to everything for so long. */
  fail(ms: number): void;
  /** How many requests were refused so. */
  failed(): number;
}

interface Asked {
  method: string;
  key: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: Buffer;
}
type Answer = { status: number; headers?: Record<string, string | number>; body?: Buffer | string };

const PAGE = 200; // keys of a listing, few enough that it goes on

/**
 * An S3 in memory on loopback: PUT with If-None-Match and If-Match, GET with ranges, HEAD, copy, ListV2, multi-delete,
 * multipart. A request takes effect in one turn of the event loop, so conditions are atomic. Signatures are not checked.
 */
export async function startS3({ conditional = true } = {}): Promise<S3Server> {
  const objects: S3Server["objects"] = new Map();
  const uploads = new Map<string, Map<number, Buffer>>();
  let [failsUntil, failed] = [0, 0];

  function store(key: string, body: Buffer, headers: Asked["headers"]): Answer {
    const before = objects.get(key);
    const [absent, match] = conditional ? [headers["if-none-match"], headers["if-match"]] : [];
    if (absent === "*" && before !== undefined) return fault(412, "PreconditionFailed");
    if (match !== undefined && (before === undefined || etag(before) !== match))
      return fault(412, "PreconditionFailed");
    objects.set(key, body);
    return { status: 200, headers: { etag: etag(body) } };
  }

  function answer(asked: Asked): Answer {
    const { method, key, query, headers, body } = asked;
    const upload = query.get("uploadId");
    if (method === "POST" && query.has("delete")) {
      const bucket = key.split("/")[0];
      for (const [, name = ""] of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g))
        objects.delete(`${bucket}/${fromXml(name)}`);
      return xml("<DeleteResult/>");
    }
    if (method === "POST" && query.has("uploads")) {
      const id = randomUUID();
      uploads.set(id, new Map());
      return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    if (upload !== null) {
      const parts = uploads.get(upload);
      if (parts === undefined) return fault(404, "NoSuchUpload");
      if (method === "PUT") {
        parts.set(Number(query.get("partNumber")), body);
        return { status: 200, headers: { etag: etag(body) } };
      }
      uploads.delete(upload);
      if (method === "DELETE") return { status: 204 };
      const whole = Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, part]) => part));
      const { status } = store(key, whole, headers);
      if (status !== 200) return fault(status, "PreconditionFailed");
      return xml(
        `<CompleteMultipartUploadResult><ETag>${etag(whole)}</ETag></CompleteMultipartUploadResult>`,
      );
    }
    if (query.get("list-type") === "2") return list(key.split("/")[0] ?? "", query);
    const stored = objects.get(key);
    switch (method) {
      case "PUT": {
        const source = headers["x-amz-copy-source"];
        if (source === undefined) return store(key, body, headers);
        const copied = objects.get(decodeURIComponent(String(source)).replace(/^\//, ""));
        if (copied === undefined) return fault(404, "NoSuchKey");
        const { status } = store(key, copied, headers);
        if (status !== 200) return fault(status, "PreconditionFailed");
        return xml(`<CopyObjectResult><ETag>${etag(copied)}</ETag></CopyObjectResult>`);
      }
      case "DELETE":
        objects.delete(key);
        return { status: 204 };
      default:
        return stored === undefined ? fault(404, "NoSuchKey") : read(stored, headers.range);
    }
  }

  function list(bucket: string, query: URLSearchParams): Answer {
    const [prefix, delimiter] = [query.get("prefix") ?? "", query.get("delimiter") ?? ""];
    const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
    const folders = new Set<string>();
    const contents: string[] = [];
    const keys = [...objects.keys()]
      .filter((key) => key.startsWith(`${bucket}/${prefix}`))
      .map((key) => key.slice(bucket.length + 1))
      .filter((key) => key > after)
      .sort();
    const page = keys.slice(0, Math.min(PAGE, Number(query.get("max-keys") ?? PAGE)));
    for (const key of page) {
      const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      if (end >= 0) folders.add(key.slice(0, end + delimiter.length));
      else {
        const body = objects.get(`${bucket}/${key}`) ?? Buffer.alloc(0);
        contents.push(
          `<Contents><Key>${toXml(key)}</Key><LastModified>${new Date().toISOString()}</LastModified><ETag>${etag(body)}</ETag><Size>${body.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
        );
      }
    }
    const next = page.length < keys.length ? toXml(page.at(-1) ?? "") : undefined;
    const common = [...folders].map(
      (name) => `<CommonPrefixes><Prefix>${toXml(name)}</Prefix></CommonPrefixes>`,
    );
    return xml(
      `<ListBucketResult><Name>${bucket}</Name><Prefix>${toXml(prefix)}</Prefix><KeyCount>${contents.length + folders.size}</KeyCount><IsTruncated>${next !== undefined}</IsTruncated>${contents.join("")}${common.join("")}${next === undefined ? "" : `<NextContinuationToken>${next}</NextContinuationToken>`}</ListBucketResult>`,
    );
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://s3");
    const key = decodeURIComponent(pathname.slice(1));
    const { method = "GET", headers } = request;
    const isFailing = performance.now() < failsUntil;
    if (isFailing) failed++;
    const asked = { method, key, query, headers, body: Buffer.concat(chunks) };
    send(response, isFailing ? fault(503, "SlowDown") : answer(asked), method);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [key, secret, region] = ["key", "secret", "us-east-1"];
  return {
    url,
    objects,
    storage: {
      options: {
        ...{ aws_endpoint: url, allow_http: "true", aws_region: region },
        ...{ aws_access_key_id: key, aws_secret_access_key: secret },
      },
    },
    environment: { AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret },
    fail(ms) {
      failsUntil = performance.now() + ms;
    },
    failed: () => failed,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, { status, headers, body = "" }: Answer, method: string): void {
  const length = headers?.["content-length"] ?? Buffer.byteLength(body);
  response.writeHead(status, { ...headers, "content-length": status === 204 ? 0 : length });
  response.end(method === "HEAD" ? undefined : body);
}

function read(body: Buffer, range: string | undefined): Answer {
  const common = { etag: etag(body), "last-modified": new Date(0).toUTCString(), "accept-ranges": "bytes" };
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === undefined || last === undefined) return { status: 200, headers: common, body };
  const from = first === "" ? Math.max(0, body.length - Number(last)) : Number(first);
  const to = first === "" || last === "" ? body.length : Math.min(body.length, Number(last) + 1);
  if (from >= body.length) return fault(416, "InvalidRange");
  const headers = { ...common, "content-range": `bytes ${from}-${to - 1}/${body.length}` };
  return { status: 206, headers, body: body.subarray(from, to) };
}

function etag(body: Buffer): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

function xml(body: string): Answer {
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0"?>${body}`,
  };
}

function fault(status: number, code: string): Answer {
  return { ...xml(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`), status };
}

function toXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function fromXml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
