/** The page in a real Chromium: the wall, one stream live, and from a chosen time of its recordings. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { openPage, videoState } from '../harness/browser.ts';
import { peerTest } from '../harness/peers.ts';
import { Background } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const RECORDED_S = 8;

peerTest('the page shows streams, plays one live and from its recordings', ['chromium', 'ffmpeg'], async (context) => {
  const weir = await RunningWeir.start(
    context,
    `streams:
  demo: { source: test-pattern, record: true }
  'porch/door': { source: 'rtsp://127.0.0.1:9/nobody' }
  loft: { source: publish }
`,
  );
  publishWithRareKeyFrames(context, `${weir.rtsp}/loft`);
  const page = await openPage(context, `${weir.http}/`);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));

  await page.locator('.card', { hasText: 'demo' }).locator('img').waitFor();
  const dated = await page.locator('.card', { hasText: 'demo' }).locator('time').getAttribute('datetime');
  assert.ok(Math.abs(Date.now() - Date.parse(dated ?? '')) < 20_000, `the still says ${dated}`);
  const door = page.locator('.card', { hasText: 'porch/door' });
  await door.locator('.reason').waitFor();
  assert.equal(await door.locator('img').count(), 0);

  await page.locator('.card', { hasText: 'demo' }).click();
  const live = await weir.until(async () => {
    const state = await videoState(page);
    return state.currentTime > 2 && state;
  }, 'live play');
  assert.deepEqual([live.width, live.error, live.problem], [1280, null, null]);

  const from = await weir.until(async () => {
    const [status] =
      await weir.json<
        readonly { readonly ranges: readonly { readonly opened_at: number; readonly closed_at: number }[] }[]
      >('/demo/recording_status.json');
    const range = status?.ranges[0];
    return range !== undefined && range.closed_at - range.opened_at > RECORDED_S * 1000 && range.opened_at / 1000;
  }, `${RECORDED_S} recorded seconds`);
  const chosenS = from + 3;
  await page.evaluate(`location.hash = '#/demo@${chosenS}'`);
  await page.locator('video[data-place=archive]').waitFor();
  await weir.until(async () => (await videoState(page)).currentTime > 0.5, 'play of the recordings');
  await weir.until(async () => {
    const shown = await page.evaluate<string>(`document.querySelector('.playing').textContent`);
    return shown !== '' && Math.abs(Date.parse(shown) - chosenS * 1000) < 6_000;
  }, 'the chosen time to be shown as the playing time');
  const archive = await videoState(page);
  assert.deepEqual([archive.width, archive.error, archive.problem], [1280, null, null]);
  await page.locator('.day-bar .span').first().waitFor();

  await page.evaluate(`location.hash = '#/'`);
  const loft = page.locator('.card', { hasText: 'loft' });
  assert.match((await loft.locator('.warning').textContent()) ?? '', /^No key frame for \d+ s/);
  assert.equal(await loft.locator('.badge').textContent(), 'live');
  assert.equal(await page.locator('.warning').count(), 1);
  await loft.click();
  await page.locator('.notice.warning em').waitFor();
  assert.deepEqual(errors, []);
});

peerTest('the page with a login plays live and recordings; a wrong password is said', ['chromium'], async (context) => {
  const weir = await RunningWeir.start(
    context,
    `access: { users: [ { name: ann, password: right-one, may: [ read, playback ] } ] }
streams: { demo: { source: test-pattern, record: true } }
`,
  );
  const plays = (page: Page, what: string): Promise<true> =>
    weir.until(async () => (await videoState(page)).currentTime > 1, what);
  const page = await openPage(context, `${weir.http}/#/demo`, { username: 'ann', password: 'right-one' });
  await plays(page, 'live play');
  await page.evaluate(`location.hash = '#/demo@' + (Date.now() / 1000 - 4)`);
  await page.locator('video[data-place=archive]').waitFor();
  await plays(page, 'play of the recordings');
  const { error, problem } = await videoState(page);
  assert.deepEqual([error, problem], [null, null]);
  const stranger = await openPage(context, `${weir.http}/`, { username: 'ann', password: 'wrong-one' });
  const said = await stranger
    .locator('.notice')
    .filter({ hasText: /password/ })
    .textContent();
  assert.equal(said, 'User name or password is wrong');
});

/** As "smart" codecs send: one key frame, and then none for minutes. */
function publishWithRareKeyFrames(context: TestContext, url: string): Background {
  const input = '-v error -re -f lavfi -i testsrc2=size=320x180:rate=5'.split(' ');
  const coding = '-c:v libx264 -preset ultrafast -tune zerolatency -g 9999 -keyint_min 9999'.split(' ');
  return new Background(context, 'ffmpeg', [...input, ...coding, '-f', 'rtsp', '-rtsp_transport', 'tcp', url]);
}
