import { ERRORS, WeirError } from '../../core/errors.ts';

/** What the file system said, as an error of the catalogue: `storage-full` or `storage-failed`, with its cause. */
export function storageError(error: unknown, place: string): WeirError {
  if (error instanceof WeirError) return error;
  const errno = errnoOf(error);
  const full = errno === 'ENOSPC' || errno === 'EDQUOT';
  const said = error instanceof Error ? error.message : String(error);
  const code = full ? 'storage-full' : 'storage-failed';
  return new WeirError(code, `${ERRORS[code].title.toLowerCase()}: ${said}`, { place, cause: error });
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
