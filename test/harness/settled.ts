import assert from 'node:assert/strict';

/** Resolves once `check` holds, looked at after each turn of the event loop: for what other threads and the system do, which take their time. */
export async function settled(
  check: () => boolean | Promise<boolean>,
  what = 'what was waited for',
  withinMs = 5000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await check())) {
    assert.ok(performance.now() < deadline, `${what} did not come`);
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(resolve);
    await promise;
  }
}
