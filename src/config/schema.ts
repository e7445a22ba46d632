/**
 * Every key of weir.yml, with its form, its default and what it is for: the one place. The environment, docs/configuration.md and
 * weir.example.yml derive from here. Only keys that work stand here.
 */
import { z } from 'zod';
import { MAX_TRACKS_PER_SESSION } from '../core/rtsp/server/connection-sessions.ts';
import { RIGHTS, SOURCE_TRANSPORTS } from './settings.ts';
import { MAX_STREAM_NAME_LENGTH } from './stream-name.ts';
import {
  parseDuration,
  parseEvenPort,
  parseListenAddress,
  parseMulticastRange,
  parsePortRange,
  parseShare,
  parseSize,
} from './values.ts';

/** What a key carries besides its type; ends up in the JSON Schema that docs and messages read. */
interface KeyNotes {
  readonly description: string;
  /** What a right value is, for messages and docs: fits after 'expected'. */
  readonly expected?: string;
  /** A value for weir.example.yml where the default says too little. */
  readonly example?: unknown;
}

/** Sources of one stream. */
const SOURCES_MAX = 8;
/** From here on every track of a stream has a pair. */
const MULTICAST_PORT_MAX = 65_536 - 2 * MAX_TRACKS_PER_SESSION;
/** Of a path, a URL or a name. */
const MAX_TEXT_LENGTH = 4096;

const DURATION = 'a duration such as 500ms, 10s, 5m or 7d';
const SIZE = 'a size such as 500GB (10^9) or 500GiB (2^30)';
const SHARE_OR_SIZE = 'a share of the disk such as 5%, or a size such as 20GB';
const ADDRESS = 'a port such as :8554, or an address such as 127.0.0.1:8554 or [::1]:8554';

const keep = {
  age: duration({ description: 'Recordings older than this are deleted.', example: '7d' }).optional(),
  size: size({ description: 'Past this many bytes the oldest recordings are deleted.', example: '500GB' }).optional(),
};

const STORAGE_KEEP = z
  .strictObject({
    ...keep,
    free: scalar(parseFree, {
      description: 'Below this much free space on its disk the oldest recordings are deleted; `0%`: no such floor.',
      expected: SHARE_OR_SIZE,
    }).prefault('5%'),
  })
  .prefault({})
  .meta({ description: 'What is kept: whichever limit is reached first. A stream may say its own age and size.' });

const STORAGE = z
  .strictObject({
    path: text({ description: 'A folder; relative to this file.', example: './data/recordings' }),
    keep: STORAGE_KEEP,
    sync: duration({ description: 'How much a power cut may lose.' }, 100, 600_000).prefault('10s'),
  })
  .meta({ description: 'A place for recordings. Streams name it; `main` is there in any case.' });

const STREAM = z
  .strictObject({
    source: text({
      description:
        'Where the stream comes from. `publish`: whoever may publish; `test-pattern`: the clip that ships with weir; `file:`: an MP4 of the `files` folder, looped; `rtsp://`: a camera or server.',
      expected: 'publish, test-pattern, file:name.mp4 or rtsp://user:password@host:port/path',
      example: 'rtsp://user:password@192.0.2.10/main',
    }).optional(),
    sources: z
      .array(text({ description: 'As `source`, but for `publish`.' }))
      .min(1)
      .max(SOURCES_MAX)
      .optional()
      .meta({
        description:
          'Instead of `source`, several in order of preference: while the first is away, the next that answers is used.',
        expected: `a list of 1 to ${SOURCES_MAX} sources that weir opens, such as [ 'rtsp://a/1', 'rtsp://b/1' ]`,
        example: ['rtsp://192.0.2.10/main', 'rtsp://192.0.2.11/main'],
      }),
    record: flag({ description: 'Whether it is recorded. Default: `defaults.record`.', example: true }).optional(),
    onDemand: flag({
      description: 'Open the source only while somebody reads. Default: `defaults.onDemand`.',
      example: false,
    }).optional(),
    onDemandIdle: idle({
      description: 'Then it is closed so long after the last reader. Default: `defaults.onDemandIdle`.',
      example: '10s',
    }).optional(),
    storage: text({ description: 'Where it is recorded. Default: `defaults.storage`.', example: 'main' }).optional(),
    keep: z
      .strictObject(keep)
      .prefault({})
      .meta({ description: "How long its recordings are kept; where it says nothing, as the storage's `keep` says." }),
    transport: z.enum(SOURCE_TRANSPORTS).optional().meta({
      description:
        'How `rtsp://` sources are pulled. `auto`: media over TCP, and over UDP where that is refused or brings nothing; `http`: RTSP in HTTP, on port 80 or the one of the URL; `tls`: as `rtsps://` means too. Default: auto.',
      example: 'auto',
    }),
    fingerprint: z
      .string()
      .regex(/^[0-9a-f]{2}(?::?[0-9a-f]{2}){31}$/i)
      .optional()
      .meta({
        description:
          'SHA-256 fingerprint of the certificate of an `rtsps://` source, for one that nobody known has signed. The error of a refused certificate says it.',
        expected: '64 hexadecimal digits, with or without colons',
        example: '5E:0F:…',
      }),
    timeouts: z
      .strictObject({
        connect: duration({ description: 'Until the TCP connection stands.' }, 100, 600_000).prefault('10s'),
        firstByte: duration({ description: 'From the request to play until media comes.' }, 100, 600_000).prefault(
          '15s',
        ),
        idle: duration({ description: 'Without media, before the source counts as dead.' }, 100, 600_000).prefault(
          '10s',
        ),
      })
      .optional()
      .meta({ description: 'How long weir waits for an `rtsp://` source.' }),
    takeover: flag({
      description: 'For `publish`: a second publisher takes over (true) or is refused (false). Default: true.',
      example: true,
    }).optional(),
  })
  .meta({
    description:
      'A stream by its name. With `source: publish` the name may be a pattern: `*` within a part, `**` across slashes.',
  });

