/** A probe's report for people. */
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { formatText } from '../format-text.ts';
import type { ProbeReport, TrackReport } from './probe-report.ts';

/** `formats`: of the tracks, in their order. */
export function reportText(report: ProbeReport, formats: readonly TrackFormat[]): string {
  const lines = [report.url];
  lines.push(row('server', report.server ?? 'does not say what it is'));
  if (report.methods !== null) lines.push(row('methods', report.methods.join(', ')));
  const ways = Object.entries(report.transports).map(([way, verdict]) => `${way} ${verdict}`);
  if (ways.length > 0) lines.push(row('media over', ways.join(', ')));
  lines.push(row('took', tookText(report)));
  for (const [i, track] of report.tracks.entries()) {
    const format = formats[i];
    if (format === undefined) continue;
    const [first = '', ...rest] = trackLines(track, format);
    lines.push(row(`track ${i + 1}`, first), ...rest.map((line) => row('', `       ${line}`)));
  }
  for (const { media, reason } of report.skipped) lines.push(row('not used', `${media}: ${reason}`));
  const faults = Object.entries(report.faults).map(([name, count]) => `${name} ${count}`);
  lines.push(row('tolerated', faults.length === 0 ? 'nothing had to be' : faults.join(', ')));
  return lines.join('\n');
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(11)} ${text}`;
}

function tookText({ describedMs, firstMediaMs, firstKeyFrameMs }: ProbeReport): string {
  const parts = [
    describedMs === null ? 'no description' : `${describedMs} ms to its description`,
    firstMediaMs === null ? 'no media' : `${firstMediaMs} ms to the first media`,
    ...(firstKeyFrameMs === null ? [] : [`${firstKeyFrameMs} ms to the first key frame`]),
  ];
  return parts.join(', ');
}

function trackLines(track: TrackReport, format: TrackFormat): readonly string[] {
  if (track.packets === 0) return [`${formatText(format)}: nothing came`];
  const head = [
    formatText(format),
    ...(track.framesPerSecond === null ? [] : [`${plain(track.framesPerSecond)} fps`]),
    ...(track.bitsPerSecond === null ? [] : [bitrate(track.bitsPerSecond)]),
  ];
  const gop = gopText(track);
  // Others have none that SDP could hold (JPEG), or repeat it in each frame.
  const hasSets = track.codec === 'h264' || track.codec === 'h265';
  const media = [
    ...(gop === undefined ? [] : [gop]),
    ...(track.reordered === true ? ['B-frames'] : []),
    ...(track.parametersFrom === 'media' && hasSets ? ['set-up only in the media, not in SDP'] : []),
    ...(track.parametersFrom === null ? ['no set-up found'] : []),
  ];
  const loss = track.lost === 0 ? 'no packet lost' : `${track.lost} packets lost of ${track.packets + track.lost}`;
  return [head.join(', '), ...(media.length === 0 ? [] : [media.join(', ')]), [loss, ...clockTexts(track)].join(', ')];
}

function gopText({ media, gopMs, keyFrames, framesPerSecond }: TrackReport): string | undefined {
  if (media !== 'video') return undefined;
  if (gopMs !== null && gopMs * (framesPerSecond ?? 0) < 1500) return 'every frame is a key frame';
  if (gopMs !== null) return `key frame every ${plain(gopMs / 1000)} s`;
  return keyFrames === 0 ? 'no key frame' : 'one key frame';
}

function clockTexts({ jitterMs, driftPpm, senderReports, senderClockOffsetMs }: TrackReport): readonly string[] {
  return [
    ...(jitterMs === null ? [] : [`jitter ${jitterMs} ms`]),
    ...(driftPpm === null ? [] : [`clock ${driftPpm >= 0 ? '+' : ''}${driftPpm} ppm`]),
    senderReports === 0 || senderClockOffsetMs === null
      ? 'no sender reports'
      : `its time of day ${offsetText(senderClockOffsetMs)}`,
  ];
}

function offsetText(ms: number): string {
  const size = Math.abs(ms);
  if (size < 100) return 'is ours';
  const text = size < 60_000 ? `${plain(size / 1000)} s` : `${Math.round(size / 60_000)} min`;
  return ms > 0 ? `is ${text} ahead` : `is ${text} behind`;
}

function bitrate(bitsPerSecond: number): string {
  return bitsPerSecond >= 1_000_000
    ? `${(bitsPerSecond / 1_000_000).toFixed(1)} Mb/s`
    : `${Math.round(bitsPerSecond / 1000)} kb/s`;
}

function plain(value: number): string {
  return String(Number(value.toFixed(2)));
}
