/** gst-rtsp-server as a camera in a process of its own (gst-camera.py). */
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Background } from './program.ts';

export interface GstCameraShape {
  readonly codec: 'h264' | 'h265';
  readonly audio?: boolean;
  /** User camera, password pass:word. */
  readonly login?: 'basic' | 'digest';
  /** The one way in which it sends; others are answered with 461. */
  readonly only?: 'tcp' | 'udp' | 'multicast';
  /** Of multicast. */
  readonly group?: string;
  readonly place?: Place;
  /** PEM file of certificate and key: it talks TLS. Needs a login. */
  readonly tls?: string;
}

/** Another network namespace than ours. */
export interface Place {
  /** Of a process in it. */
  readonly pid: number;
  readonly host: string;
  readonly interface: string;
}

const START_MS = 15_000;

export class GstCamera {
  readonly port: number;
  readonly #process: Background;
  readonly #scheme: string;
  readonly #host: string;

  private constructor(process: Background, port: number, scheme: string, host: string) {
    this.#process = process;
    this.port = port;
    this.#scheme = scheme;
    this.#host = host;
  }

  /** Without a port the system chooses one; a camera that comes back asks for its old one. */
  static async start(context: TestContext, shape: GstCameraShape, port = 0): Promise<GstCamera> {
    const words = [path.join(import.meta.dirname, 'gst-camera.py'), shape.codec, '--port', String(port)];
    if (shape.audio === true) words.push('--audio');
    if (shape.login !== undefined) words.push('--login', shape.login);
    if (shape.only !== undefined) words.push('--only', shape.only);
    if (shape.group !== undefined) words.push('--group', shape.group);
    if (shape.tls !== undefined) words.push('--tls', shape.tls);
    const { place } = shape;
    if (place !== undefined) words.push('--host', place.host, '--interface', place.interface);
    const process =
      place === undefined
        ? new Background(context, '/usr/bin/python3', words)
        : new Background(context, 'nsenter', ['-t', String(place.pid), '-n', '/usr/bin/python3', ...words]);
    const line = await process.line(/^(\d+)$/m, START_MS);
    const scheme = shape.tls === undefined ? 'rtsp' : 'rtsps';
    return new GstCamera(process, Number(line[1]), scheme, place?.host ?? '127.0.0.1');
  }

  url(credentials = ''): string {
    return `${this.#scheme}://${credentials}${this.#host}:${this.port}/cam`;
  }

  /** The power goes off: no TEARDOWN, no BYE. */
  async powerOff(): Promise<void> {
    await this.#process.end('SIGKILL');
  }
}
