import { createHash, timingSafeEqual } from "node:crypto";
import type { ApiKey } from "../model/access.ts";

const KEY = /^hbk_([0-9a-f]{12})_([0-9a-f]{64})$/;

/** A key as its owner holds it. The prefix lets secret scanners know it; the id names it without telling the secret. */
export function keyText(id: string, secret: string): string {
  return `hbk_${id}_${secret}`;
}

/** Whether it is meant to be a key, sound or not. */
export function looksLikeKey(text: string): boolean {
  return text.startsWith("hbk_");
}

export function parseKey(text: string): { id: string; secret: string } | undefined {
  const [, id, secret] = KEY.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/**
 * What is kept of a secret. One round of SHA-256 is right here: a secret of 256 random bits cannot be guessed, however
 * fast the hash; a slow hash is for what people think up.
 */
export function secretHash(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Whether a key admits at `now`. It takes equally long for a wrong secret and for a key that there is not. */
export function admits(key: ApiKey | undefined, secret: string, now: Date): boolean {
  const kept = Buffer.from(key?.hash ?? secretHash(""), "hex");
  const isRight = timingSafeEqual(kept, Buffer.from(secretHash(secret), "hex"));
  if (key === undefined || !isRight || key.revoked_at !== undefined) return false;
  return key.expires_at === undefined || key.expires_at > now.toISOString();
}
