import type { WriteFailure } from './database-protocol.ts';

/** What an error of node:sqlite says. */
export function failureOf(error: unknown): WriteFailure {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0;
  return { message, sqliteCode: code & 255 };
}