const USER = z.strictObject({
  name: z
    .string()
    .regex(/^[^:\p{Cc}]{1,128}$/u)
    .meta({
      description: 'The user name.',
      expected: 'a name without a colon, at most 128 characters',
      example: 'ann',
    }),
  password: z.string().min(1).max(256).meta({
    description: 'The password.',
    expected: 'a password of 1 to 256 characters, in quotes if it is a number',
    example: 'a long sentence',
  }),
  may: z.array(z.enum(RIGHTS)).default(['read', 'playback']).meta({
    description: '`read`: live; `playback`: recordings; `publish`: send streams; `manage`: the API and metrics.',
  }),
  streams: z
    .array(z.string().max(MAX_STREAM_NAME_LENGTH))
    .optional()
    .meta({
      description: 'Names or patterns of the streams for which that holds. Default: all.',
      example: ['lobby/**'],
    }),
});

const RTSP_TLS = z
  .strictObject({
    listen: address({ description: 'Where RTSP over TLS listens.' }).prefault(':8322'),
    cert: text({
      description: 'The certificate in PEM, followed by its chain; relative to this file. Read again when it changes.',
      example: '/etc/letsencrypt/live/nvr.example.org/fullchain.pem',
    }),
    key: text({
      description: 'Its private key in PEM, without a password; relative to this file.',
      example: '/etc/letsencrypt/live/nvr.example.org/privkey.pem',
    }),
  })
  .meta({ description: 'Offers RTSP over TLS (rtsps://) as well. Without it nothing is encrypted.' });

const RTSP = z.strictObject({
  listen: address({ description: 'Where RTSP listens.' }).prefault(':8554'),
  tls: RTSP_TLS.optional(),
  udpPort: number(parseEvenPort, {
    description:
      'UDP port from which all readers over UDP are served; RTCP has the next. `0`: any free pair; `off`: no UDP.',
    expected: 'an even port such as 8000, or off',
  }).prefault(8000),
  udpPorts: scalar(parsePortRange, {
    description: 'UDP ports for publishers: each track of each gets a pair.',
    expected: 'a range of ports such as 8100-8999',
  }).prefault('8100-8999'),
  multicast: z
    .strictObject({
      range: scalar(parseMulticastRange, {
        description: 'Each stream that is read by multicast has an address of this range.',
        expected: 'a range of multicast addresses such as 239.10.0.0/16',
      }).prefault('239.10.0.0/16'),
      port: number(parseMulticastPort, {
        description: 'UDP port of the first track; RTCP has the next, the second track the two after.',
        expected: `an even port such as 8002, up to ${MULTICAST_PORT_MAX}`,
      }).prefault(8002),
      ttl: number(parseHops, {
        description: 'How many routers may pass it on, less one.',
        expected: 'a number from 1 to 255',
      }).prefault(16),
    })
    .optional()
    .meta({ description: 'Offers streams by multicast. Without it nothing is sent to groups.' }),
});

