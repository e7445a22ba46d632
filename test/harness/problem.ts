import assert from 'node:assert/strict';
import type { RunningWeir } from './running-weir.ts';

/** Status and, of a problem document, the code: '404 stream-unknown'. One that does not say what to do about it is a failure. */
export async function problemOf(weir: RunningWeir, url: string): Promise<string> {
  const response = await weir.fetch(url);
  const type = response.headers.get('content-type') ?? '';
  const body = await response.text();
  if (!type.startsWith('application/problem+json')) return String(response.status);
  const { code, detail, remedy } = JSON.parse(body) as Readonly<
    Record<'code' | 'detail' | 'remedy', string | undefined>
  >;
  assert.ok(detail !== undefined && remedy !== undefined, body);
  return `${response.status} ${code}`;
}
