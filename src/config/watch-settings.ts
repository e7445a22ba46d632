/**
 * Takes up changes of the configuration while weir runs: when the file is written, and on SIGHUP. A bad edit is logged and the
 * settings in force stay.
 */
import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { WeirError } from '../core/errors.ts';
import { configFile, loadSettings } from './load-settings.ts';
import type { ConfigOrigin } from './load-settings.ts';
import type { Settings } from './settings.ts';

export interface WatchOptions {
  readonly origin: ConfigOrigin;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with settings that loaded well; whether anything in them changed is for the parts to see. */
  readonly changed: (settings: Settings) => void;
}

/** Editors write in several steps (truncate, write, rename): it is read when they have been quiet this long. */
const SETTLE_MS = 300;

export class SettingsWatcher implements Disposable {
  readonly #options: WatchOptions;
  readonly #watcher: ReturnType<typeof watch> | undefined;
  #settling: Timer | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    process.on('SIGHUP', this.#reload);
    this.#watcher = this.#watchFolder();
  }

  close(): void {
    process.off('SIGHUP', this.#reload);
    this.#settling?.cancel();
    this.#watcher?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The folder, since a file that is replaced by renaming is another file; and links into other folders (Kubernetes) change there too. */
  #watchFolder(): ReturnType<typeof watch> | undefined {
    const file = configFile(this.#options.origin);
    if (file === undefined) return undefined;
    const name = basename(file);
    const watcher = watch(dirname(file), { persistent: false }, (_event, changed) => {
      if (changed === null || changed === name || changed === KUBERNETES_LINK) this.#settle();
    });
    watcher.on('error', (error) => {
      this.#options.log.warn(
        { error: error.message },
        'the configuration is no longer watched: send SIGHUP after changes',
      );
    });
    return watcher;
  }

  #settle(): void {
    this.#settling?.cancel();
    this.#settling = this.#options.clock.after(SETTLE_MS, this.#reload);
  }

  readonly #reload = (): void => {
    const { origin, log, changed } = this.#options;
    let settings: Settings;
    try {
      settings = loadSettings(origin);
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      log.error(
        { code: error.code, remedy: error.row.remedy, place: error.place },
        `the changed configuration is not taken up: ${error.describe()}`,
      );
      return;
    }
    log.info({ file: configFile(origin) }, 'the configuration is read again');
    changed(settings);
  };
}

/** The name under which a mounted ConfigMap swaps its contents. */
const KUBERNETES_LINK = '..data';
