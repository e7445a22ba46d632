/** Where on the page one is, as the address says: #/ the wall, #/lobby live, #/lobby@1767261600 a moment of its recordings. */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

export interface Place {
  readonly stream: string | undefined;
  /** UTC milliseconds in the recordings; undefined: live. */
  readonly atUtcMs: number | undefined;
}

/** Now, turned once a second, so that every age on the page moves. */
export const nowUtcMs = signal(Date.now());

export function linkTo(stream: string, atUtcMs?: number): string {
  const moment = atUtcMs === undefined ? '' : `@${(atUtcMs / 1000).toFixed(3)}`;
  return `#/${stream}${moment}`;
}

export function usePlace(): Place {
  const [place, setPlace] = useState(placeOf(location.hash));
  useEffect(() => {
    const follow = (): void => setPlace(placeOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return place;
}

function placeOf(hash: string): Place {
  const match = /^#\/([^@]+)(?:@(\d+(?:\.\d+)?))?$/.exec(hash);
  if (match === null) return { stream: undefined, atUtcMs: undefined };
  return { stream: match[1], atUtcMs: match[2] === undefined ? undefined : Number(match[2]) * 1000 };
}
