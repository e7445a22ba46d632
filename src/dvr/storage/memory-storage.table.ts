/** A disk of memory for tests, that fails and loses power when it is told to. */
import { below, joined, type Random } from '../../../test/harness/mutations.ts';
import { WeirError } from '../../core/errors.ts';
import { FileExists, type FreeSpace, type Storage, type StorageFile, type StorageStats } from './storage.ts';

class MemoryFile {
  #buffer: Uint8Array;
  #length: number;
  synced: Uint8Array;
  /** Its name survives a power cut. */
  named: boolean;

  constructor(bytes: Uint8Array, named: boolean, synced = bytes) {
    this.#buffer = bytes.slice();
    this.#length = bytes.length;
    this.synced = synced.slice();
    this.named = named;
  }

  /** A view. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(2 * needed);
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** What a power cut leaves: this length, the synced one or one between, and of what was written since some blocks, others as they were. */
  torn(random: Random): Uint8Array {
    const { bytes, synced } = this;
    const between = synced.length + below(bytes.length - synced.length + 1, random);
    const left = new Uint8Array([bytes.length, bytes.length, synced.length, between][below(4, random)] ?? 0);
    const blockBytes = random() < 0.5 ? 512 : 4096;
    const kept = 1 - random() ** 3;
    for (let at = 0; at < left.length; at += blockBytes) {
      const from = random() < kept ? bytes : synced;
      left.set(from.subarray(at, Math.min(at + blockBytes, left.length)), at);
    }
    return left;
  }
}

export type StorageOperation = 'check' | 'create' | 'append' | 'sync' | 'patch' | 'truncate' | 'remove' | 'read';

export class MemoryStorage implements Storage {
  readonly name: string;
  readonly files = new Map<string, MemoryFile>();
  /** What happened, in order: 'append path', 'sync path', … */
  readonly history: string[] = [];
  freeSpace: FreeSpace = { freeBytes: 1e12, totalBytes: 1e12, freeFiles: 1e6 };
  /** Operations that fail from now on, with what. */
  readonly failing = new Map<StorageOperation, WeirError>();
  /** Files with a sector that cannot be read. */
  readonly unreadable = new Set<string>();
  oldestMs = 0;
  closed = false;
  #held: Promise<void> | undefined;
  #heldSync: Promise<void> | undefined;
  #bytesWritten = 0;

  constructor(name = 'main') {
    this.name = name;
  }

  fail(operation: StorageOperation, code: 'storage-full' | 'storage-failed' = 'storage-failed'): void {
    this.failing.set(operation, new WeirError(code, `the test lets ${operation} fail`));
  }

  /** Appends hang until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  /** The next sync hangs until the returned function is called, and then fails with what it is given. Those after it do not: as on Linux. */
  holdSync(): (failure?: WeirError) => void {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#heldSync = promise;
    return (failure) => (failure === undefined ? resolve() : reject(failure));
  }

  /** The sync that is held, once. */
  takeHeldSync(): Promise<void> | undefined {
    const held = this.#heldSync;
    this.#heldSync = undefined;
    return held;
  }

  /** Called after each step that changes the disk. */
  onStep: ((step: string) => void) | undefined;

  /** What is left when the process is killed now. */
  copy(): MemoryStorage {
    const copy = new MemoryStorage(this.name);
    for (const [path, file] of this.files) copy.files.set(path, new MemoryFile(file.bytes, file.named, file.synced));
    return copy;
  }

  /** What is left on the disk when the power goes now. */
  powerCut(): MemoryStorage {
    const left = new MemoryStorage(this.name);
    for (const [path, file] of this.files) {
      if (file.named) left.files.set(path, new MemoryFile(file.synced, true));
    }
    return left;
  }

  /** As powerCut, but for what was not synced: blocks of it, and names, may be there all the same. */
  tornPowerCut(random: Random): MemoryStorage {
    const left = new MemoryStorage(this.name);
    for (const [path, file] of this.files) {
      if (file.named || random() < 0.5) left.files.set(path, new MemoryFile(file.torn(random), true));
    }
    return left;
  }

