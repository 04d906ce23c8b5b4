import { randomUUID } from "node:crypto";

export interface Usage {
  output: number;
  input?: number;
  cacheWritten?: number;
  cacheRead?: number;
}

/** Fields of a line that a test sets itself. */
type Fields = Record<string, unknown>;

/**
 * A transcript as Claude Code 2.1.282 writes it, line by line; every line is a second later than the one before.
 * Shapes: code.claude.com/docs/en/hooks and the public readers that claude-code-transcript-reader.ts names.
 */
export function claudeCodeSession({ startedAt = new Date(), sessionId = randomUUID() as string } = {}) {
  const lines: string[] = [];
  let at = startedAt.getTime();

  function line(entry: Fields) {
    at += 1000;
    lines.push(
      JSON.stringify({
        parentUuid: null,
        isSidechain: false,
        userType: "external",
        entrypoint: "cli",
        cwd: "/home/someone/project",
        sessionId,
        version: "2.1.282",
        gitBranch: "main",
        uuid: randomUUID(),
        timestamp: new Date(at).toISOString(),
        ...entry,
      }),
    );
    return session;
  }

  const session = {
    sessionId,
    lines,
    line,
    text: () => `${lines.join("\n")}\n`,
    raw(text: string) {
      lines.push(text);
      return session;
    },
    user: (content: unknown, fields: Fields = {}) =>
      line({ type: "user", message: { role: "user", content }, ...fields }),
    prompt: (text: string, fields: Fields = {}) =>
      session.user(text, {
        promptId: randomUUID(),
        permissionMode: "default",
        origin: { kind: "human" },
        promptSource: "typed",
        ...fields,
      }),
    /** One line of a message: `usage` as it stood when the line was written. */
    assistant: (
      id: string,
      content: readonly unknown[],
      { output, input = 2, cacheWritten = 0, cacheRead = 0 }: Usage,
      { stop_reason = "end_turn", model = "claude-opus-5", ...fields }: Fields = {},
    ) =>
      line({
        type: "assistant",
        requestId: `req_${id}`,
        message: {
          id,
          type: "message",
          role: "assistant",
          model,
          content,
          stop_reason,
          stop_sequence: null,
          usage: {
            input_tokens: input,
            cache_creation_input_tokens: cacheWritten,
            cache_read_input_tokens: cacheRead,
            cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: cacheWritten },
            output_tokens: output,
            service_tier: "standard",
          },
        },
        ...fields,
      }),
    toolResult: (toolUseId: string, content: unknown, { is_error = false, ...fields }: Fields = {}) =>
      session.user([{ tool_use_id: toolUseId, type: "tool_result", content, is_error }], {
        toolUseResult: { stdout: "", stderr: "", interrupted: false, isImage: false },
        ...fields,
      }),
    attachment: (attachment: Fields) => line({ type: "attachment", attachment }),
    system: (subtype: string, fields: Fields = {}) =>
      line({ type: "system", subtype, isMeta: false, ...fields }),
  };
  return session;
}

export const text = (words: string) => ({ type: "text", text: words });
export const thinking = (words: string) => ({
  type: "thinking",
  thinking: words,
  signature: "EoYDClsIDRgCKk",
});
export const toolUse = (id: string, name: string, input: unknown) => ({ type: "tool_use", id, name, input });
