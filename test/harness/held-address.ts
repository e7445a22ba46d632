/** An address for a program that must be told where to listen, or at which nobody does. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { TestContext } from 'node:test';

/** 'host:port'; the port is held at another address of the machine, so that the system gives it to no other program while the test runs. */
export async function heldAddress(context: TestContext): Promise<string> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  context.after(() => holder.close());
  const { port } = holder.address() as AddressInfo;
  return `127.0.0.2:${port}`;
}
