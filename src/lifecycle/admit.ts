import { HandbookError } from "../errors.ts";
import type { Access, ApiKey, Grants } from "../model/access.ts";
import type { Ports } from "../ports.ts";
import { admits, keyText, parseKey, secretHash } from "../rules/keys.ts";
import { handbookToWrite } from "./handbooks.ts";

const SEEN_EVERY_MS = 60_000; // a write per call would cost more than most calls

type KeyPorts = Pick<Ports, "ledger" | "now">;

/** Makes a key, and the handbooks that it names where they are missing. The text is told this once; only a hash is kept. */
export async function createKey(
  { ledger, now }: KeyPorts,
  wanted: { name: string; grants: Grants; expires_at?: string | undefined },
  random: { id: string; secret: string },
): Promise<{ key: ApiKey; text: string }> {
  const created_at = now().toISOString();
  const key: ApiKey = {
    id: random.id,
    name: wanted.name,
    hash: secretHash(random.secret),
    grants: wanted.grants,
    created_at,
    ...(wanted.expires_at !== undefined && { expires_at: wanted.expires_at }),
  };
  const named = new Set(Object.values(wanted.grants).flat());
  await ledger.write(async (tx) => {
    for (const slug of named) if (slug !== "*") await handbookToWrite(tx, slug, created_at);
    await tx.addKey(key);
  });
  return { key, text: keyText(random.id, random.secret) };
}

/** Throws: UNKNOWN_KEY for one that does not exist or was revoked before. */
export async function revokeKey({ ledger, now }: KeyPorts, id: string): Promise<void> {
  const at = now().toISOString();
  if (await ledger.write((tx) => tx.revokeKey(id, at))) return;
  throw new HandbookError("UNKNOWN_KEY", `there is no key "${id}" that could be revoked`, {
    fix: "Pass an id that `handbook keys list` shows",
  });
}

/**
 * Whose key this is. It is looked up at each call, so that a revoked one stops working at once. `touch` is to be awaited by
 * nobody: it notes the use, once a minute.
 *
 * Throws: BAD_TOKEN, in the same words for every reason.
 */
export async function admitKey(
  { ledger, now }: KeyPorts,
  text: string,
): Promise<{ access: Access; expiresAt: number | undefined; touch: (() => Promise<void>) | undefined }> {
  const given = parseKey(text);
  const key = given && (await ledger.key(given.id));
  if (!admits(key, given?.secret ?? "", now()) || key === undefined) {
    throw new HandbookError("BAD_TOKEN", "this key is not valid, has expired or was revoked", {
      fix: "Ask whoever runs this server for another one",
    });
  }
  const at = now();
  const isSeen = Date.parse(key.last_used_at ?? "1970-01-01T00:00:00Z") > at.getTime() - SEEN_EVERY_MS;
  return {
    access: { by: key.name, id: `key ${key.id}`, grants: key.grants },
    expiresAt: key.expires_at === undefined ? undefined : Math.floor(Date.parse(key.expires_at) / 1000),
    touch: isSeen ? undefined : () => ledger.write((tx) => tx.touchKey(key.id, at.toISOString())),
  };
}
