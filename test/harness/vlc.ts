/** VLC without a screen: what it plays goes into a file, so that its frames can be counted. It refuses to run as root. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { mustRun, runProgram } from './program.ts';

/** nobody, on Debian. */
const NOBODY = '65534';

/** Plays the URL or file, at most so long, and returns how many pictures came out. */
export async function picturesByVlc(context: TestContext, url: string, seconds: number): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-vlc-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o777);
  const out = path.join(folder, 'out.ts');
  const words = ['-I', 'dummy', '--play-and-exit', url, '--sout', `#std{access=file,mux=ts,dst=${out}}`, 'vlc://quit'];
  const user = process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  await runProgram('timeout', [String(seconds), ...user, 'env', `HOME=${folder}`, 'cvlc', ...words]);
  const counted = await mustRun('ffprobe', [
    '-v',
    'error',
    '-select_streams',
    'v:0',
    '-count_packets',
    '-show_entries',
    'stream=nb_read_packets',
    '-of',
    'csv=p=0',
    out,
  ]);
  return Number.parseInt(counted, 10);
}
