/** GStreamer as a reader of H.264. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { runProgram } from './program.ts';

const READ_MS = 20_000;

/**
 * Decodes so many pictures and ends; `source`: rtspsrc's properties. The pictures count, not how it ends: there GStreamer 1.22 sends PAUSE and TEARDOWN from one
 * thread while another still reads, and now and then breaks off ("Could not send message"), from gst-rtsp-server as well.
 */
export async function decodeWithGst(context: TestContext, source: string, pictures: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-gst-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const decode = `! rtph264depay ! h264parse ! avdec_h264 ! identity eos-after=${pictures + 1}`;
  const words = `-q rtspsrc ${source} ${decode} ! jpegenc ! multifilesink location=${folder}/%05d.jpg`.split(' ');
  const { stderr } = await runProgram('gst-launch-1.0', words, READ_MS);
  const shown = readdirSync(folder).length;
  assert.ok(shown >= pictures, `${shown} of ${pictures} pictures of ${source}: ${stderr}`);
}
