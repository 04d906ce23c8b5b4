import * as z from "zod";
import { HandbookSlug } from "./handbook.ts";
import { Instant, requiredText } from "./text.ts";

/** What a caller may do. None implies another. `admin` is to see how the server does, and is no handbook's. */
export const Scope = z.enum(["read", "write", "curate", "admin"]);
export type Scope = z.infer<typeof Scope>;

/** In the place of a handbook: every one, those to come too. */
export const ALL_HANDBOOKS = "*";

/** The handbooks that each scope is limited to. */
export const Grants = z.partialRecord(Scope, z.array(z.union([HandbookSlug, z.literal(ALL_HANDBOOKS)])));
export type Grants = z.infer<typeof Grants>;

/** Who calls, and what that one may do. */
export interface Access {
  /** The name of a key, or the subject of a token: the author of what is written. */
  by: string;
  /** Tells this caller from all others. */
  id: string;
  grants: Grants;
}

/** A key as it is kept: of its secret only the hash. */
export const ApiKey = z
  .strictObject({
    id: z.string().regex(/^[0-9a-f]{12}$/),
    name: requiredText(80),
    hash: z.string().describe("SHA-256 of the secret."),
    grants: Grants,
    created_at: Instant,
    expires_at: Instant.optional(),
    last_used_at: Instant.optional(),
    revoked_at: Instant.optional(),
  })
  .meta({ title: "ApiKey" });
export type ApiKey = z.infer<typeof ApiKey>;
