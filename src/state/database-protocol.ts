/**
 * What passes between a database and its writing thread. One commit is on its way at a time; what comes meanwhile waits in the
 * calling thread and goes out together, so a slow disk makes larger commits and not a longer queue of them.
 *
 *     open { file, steps }  ──▶           (workerData)
 *                           ◀── opened | failed
 *     commit { requests }   ──▶
 *                           ◀── committed { failures }     one entry a request: undefined, or what went wrong with it alone
 *     close                 ──▶
 *                           ◀── closed
 */
export type SqlValue = null | number | string | Uint8Array;

export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Statements that are committed together or not at all. */
export type WriteRequest = readonly Statement[];

export interface OpenOrder {
  readonly file: string;
  /** SQL that brings the schema from version i to i + 1. */
  readonly steps: readonly string[];
  /** The tables that even of a large file are looked at for damage (checkDatabase); undefined: nothing is. */
  readonly checked: readonly string[] | undefined;
}

export type WorkerOrder =
  | { readonly kind: 'commit'; readonly requests: readonly WriteRequest[] }
  | { readonly kind: 'close' };

export type WorkerAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'failed'; readonly failure: WriteFailure }
  | { readonly kind: 'committed'; readonly failures: readonly (WriteFailure | undefined)[] }
  | { readonly kind: 'closed' };

export interface WriteFailure {
  readonly message: string;
  /** SQLite's primary result code (https://sqlite.org/rescode.html); 0: not SQLite's. */
  readonly sqliteCode: number;
}
