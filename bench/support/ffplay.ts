/** ffplay without a display: SDL's dummy screen saves each picture that is shown as a file, whose time is when. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Picture } from '../../test/clock-reader.ts';

const ENVIRONMENT = {
  SDL_VIDEODRIVER: 'dummy',
  SDL_VIDEO_DUMMY_SAVE_FRAMES: '1',
  SDL_RENDER_DRIVER: 'software',
  SDL_AUDIODRIVER: 'dummy',
};

export class Ffplay {
  readonly #child: ChildProcess;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'weir-bench-screen-'));

  constructor(words: readonly string[], width: number, height: number) {
    const window = ['-v', 'error', '-an', '-x', String(width), '-y', String(height)];
    const options = { cwd: this.#folder, env: { ...process.env, ...ENVIRONMENT }, stdio: 'ignore' } as const;
    this.#child = spawn('ffplay', [...window, ...words], options);
  }

  /** Ends it; returns what it showed. */
  end(): readonly { readonly utcMs: number; readonly picture: Picture }[] {
    this.#child.kill('SIGKILL');
    const files = readdirSync(this.#folder).sort();
    const shown = files.flatMap((name) => {
      const file = path.join(this.#folder, name);
      const picture = pictureOf(readFileSync(file));
      return picture === undefined ? [] : [{ utcMs: statSync(file).mtimeMs, picture }];
    });
    rmSync(this.#folder, { recursive: true });
    return shown;
  }
}

/** A BMP of 24 bits a pixel, rows from the bottom; undefined: it is not whole. */
function pictureOf(file: Buffer): Picture | undefined {
  if (file.length < 54 || file.length < file.readUInt32LE(2)) return undefined;
  const [from, width, height] = [file.readUInt32LE(10), file.readInt32LE(18), file.readInt32LE(22)];
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const rows = Array.from({ length: height }, (_, row) => {
    const at = from + (height - 1 - row) * rowBytes;
    return file.subarray(at, at + width * 3);
  });
  return { pixels: Buffer.concat(rows), width, height, channels: 3 };
}
