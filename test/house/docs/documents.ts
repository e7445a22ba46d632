/** The pages that are generated from the code: `node test/house/docs/documents.ts` writes them, docs.test.ts compares them. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderCompatibility } from './render-compatibility.ts';
import { renderConfiguration } from './render-configuration.ts';
import { renderErrors } from './render-errors.ts';
import { renderExample } from './render-example.ts';
import { renderMetrics } from './render-metrics.ts';
import { renderUrls } from './render-urls.ts';

export const CHECKOUT = path.resolve(import.meta.dirname, '../../..');

export const DOCUMENTS: Readonly<Record<string, () => string>> = {
  'docs/compatibility.md': renderCompatibility,
  'docs/configuration.md': renderConfiguration,
  'docs/errors.md': renderErrors,
  'docs/metrics.md': renderMetrics,
  'docs/urls.md': renderUrls,
  'weir.example.yml': renderExample,
};

if (import.meta.main) {
  for (const [file, render] of Object.entries(DOCUMENTS)) writeFileSync(path.join(CHECKOUT, file), render());
}
