/** Calls at a steady rate for ever, by the clock and not by the number of timer ticks: a late tick is made up for. */
export function everyFrame(framesPerSecond: number, call: () => void): void {
  const start = performance.now();
  let sent = 0;
  const turn = (): void => {
    for (const due = ((performance.now() - start) * framesPerSecond) / 1000; sent < due; sent++) call();
    setTimeout(turn, Math.max(0, start + (sent * 1000) / framesPerSecond - performance.now()));
  };
  turn();
}
