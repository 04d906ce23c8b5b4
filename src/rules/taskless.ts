const MOST_WORDS = 8;

/** Words that agree, thank, greet or say "go on", in the languages people most often do it in. */
const ASSENT = new Set(
  `a again agreed ahead all alright and approve approved as b both bye c carry continue cool correct done either
  exactly fine first for go going good great hello hey hi it k keep lgtm looks nice no nope now ok okay on one option
  perfect please proceed resume retry right second sounds stop sure thank thanks that the third this too try two ty
  wait y yeah yep yes you n next
  ja nein weiter danke bitte gut oui non merci continue continuez vas d'accord sí si vale gracias sigue continúa
  sim não obrigado да нет продолжай дальше спасибо хорошо はい いいえ 続けて お願いします ありがとう 好 好的 是 是的 继续 谢谢 네 계속`.split(
    /\s+/,
  ),
);

/** What a client, not a person, begins a message with: its notices, and the commands it runs by itself. */
const OF_THE_CLIENT =
  /^(?:<(?:task-notification|teammate-message|system-reminder|command-(?:name|message)|local-command-|bash-(?:input|std))|\[Request interrupted by user|Caveat: The messages below)/;

/**
 * Whether a prompt puts no task of its own: a slash command, a notice of the client, a number, or a few words that
 * only agree ("yes", "go on", "ok thanks"). A path (`/etc/hosts is wrong`) is no slash command.
 */
export function isTaskless(prompt: string): boolean {
  const text = prompt.trim();
  if (/^\/[\p{L}\p{N}][\p{L}\p{N}:_.-]*(?:\s|$)/u.test(text) || OF_THE_CLIENT.test(text)) return true;
  const words = text.toLowerCase().match(/[\p{L}\p{M}\p{N}']+/gu) ?? [];
  return words.length <= MOST_WORDS && words.every((word) => ASSENT.has(word) || /^\p{N}+$/u.test(word));
}
