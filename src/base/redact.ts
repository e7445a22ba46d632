/**
 * Takes secrets out of text that somebody may read: logs, error messages, status. Rather too much than too little.
 *
 *     rtsp://admin:secret@192.0.2.10/main?token=abc   →   rtsp://***@192.0.2.10/main?token=***
 *     rtsp://192.0.2.10/user=a_password=b_channel=1   →   rtsp://192.0.2.10/user=***_password=***_channel=1
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

/** Text whose secret fields are taken out and that still reads as the URL it was: values end at '/', where the name of a track may follow. */
export function redactUrlFields(text: string): string {
  return text.replaceAll(URL_FIELD, `$1${REDACTED}`);
}

/** What stands in the secret fields of a URL, with what follows a '/' and without. */
export function secretUrlFields(url: string): readonly string[] {
  return [URL_FIELD, SECRET_VALUE].flatMap((field) => Array.from(url.matchAll(field), ([, , value = '']) => value));
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
/**
 * Names of fields that hold what opens a camera, or who it is opened for. Some write them into the path, and go on after '_' (Xiongmai:
 * `/user=admin_password=x_channel=1`); others into the query (`loginuse`, `loginpas` of many nameless ones).
 */
const LONG_NAMES = 'password|passphrase|passwd|secret|token';
const NAMES = `${LONG_NAMES}|(?<![a-z])(?:jwt|loginpas|pass|psw|pwd|sig|signature|authbasic)`;
const USERS = '(?<![a-z])(?:loginuse|user(?:name)?|usr)';
/** Too short to mean it anywhere but in a query. */
const QUERY_NAMES = '(?<=[?&])(?:auth|key|u|p)';
/** A value ends where the next field begins; what is redacted already stays as it is. */
const STAND_IN = String.raw`(?!\*\*\*(?![^\s&/?;,"'}_]))`;
const NEXT_FIELD = '_[a-z]+=';
const URL_FIELD = new RegExp(
  String.raw`((?:${NAMES}|${USERS}|${QUERY_NAMES})=)${STAND_IN}((?:(?!${NEXT_FIELD})[^\s&/?;"'])+)`,
  'gi',
);
const SECRET_VALUE = new RegExp(
  String.raw`((?:(?:${NAMES})["']?\s*[=:]|(?:${USERS}|${QUERY_NAMES})=)\s*["']?)${STAND_IN}` +
    String.raw`((?:(?!${NEXT_FIELD}|[,;](?:[\s"'{\[]|[\w-]+["']?\s*[=:]|$))[^\s&"'}])+)`,
  'gi',
);
const SECRET_NAME = new RegExp(
  `^(?:authorization|cookie|.*(?:${LONG_NAMES})|loginpas|authbasic|pass|psw|pwd|ha1)$`,
  'i',
);

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
