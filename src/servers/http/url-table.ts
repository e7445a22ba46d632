/**
 * Media URLs: `/{stream}/{view}`. The rows stand in core/url/view.ts, where stream names and RTSP can ask them too.
 *
 *     /lobby/low/archive-1767261600-60.m3u8
 *      └─stream─┘ └──────────view─────────┘
 */
import { isStreamName } from '../../config/stream-name.ts';
import { parseView } from '../../core/url/view.ts';
import type { View, ViewRow } from '../../core/url/view.ts';

export type { View } from '../../core/url/view.ts';

export interface ViewPath {
  readonly stream: string;
  readonly view: View;
  /** The right that the view takes. A segment or init may be live or recorded: either right will do. */
  readonly right: ViewRow['right'];
}

/**
 * Reads the path of a URL (no query; percent-encoded or not). Undefined if it is not `/{stream}/{view}` with an allowed name and a
 * known view. Throws `time-invalid` if only a time in it is wrong.
 */
export function parseViewPath(path: string): ViewPath | undefined {
  const decoded = decodePath(path);
  if (decoded === undefined || !decoded.startsWith('/')) return undefined;
  const slash = decoded.lastIndexOf('/');
  const stream = decoded.slice(1, slash);
  if (slash === 0 || !isStreamName(stream)) return undefined;
  const found = parseView(decoded.slice(slash + 1));
  return found === undefined ? undefined : { stream, view: found.view, right: found.right };
}

function decodePath(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
