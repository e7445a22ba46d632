/** Whether a message starts here, told from its first bytes: `more` while they are too few to say. */
export type MessageStart = 'yes' | 'no' | 'more';

/** The longest method that is looked for; GET_PARAMETER and SET_PARAMETER have 13 letters. */
const MAX_METHOD_BYTES = 24;
const SPACE = 0x20;

/** What a message begins with when it has to be found inside rubbish: only what nothing else begins with. */
const SURE_STARTS = [
  'RTSP/1.',
  'OPTIONS ',
  'DESCRIBE rtsp',
  'ANNOUNCE rtsp',
  'SETUP rtsp',
  'PLAY rtsp',
  'PAUSE rtsp',
  'RECORD rtsp',
  'TEARDOWN rtsp',
  'GET_PARAMETER rtsp',
  'SET_PARAMETER rtsp',
  'REDIRECT rtsp',
] as const;

/**
 * `lost`: rubbish stood before; then only a sure start counts. Otherwise any method does, since an unknown one wants an answer,
 * and any version: a peer that speaks HTTP is told from its first line.
 */
export function messageStart(bytes: Uint8Array, at: number, lost: boolean): MessageStart {
  return lost ? sureStart(bytes, at) : anyStart(bytes, at);
}

function sureStart(bytes: Uint8Array, at: number): MessageStart {
  let answer: MessageStart = 'no';
  for (const start of SURE_STARTS) {
    const matched = startsWith(bytes, at, start);
    if (matched === 'yes') return 'yes';
    if (matched === 'more') answer = 'more';
  }
  return answer;
}

/** A token of capitals, digits, '_' and '/', '.' (RTSP/1.0, HTTP/1.1), then a blank. */
function anyStart(bytes: Uint8Array, at: number): MessageStart {
  for (let i = 0; i <= MAX_METHOD_BYTES; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return 'more';
    if (byte === SPACE && i > 2) return 'yes';
    if (!isMethodByte(byte)) return 'no';
  }
  return 'no';
}

function isMethodByte(byte: number): boolean {
  return (
    (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f || (byte >= 0x2d && byte <= 0x39)
  );
}

function startsWith(bytes: Uint8Array, at: number, text: string): MessageStart {
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return 'more';
    if (byte !== text.charCodeAt(i)) return 'no';
  }
  return 'yes';
}
