/** NTP timestamps of sender reports (RFC 3550 §4): seconds since 1900 and a fraction in 2^-32 s, to and from UTC milliseconds. */
const SECONDS_1900_TO_1970 = 2208988800;
const ERA_SECONDS = 2 ** 32;

/** UTC milliseconds with a fraction. Seconds below 2^31 mean the era from 2036 on (RFC 4330 §3). */
export function utcMsFromNtp(seconds: number, fraction: number): number {
  const era = seconds < 2 ** 31 ? ERA_SECONDS : 0;
  return (era + seconds - SECONDS_1900_TO_1970) * 1000 + (fraction * 1000) / ERA_SECONDS;
}

export function ntpFromUtcMs(utcMs: number): { readonly seconds: number; readonly fraction: number } {
  const whole = Math.floor(utcMs / 1000);
  const fraction = Math.min(ERA_SECONDS - 1, Math.floor(((utcMs - whole * 1000) * ERA_SECONDS) / 1000));
  return { seconds: (whole + SECONDS_1900_TO_1970) % ERA_SECONDS, fraction };
}

/** The middle 32 bits, as reports quote them (LSR). */
export function compactNtp(seconds: number, fraction: number): number {
  return (seconds % 65536) * 65536 + Math.floor(fraction / 65536);
}
