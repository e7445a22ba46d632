/** The page at `/`: files that the build made, with a policy that lets in nothing from elsewhere. */
import { resolve } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';

/** Where the build puts the page. */
export const PAGE_FOLDER = resolve(import.meta.dirname, '../../../web/dist');

/** hls.js hands media to <video> by blob: URLs and works in a blob: worker; stills come as blobs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self' blob:",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** Files are looked up when asked for: the folder may be built while weir runs. */
export function pageRoutes(folder: string): FastifyPluginAsync {
  return async (app) => {
    await app.register(fastifyStatic, {
      root: folder,
      dotfiles: 'ignore',
      suppressWarning: true,
      cacheControl: false,
      setHeaders: (reply, path) => {
        for (const [name, value] of Object.entries(HEADERS)) reply.header(name, value);
        // The build puts a hash into the names of everything in assets/.
        const immutable = /[\\/]assets[\\/]/.test(path.slice(folder.length));
        reply.header('Cache-Control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  };
}
