/** The writing thread of one database: takes orders, answers each. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { OpenOrder, WorkerAnswer, WorkerOrder } from './database-protocol.ts';
import { DatabaseWriter } from './database-writer.ts';
import { failureOf } from './write-failure.ts';

if (parentPort !== null) run(parentPort, workerData as OpenOrder);

function run(port: MessagePort, order: OpenOrder): void {
  const answer = (value: WorkerAnswer): void => port.postMessage(value);
  let writer: DatabaseWriter;
  try {
    writer = new DatabaseWriter(order);
  } catch (error) {
    answer({ kind: 'failed', failure: failureOf(error) });
    return;
  }
  port.on('message', (order: WorkerOrder) => {
    switch (order.kind) {
      case 'commit':
        answer({ kind: 'committed', failures: writer.commit(order.requests) });
        return;
      case 'close':
        writer.close();
        answer({ kind: 'closed' });
        port.close();
        return;
      default:
        order satisfies never;
    }
  });
  answer({ kind: 'opened' });
}
