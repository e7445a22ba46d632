/**
 * How soon a player shows something, and how old that is: a stream whose key frames are 4 s apart, joined in the middle of a GOP, for each `start`, over TCP
 * and UDP. Pictures carry a clock; what is live is what a reader shows that has been there all the time and shows each picture as soon as it is decoded.
 *
 *     node bench/instant-start.ts [--starts live,gop,key] [--ways tcp,udp] [--players gstreamer,ffplay,ffmpeg-re,ffmpeg]
 *
 * Times are from PLAY, by weir's log. `ffplay` shows on a screen that nobody sees; `ffmpeg-re` paces by time stamps from its first picture on; `ffmpeg` does not pace.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CLOCK_FRAMES, readClock } from '../test/clock-reader.ts';
import { mustRun } from '../test/harness/program.ts';
import { Ffplay } from './support/ffplay.ts';
import { startWeir } from './support/measured-process.ts';

const WIDTH = 160;
const HEIGHT = 90;
const FRAME_MS = 40;
const GOP_FRAMES = 100;
/** Joined so far into a GOP. */
const JOIN_FRAMES = 65;
const WATCH_MS = 7000;
/** Older pictures are not live: GStreamer's own delay and a little more. */
const LIVE_MS = 350;
/** How old pictures are is looked at again so long after PLAY. */
const LATER_MS = 6000;
const RAW = ['-vf', `scale=${WIDTH}:${HEIGHT},format=gray`, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-'];

const { values } = parseArgs({
  options: {
    starts: { type: 'string', default: 'live,gop,key' },
    ways: { type: 'string', default: 'tcp,udp' },
    players: { type: 'string', default: 'gstreamer,ffplay,ffmpeg-re,ffmpeg' },
  },
});

interface Shown {
  readonly utcMs: number;
  /** Of the clip. */
  readonly frame: number;
}

interface Player {
  /** Ends it; returns what it showed. */
  end(): readonly Shown[];
}

/** A program that writes pictures as it shows them. */
class Pipe implements Player {
  readonly shown: Shown[] = [];
  readonly #child: ChildProcess;
  #pieces = Buffer.alloc(0);

  constructor(program: string, words: readonly string[]) {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child = child;
    child.stdout.on('data', (piece: Buffer) => {
      this.#pieces = Buffer.concat([this.#pieces, piece]);
      for (; this.#pieces.length >= WIDTH * HEIGHT; this.#pieces = this.#pieces.subarray(WIDTH * HEIGHT)) {
        const pixels = this.#pieces.subarray(0, WIDTH * HEIGHT);
        const frame = readClock({ pixels, width: WIDTH, height: HEIGHT, channels: 1 });
        if (frame !== undefined) this.shown.push({ utcMs: performance.timeOrigin + performance.now(), frame });
      }
    });
  }

  end(): readonly Shown[] {
    this.#child.kill('SIGKILL');
    return this.shown;
  }
}

class Screen implements Player {
  readonly #ffplay: Ffplay;

  constructor(words: readonly string[]) {
    this.#ffplay = new Ffplay(words, WIDTH, HEIGHT);
  }

  end(): readonly Shown[] {
    return this.#ffplay.end().flatMap(({ utcMs, picture }) => {
      const frame = readClock(picture);
      return frame === undefined ? [] : [{ utcMs, frame }];
    });
  }
}

const PLAYERS: Readonly<Record<string, (url: string, way: string) => Player>> = {
  gstreamer: (url, way) =>
    new Pipe('gst-launch-1.0', [
      ...`-q rtspsrc location=${url} protocols=${way} latency=200 ! rtph264depay ! h264parse ! avdec_h264`.split(' '),
      ...`! videoconvert ! videoscale ! video/x-raw,format=GRAY8,width=${WIDTH},height=${HEIGHT}`.split(' '),
      ...'! fdsink sync=true'.split(' '),
    ]),
  ffplay: (url, way) => new Screen(['-rtsp_transport', way, url]),
  'ffmpeg-re': (url, way) => new Pipe('ffmpeg', [...`-v error -re -rtsp_transport ${way} -i`.split(' '), url, ...RAW]),
  ffmpeg: (url, way) => new Pipe('ffmpeg', [...`-v error -rtsp_transport ${way} -i`.split(' '), url, ...RAW]),
};

