/** The parameter sets of an H.264 track, by SDP, sample entry or in-band, and the decoder's set-up that they make. */
import type { MuxableParameters, VideoShape } from '../codec-parameters.ts';
import { ParameterSetStore } from '../nal/parameter-set-store.ts';
import type { StoredSet } from '../nal/parameter-set-store.ts';
import type { ParameterSets, VideoSetup } from '../nal/video-setup.ts';
import { writeVisualEntry } from '../nal/visual-entry.ts';
import { writeAvcC } from './avcc.ts';
import { NAL_PPS, NAL_SPS } from './nal-types.ts';
import { parseH264Pps } from './pps.ts';
import type { H264Pps } from './pps.ts';
import { parseH264Sps } from './sps.ts';
import type { H264Sps } from './sps.ts';

export class H264ParameterSets implements ParameterSets {
  readonly #sps = new ParameterSetStore<H264Sps>(parseH264Sps);
  readonly #pps = new ParameterSetStore<H264Pps>(parseH264Pps);
  #setup: VideoSetup | undefined;
  #changed = false;

  take(nal: Uint8Array): boolean {
    const type = (nal[0] ?? 0) & 31;
    const taken = type === NAL_SPS ? this.#sps.take(nal) : type === NAL_PPS ? this.#pps.take(nal) : 'known';
    if (taken === 'changed') this.#changed = true;
    return taken !== 'junk';
  }

  current(): VideoSetup | undefined {
    if (!this.#changed) return this.#setup;
    this.#changed = false;
    const sps = this.#sps.newest;
    const pps = sps === undefined ? [] : this.#pps.all().filter((set) => set.parsed.spsId === sps.parsed.id);
    if (sps === undefined || pps.length === 0) return this.#setup;
    const identity = identityOf(sps.parsed, pps);
    if (identity !== this.#setup?.parameters.identity) {
      this.#setup = { parameters: parametersOf(identity, sps, pps), reorderDepth: sps.parsed.reorderDepth };
    }
    return this.#setup;
  }

  /** The sets that a slice's `pic_parameter_set_id` leads to. */
  setsOf(ppsId: number): { readonly sps: H264Sps; readonly pps: H264Pps } | undefined {
    const pps = this.#pps.get(ppsId)?.parsed;
    const sps = pps === undefined ? undefined : this.#sps.get(pps.spsId)?.parsed;
    return pps === undefined || sps === undefined ? undefined : { sps, pps };
  }
}

/** The set-up that these NAL units make; undefined if they are not enough. */
export function h264ParametersOf(nals: Iterable<Uint8Array>): MuxableParameters | undefined {
  const sets = new H264ParameterSets();
  for (const nal of nals) sets.take(nal);
  return sets.current()?.parameters;
}

function identityOf(sps: H264Sps, pps: readonly StoredSet<H264Pps>[]): string {
  return `h264/${sps.identity}/${pps.map((set) => set.parsed.identity).join(',')}`;
}

function parametersOf(
  identity: string,
  sps: StoredSet<H264Sps>,
  pps: readonly StoredSet<H264Pps>[],
): MuxableParameters {
  const { width, height, aspect, frameRate, profile, constraints, level } = sps.parsed;
  const shape: VideoShape = { media: 'video', width, height, aspect, frameRate };
  const ppsBytes = pps.map((set) => set.bytes);
  return {
    codec: 'h264',
    identity,
    // From the set itself: SDP's profile-level-id lies (go2rtc#155).
    codecString: `avc1.${[profile, constraints, level].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`,
    sampleEntry: writeVisualEntry('avc1', shape, writeAvcC(sps.parsed, sps.bytes, ppsBytes)),
    parameterSets: [sps.bytes, ...ppsBytes],
    shape,
  };
}
