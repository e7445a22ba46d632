/**
 * What the protocol itself says, by which a camera is known to nobody: it stays in a bundle. All values are held against whole patterns, so that
 * nothing else slips in beside them.
 */

const METHODS =
  'OPTIONS|DESCRIBE|ANNOUNCE|SETUP|PLAY|PAUSE|RECORD|TEARDOWN|REDIRECT|GET_PARAMETER|SET_PARAMETER|GET_PARAMETERS|SET_PARAMETERS';

/** What each of these headers may say; a value that says something else is looked at like any. */
export const KNOWN_VALUES: ReadonlyMap<string, RegExp> = new Map([
  ...['blocksize', 'bandwidth', 'content-length', 'cseq', 'retry-after', 'scale', 'speed'].map(
    (name) => [name, /^-?\d{1,7}(?:\.\d{1,6})?$/] as const,
  ),
  ...['allow', 'public'].map((name) => [name, listOf(METHODS)] as const),
  ['accept', listOf(String.raw`application/sdp|text/parameters|\*/\*`)],
  ['cache-control', listOf('no-cache|no-store|must-revalidate|private|max-age=\\d{1,6}')],
  ['connection', listOf('close|keep-alive')],
  ['content-type', /^(?:application\/sdp|text\/parameters)$/i],
  ...['date', 'expires', 'last-modified'].map(
    (name) => [name, /^(?:\w{3,9}, )?\d\d?[ -]\w{3}[ -]\d{2,4} \d\d?:\d\d:\d\d(?: GMT)?$/] as const,
  ),
  ['range', /^(?:npt|clock)=(?:now|[\dTZ:.]{0,24})-[\dTZ:.]{0,24}$/i],
]);

/** Headers whose values stay, but for what is found in them. Of all others the name alone stays. */
export const HARMLESS_HEADERS: ReadonlySet<string> = new Set([
  ...KNOWN_VALUES.keys(),
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'content-base',
  'content-encoding',
  'content-language',
  'content-location',
  'frames',
  'immediate',
  'location',
  'media-properties',
  'media-range',
  'proxy-require',
  'rate-control',
  'require',
  'rtp-info',
  'seek-style',
  'supported',
  'timestamp',
  'unsupported',
  'user-agent',
  'x-accept-dynamic-rate',
  'x-accept-retransmit',
  'x-dynamic-rate',
  'x-transport-options',
]);

/** Parts of a Transport, of which some come with odd values (ret#120, ret#128). Hosts are not among them. */
export const TRANSPORT_PART = new RegExp(
  String.raw`^(?:RTP/S?AVPF?(?:/(?:TCP|UDP))?|unicast|multicast|append|(?:interleaved|client_port|server_port|port)=\d{0,5}(?:-\d{0,5})?` +
    String.raw`|(?:ttl|layers)=\d{0,3}|ssrc=\s*[\da-f]{0,8}|mode="?(?:PLAY|RECORD|RECEIVE)"?)$`,
  'i',
);

export const SESSION_PART = /^timeout\s*=\s*"?\d{0,6}"?$/i;

/** Schemes of which a name alone says enough (RFC 7617, RFC 7616, RFC 6750, RFC 4559). */
export const SCHEME = /^(?:Basic|Digest|Bearer|Negotiate|NTLM)$/i;
/** Parameters of Basic and Digest whose values are the peer's own. */
export const HIDDEN_PARAMETER = /^(?:realm|nonce|opaque|domain)$/i;
export const KNOWN_PARAMETER =
  /^(?:algorithm="?(?:MD5|SHA-?256|SHA-?512-256)(?:-sess)?"?|qop="?auth(?:-int)?(?:,\s?auth(?:-int)?)?"?|stale="?(?:true|false)"?|charset="?utf-8"?|userhash="?(?:true|false)"?)$/i;

/** Lines that hold nothing but what they say of the media. */
export const MEDIA_LINE =
  /^(?:m=(?:video|audio|application|text|message|data) \d{1,5}(?:\/\d)? RTP\/S?AVPF?(?:\/TCP)?(?: \d{1,3})+|a=rtpmap:\d{1,3} (?:H26[345]|H263-\d{4}|AV1|VP[89]|MP4V-ES|JPEG|MPEG4-GENERIC|MP4A-LATM|OPUS|PCM[AU]|G72\d(?:-\d\d)?|L(?:8|16|20|24)|MPA|MPV|AC3|MP2T|TELEPHONE-EVENT|VND\.ONVIF\.METADATA)\/\d{1,6}(?:\/\d)?)$/i;

/** Parameters of formats whose values are sets in base64 and hexadecimal: they look like anything. */
export const ENCODED_PARAMETER = /^(?:sprop-[a-z-]+|config|profile-level-id|[a-z-]*configuration)=[A-Za-z0-9+/=,_-]*$/i;

function listOf(item: string): RegExp {
  return new RegExp(`^(?:${item})(?:,\\s*(?:${item}))*,?$`, 'i');
}
