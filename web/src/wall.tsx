/** All streams, each with its last still, dated, and its state. */
import { useEffect } from 'preact/hooks';
import { fetchStill, fetchStreams, type StreamReport } from './api.ts';
import { linkTo, nowUtcMs } from './place.ts';
import { StateBadge } from './state-badge.tsx';
import { ageText, clockText } from './time-text.ts';
import { usePolled } from './use-polled.ts';

const STREAMS_EVERY_MS = 3_000;
const STILL_EVERY_MS = 10_000;
const STILL_WIDTH = 480;

export function Wall() {
  const streams = usePolled(fetchStreams, STREAMS_EVERY_MS, []);
  if (streams.value === undefined) return <p class="notice">{streams.error ?? 'Asking the server…'}</p>;
  return (
    <>
      {streams.error !== undefined && <p class="notice bad">The server does not answer: {streams.error}</p>}
      {streams.value.length === 0 && <p class="notice">No stream yet: publish one, or add a camera to weir.yml.</p>}
      <ul class="wall">
        {streams.value.map((stream) => (
          <li key={stream.name}>
            <StreamCard stream={stream} />
          </li>
        ))}
      </ul>
    </>
  );
}

function StreamCard({ stream }: { readonly stream: StreamReport }) {
  const live = stream.status.state === 'live';
  const still = usePolled((signal) => fetchStill(stream.name, STILL_WIDTH, signal), STILL_EVERY_MS, [
    stream.name,
    live,
  ]);
  const picture = still.value;
  useEffect(() => () => void (picture !== undefined && URL.revokeObjectURL(picture.url)), [picture?.url]);
  const stale = still.error !== undefined || !live;
  return (
    <a class="card" href={linkTo(stream.name)}>
      <figure class={stale ? 'stale' : ''}>
        {picture === undefined ? (
          <div class="no-picture" />
        ) : (
          <img src={picture.url} alt={`${stream.name} at ${clockText(picture.utcMs)}`} />
        )}
        <figcaption>
          {picture !== undefined && (
            <time dateTime={new Date(picture.utcMs).toISOString()}>
              {clockText(picture.utcMs)} · {ageText(nowUtcMs.value - picture.utcMs)}
            </time>
          )}
        </figcaption>
      </figure>
      <div class="card-foot">
        <strong>{stream.name}</strong>
        <StateBadge stream={stream} />
      </div>
      {stream.status.error !== null && <p class="reason">{stream.status.error.message}</p>}
      {stream.status.warnings.map(({ code, message, remedy }) => (
        <p key={code} class="reason warning" title={remedy}>
          {message}
        </p>
      ))}
    </a>
  );
}
