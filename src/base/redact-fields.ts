/** Log fields as they may be written: secrets out, errors as plain values, depth and length bounded. */
import { WeirError } from '../core/errors.ts';
import type { LogFields } from './log.ts';
import { REDACTED, isSecretName, redactText } from './redact.ts';

const MAX_DEPTH = 4;
const MAX_ITEMS = 50;
const MAX_TEXT = 4096;

export function redactFields(fields: LogFields): Record<string, unknown> {
  return redactMap(fields, 0);
}

function redactMap(map: object, depth: number): Record<string, unknown> {
  const redacted: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(map).slice(0, MAX_ITEMS)) {
    redacted[name] = isSecretName(name) && typeof value === 'string' ? REDACTED : redactValue(value, depth);
  }
  return redacted;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof URL) return redactText(value.href);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (value instanceof Date) return value;
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, MAX_ITEMS).map((item) => redactValue(item, depth + 1));
  return redactMap(value instanceof Map ? Object.fromEntries(value) : value, depth + 1);
}

/** The stack only where the program itself is at fault: an error with a code says where and what by itself. */
function redactError(error: Error, depth: number): unknown {
  const cause = error.cause === undefined || depth >= MAX_DEPTH ? {} : { cause: redactValue(error.cause, depth + 1) };
  if (error instanceof WeirError) return { code: error.code, message: redactText(error.describe()), ...cause };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  return { ...code, message: redactText(error.message), stack: redactText(error.stack ?? ''), ...cause };
}
