import type { Access, ApiKey } from "../model/access.ts";

export interface KeyReads {
  /** Every key that was ever made, oldest first. */
  keys(): Promise<ApiKey[]>;
  key(id: string): Promise<ApiKey | undefined>;
  /** Whether a key was ever made: revoking the last one does not open the door. */
  hasKeys(): Promise<boolean>;
}

export interface KeyWrites {
  addKey(key: ApiKey): Promise<void>;
  /** False when there is none that was not revoked before. */
  revokeKey(id: string, at: string): Promise<boolean>;
  touchKey(id: string, at: string): Promise<void>;
}

/** Checks the tokens of an issuer. */
export interface TokenVerifier {
  /**
   * What the token allows, and until when, in seconds since 1970.
   *
   * Throws: BAD_TOKEN; ISSUER_UNAVAILABLE when the issuer's keys cannot be had.
   */
  verify(token: string): Promise<{ access: Access; expiresAt: number }>;
}
