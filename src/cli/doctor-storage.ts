import { requireConditionalPut } from "../adapters/lance/conditional-put.ts";
import type { Config } from "../config.ts";
import type { Finding } from "./doctor-finding.ts";

/** Whether an index outside this machine may be written: an endpoint that loses commits is not. */
export async function checkStorage({ indexUri: uri, indexStorage: storage }: Config): Promise<Finding> {
  await requireConditionalPut({ uri, storage });
  const endpoint = storage?.options.aws_endpoint;
  const where = `indexes are in ${uri}`;
  if (endpoint === undefined) return { status: "ok", message: where };
  return { status: "ok", message: `${where}; ${new URL(endpoint).origin} honors conditional PUT` };
}
