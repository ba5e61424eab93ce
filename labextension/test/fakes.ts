import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { PromiseDelegate, UUID } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import messages from '../../tests/wire/messages.json';
import { Client } from '../src/client';
import type { IFuture, IKernel } from '../src/kernel';
import type { Request, Welcome } from '../src/messages';

/** English as it is written, with its arguments. */
export const trans = {
  __: (text: string, ...values: unknown[]) =>
    text.replace(/%(\d)/g, (_, n: string) => String(values[Number(n) - 1])),
  _n: (one: string, many: string, n: number) => (n === 1 ? one : many).replace('%1', String(n)),
} as TranslationBundle;

/** One message of each kind, which the kernel's tests read too. */
export const said = messages.said as { kind: string; [key: string]: unknown }[];

export function fixture(kind: string): { kind: string; [key: string]: unknown } {
  const found = said.find((message) => message.kind === kind);
  if (found === undefined) {
    throw new Error(`no message of kind ${kind}`);
  }
  return structuredClone(found);
}

export function welcome(id: string, changes: Partial<Welcome> = {}): object {
  return { ...fixture('welcome'), id, ...changes };
}

/** Let everything run that waits for nothing but its turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** A connection to a kernel, of which a test plays the part. */
export class FakeKernel implements IKernel {
  readonly clientId = UUID.uuid4();
  readonly username = '';
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly connectionStatusChanged = new Signal<this, Kernel.ConnectionStatus>(this);
  readonly iopubMessage = new Signal<this, KernelMessage.IIOPubMessage>(this);
  status: Kernel.Status = 'idle';
  connectionStatus: Kernel.ConnectionStatus = 'connected';
  spec: Promise<{ language?: string } | undefined> = Promise.resolve({ language: 'python' });
  session = 'session 1';
  /** The comms that the kernel has, by id. */
  comms: Record<string, { target_name: string }> = {};
  /** Whether it answers on the control channel. */
  isMute = false;
  interrupts = 0;
  interruptError: Error | null = null;
  readonly controls: KernelMessage.IControlMessage[] = [];
  readonly requests: Request[] = [];
  readonly addressed: string[] = [];
  readonly executed: { code: string; future: PromiseDelegate<unknown> }[] = [];
  readonly futures: PromiseDelegate<unknown>[] = [];

  constructor(readonly id: string = 'kernel 1') {}

  sendShellMessage(message: KernelMessage.ICommMsgMsg<'shell'>): IFuture {
    if (this.status === 'dead') {
      throw new Error('Kernel is dead');
    }
    this.requests.push(message.content.data as unknown as Request);
    this.addressed.push(message.content.comm_id);
    return this.future();
  }

  sendControlMessage(message: KernelMessage.IControlMessage): IFuture {
    this.controls.push(message);
    const comms = { ...this.comms };
    const reply = { content: { status: 'ok', comms } };
    return { done: this.isMute ? new Promise(() => {}) : Promise.resolve(reply) };
  }

  requestExecute({ code }: { code: string }): IFuture {
    const future = new PromiseDelegate<unknown>();
    this.executed.push({ code, future });
    return { done: future.promise };
  }

  interrupt(): Promise<void> {
    this.interrupts += 1;
    return this.interruptError === null ? Promise.resolve() : Promise.reject(this.interruptError);
  }

  /** Forget what was sent, and return it. */
  take(): Request[] {
    return this.requests.splice(0);
  }

  /** The id of the last request of a kind. */
  idOf(kind: Request['kind']): string {
    return this.requests.filter((request) => request.kind === kind).at(-1)?.id ?? 'none';
  }

  say(data: unknown, commId = 'comm 1'): void {
    this.publish('comm_msg', { comm_id: commId, data });
  }

  publish(type: string, content: unknown): void {
    const header = { msg_type: type, session: this.session };
    const message = { channel: 'iopub', header, content } as unknown;
    this.iopubMessage.emit(message as KernelMessage.IIOPubMessage);
  }

  become(status: Kernel.Status): void {
    this.status = status;
    this.statusChanged.emit(status);
    const isServers = status === 'autorestarting' || status === 'dead';
    this.publish(isServers ? 'stream' : 'status', { execution_state: status });
  }

  connect(status: Kernel.ConnectionStatus): void {
    this.connectionStatus = status;
    if (status !== 'connected') {
      this.status = 'unknown';
      this.statusChanged.emit('unknown');
    }
    this.connectionStatusChanged.emit(status);
  }

  private future(): IFuture {
    const future = new PromiseDelegate<unknown>();
    this.futures.push(future);
    return { done: future.promise };
  }
}

/** A kernel that has loaded sm_magics. */
export function loadedKernel(id?: string): FakeKernel {
  const kernel = new FakeKernel(id);
  kernel.comms = {
    widget: { target_name: 'jupyter.widget' },
    'comm 1': { target_name: 'sm_magics' },
    other: { target_name: 'jupyter.widget' },
  };
  return kernel;
}

/** A client that was welcomed, and how often it has told of changes since. */
export async function connected(kernel = loadedKernel()): Promise<{
  kernel: FakeKernel;
  client: Client;
  count: () => number;
}> {
  const client = new Client(kernel, trans);
  await greet(kernel);
  kernel.say(fixture('change'));
  kernel.take();
  let emitted = 0;
  client.changed.connect(() => {
    emitted += 1;
  });
  return { kernel, client, count: () => emitted };
}

/** Welcome whoever has said hello. */
export async function greet(kernel: FakeKernel): Promise<void> {
  await settle();
  kernel.say(welcome(kernel.idOf('hello')));
}

/** Copies of a value, each with one thing in it left out or replaced by what is wrong anywhere. */
export function* broken(value: unknown): Generator<{ path: string; value: unknown }> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const inner of broken(item)) {
        const path = `[${index}]${inner.path}`;
        yield { path, value: Object.assign([...value], { [index]: inner.value }) };
      }
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const { [key]: _, ...rest } = value as Record<string, unknown>;
      yield { path: `.${key} left out`, value: rest };
      for (const inner of broken(item)) {
        yield { path: `.${key}${inner.path}`, value: { ...value, [key]: inner.value } };
      }
    }
  }
  yield { path: ' is an object', value: { nothing: [[[]]] } };
  yield { path: ' is a list', value: [[[]]] };
}
