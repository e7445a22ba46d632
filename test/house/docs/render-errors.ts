import { ERRORS } from '../../../src/core/errors.ts';
import { GENERATED, code, table } from './markdown.ts';

export function renderErrors(): string {
  const rows = Object.entries(ERRORS).map(([name, row]) => [
    code(name),
    row.title,
    row.remedy,
    String(row.http),
    String(row.rtsp),
    row.retry ? 'yes' : '',
  ]);
  return `${GENERATED}

# Errors

Everything that can go wrong outside the program itself has a code. It stands in the log (\`code\`), in a stream's \`status.error\`, in
the problem documents that HTTP answers (RFC 9457), and in the \`X-Weir-Error\` header of RTSP answers (see [rtsp.md](rtsp.md)). "Again" says
whether the same attempt may succeed later without anyone changing anything.

${table(['code', 'what it is', 'what to do', 'HTTP', 'RTSP', 'again'], rows)}

A problem document:

\`\`\`json
{
  "type": "urn:weir:error:stream-offline",
  "title": "The stream is not live",
  "status": 503,
  "detail": "lobby is not live",
  "code": "stream-offline",
  "remedy": "See status.error of the stream for the reason; it comes back by itself."
}
\`\`\`
`;
}