export const ConfigSchema = z
  .strictObject({
    data: text({ description: 'The folder of databases and keys: a local disk; relative to this file.' }).prefault(
      './data',
    ),
    rtsp: RTSP.prefault({}),
    http: z
      .strictObject({
        listen: address({ description: 'Where HTTP listens: HLS, stills, API, page.' }).prefault(':8080'),
        hosts: z
          .array(z.string().regex(/^[A-Za-z0-9._-]+$/))
          .max(100)
          .default([])
          .meta({
            description:
              'Host names that HTTP answers to, besides localhost: what you type into the browser. Guards against DNS rebinding.',
            expected: 'a list of host names without port, such as [ nvr.example.org ]',
            example: ['nvr.example.org'],
          }),
      })
      .prefault({}),
    hls: z
      .strictObject({
        part: duration(
          { description: 'Length of a part: what recording and low latency work in.' },
          100,
          2000,
        ).prefault('0.5s'),
        segment: duration({ description: 'Length of a segment, rounded to whole GOPs.' }, 1000, 6000).prefault('2s'),
      })
      .prefault({}),
    files: text({ description: 'The only folder that `file:` sources may name; relative to this file.' }).prefault(
      './files',
    ),
    access: z
      .union([
        z.literal('open'),
        z.strictObject({ users: z.array(USER).min(1).max(1000).meta({ description: 'Who may do what.' }) }),
      ])
      .optional()
      .meta({
        description:
          'Who may do what. Without it weir listens on this machine only, and everybody on it may do everything. `open`: everybody everywhere may.',
        expected: 'open, or users: [ { name: …, password: …, may: [ read, playback ] } ]',
      }),
    storages: z
      .record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), STORAGE)
      .prefault({})
      .meta({ description: 'Where recordings go.' }),
    defaults: z
      .strictObject({
        record: flag({ description: 'Whether streams are recorded.' }).default(false),
        onDemand: flag({ description: 'Whether sources are opened only while somebody reads.' }).default(false),
        onDemandIdle: idle({ description: 'How long after the last reader they are closed then.' }).prefault('10s'),
        storage: text({ description: 'Where streams are recorded.' }).prefault('main'),
      })
      .prefault({})
      .meta({ description: 'What a stream does not say itself.' }),
    streams: z.record(z.string(), STREAM).prefault({}).meta({ description: 'The streams, by name.' }),
  })
  .meta({ description: 'Every key may be left out.' });

/** The configuration as written, values read, defaults filled in. */
export type Config = z.output<typeof ConfigSchema>;

function scalar<T>(parse: (text: string) => T | undefined, notes: KeyNotes): z.ZodType<T, string> {
  const read = (written: string, context: z.core.ParsePayload<string>): T => {
    const value = parse(written);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: '', input: written });
    return z.NEVER;
  };
  return z
    .string()
    .transform(read)
    .meta({ ...notes });
}

/** As `scalar`, of what YAML reads as a number where it is one. */
function number<T>(parse: (text: string) => T | undefined, notes: KeyNotes): z.ZodType<T, string | number> {
  const read = (written: string | number, context: z.core.ParsePayload<string | number>): T => {
    const value = parse(String(written));
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: '', input: written });
    return z.NEVER;
  };
  return z
    .union([z.number(), z.string()])
    .transform(read)
    .meta({ ...notes });
}

function duration(notes: KeyNotes, minMs = 1, maxMs = Number.MAX_SAFE_INTEGER): z.ZodType<number, string> {
  const bounds = minMs === 1 ? '' : `, from ${minMs / 1000}s to ${maxMs / 1000}s`;
  const parse = (written: string): number | undefined => {
    const ms = parseDuration(written);
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
  };
  return scalar(parse, { ...notes, expected: DURATION + bounds });
}

/** How long an on-demand source stays open without readers. */
function idle(notes: KeyNotes): z.ZodType<number, string> {
  return duration(notes, 100, 3_600_000);
}

function size(notes: KeyNotes): z.ZodType<number, string> {
  return scalar(parseSize, { ...notes, expected: SIZE });
}

function address(notes: KeyNotes): z.ZodType<NonNullable<ReturnType<typeof parseListenAddress>>, string> {
  return scalar(parseListenAddress, { ...notes, expected: ADDRESS });
}

function parseHops(written: string): number | undefined {
  const hops = /^\d{1,3}$/.test(written) ? Number(written) : 0;
  return hops >= 1 && hops <= 255 ? hops : undefined;
}

function parseMulticastPort(written: string): number | undefined {
  const port = parseEvenPort(written);
  return port === 'off' || port === 0 || port === undefined || port > MULTICAST_PORT_MAX ? undefined : port;
}

function parseFree(written: string): { readonly share: number } | { readonly bytes: number } | undefined {
  const share = parseShare(written);
  if (share !== undefined) return { share };
  const bytes = parseSize(written);
  return bytes === undefined ? undefined : { bytes };
}

function text(notes: KeyNotes): z.ZodString {
  return z
    .string()
    .min(1)
    .max(MAX_TEXT_LENGTH)
    .meta({ ...notes });
}

function flag(notes: KeyNotes): z.ZodBoolean {
  return z.boolean().meta({ ...notes });
}
