import { WeirError } from '../../core/errors.ts';
import type { FileHeader } from '../../core/mp4/recording/file-header.ts';
import { parseFileTrailer } from '../../core/mp4/recording/file-trailer.ts';
import type { SampleTable, TableFragment } from '../../core/mp4/recording/parse-sample-table.ts';
import { FileContents } from '../record/file-contents.ts';
import type { StorageFile } from '../storage/storage.ts';

/**
 * What a closed recording holds, by its trailer: one read, where a walk from fragment to fragment takes hundreds. Undefined if the table
 * does not account for every byte between header and trailer: the file is then to be scanned. Throws as StorageFile.read does.
 */
export async function readTrailer(
  file: StorageFile,
  header: FileHeader,
  trailerAt: number,
): Promise<FileContents | undefined> {
  const table = parsedTrailer(await file.read(trailerAt, file.length - trailerAt));
  if (table?.stream !== header.stream || table.baseUtcMs !== header.baseUtcMs) return undefined;
  const contents = emptyContents(header);
  let at = header.length;
  for (const { fragments, ...start } of table.segments) {
    contents.startSegment(start, at);
    for (const fragment of fragments) {
      const end = at + fragment.length;
      if (fragment.offset !== at || end > trailerAt || !holdsItsSamples(fragment)) return undefined;
      const tracks = fragment.runs.map((run) => ({ ...run, tfdtOffset: undefined }));
      contents.addFragment({ start: at, moof: fragment.moof, end, sequence: 0, tracks }, 0);
      at = end;
    }
  }
  contents.endSegment();
  return at === trailerAt ? contents : undefined;
}

export function emptyContents({ stream, baseUtcMs, initHash, parsed }: FileHeader): FileContents {
  return new FileContents({ stream, baseUtcMs, initHash, tracks: parsed.tracks });
}

function parsedTrailer(bytes: Uint8Array): SampleTable | undefined {
  try {
    return parseFileTrailer(bytes);
  } catch (error) {
    if (error instanceof WeirError && error.code === 'mp4-invalid') return undefined;
    throw error;
  }
}

function holdsItsSamples({ offset, length, moof, runs }: TableFragment): boolean {
  const end = offset + length;
  return (
    moof >= offset &&
    runs.every((run) => run.samples.every((sample) => sample.offset > moof && sample.offset + sample.size <= end))
  );
}
