/** The uuid of each storage that was ever used: tells a disk that is not mounted from one that is new. */
import type { Database } from './database.ts';

export class StorageIdentities {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(storage: string): string | undefined {
    const uuid = this.#database.get('SELECT uuid FROM storage WHERE name = ?', storage)?.['uuid'];
    return typeof uuid === 'string' ? uuid : undefined;
  }

  set(storage: string, uuid: string): Promise<void> {
    return this.#database.write([
      { sql: 'INSERT OR REPLACE INTO storage (name, uuid) VALUES (?, ?)', values: [storage, uuid] },
    ]);
  }
}
