/** The programs that the tests play against. A test names those it needs; without them it is listed as not run, and fails with CI=true. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';

const PROBES = {
  ffmpeg: ['ffmpeg', '-version'],
  ffprobe: ['ffprobe', '-version'],
  gstreamer: ['gst-launch-1.0', '--version'],
  rtspclientsink: ['gst-inspect-1.0', '--exists', 'rtspclientsink'],
  'gst-rtsp-server': [
    '/usr/bin/python3',
    '-c',
    "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer",
  ],
  /** It does not even say its version to root. */
  vlc: ['sh', '-c', 'command -v cvlc && command -v setpriv'],
  chromium: ['chromium', '--version'],
  cargo: ['cargo', '--version'],
  /** The right to make networks of one's own. */
  veth: ['unshare', '-rn', 'ip', 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far'],
  /** The right to a network of one's own, with routes. */
  netns: ['unshare', '-rn', 'sh', '-c', 'ip link set lo up && ip route add 224.0.0.0/4 dev lo'],
  /** The right to mount: root in a sandbox of its own. */
  tmpfs: ['sh', '-c', 'folder=$(mktemp -d) && mount -t tmpfs tmpfs "$folder" && umount "$folder" && rmdir "$folder"'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

export type Peer = keyof typeof PROBES;

const found = new Map<Peer, boolean>();

export function hasPeer(peer: Peer): boolean {
  let has = found.get(peer);
  if (has === undefined) {
    const [program, ...words] = PROBES[peer];
    has = spawnSync(program, words, { stdio: 'ignore', timeout: 30_000 }).status === 0;
    found.set(peer, has);
  }
  return has;
}

/** A test that needs real programs. */
export function peerTest(name: string, peers: readonly Peer[], body: (context: TestContext) => Promise<void>): void {
  const missing = peers.filter((peer) => !hasPeer(peer));
  if (missing.length === 0) {
    void test(name, body);
  } else if (process.env['CI'] === 'true') {
    void test(name, () => assert.fail(`needs ${missing.join(', ')}: run test/install-peers`));
  } else {
    void test(name, { skip: `needs ${missing.join(', ')}` }, body);
  }
}
