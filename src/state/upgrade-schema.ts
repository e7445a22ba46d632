import type { DatabaseSync } from 'node:sqlite';
import { WeirError } from '../core/errors.ts';

/**
 * Brings the schema up to `steps.length`, one transaction a step; SQLite's user_version holds how far it is. A step that was
 * published is never changed: a new one is added. Throws `index-failed` for a file of a newer weir.
 */
export function upgradeSchema(database: DatabaseSync, steps: readonly string[]): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > steps.length) {
    throw new WeirError('index-failed', `schema version ${version} is newer than this weir knows`, {
      expected: `at most ${steps.length}`,
    });
  }
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}
