/** A bar of time: what is recorded, what is missing and why. A click chooses a moment. */
import type { Recordings } from './api.ts';
import { clockText, dateText } from './time-text.ts';

export interface RecordedDayProps {
  readonly recordings: Recordings | undefined;
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
  readonly playingUtcMs: number | undefined;
  readonly onChoose: (utcMs: number) => void;
}

const HOURS_BETWEEN_LABELS = 3;
const HOUR_MS = 3_600_000;

export function RecordedDay({ recordings, fromUtcMs, toUtcMs, playingUtcMs, onChoose }: RecordedDayProps) {
  const share = (utcMs: number): number => (100 * (utcMs - fromUtcMs)) / (toUtcMs - fromUtcMs);
  const strip = (from: number, to: number): string =>
    `left:${share(Math.max(from, fromUtcMs))}%;width:${share(Math.min(to, toUtcMs)) - share(Math.max(from, fromUtcMs))}%`;
  return (
    <section class="day" aria-label="Recordings of the last 24 hours">
      <div
        class="day-bar"
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          onChoose(Math.round(fromUtcMs + ((event.clientX - box.left) / box.width) * (toUtcMs - fromUtcMs)));
        }}
      >
        {recordings?.gaps.map((gap) => (
          <div
            key={`gap ${gap.from}`}
            class="gap"
            style={strip(Date.parse(gap.from), gap.to === null ? toUtcMs : Date.parse(gap.to))}
            title={`not recorded: ${gap.reason}`}
          />
        ))}
        {recordings?.spans.map((span) => (
          <div
            key={`span ${span.from}`}
            class="span"
            style={strip(Date.parse(span.from), Date.parse(span.to))}
            title={`${dateText(Date.parse(span.from))} – ${dateText(Date.parse(span.to))}`}
          />
        ))}
        {playingUtcMs !== undefined && playingUtcMs >= fromUtcMs && (
          <div class="playhead" style={`left:${share(playingUtcMs)}%`} />
        )}
      </div>
      <div class="day-hours">
        {labelTimes(fromUtcMs, toUtcMs).map((utcMs) => (
          <span key={utcMs} style={`left:${share(utcMs)}%`}>
            {clockText(utcMs).slice(0, 5)}
          </span>
        ))}
      </div>
    </section>
  );
}

function labelTimes(fromUtcMs: number, toUtcMs: number): readonly number[] {
  const step = HOURS_BETWEEN_LABELS * HOUR_MS;
  const offset = new Date(fromUtcMs).getTimezoneOffset() * 60_000;
  const times: number[] = [];
  for (let utcMs = Math.ceil((fromUtcMs - offset) / step) * step + offset; utcMs <= toUtcMs; utcMs += step)
    times.push(utcMs);
  return times;
}
