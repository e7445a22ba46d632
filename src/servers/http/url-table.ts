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

/**
 * Whether the path of a URL that is no `ViewPath` was meant to be one: a name that a stream may have, and behind it the name of a file.
 * Whether there is such a stream it does not say, since not everybody may know.
 */
export function isLikeViewPath(path: string): boolean {
  const decoded = decodePath(path);
  if (decoded === undefined || !decoded.startsWith('/')) return false;
  const slash = decoded.lastIndexOf('/');
  return slash > 0 && isStreamName(decoded.slice(1, slash)) && /\.[a-z\d]{2,5}$/i.test(decoded);
}

function decodePath(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
