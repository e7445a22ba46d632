/**
 * Takes secrets out of text that somebody may read: logs, error messages, status. Rather too much than too little.
 *
 *     rtsp://admin:secret@192.0.2.10/main?token=abc   →   rtsp://***@192.0.2.10/main?token=***
 *     Authorization: Digest username="a", response="…" →   Authorization: ***
 */
export const REDACTED = '***';

/** A URL, or any text with URLs in it, without user names, passwords and tokens. */
export function redactUrl(url: string): string {
  return redactText(url);
}

/** Text without the user part of URLs, secret query values and fields, and Authorization headers. */
export function redactText(text: string): string {
  if (!MAY_HOLD_SECRET.test(text)) return text;
  return text
    .replaceAll(URL_TEXT, (_url, scheme: string, rest: string) => scheme + withoutUserinfo(rest))
    .replaceAll(USERINFO, `$1${REDACTED}@`)
    .replaceAll(AUTHORIZATION, `$1${REDACTED}`)
    .replaceAll(CREDENTIALS, `$1 ${REDACTED}`)
    .replaceAll(SECRET_VALUE, `$1${REDACTED}`);
}

/** Whether a field of this name holds a secret, whatever its value. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Most lines hold none of these: one scan and done. */
const MAY_HOLD_SECRET = /:\/\/|authorization|basic|digest|=|:/i;

/** As RTSP URLs of cameras are read: user and password end at the last '@' before the path, whatever is in them, blanks too. */
const USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^/?\r\n]*@/gi;
const URL_TEXT = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>]+)/gi;
const AUTHORIZATION = /\b((?:proxy-)?authorization["']?\s*[:=]\s*)[^\r\n]*/gi;
const CREDENTIALS = /\b(Basic|Bearer)\s+[A-Za-z0-9+/._~=-]{6,}/g;
const SECRET_VALUE =
  /\b((?:access_?token|(?<=[?&])auth|jwt|(?<=[?&])key|pass|passwd|password|passphrase|psw|pwd|secret|sig|signature|token)["']?\s*[=:]\s*["']?)[^\s&"',;}]+/gi;
const SECRET_NAME = /^(?:authorization|cookie|.*(?:password|passphrase|passwd|secret|token)|pass|pwd|ha1)$/i;

/**
 * Cameras take passwords with '/' and '?' in them and people paste them as they are: everything up to the last '@' goes, if what
 * stands before the path can only be the beginning of user and password.
 */
function withoutUserinfo(rest: string): string {
  const at = rest.lastIndexOf('@');
  if (at < 0) return rest;
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const plainHost = /^(?:\[[0-9a-f:.%]+\]|[^@:]*)(?::\d*)?$/i.test(authority);
  return plainHost ? rest : `${REDACTED}@${rest.slice(at + 1)}`;
}
