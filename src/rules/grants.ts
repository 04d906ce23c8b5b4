import { type Access, ALL_HANDBOOKS, type Grants, Scope } from "../model/access.ts";

/**
 * Grants from words such as `read` or `write:team`. A word without a handbook stands for all of `handbooks`;
 * `admin` is about the server, not about handbooks, and takes none. Words that are no scope come back as `unknown`.
 */
export function grantsOf(
  words: readonly string[],
  handbooks: readonly string[],
): { grants: Grants; unknown: string[] } {
  const grants: Grants = {};
  const unknown: string[] = [];
  for (const word of words) {
    const [name, handbook] = word.split(":");
    const scope = Scope.safeParse(name);
    const takesNone = scope.data === "admin";
    if (!scope.success || handbook === "" || word.split(":").length > (takesNone ? 1 : 2)) unknown.push(word);
    else if (takesNone) grants.admin = [ALL_HANDBOOKS];
    else
      grants[scope.data] = [
        ...new Set([...(grants[scope.data] ?? []), ...(handbook === undefined ? handbooks : [handbook])]),
      ];
  }
  return { grants, unknown };
}

/** Whether a caller holds a scope for a handbook; without a handbook, for any. */
export function may({ grants }: Pick<Access, "grants">, scope: Scope, handbook?: string): boolean {
  const named = grants[scope] ?? [];
  return handbook === undefined
    ? named.length > 0
    : named.some((one) => one === ALL_HANDBOOKS || one === handbook);
}

/** The handbooks that a caller's grants name, first named first; undefined where one of them is for all. */
export function namedHandbooks({ grants }: Pick<Access, "grants">, scope: Scope): string[] | undefined {
  const named = grants[scope] ?? [];
  return named.includes(ALL_HANDBOOKS) ? undefined : named;
}
