/** `weir probe URL`: says what a camera or server offers and sends. */
import { existsSync } from 'node:fs';
import { SystemClock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { WeirError } from '../../core/errors.ts';
import type { ProbeCommand } from '../command-line.ts';
import { StopSignal, type ExitCode } from '../outcome.ts';
import { Bundle } from './bundle.ts';
import { probe } from './probe.ts';
import { reportText } from './report-text.ts';

/** Throws what the source ended with, after its report is printed; `file-*` of the bundle. */
export async function runProbe(command: ProbeCommand, log: Log): Promise<ExitCode> {
  const { url, transport, fingerprint, forMs: lookMs } = command;
  if (command.bundle !== undefined && existsSync(command.bundle))
    throw new WeirError('file-exists', 'There is a file of that name', { place: command.bundle });
  using stop = new StopSignal();
  const clock = new SystemClock();
  const bundle = new Bundle(url, transport, clock.utcMs());
  const { signal } = stop;
  const options = { url, transport, fingerprint, clock, log, lookMs, witness: bundle, signal };
  const { report, formats, error } = await probe(options);
  if (command.bundle !== undefined) bundle.save(command.bundle, report);
  if (command.json) console.log(JSON.stringify(report, undefined, 2));
  else if (report.describedMs !== null || report.server !== null) console.log(reportText(report, formats));
  if (command.bundle !== undefined && !command.json)
    console.log(`\nThe bundle is in ${command.bundle}: it holds no secrets.`);
  if (error !== undefined) throw error;
  return 0;
}
