/** The parameter sets of an H.265 track, by SDP, sample entry or in-band, and the decoder's set-up that they make. */
import type { MuxableParameters, VideoShape } from '../codec-parameters.ts';
import { ParameterSetStore } from '../nal/parameter-set-store.ts';
import type { StoredSet } from '../nal/parameter-set-store.ts';
import type { ParameterSets, VideoSetup } from '../nal/video-setup.ts';
import { writeVisualEntry } from '../nal/visual-entry.ts';
import { writeHvcC } from './hvcc.ts';
import { NAL_PPS, NAL_SPS, NAL_VPS, nalTypeAt } from './nal-types.ts';
import { parseH265Pps } from './pps.ts';
import type { H265Pps } from './pps.ts';
import { codecStringOf } from './profile-tier-level.ts';
import { parseH265Sps } from './sps.ts';
import type { H265Sps } from './sps.ts';
import { parseH265Vps } from './vps.ts';
import type { H265Vps } from './vps.ts';

export class H265ParameterSets implements ParameterSets {
  readonly #vps = new ParameterSetStore<H265Vps>(parseH265Vps);
  readonly #sps = new ParameterSetStore<H265Sps>(parseH265Sps);
  readonly #pps = new ParameterSetStore<H265Pps>(parseH265Pps);
  #setup: VideoSetup | undefined;
  #changed = false;

  take(nal: Uint8Array): boolean {
    const taken = this.#takeByType(nal);
    if (taken === 'changed') this.#changed = true;
    return taken !== 'junk';
  }

  /** Needs all three kinds: decoders refuse a sequence parameter set whose VPS they do not know. */
  current(): VideoSetup | undefined {
    if (!this.#changed) return this.#setup;
    this.#changed = false;
    const sps = this.#sps.newest;
    const vps = sps === undefined ? undefined : this.#vps.get(sps.parsed.vpsId);
    const pps = sps === undefined ? [] : this.#pps.all().filter((set) => set.parsed.spsId === sps.parsed.id);
    if (sps === undefined || vps === undefined || pps.length === 0) return this.#setup;
    const identity = `h265/${sps.parsed.identity}/${pps.map((set) => set.parsed.identity).join(',')}`;
    if (identity !== this.#setup?.parameters.identity) {
      this.#setup = { parameters: parametersOf(identity, vps.bytes, sps, pps), reorderDepth: sps.parsed.reorderDepth };
    }
    return this.#setup;
  }

  /** The sets that a slice's `slice_pic_parameter_set_id` leads to. */
  setsOf(ppsId: number): { readonly sps: H265Sps; readonly pps: H265Pps } | undefined {
    const pps = this.#pps.get(ppsId)?.parsed;
    const sps = pps === undefined ? undefined : this.#sps.get(pps.spsId)?.parsed;
    return pps === undefined || sps === undefined ? undefined : { sps, pps };
  }

  #takeByType(nal: Uint8Array): 'junk' | 'known' | 'changed' {
    switch (nalTypeAt(nal, 0)) {
      case NAL_VPS:
        return this.#vps.take(nal);
      case NAL_SPS:
        return this.#sps.take(nal);
      case NAL_PPS:
        return this.#pps.take(nal);
      default:
        return 'known';
    }
  }
}

/** The set-up that these NAL units make; undefined if they are not enough. */
export function h265ParametersOf(nals: Iterable<Uint8Array>): MuxableParameters | undefined {
  const sets = new H265ParameterSets();
  for (const nal of nals) sets.take(nal);
  return sets.current()?.parameters;
}

function parametersOf(
  identity: string,
  vps: Uint8Array,
  sps: StoredSet<H265Sps>,
  pps: readonly StoredSet<H265Pps>[],
): MuxableParameters {
  const { width, height, aspect, frameRate, profileTierLevel } = sps.parsed;
  const shape: VideoShape = { media: 'video', width, height, aspect, frameRate };
  const ppsBytes = pps.map((set) => set.bytes);
  const hvcC = writeHvcC(sps.parsed, { vps: [vps], sps: [sps.bytes], pps: ppsBytes });
  return {
    codec: 'h265',
    identity,
    codecString: codecStringOf(profileTierLevel),
    sampleEntry: writeVisualEntry('hvc1', shape, hvcC),
    parameterSets: [vps, sps.bytes, ...ppsBytes],
    shape,
  };
}
