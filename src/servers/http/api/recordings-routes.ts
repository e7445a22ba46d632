/** GET /api/v1/recordings: what is recorded of a stream, and what is missing, with the reason. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { assertStreamName } from '../../../config/stream-name.ts';
import { WeirError } from '../../../core/errors.ts';
import { parseUrlTime } from '../../../core/url/url-time.ts';
import type { ApiContext } from './api-context.ts';
import { problems } from './problems.ts';
import { RecordingsReport } from './schemas.ts';
import { isoTime } from './stream-report.ts';

/** Spans, and gaps, in one answer. A year of a camera that breaks off every hour is 8,760. */
const MAX_ENTRIES = 10_000;
const DAY_MS = 86_400_000;

export function recordingsRoutes(context: ApiContext): FastifyPluginAsyncZod {
  const { authenticator, archive, clock } = context;
  return async (app) => {
    app.get('/recordings', {
      schema: {
        operationId: 'listRecordings',
        summary: 'Recorded spans and gaps of a stream',
        tags: ['recordings'],
        querystring: z.object({
          stream: z.string(),
          from: z
            .string()
            .optional()
            .meta({ description: `${TIME}; default: a day before \`to\`` }),
          to: z
            .string()
            .optional()
            .meta({ description: `${TIME}; default: now` }),
        }),
        response: { 200: RecordingsReport, ...problems(400, 401, 403, 404, 421, 429) },
      },
      handler: async (request) => {
        const { stream } = request.query;
        assertStreamName(stream);
        authenticator.demand(authenticator.identify(request.raw), ['playback'], stream);
        const toUtcMs = request.query.to === undefined ? clock.utcMs() : readTime(request.query.to, 'to');
        const fromUtcMs = request.query.from === undefined ? toUtcMs - DAY_MS : readTime(request.query.from, 'from');
        if (fromUtcMs > toUtcMs) throw new WeirError('time-invalid', '`from` is after `to`');
        const spans = await archive.spans(stream, fromUtcMs, toUtcMs);
        const gaps = await archive.gaps(stream, fromUtcMs, toUtcMs);
        if (spans.length === 0 && !(await isKnown(context, stream))) {
          throw new WeirError('stream-unknown', `There is no stream ${stream}, and nothing of it is recorded`);
        }
        const cutUtcMs = Math.min(spans[MAX_ENTRIES]?.startUtcMs ?? toUtcMs, gaps[MAX_ENTRIES]?.startUtcMs ?? toUtcMs);
        return {
          stream,
          from: isoTime(fromUtcMs),
          to: isoTime(cutUtcMs),
          spans: spans
            .filter((span) => span.startUtcMs < cutUtcMs)
            .map((span) => ({ id: span.id, from: isoTime(span.startUtcMs), to: isoTime(span.endUtcMs) })),
          gaps: gaps
            .filter((gap) => gap.startUtcMs < cutUtcMs)
            .map((gap) => ({
              from: isoTime(gap.startUtcMs),
              to: gap.endUtcMs === undefined ? null : isoTime(gap.endUtcMs),
              reason: gap.reason,
            })),
        };
      },
    });
  };
}

/** Recordings outlive the configuration. */
async function isKnown({ registry, archive }: ApiContext, stream: string): Promise<boolean> {
  if ((await registry.find(stream)) !== undefined) return true;
  return (await archive.spans(stream, 0, Number.MAX_SAFE_INTEGER)).length > 0;
}

const TIME = 'Unix seconds, 20260101T100000Z or ISO 8601';

function readTime(text: string, name: string): number {
  const iso = z.iso.datetime({ offset: true }).safeParse(text);
  const utcMs = parseUrlTime(text) ?? (iso.success ? Date.parse(iso.data) : undefined);
  if (utcMs === undefined) throw new WeirError('time-invalid', `\`${name}\` is no moment`, { expected: TIME });
  return utcMs;
}
