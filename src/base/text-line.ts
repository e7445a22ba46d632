/**
 * A JSON log line as people read it:
 *
 *     10:00:01.250 WARN  the source did not answer in time  stream=lobby code=source-timeout
 */
export function textLine(json: string): string {
  const { time, level, msg, ...fields } = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const pairs = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? plain(value) : JSON.stringify(value)}`,
  );
  const line = `${clock} ${String(level).toUpperCase().padEnd(5)} ${String(msg)}`;
  return `${pairs.length === 0 ? line : `${line}  ${pairs.join(' ')}`}\n`;
}

function plain(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
