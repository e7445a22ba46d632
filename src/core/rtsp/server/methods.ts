/** The methods that the server answers (RFC 2326 §10), in the order of the `Public` header. */
export const SERVER_METHODS = [
  'OPTIONS',
  'DESCRIBE',
  'ANNOUNCE',
  'SETUP',
  'PLAY',
  'PAUSE',
  'RECORD',
  'TEARDOWN',
  'GET_PARAMETER',
  'SET_PARAMETER',
] as const;

export type ServerMethod = (typeof SERVER_METHODS)[number];

/** Methods that only we send (§10.10): 405. Anything else is unknown: 501. */
export const CLIENT_METHODS: ReadonlySet<string> = new Set(['REDIRECT']);

export function isServerMethod(method: string): method is ServerMethod {
  return (SERVER_METHODS as readonly string[]).includes(method);
}