const folder = mkdtempSync(path.join(tmpdir(), 'weir-bench-clip-'));
const demo = path.resolve(import.meta.dirname, '../assets/demo.mp4');
const coding = `-an -vf scale=640:360 -c:v libx264 -preset veryfast -bf 0 -g ${GOP_FRAMES} -sc_threshold 0`.split(' ');
await mustRun('ffmpeg', ['-v', 'error', '-i', demo, ...coding, path.join(folder, 'clip.mp4')]);
const weir = await startWeir(`files: ${folder}\nstreams: { cam: { source: 'file:clip.mp4' } }\n`);
let playedUtcMs = 0;
if (weir.process.child.stderr !== null) {
  createInterface({ input: weir.process.child.stderr }).on('line', (line) => {
    if (line.includes('A reader plays')) playedUtcMs = Date.parse((JSON.parse(line) as { time: string }).time);
  });
}
const quick = '-v error -threads 1 -fflags nobuffer -flags low_delay -rtsp_transport tcp -i'.split(' ');
const live = new Pipe('ffmpeg', [...quick, `${weir.rtsp}/cam?start=key`, ...RAW]);
await until(() => live.shown.length > 2 * GOP_FRAMES);

console.log('start  way  player      first picture after   live after   age later   (ms)');
for (const start of values.starts.split(',')) {
  for (const way of values.ways.split(',')) {
    for (const name of values.players.split(',')) {
      const { firstMs, liveMs, laterAgeMs } = await join(`${weir.rtsp}/cam?start=${start}`, way, name);
      const figures = [String(firstMs).padStart(19), String(liveMs).padStart(12), String(laterAgeMs).padStart(11)];
      console.log(`${start.padEnd(6)} ${way}  ${name.padEnd(10)} ${figures.join(' ')}`);
    }
  }
}
live.end();
await weir.end();
rmSync(folder, { recursive: true });

interface Figures {
  readonly firstMs: number;
  /** From here on every picture is at most LIVE_MS old; NaN: never. */
  readonly liveMs: number;
  readonly laterAgeMs: number;
}

async function join(url: string, way: string, name: string): Promise<Figures> {
  await until(() => (live.shown.at(-1)?.frame ?? 0) % GOP_FRAMES === JOIN_FRAMES);
  playedUtcMs = 0;
  const player = PLAYERS[name]?.(url, way);
  if (player === undefined) throw new RangeError(`no player ${name}`);
  await pause(WATCH_MS);
  const shown = player.end().filter(({ utcMs }) => utcMs < playedUtcMs + LATER_MS);
  const [first] = shown;
  const lastOld = shown.findLastIndex((picture) => ageMs(picture) > LIVE_MS);
  return {
    firstMs: Math.round((first?.utcMs ?? Number.NaN) - playedUtcMs),
    liveMs: Math.round((shown[lastOld + 1]?.utcMs ?? Number.NaN) - playedUtcMs),
    laterAgeMs: ageMs(shown.at(-1)),
  };
}

/** How much later it was shown than it was live, by the newest picture that was live by then. */
function ageMs(shown: Shown | undefined): number {
  const then = live.shown.findLast(({ utcMs }) => utcMs <= (shown?.utcMs ?? 0));
  if (shown === undefined || then === undefined) return Number.NaN;
  const frames = (then.frame - shown.frame + CLOCK_FRAMES) % CLOCK_FRAMES;
  const ahead = frames > CLOCK_FRAMES / 2 ? frames - CLOCK_FRAMES : frames;
  return Math.round(ahead * FRAME_MS + shown.utcMs - then.utcMs);
}

async function until(ask: () => boolean): Promise<void> {
  while (!ask()) await pause(5);
}
