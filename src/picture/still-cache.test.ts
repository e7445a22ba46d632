import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { WeirError } from '../core/errors.ts';
import type { Picture } from './decoder/decoder.ts';
import { StillCache } from './still-cache.ts';

const never = new AbortController().signal;

describe('StillCache', () => {
  it('makes one picture however many ask, and keeps it', async () => {
    const cache = new StillCache({ clock: new ManualClock() });
    const maker = new Maker();
    const all = Promise.all([1, 2, 3].map(() => cache.get('a', never, maker.make)));
    maker.finish(pictureOf(10));
    assert.equal(new Set(await all).size, 1);
    await cache.get('a', never, maker.make);
    assert.equal(maker.started, 1);
  });

  it('goes on while one of them waits, and gives up with the last', async () => {
    const cache = new StillCache({ clock: new ManualClock() });
    const maker = new Maker();
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    const gone = assert.rejects(cache.get('a', first.signal, maker.make), { name: 'AbortError' });
    const stays = cache.get('a', second.signal, maker.make);
    first.abort();
    await gone;
    assert.equal(maker.signal?.aborted, false);
    maker.finish(pictureOf(1));
    await stays;
    const left = assert.rejects(cache.get('b', third.signal, maker.make), { name: 'AbortError' });
    const abandoned = maker.signal;
    third.abort();
    await left;
    assert.equal(abandoned?.aborted, true);
    const again = cache.get('b', never, maker.make);
    assert.equal(maker.started, 3);
    maker.finish(pictureOf(1));
    await again;
  });

  it('drops what was used least recently when its bytes are full', async () => {
    const cache = new StillCache({ clock: new ManualClock(), bytesMax: 3000 });
    const maker = new Maker();
    const get = async (key: string): Promise<void> => {
      const picture = cache.get(key, never, maker.make);
      maker.finish(pictureOf(700));
      await picture;
    };
    for (const key of ['a', 'b', 'c']) await get(key);
    await get('a');
    await get('d');
    assert.equal(maker.started, 4);
    assert(cache.bytes <= 3000);
    await get('a');
    await get('c');
    assert.equal(maker.started, 4);
    await get('b');
    assert.equal(maker.started, 5);
  });

  it('does not keep a picture that is larger than the cache', async () => {
    const cache = new StillCache({ clock: new ManualClock(), bytesMax: 1000 });
    await cache.get('a', never, () => Promise.resolve(pictureOf(2000)));
    assert.equal(cache.bytes, 0);
  });

  it('does not try a frame again that no decoder could decode, for some minutes', async () => {
    const clock = new ManualClock();
    const cache = new StillCache({ clock });
    let tries = 0;
    const fail = (code: 'decoder-failed' | 'decoder-busy') => async (): Promise<Picture> => {
      tries++;
      throw new WeirError(code, 'no');
    };
    for (let i = 0; i < 3; i++)
      await assert.rejects(cache.get('a', never, fail('decoder-failed')), { code: 'decoder-failed' });
    assert.equal(tries, 1);
    clock.advance(10 * 60_000);
    await assert.rejects(cache.get('a', never, fail('decoder-failed')));
    assert.equal(tries, 2);
    for (let i = 0; i < 3; i++)
      await assert.rejects(cache.get('b', never, fail('decoder-busy')), { code: 'decoder-busy' });
    assert.equal(tries, 5);
  });
});

function pictureOf(length: number): Picture {
  return { bytes: new Uint8Array(length), width: 1, height: 1 };
}

class Maker {
  started = 0;
  signal: AbortSignal | undefined;
  #last: PromiseWithResolvers<Picture> | undefined;

  readonly make = (signal: AbortSignal): Promise<Picture> => {
    this.started++;
    this.signal = signal;
    this.#last = Promise.withResolvers();
    return this.#last.promise;
  };

  finish(picture: Picture): void {
    this.#last?.resolve(picture);
  }
}
