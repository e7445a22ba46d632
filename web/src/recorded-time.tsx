/** A bar of time: what is recorded, what is missing and why. A click chooses a moment. */
import type { Recordings } from './api.ts';
import { clockText, dateText } from './time-text.ts';

export interface RecordedTimeProps {
  readonly recordings: Recordings | undefined;
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
  readonly playingUtcMs: number | undefined;
  readonly onChoose: (utcMs: number) => void;
}

const LABELS = 8;
/** Distances of labels that read well, in minutes. */
const STEPS_MIN = [10, 30, 60, 120, 180];
const MINUTE_MS = 60_000;

export function RecordedTime({ recordings, fromUtcMs, toUtcMs, playingUtcMs, onChoose }: RecordedTimeProps) {
  const share = (utcMs: number): number => (100 * (utcMs - fromUtcMs)) / (toUtcMs - fromUtcMs);
  const strip = (from: number, to: number): string =>
    `left:${share(Math.max(from, fromUtcMs))}%;width:${share(Math.min(to, toUtcMs)) - share(Math.max(from, fromUtcMs))}%`;
  return (
    <section class="day" aria-label="Recordings">
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
  const ideal = (toUtcMs - fromUtcMs) / LABELS / MINUTE_MS;
  const step = (STEPS_MIN.find((minutes) => minutes >= ideal) ?? 180) * MINUTE_MS;
  const offset = new Date(fromUtcMs).getTimezoneOffset() * 60_000;
  const times: number[] = [];
  for (let utcMs = Math.ceil((fromUtcMs - offset) / step) * step + offset; utcMs <= toUtcMs; utcMs += step)
    times.push(utcMs);
  return times;
}
