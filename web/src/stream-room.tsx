/** One stream: it plays, live or from a chosen time, above what is recorded of the last hours. */
import { useState } from 'preact/hooks';
import { fetchRecordings, fetchStream, type StreamReport } from './api.ts';
import { linkTo, nowUtcMs } from './place.ts';
import { Player } from './player.tsx';
import { RecordedTime } from './recorded-time.tsx';
import { StateBadge } from './state-badge.tsx';
import { dateText, fromInputText, inputText } from './time-text.ts';
import { usePolled } from './use-polled.ts';

const HOUR_MS = 3_600_000;
/** How far back the bar of recordings may reach. */
const BAR_HOURS = [1, 6, 24] as const;
const STATUS_EVERY_MS = 3_000;
const RECORDINGS_EVERY_MS = 10_000;

export function StreamRoom({ name, atUtcMs }: { readonly name: string; readonly atUtcMs: number | undefined }) {
  const [playingUtcMs, setPlayingUtcMs] = useState<number | undefined>(undefined);
  const [barHours, setBarHours] = useState<number>(BAR_HOURS[0]);
  const barMs = barHours * HOUR_MS;
  const stream = usePolled((signal) => fetchStream(name, signal), STATUS_EVERY_MS, [name]);
  const recordings = usePolled(
    (signal) => {
      const now = Date.now();
      return fetchRecordings(name, now - barMs, now, signal);
    },
    RECORDINGS_EVERY_MS,
    [name, barMs],
  );
  const report = stream.value;
  return (
    <div class="room">
      <Player key={atUtcMs ?? 'live'} name={name} atUtcMs={atUtcMs} onTime={setPlayingUtcMs} />
      <div class="bar">
        <a class={atUtcMs === undefined ? 'button on' : 'button'} href={linkTo(name)}>
          Live
        </a>
        <label>
          From{' '}
          <input
            type="datetime-local"
            step="1"
            value={inputText(atUtcMs ?? playingUtcMs ?? nowUtcMs.peek())}
            onChange={(event) => {
              const chosen = fromInputText(event.currentTarget.value);
              if (chosen !== undefined) location.hash = linkTo(name, chosen);
            }}
          />
        </label>
        <span class="choice" role="group" aria-label="Recordings shown">
          {BAR_HOURS.map((hours) => (
            <button key={hours} class={hours === barHours ? 'button on' : 'button'} onClick={() => setBarHours(hours)}>
              {hours} h
            </button>
          ))}
        </span>
        <output class="playing">{playingUtcMs === undefined ? '' : dateText(playingUtcMs)}</output>
        {report !== undefined && <StateBadge stream={report} />}
      </div>
      {stream.error !== undefined && <p class="notice bad">{stream.error}</p>}
      {report?.status.error != null && (
        <p class="notice bad">
          {report.status.error.message} <em>{report.status.error.remedy}</em>
        </p>
      )}
      {report?.status.warnings.map(({ code, message, remedy }) => (
        <p key={code} class="notice warning">
          {message} <em>{remedy}</em>
        </p>
      ))}
      <RecordedTime
        recordings={recordings.value}
        fromUtcMs={nowUtcMs.value - barMs}
        toUtcMs={nowUtcMs.value}
        playingUtcMs={playingUtcMs}
        onChoose={(utcMs) => (location.hash = linkTo(name, utcMs))}
      />
      {report !== undefined && <Tracks report={report} />}
    </div>
  );
}

function Tracks({ report }: { readonly report: StreamReport }) {
  return (
    <ul class="tracks">
      {report.status.tracks.map((track, index) => (
        <li key={index}>
          {track.media} · {track.encoding}
          {track.width != null && track.height != null && ` · ${track.width}×${track.height}`}
          {track.codecString != null && ` · ${track.codecString}`}
        </li>
      ))}
    </ul>
  );
}
