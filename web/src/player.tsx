/** hls.js on a video element: live, or the recordings from a moment on. */
import Hls from 'hls.js/light';
import { useEffect, useRef, useState } from 'preact/hooks';

/** How much of the recordings one playlist spans. */
const ARCHIVE_SPAN_S = 3600;

export interface PlayerProps {
  readonly name: string;
  readonly atUtcMs: number | undefined;
  /** The moment that is on the screen, about four times a second. */
  readonly onTime: (utcMs: number) => void;
}

export function Player({ name, atUtcMs, onTime }: PlayerProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  useEffect(() => {
    const element = video.current;
    if (element === null) return undefined;
    const url = playlistOf(name, atUtcMs);
    if (!Hls.isSupported()) {
      element.src = url;
      return undefined;
    }
    const hls = new Hls({ liveDurationInfinity: true });
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (data.fatal)
        setProblem(`${data.details}${data.response === undefined ? '' : ` (HTTP ${data.response.code})`}`);
    });
    hls.on(Hls.Events.FRAG_CHANGED, () => setProblem(undefined));
    hls.loadSource(url);
    hls.attachMedia(element);
    const follow = (): void => {
      if (hls.playingDate !== null) onTime(hls.playingDate.getTime());
    };
    element.addEventListener('timeupdate', follow);
    return () => {
      element.removeEventListener('timeupdate', follow);
      hls.destroy();
    };
  }, [name, atUtcMs]);
  return (
    <div class="player">
      <video ref={video} controls autoPlay muted playsInline data-place={atUtcMs === undefined ? 'live' : 'archive'} />
      {problem !== undefined && <p class="over">{problem}</p>}
    </div>
  );
}

function playlistOf(name: string, atUtcMs: number | undefined): string {
  if (atUtcMs === undefined) return `/${name}/index.m3u8`;
  return `/${name}/archive-${(atUtcMs / 1000).toFixed(3)}-${ARCHIVE_SPAN_S}.m3u8`;
}
