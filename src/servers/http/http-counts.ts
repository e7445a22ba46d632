/** Counts answers by area and class of status, as plain numbers. */
import type { ServerResponse } from 'node:http';
import type { MetricSink } from '../../base/metrics.ts';

export type Area = 'media' | 'api' | 'page';

export class HttpCounts {
  readonly #counts = new Map<string, { readonly area: Area; readonly status: string; count: number }>();

  /** Counts this response once it has ended, or was cut off. */
  watch(response: ServerResponse, area: Area): void {
    response.once('close', () => {
      const status = response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'cut';
      const key = area + status;
      const entry = this.#counts.get(key);
      if (entry === undefined) this.#counts.set(key, { area, status, count: 1 });
      else entry.count++;
    });
  }

  read(sink: MetricSink): void {
    for (const { area, status, count } of this.#counts.values())
      sink.set('weir_http_requests_total', { area, status }, count);
  }
}