  async check(): Promise<void> {
    this.note('check', '');
  }

  async create(path: string): Promise<StorageFile> {
    this.note('create', path);
    if (this.files.has(path)) throw new FileExists(path);
    this.files.set(path, new MemoryFile(new Uint8Array(0), false));
    this.onStep?.('create');
    return new OpenMemoryFile(this, path);
  }

  async open(path: string): Promise<StorageFile | undefined> {
    return this.files.has(path) ? new OpenMemoryFile(this, path) : undefined;
  }

  async read(path: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    this.note('read', path);
    return this.files.get(path)?.bytes.slice(offset, offset + length);
  }

  async remove(path: string): Promise<void> {
    this.note('remove', path);
    this.files.delete(path);
  }

  async syncFolder(path: string): Promise<void> {
    this.note('sync', `folder of ${path}`);
    const folder = path.slice(0, path.lastIndexOf('/'));
    for (const [name, file] of this.files) if (name.startsWith(`${folder}/`)) file.named = true;
    this.onStep?.('sync of the folder');
  }

  async prune(): Promise<void> {}

  async *list(): AsyncGenerator<string> {
    yield* [...this.files.keys()].toSorted();
  }

  async free(): Promise<FreeSpace> {
    return this.freeSpace;
  }

  stats(): StorageStats {
    return {
      operations: 0,
      queuedBytes: 0,
      oldestMs: this.oldestMs,
      bytesWritten: this.#bytesWritten,
      writes: 0,
      syncs: 0,
      errors: 0,
    };
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  async append(path: string, pieces: readonly Uint8Array[]): Promise<void> {
    await this.#held;
    const failure = this.failing.get('append');
    const file = this.file(path);
    const whole = joined(pieces);
    // A full disk takes what still fits.
    if (failure !== undefined) file.append(whole.subarray(0, whole.length >> 1));
    this.note('append', path);
    file.append(whole.subarray(0, whole.length >> 1));
    this.onStep?.('half an append');
    file.append(whole.subarray(whole.length >> 1));
    this.onStep?.('append');
    this.#bytesWritten += whole.length;
  }

  note(operation: StorageOperation, path: string): void {
    this.history.push(`${operation} ${path}`.trimEnd());
    const failure = this.failing.get(operation);
    if (failure !== undefined) throw failure;
    if (operation === 'read' && this.unreadable.has(path))
      throw new WeirError('storage-failed', 'a sector cannot be read', { place: path });
  }

  file(path: string): MemoryFile {
    const file = this.files.get(path);
    if (file === undefined) throw new WeirError('storage-failed', 'no such file', { place: path });
    return file;
  }
}

class OpenMemoryFile implements StorageFile {
  readonly path: string;
  readonly #storage: MemoryStorage;
  #length: number;

  constructor(storage: MemoryStorage, path: string) {
    this.#storage = storage;
    this.path = path;
    this.#length = storage.file(path).bytes.length;
  }

  get length(): number {
    return this.#length;
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    const file = this.#storage.file(this.path);
    file.truncate(this.#length);
    await this.#storage.append(this.path, pieces);
    this.#length = file.bytes.length;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#storage.note('read', this.path);
    return this.#storage.file(this.path).bytes.slice(offset, offset + length);
  }

  async patch(offset: number, bytes: Uint8Array): Promise<void> {
    this.#storage.note('patch', this.path);
    this.#storage.file(this.path).bytes.set(bytes, offset);
    this.#storage.onStep?.('patch');
  }

  async truncate(length: number): Promise<void> {
    this.#storage.note('truncate', this.path);
    const file = this.#storage.file(this.path);
    file.truncate(length);
    this.#length = Math.min(this.#length, length);
  }

  async sync(): Promise<void> {
    await this.#storage.takeHeldSync();
    this.#storage.note('sync', this.path);
    const file = this.#storage.file(this.path);
    file.synced = file.bytes.slice();
    this.#storage.onStep?.('sync');
  }

  async close(): Promise<void> {}
}
