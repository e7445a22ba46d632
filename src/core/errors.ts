/**
 * The catalogue of everything that can go wrong outside the program itself: the input, the peer, the world.
 * One row an error: its code is stable (logs, API, docs and tests name it), its statuses say what RTSP and HTTP answer,
 * its remedy says what a person does about it. docs/errors.md is generated from here.
 */
export interface ErrorRow {
  /** Short, for a problem document's `title`. */
  readonly title: string;
  /** What to do, one sentence. */
  readonly remedy: string;
  readonly http: number;
  readonly rtsp: number;
  /** Whether the same attempt may succeed later without anyone changing anything. */
  readonly retry: boolean;
}

export const ERRORS = {
  // configuration
  'config-unreadable': row(
    'The configuration cannot be read',
    'Check that the file exists and that weir may read it.',
    500,
    500,
    false,
  ),
  'config-syntax': row('The configuration is not valid YAML', 'Mend the line that the message names.', 500, 500, false),
  'config-invalid': row(
    'A configuration value is wrong',
    'Write what was expected at the line that the message names.',
    500,
    500,
    false,
  ),
  'name-invalid': row(
    'The stream name is not allowed',
    'Use letters, digits, _ ~ - . joined by /, and no name of a view.',
    400,
    400,
    false,
  ),
  'node-too-old': row(
    'This Node is too old',
    'Run npm ci and start with bin/weir or npm start: they bring the pinned Node.',
    500,
    500,
    false,
  ),
  'port-in-use': row(
    'The address is in use',
    'Stop the other program, or give another listen address.',
    500,
    500,
    true,
  ),
  'listen-refused': row(
    'The address cannot be listened on',
    'Give an address of this machine and a port that weir may open.',
    500,
    500,
    false,
  ),
  'certificate-unusable': row(
    'The certificate or its key cannot be used',
    'Give rtsp.tls the certificate (with its chain) and its key in PEM, readable for weir.',
    500,
    500,
    true,
  ),
  // access
  unauthorized: row(
    'A user name and password are needed',
    'Send the credentials of a user who may do this.',
    401,
    401,
    false,
  ),
  forbidden: row(
    'This user may not do that',
    'Give the user the right in access.users, or use another.',
    403,
    403,
    false,
  ),
  'too-many-attempts': row(
    'Too many wrong passwords from this address',
    'Wait a minute, then send the right one.',
    429,
    403,
    true,
  ),
  'host-unknown': row('This host name is not answered to', 'Add the name to http.hosts.', 421, 400, false),
  // requests
  'request-malformed': row(
    'The request cannot be read',
    'Send a request of the form that the message names.',
    400,
    400,
    false,
  ),
  'request-timeout': row(
    'The request did not come in time',
    'Send requests whole and without waiting in between.',
    408,
    408,
    true,
  ),
  'request-too-large': row('The request is too large', 'Keep to the limit that the message names.', 413, 413, false),
  'method-unknown': row('The method is not implemented', 'Use a method that Public or Allow lists.', 405, 501, false),
  'method-not-allowed': row(
    'The method is not for this end of the connection',
    'Use a method that Public or Allow lists.',
    405,
    405,
    false,
  ),
  'method-invalid-in-state': row(
    'The method does not fit the state of the session',
    'Send the requests in order: SETUP before PLAY or RECORD.',
    409,
    455,
    false,
  ),
  'session-ended': row(
    'The session was ended by hand',
    'Connect again, if whoever looks after the server agrees.',
    410,
    454,
    true,
  ),
  'session-unknown': row('There is no such session', 'Set the session up again.', 404, 454, false),
  'track-unknown': row(
    'The stream has no such track',
    'Set up the tracks that the description lists.',
    404,
    404,
    false,
  ),
  'aggregate-not-allowed': row(
    'The session belongs to another stream or connection',
    'Set tracks of one stream up in one session, on one connection.',
    409,
    459,
    false,
  ),
  'aggregate-only': row(
    'Only the session as a whole can be asked for that',
    'Send it to the URL of the stream, not to that of one track.',
    409,
    460,
    false,
  ),
  'parameter-unknown': row(
    'There is no such parameter',
    'See docs/rtsp.md for the parameters that a session has.',
    400,
    451,
    false,
  ),
  'parameter-read-only': row(
    'The parameter cannot be set',
    'Leave it out: what weir tells of a session cannot be set.',
    400,
    458,
    false,
  ),
  'transport-unsupported': row(
    'None of the offered transports is served',
    'Ask for RTP/AVP/TCP, interleaved.',
    400,
    461,
    false,
  ),
  'option-unsupported': row('A required option is not supported', 'Leave the Require header out.', 400, 551, false),
  'version-unsupported': row('The RTSP version is not supported', 'Speak RTSP/1.0.', 400, 505, false),
  'media-type-unsupported': row(
    'The media type is not supported',
    'Send application/sdp, and parameters as text/parameters.',
    415,
    415,
    false,
  ),
  'not-acceptable': row('No acceptable form of this', 'Accept application/sdp.', 406, 406, false),
  'view-unknown': row('There is no such view', 'See docs/urls.md for the views of a stream.', 404, 404, false),
  'path-unknown': row(
    'There is no such path',
    'See docs/urls.md, or /api/v1/openapi.json for the API.',
    404,
    404,
    false,
  ),
  'archive-not-served': row(
    'Only what is live is served here',
    'Leave Range out, or take HLS for recordings.',
    400,
    457,
    false,
  ),
  'time-invalid': row('The time cannot be read', 'Write Unix seconds or 20260101T100000Z.', 400, 457, false),
  // streams
  'stream-unknown': row(
    'There is no such stream',
    'Add it under streams: in the configuration, or publish it.',
    404,
    404,
    true,
  ),
  'stream-offline': row(
    'The stream is not live',
    'See status.error of the stream for the reason; it comes back by itself.',
    503,
    503,
    true,
  ),
  'stream-busy': row(
    'The stream already has a publisher',
    'Stop the other publisher, or set takeover: true.',
    409,
    453,
    true,
  ),
  'publish-refused': row(
    'This name cannot be published',
    'Give the stream source: publish in the configuration.',
    403,
    403,
    false,
  ),
  'taken-over': row(
    'Another publisher took over',
    'Nothing, or set takeover: false to refuse the second.',
    409,
    453,
    false,
  ),
  'tracks-changed': row(
    'The stream changed its tracks or codecs',
    'Connect again to get the new description.',
    410,
    503,
    true,
  ),
  moved: row('The stream is served elsewhere', 'Connect to the URL that Location names.', 302, 302, false),
  'stream-removed': row('The stream was removed', 'Nothing: the configuration no longer has it.', 410, 404, false),
  'reader-too-slow': row(
    'The reader does not keep up',
    'Use a faster network or a stream of lower bitrate.',
    503,
    453,
    true,
  ),
  'no-picture': row('No key frame is there yet', 'Wait for the next key frame.', 503, 503, true),
  'picture-stale': row(
    'The last picture is too old to be shown as live',
    'See the stream state; ask for the time in X-Frame-Time to get it anyway.',
    503,
    503,
    true,
  ),
  'codec-unsupported': row(
    'The codec cannot be carried here',
    'Read the stream over RTSP, or set the camera to H.264 or H.265 with AAC.',
    415,
    415,
    false,
  ),
  'list-outdated': row('This media list is over', 'Load index.m3u8 again: it names the list of now.', 404, 404, false),
  // sources
  'source-url-invalid': row('The source URL is wrong', 'Write rtsp://user:password@host:port/path.', 400, 400, false),
  'source-unreachable': row(
    'The source cannot be reached',
    'Check its address, its power and the network.',
    502,
    503,
    true,
  ),
  'source-host-unknown': row(
    'The host name of the source is not known',
    'Correct the host name in the source URL; if it is right, check the name server.',
    502,
    503,
    true,
  ),
  'source-timeout': row(
    'The source did not answer in time',
    'Check that it is not overloaded; raise timeouts if it is slow.',
    504,
    503,
    true,
  ),
  'source-silent': row(
    'The source sends nothing',
    'Check the camera; it accepted the session but sends no media.',
    504,
    503,
    true,
  ),
  'source-closed': row('The source closed the connection', 'Nothing: weir connects again.', 502, 503, true),
  'source-unauthorized': row(
    'The source refused user name or password',
    'Correct them in the source URL; weir tries again slowly, to avoid a lock-out.',
    502,
    503,
    true,
  ),
  'source-certificate': row(
    'The certificate of the source is not the expected one',
    'If it is its own, give the fingerprint that the message names: as fingerprint: of the stream, or --fingerprint.',
    502,
    503,
    true,
  ),
  'source-not-found': row('The source has no such path', 'Correct the path in the source URL.', 502, 503, true),
  'source-refused': row('The source refused the request', 'See its status in the message.', 502, 503, true),
  'source-unreceivable': row(
    'The media of the source cannot be received here',
    'Use transport: tcp, or look which program has the UDP ports and which interface has the group.',
    502,
    503,
    true,
  ),
  'source-protocol': row(
    'The source does not speak RTSP as expected',
    'Check port and path; the message says what came.',
    502,
    503,
    true,
  ),
  'key-frames-rare': row(
    'Key frames are far apart',
    'Set the key frame (I-frame) interval of the camera to one to four seconds, and switch H.264+ or H.265+ off.',
    503,
    503,
    true,
  ),
  'source-no-media': row(
    'The source offers no track that can be used',
    'Check the profile of the camera.',
    502,
    503,
    true,
  ),
  'source-file-missing': row(
    'The file of the source cannot be used',
    'Put an MP4 with H.264 or H.265 into the files folder.',
    404,
    404,
    true,
  ),
  'publisher-gone': row(
    'The publisher left',
    'Nothing: the stream is live again when somebody publishes.',
    503,
    503,
    true,
  ),
  // the command line
  'push-refused': row(
    'The server does not take the stream',
    'See its status in the message: check the path, the rights, and whether somebody else publishes there.',
    502,
    503,
    true,
  ),
  'push-unauthorized': row(
    'The server refused user name or password',
    'Write rtsp://user:password@host:port/path with those of a user who may publish.',
    502,
    503,
    false,
  ),
  'push-failed': row(
    'The connection to the server failed',
    'Check its address and the network; the message says what happened.',
    502,
    503,
    true,
  ),
  'file-exists': row('The file is already there', 'Give another name, or --force to overwrite it.', 409, 503, false),
  'file-not-written': row(
    'The file cannot be written',
    'Check the folder, its rights and the space on the disk; what was written before can be played.',
    507,
    503,
    false,
  ),
  'file-unreadable': row(
    'The file cannot be read',
    'Check its name; the message says what was expected of it.',
    404,
    503,
    false,
  ),
  // formats
  'rtsp-malformed': row('Not RTSP', 'The message names the line that cannot be read.', 400, 400, false),
  'head-too-long': row(
    'The head of a message is too long',
    'Keep to the limit that the message names.',
    431,
    400,
    false,
  ),
  'uri-too-long': row(
    'The URL of a request is too long',
    'Names of streams have at most 200 characters; ask with a URL of at most 2048.',
    414,
    414,
    false,
  ),
  'body-too-long': row(
    'The body of a message is too long',
    'Keep to the limit that the message names.',
    413,
    413,
    false,
  ),
  'sdp-invalid': row('The session description cannot be used', 'The message names what is missing.', 400, 400, false),
  'rtp-malformed': row('Not an RTP packet', 'The message names the field.', 400, 400, false),
  'codec-data-invalid': row('Codec data cannot be parsed', 'The message names the element.', 400, 400, false),
  'mp4-invalid': row('Not a usable MP4', 'The message names the box.', 400, 400, false),
  // recordings
  'not-recorded': row('Nothing is recorded there', 'Ask for one of the nearest recorded times.', 404, 457, false),
  'segment-gone': row('The segment is no longer there', 'Load the playlist again.', 404, 404, false),
  'storage-full': row('The disk is full', 'Free space or lower keep; recording resumes by itself.', 507, 503, true),
  'storage-failed': row(
    'The storage cannot be used',
    'Check the disk and its mount; recording resumes by itself.',
    500,
    503,
    true,
  ),
  'storage-overloaded': row(
    'The storage does not keep up',
    'Use a faster disk or fewer recorded streams on it.',
    503,
    503,
    true,
  ),
  'index-failed': row('The database cannot be used', 'Check the data folder; run weir check.', 500, 500, true),
  'data-locked': row('Another weir uses this data folder', 'Stop it, or give another data folder.', 500, 500, false),
  // pictures
  'decoder-missing': row(
    'There is no decoder',
    'Run npm ci with optional dependencies, or install ffmpeg.',
    501,
    501,
    false,
  ),
  'decoder-busy': row('Too many pictures are being decoded', 'Try again after Retry-After.', 503, 503, true),
  'decoder-failed': row(
    'The picture cannot be decoded',
    'Wait for the next key frame; preview.mp4 needs no decoder.',
    502,
    502,
    true,
  ),
  'decoder-timeout': row('Decoding took too long', 'Ask for a smaller stream.', 504, 504, true),
  // the rest
  'limit-reached': row('A limit is reached', 'The message names the limit.', 503, 453, true),
  internal: row('A fault of weir itself', 'Report it, with the lines of the log around it.', 500, 500, false),
  'shutting-down': row('weir is shutting down', 'Connect again in a moment.', 503, 503, true),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetail {
  /** Where: a key and line, a URL without secrets, a byte offset, a box path. */
  readonly place?: string;
  /** What would have been right. */
  readonly expected?: string;
  readonly cause?: unknown;
}

/** An error of the input, the peer or the world. `message` says what happened; it never holds a secret. */
export class WeirError extends Error {
  readonly code: ErrorCode;
  readonly place: string | undefined;
  readonly expected: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'WeirError';
    this.code = code;
    this.place = detail.place;
    this.expected = detail.expected;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }

  /** One line: message, place, what was expected. */
  describe(): string {
    const place = this.place === undefined ? '' : ` at ${this.place}`;
    const expected = this.expected === undefined ? '' : `; expected ${this.expected}`;
    return `${this.message}${place}${expected}`;
  }
}

function row(title: string, remedy: string, http: number, rtsp: number, retry: boolean): ErrorRow {
  return { title, remedy, http, rtsp, retry };
}
