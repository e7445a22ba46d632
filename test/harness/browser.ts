/** A real Chromium, headless, with a profile of its own that ends with the test. */
import type { TestContext } from 'node:test';
import { chromium, type Page } from 'playwright-core';

/** Without them it looks up its maker's hosts at each start, and root has no sandbox. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** `login` is what is typed where the browser asks for one. */
export async function openPage(context: TestContext, url: string, login?: Login): Promise<Page> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: FLAGS });
  context.after(() => browser.close());
  const viewport = { width: 1280, height: 800 };
  const page = await browser.newPage({ viewport, ...(login !== undefined && { httpCredentials: login }) });
  await page.goto(url);
  return page;
}

export interface VideoState {
  /** Seconds played to; −1 without a video element. */
  readonly currentTime: number;
  readonly width: number;
  /** Of the element, and as the page shows it. */
  readonly error: string | null;
  readonly problem: string | null;
}

/** As text, since it runs in the browser: this side has no document. */
const LOOK = `(() => {
  const video = document.querySelector('video');
  return {
    currentTime: video?.currentTime ?? -1,
    width: video?.videoWidth ?? 0,
    error: video?.error?.message ?? null,
    problem: document.querySelector('.over')?.textContent ?? null,
  };
})()`;

export function videoState(page: Page): Promise<VideoState> {
  return page.evaluate<VideoState>(LOOK);
}
