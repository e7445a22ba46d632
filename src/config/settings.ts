/** The configuration, parsed and completed: what the rest of the house sees. `schema.ts` makes it from YAML and environment. */
export interface Settings {
  /** Absolute path: state, index, keys. */
  readonly dataFolder: string;
  readonly rtsp: RtspSettings;
  readonly http: { readonly listen: ListenAddress; readonly hosts: readonly string[] };
  readonly hls: { readonly partMs: number; readonly segmentMs: number };
  /** Absolute path: the only folder that file: sources may name. */
  readonly filesFolder: string;
  readonly access: AccessSettings;
  readonly storages: ReadonlyMap<string, StorageSettings>;
  readonly streams: ReadonlyMap<string, StreamSettings>;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface RtspSettings {
  readonly listen: ListenAddress;
  /** Undefined: not asked for. */
  readonly tls: RtspTlsSettings | undefined;
  /** Undefined: switched off. */
  readonly udp: UdpSettings | undefined;
  /** Undefined: not asked for. */
  readonly multicast: MulticastSettings | undefined;
}

export interface RtspTlsSettings {
  readonly listen: ListenAddress;
  /** Absolute paths of PEM files. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface UdpSettings {
  /** RTP of all readers; RTCP is the next. Even; 0: any free pair. */
  readonly port: number;
  /** From which each track of a publisher gets a pair; both ends included. */
  readonly publisherPorts: readonly [low: number, high: number];
}

export interface MulticastSettings {
  /** The first address of the range as a number, and how many there are. */
  readonly firstAddress: number;
  readonly addresses: number;
  /** RTP of the first track; RTCP is the next, and so on. Even. */
  readonly port: number;
  readonly ttl: number;
}

export type AccessSettings =
  /** Nothing was said: everybody on this machine may do everything, and we listen on the loopback only. */
  | { readonly kind: 'local' }
  | { readonly kind: 'open' }
  | { readonly kind: 'users'; readonly users: readonly UserSettings[] };

export const RIGHTS = ['read', 'publish', 'playback', 'manage'] as const;
export type Right = (typeof RIGHTS)[number];

export interface UserSettings {
  readonly name: string;
  readonly password: string;
  readonly may: readonly Right[];
  /** Patterns of names; undefined: all. */
  readonly streams: readonly string[] | undefined;
}

export interface StorageSettings {
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  readonly keep: KeepSettings;
  readonly syncMs: number;
}

export interface KeepSettings {
  readonly ageMs: number | undefined;
  readonly bytes: number | undefined;
  /** Floor of free space: bytes, or a share of the disk (0–1). */
  readonly free: { readonly bytes: number } | { readonly share: number } | undefined;
}

export interface StreamSettings {
  /** Name, or pattern with * or ** (source: publish only). */
  readonly name: string;
  /** The preferred one. */
  readonly source: SourceSettings;
  /** Asked in this order while it is away. */
  readonly alternatives: readonly SourceSettings[];
  readonly record: boolean;
  /** The source is opened only while somebody reads. */
  readonly onDemand: boolean;
  /** Then it is closed so long after the last reader. */
  readonly onDemandIdleMs: number;
  /** Name of the storage. */
  readonly storage: string;
  readonly keep: KeepSettings;
  /** `file:line` that declares it, for messages; undefined: built in. */
  readonly declaredAt: string | undefined;
}

/** How a source is asked to send. `http`: RTSP in HTTP. */
export const SOURCE_TRANSPORTS = ['auto', 'tcp', 'udp', 'multicast', 'http', 'tls'] as const;
export type SourceTransport = (typeof SOURCE_TRANSPORTS)[number];

export type SourceSettings =
  | {
      readonly kind: 'rtsp';
      /** With secrets: never logged, never answered. */
      readonly url: string;
      readonly transport: SourceTransport;
      /** SHA-256 of the certificate that a TLS source is to show, in hexadecimal; undefined: one that a known authority signed. */
      readonly fingerprint?: string | undefined;
      readonly timeouts: { readonly connectMs: number; readonly firstByteMs: number; readonly idleMs: number };
    }
  | { readonly kind: 'publish'; readonly takeover: boolean }
  | { readonly kind: 'file'; /** Absolute path, checked to lie in the files folder. */ readonly path: string }
  | { readonly kind: 'test-pattern' };
