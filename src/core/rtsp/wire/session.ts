/** The Session header (RFC 2326 §12.37): `id` or `id;timeout=60`. */
export interface SessionHeader {
  readonly id: string;
  /** Seconds; undefined if it does not say, or says nothing usable (blank, 0). */
  readonly timeoutS: number | undefined;
}

/** What a server means that does not say: RFC 2326 §12.37. */
export const DEFAULT_SESSION_TIMEOUT_S = 60;

export function parseSession(value: string): SessionHeader | undefined {
  const [id = '', ...parameters] = value.split(';').map((part) => part.trim());
  if (id === '') return undefined;
  let timeoutS: number | undefined;
  for (const parameter of parameters) {
    const match = /^timeout\s*=\s*"?(\d{1,6})/i.exec(parameter);
    if (match !== null && Number(match[1]) > 0) timeoutS = Number(match[1]);
  }
  return { id, timeoutS };
}

export function serialiseSession(session: SessionHeader): string {
  return session.timeoutS === undefined ? session.id : `${session.id};timeout=${session.timeoutS}`;
}
