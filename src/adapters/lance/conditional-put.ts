import { randomUUID } from "node:crypto";
import { HandbookError } from "../../errors.ts";
import type { LancePlace } from "./lance-library.ts";

const AT_ONCE = 4;
const WAIT_MS = 10_000;
const CREATED_BEFORE = [409, 412]; // what a server that honors the condition answers to all but one

/**
 * Makes sure that an endpoint for `s3://` creates an object only where there is none, if it is asked to: LanceDB's
 * commits rest on it, and without it one of two writers' rows are lost without a word. Amazon's own does, so only
 * others are tried: by several creations of one object at the same moment, of which exactly one must be granted.
 * Signed PUTs and no LanceDB: whether two of its commits meet is chance.
 *
 * Throws: INDEX_UNAVAILABLE when it does not, or does not answer.
 */
export async function requireConditionalPut({ uri, storage }: LancePlace): Promise<void> {
  const { aws_endpoint: endpoint, ...options } = storage?.options ?? {};
  if (!uri.startsWith("s3://") || endpoint === undefined) return;
  const { AwsClient } = await import("aws4fetch");
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = options;
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw refused(
      endpoint,
      "cannot be tried without a key",
      "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
  const client = new AwsClient({
    ...{ accessKeyId, secretAccessKey, service: "s3", retries: 0 },
    ...(options.aws_region && { region: options.aws_region }),
    ...(options.aws_session_token && { sessionToken: options.aws_session_token }),
  });
  const url = `${endpoint}/${uri.slice("s3://".length).replace(/\/+$/, "")}/conditional-put-${randomUUID()}`;
  const ask = async (init: RequestInit) => {
    const response = await client.fetch(url, { ...init, signal: AbortSignal.timeout(WAIT_MS) });
    await response.arrayBuffer();
    return response.status;
  };
  try {
    const creation = {
      method: "PUT",
      headers: { "if-none-match": "*" },
      body: "made by a test of conditional PUT",
    };
    const statuses = await Promise.all(Array.from({ length: AT_ONCE }, () => ask(creation)));
    const granted = statuses.filter((status) => status >= 200 && status < 300);
    const fault = statuses.find((status) => status >= 300 && !CREATED_BEFORE.includes(status));
    if (fault !== undefined)
      throw refused(
        endpoint,
        `answered ${fault} to a PUT`,
        "Look at its log, the bucket and the AWS_* variables",
      );
    if (granted.length !== 1)
      throw refused(
        endpoint,
        `does not honor conditional PUT (it granted ${granted.length} of ${AT_ONCE} creations of one object), so rows of two writers would be lost`,
        "Use a release of it that does, another service, or a local directory for HANDBOOK_INDEX_URI",
      );
  } catch (error) {
    if (error instanceof HandbookError) throw error;
    throw refused(endpoint, "does not answer", "Look whether it runs and AWS_ENDPOINT_URL is right", error);
  } finally {
    await ask({ method: "DELETE" }).catch(() => {});
  }
}

function refused(endpoint: string, what: string, fix: string, cause?: unknown): HandbookError {
  return new HandbookError("INDEX_UNAVAILABLE", `the object storage ${new URL(endpoint).origin} ${what}`, {
    fix,
    cause,
  });
}
