/** The version of weir, from the package's own description. */
import { readFileSync } from 'node:fs';
import { WeirError } from '../core/errors.ts';

export const VERSION: string = readVersion(new URL('../../package.json', import.meta.url));

function readVersion(file: URL): string {
  const description: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof description === 'object' && description !== null && 'version' in description)
    return String(description.version);
  throw new WeirError('internal', 'package.json names no version', { place: file.pathname });
}
