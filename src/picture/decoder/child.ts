/**
 * The decoder child: a process that does nothing but decode pictures, so that what hostile video does to FFmpeg it does
 * here. Started by decoder-child.ts, never imported by the server. It ends when the channel to its parent does.
 */
import { setPriority } from 'node:os';
import { WeirError } from '../../core/errors.ts';
import { decodeStill, loadLibrary, type DecoderLibrary } from './decode-still.ts';
import type { ChildMessage, StillRequest } from './protocol.ts';

const NICENESS = 5;

// Signals of the terminal go to the whole process group; the parent ends its children in its own order.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// SIGKILL: a plain exit would wait for a decoding thread that may hang.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

await run();

async function run(): Promise<void> {
  try {
    setPriority(NICENESS);
  } catch {
    // Some containers forbid it; decoding then competes with the media loop on equal terms.
  }
  let library: DecoderLibrary;
  try {
    library = await loadLibrary();
  } catch (error) {
    send({ kind: 'missing', message: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) });
    return;
  }
  process.on('message', (message: StillRequest) => void answer(library, message));
  send({ kind: 'ready' });
}

async function answer(library: DecoderLibrary, request: StillRequest): Promise<void> {
  try {
    const picture = await decodeStill(library, request);
    send({ kind: 'picture', id: request.id, ...picture });
  } catch (error) {
    if (error instanceof WeirError) send({ kind: 'failed', id: request.id, message: error.message });
    else throw error;
  }
}

function send(message: ChildMessage): void {
  process.send?.(message);
}
