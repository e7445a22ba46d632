/** An access unit at its place in UTC, between the feed and the fragmenter. */
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { ClockEpoch } from './track-clock.ts';

export interface TimedUnit {
  readonly unit: AccessUnit;
  /** Track ticks since 1970. */
  readonly dtsTicks: number;
  readonly ptsTicks: number;
  readonly at: ClockEpoch;
}

/** A unit whose duration is known. */
export interface Sample {
  readonly unit: AccessUnit;
  readonly dtsTicks: number;
  readonly ptsTicks: number;
  readonly durationTicks: number;
}
