/** retina in the matrix: the small reader in test/peers/retina, built once into the checkout's cache. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { mustRun, runProgram } from '../program.ts';
import type { MatrixCodec } from './codecs.ts';
import type { Seen } from './seen.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../../..');
const PROJECT = path.join(CHECKOUT, 'test/peers/retina');
const TARGET = path.join(CHECKOUT, '.cache/peers/retina');
const READER = path.join(TARGET, 'debug/retina-reader');
const BUILD_MS = 300_000;
const READ_MS = 20_000;
const FRAMES = 50;

export function retinaIsBuilt(): boolean {
  return existsSync(READER);
}

/** As the lock file pins it. */
export function retinaVersion(): string {
  const lock = readFileSync(path.join(PROJECT, 'Cargo.lock'), 'utf8');
  return /name = "retina"\nversion = "([^"]+)"/.exec(lock)?.[1] ?? '';
}

/** Compiles what the lock file names: half a minute the first time. */
export async function buildRetina(): Promise<void> {
  const words = ['build', '--quiet', '--locked', '--manifest-path', path.join(PROJECT, 'Cargo.toml')];
  await mustRun('cargo', [...words, '--target-dir', TARGET], BUILD_MS);
}

/** Depacketizes so many frames of every track, and ends. */
export async function readWithRetina(url: string, transport: 'tcp' | 'udp', codec: MatrixCodec): Promise<Seen> {
  const { code, stdout, stderr } = await runProgram(READER, [url, transport, String(FRAMES)], READ_MS);
  const complaints = stderr.split('\n').filter((line) => line !== '');
  if (code !== 0) complaints.push(`the reader ended with ${code}`);
  if (/ [1-9]\d* packets lost/.test(stdout)) complaints.push(stdout.trim());
  const frames = (media: string): number =>
    Number(new RegExp(`^${media} .* (\\d+) frames`, 'm').exec(stdout)?.[1] ?? 0);
  return { pictures: frames('video'), ...(codec.sound !== undefined && { sounds: frames('audio') }), complaints };
}
