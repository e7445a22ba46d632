/** What the page asks of the server: the shapes of /api/v1/openapi.json that it uses. */
export interface StreamReport {
  readonly name: string;
  readonly record: boolean;
  readonly status: {
    readonly state: 'idle' | 'connecting' | 'live' | 'down';
    readonly since: string;
    readonly error: ErrorReport | null;
    /** What is not as it should be while it is live. */
    readonly warnings: readonly ErrorReport[];
    readonly tracks: readonly {
      readonly media: string;
      readonly encoding: string;
      readonly codecString?: string | null;
      readonly width?: number | null;
      readonly height?: number | null;
    }[];
    readonly readers: Readonly<Record<string, number>>;
    readonly recording: { readonly active: boolean; readonly recordedUpTo: string | null };
  };
}

export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface Recordings {
  readonly spans: readonly { readonly from: string; readonly to: string }[];
  readonly gaps: readonly { readonly from: string; readonly to: string | null; readonly reason: string }[];
}

export async function fetchStreams(signal: AbortSignal): Promise<readonly StreamReport[]> {
  const answer = await getJson<{ readonly streams: readonly StreamReport[] }>('/api/v1/streams', signal);
  return answer.streams;
}

export function fetchStream(name: string, signal: AbortSignal): Promise<StreamReport> {
  return getJson(`/api/v1/streams/${encodeURIComponent(name)}`, signal);
}

export function fetchRecordings(
  name: string,
  fromUtcMs: number,
  toUtcMs: number,
  signal: AbortSignal,
): Promise<Recordings> {
  const query = new URLSearchParams({ stream: name, from: String(fromUtcMs / 1000), to: String(toUtcMs / 1000) });
  return getJson(`/api/v1/recordings?${query}`, signal);
}

export interface Still {
  readonly url: string;
  readonly utcMs: number;
}

/** A live still and the moment it shows; the caller revokes the URL. */
export async function fetchStill(name: string, width: number, signal: AbortSignal): Promise<Still> {
  const response = await fetch(`/${name}/preview.jpg?width=${width}`, { signal });
  if (!response.ok) throw await Problem.of(response);
  const utcMs = Date.parse(response.headers.get('X-Frame-Time') ?? '');
  return { url: URL.createObjectURL(await response.blob()), utcMs };
}

async function getJson<T>(url: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(url, { signal, headers: { Accept: 'application/json' } });
  if (!response.ok) throw await Problem.of(response);
  return (await response.json()) as T;
}

/** What the server said instead: its problem document (RFC 9457), for people. */
export class Problem extends Error {
  static async of(response: Response): Promise<Problem> {
    try {
      const problem = (await response.json()) as { readonly title?: string; readonly detail?: string };
      return new Problem(problem.detail ?? problem.title ?? `HTTP ${response.status}`);
    } catch {
      return new Problem(`HTTP ${response.status}`);
    }
  }
}
