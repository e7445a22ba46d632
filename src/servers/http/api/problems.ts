import { ProblemReport } from './schemas.ts';

type Problems<Status extends number> = Readonly<
  Record<Status, { description: string; content: { 'application/problem+json': { schema: typeof ProblemReport } } }>
>;

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'A user name and password are needed',
  403: 'The user may not',
  404: 'There is no such stream, or no such session',
  421: 'The host name is not answered to: http.hosts lists those that are',
  429: 'Too many wrong passwords',
  503: 'Not now',
};

/** The `response` entries of a route's schema for these statuses: problem documents all. */
export function problems<const Status extends number>(...statuses: readonly Status[]): Problems<Status> {
  const entries = statuses.map((status) => [
    status,
    {
      description: DESCRIPTIONS[status] ?? 'An error',
      content: { 'application/problem+json': { schema: ProblemReport } },
    },
  ]);
  return Object.fromEntries(entries) as Problems<Status>;
}
