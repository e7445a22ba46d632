/** Times as people read them, in the viewer's own zone: the only place where weir knows local time. */
export function clockText(utcMs: number): string {
  return new Date(utcMs).toLocaleTimeString(undefined, { hour12: false });
}

export function dateText(utcMs: number): string {
  return new Date(utcMs).toLocaleString(undefined, { hour12: false });
}

export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

/** The value of an `<input type="datetime-local" step="1">`. */
export function inputText(utcMs: number): string {
  const local = new Date(utcMs - new Date(utcMs).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

export function fromInputText(text: string): number | undefined {
  const utcMs = new Date(text).getTime();
  return Number.isNaN(utcMs) ? undefined : utcMs;
}
