/** What the cells of the matrix play with: a weir that has every codec, cameras, and a weir that pulls. Each starts when a cell first needs it. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { RunningWeir } from '../running-weir.ts';
import { MATRIX_CODECS, type MatrixCodec } from './codecs.ts';
import { matrixClip, publishLoop } from './ffmpeg-peer.ts';
import { GstStudio } from './gst-peer.ts';
import type { PeerId, Way } from './table.ts';

/** Clips are kept for the next run. */
const CLIPS = path.join(tmpdir(), 'weir-matrix-clips');
const CERTIFICATES = path.resolve(import.meta.dirname, '../../fixtures/tls');
const CERTIFICATE = path.join(CERTIFICATES, 'cert.pem');
const KEY = path.join(CERTIFICATES, 'key.pem');
/** One of the cameras' groups; weir has others. */
const GROUP = '239.20.0.1';
/** Where they are, as test/e2e/two-hosts/two-hosts.sh sets it up: gst-rtsp-server shares a group's port with nobody on its host. */
const OTHER_HOST = { pid: Number(process.env['OTHER_HOST']), host: '10.99.0.2', interface: 'far' };

const ENVIRONMENT = {
  WEIR_RTSP_TLS_LISTEN: '127.0.0.1:0',
  WEIR_RTSP_TLS_CERT: CERTIFICATE,
  WEIR_RTSP_TLS_KEY: KEY,
};

export interface StudioOptions {
  /** In networks of their own: weir and the cameras send to groups, and the cameras in no other way. */
  readonly groups: boolean;
}

/** Who is pulled from: the beginnings of its URLs. */
interface Server {
  readonly peer: PeerId;
  readonly plain: string;
  readonly tls: string;
}

export class MatrixStudio {
  readonly #context: TestContext;
  readonly #options: StudioOptions;
  #weir: Promise<RunningWeir> | undefined;
  #puller: Promise<RunningWeir> | undefined;
  #cameras: Promise<GstStudio> | undefined;
  readonly #loops = new Map<MatrixCodec, Promise<string>>();

  constructor(context: TestContext, options: StudioOptions) {
    this.#context = context;
    this.#options = options;
    mkdirSync(CLIPS, { recursive: true });
  }

  /** Takes publications below `out/`. */
  weir(): Promise<RunningWeir> {
    const groups = this.#options.groups ? { WEIR_RTSP_MULTICAST_RANGE: '239.10.0.0/16' } : {};
    const config = `streams: { 'in/*': { source: publish }, 'out/**': { source: publish } }\n`;
    this.#weir ??= RunningWeir.start(this.#context, config, { env: { ...ENVIRONMENT, ...groups } });
    return this.#weir;
  }

  clip(codec: MatrixCodec): Promise<string> {
    return matrixClip(CLIPS, codec);
  }

  /** Name of a stream of `weir` that has this codec and goes on. */
  stream(codec: MatrixCodec): Promise<string> {
    let ready = this.#loops.get(codec);
    if (ready === undefined) {
      ready = this.#startLoop(codec);
      this.#loops.set(codec, ready);
    }
    return ready;
  }

  /** A weir that pulls on demand: its streams are named `peer/way/codec`. */
  puller(): Promise<RunningWeir> {
    this.#puller ??= this.#startPuller();
    return this.#puller;
  }

  #startCameras(): Promise<GstStudio> {
    const { groups } = this.#options;
    const options = groups ? { group: GROUP, place: OTHER_HOST } : { certificate: CERTIFICATE, key: KEY };
    this.#cameras ??= GstStudio.start(this.#context, MATRIX_CODECS, options);
    return this.#cameras;
  }

  async #startLoop(codec: MatrixCodec): Promise<string> {
    const [weir, clip] = await Promise.all([this.weir(), this.clip(codec)]);
    const name = `in/${codec.id}`;
    publishLoop(this.#context, clip, 'tcp', `${weir.rtsp}/${name}`);
    await untilPublished(weir, name);
    return name;
  }

  async #startPuller(): Promise<RunningWeir> {
    const [weir, cameras] = await Promise.all([this.weir(), this.#startCameras()]);
    const fingerprint = new X509Certificate(readFileSync(CERTIFICATE)).fingerprint256;
    const servers: readonly Server[] = [
      {
        peer: 'gst-rtsp-server',
        plain: `rtsp://${cameras.host}:${cameras.port}`,
        tls: `rtsps://${cameras.host}:${cameras.tlsPort}`,
      },
      { peer: 'weir', plain: `${weir.rtsp}/in`, tls: `${weir.rtsps}/in` },
    ];
    const streams = servers.flatMap((server) =>
      MATRIX_CODECS.flatMap(({ id }) =>
        this.#pulls(server, id, fingerprint).map(
          ([way, settings]) => `  ${server.peer}/${way}/${id}: { ${settings}, onDemand: true }\n`,
        ),
      ),
    );
    return RunningWeir.start(this.#context, `streams:\n${streams.join('')}`);
  }

  #pulls({ plain, tls }: Server, id: string, fingerprint: string): readonly (readonly [Way, string])[] {
    if (this.#options.groups) return [['pulled-multicast', `source: '${plain}/${id}', transport: multicast`]];
    return [
      ['pulled-tcp', `source: '${plain}/${id}', transport: tcp`],
      ['pulled-udp', `source: '${plain}/${id}', transport: udp`],
      ['pulled-tls', `source: '${tls}/${id}', fingerprint: '${fingerprint}'`],
      ['pulled-tunnel', `source: '${plain}/${id}', transport: http`],
    ];
  }
}

/** Waits until somebody publishes it. */
export async function untilPublished(weir: RunningWeir, name: string): Promise<void> {
  const url = `/api/v1/streams/${encodeURIComponent(name)}`;
  await weir.until(async () => (await weir.fetch(url)).ok, `${name} to appear`, PUBLISHED_MS);
  await weir.untilState(name, 'live', PUBLISHED_MS);
}

const PUBLISHED_MS = 15_000;
