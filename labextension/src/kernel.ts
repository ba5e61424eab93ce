/** Raw messages over a kernel's connection: JupyterLab's comms throw where two share a kernel. */

import { type Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import { type Request, TARGET_NAME } from './messages';

/** What comes back from a message that was sent. */
export interface IFuture {
  /** Rejects when the connection goes before the kernel is done. */
  readonly done: Promise<unknown>;
}

/** What is needed of a `Kernel.IKernelConnection`. */
export interface IKernel {
  readonly id: string;
  readonly clientId: string;
  readonly username: string;
  readonly status: Kernel.Status;
  readonly connectionStatus: Kernel.ConnectionStatus;
  readonly spec: Promise<{ readonly language?: string } | undefined>;
  readonly statusChanged: ISignal<unknown, Kernel.Status>;
  readonly connectionStatusChanged: ISignal<unknown, Kernel.ConnectionStatus>;
  readonly iopubMessage: ISignal<unknown, KernelMessage.IIOPubMessage>;
  sendShellMessage(
    message: KernelMessage.ICommMsgMsg<'shell'>,
    expectReply: boolean,
    disposeOnDone: boolean,
  ): IFuture;
  sendControlMessage(message: KernelMessage.IControlMessage, expectReply: boolean): IFuture;
  requestExecute(
    content: KernelMessage.IExecuteRequestMsg['content'],
    disposeOnDone: boolean,
  ): IFuture;
  interrupt(): Promise<void>;
}

/** Send a request to our comm; what comes back is done when the kernel is idle again. */
export function sendTo(kernel: IKernel, commId: string, request: Request): IFuture {
  const message = KernelMessage.createMessage<KernelMessage.ICommMsgMsg<'shell'>>({
    msgType: 'comm_msg',
    channel: 'shell',
    session: kernel.clientId,
    username: kernel.username,
    content: { comm_id: commId, data: { ...request } as unknown as JSONObject },
  });
  return kernel.sendShellMessage(message, false, true);
}

/** Return the id of the kernel's comm of ours, or null if it has none. */
export async function findComm(kernel: IKernel): Promise<string | null> {
  const request = KernelMessage.createMessage<KernelMessage.ICommInfoRequestMsg>({
    msgType: 'comm_info_request',
    channel: 'shell',
    session: kernel.clientId,
    username: kernel.username,
    content: { target_name: TARGET_NAME },
  });
  // On the shell it would wait until a running cell has ended; the types know it there only.
  const message = { ...request, channel: 'control' } as unknown as KernelMessage.IControlMessage;
  const reply = await kernel.sendControlMessage(message, true).done;
  const comms = part(part(part(reply, 'content'), 'comms'));
  const ours = Object.entries(comms).filter(([, told]) => part(told).target_name === TARGET_NAME);
  return ours.at(-1)?.[0] ?? null;
}

/** Interrupt it; returns why that has failed, else nothing. */
export async function interrupt(kernel: IKernel): Promise<string> {
  try {
    await kernel.interrupt();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether it is Python's; other kernels may not answer on the control channel. */
export async function isPython(kernel: IKernel): Promise<boolean> {
  return (await kernel.spec)?.language?.toLowerCase() === 'python';
}

/** Return what came over a comm, and over which one; null for any other message. */
export function commMessage(
  message: KernelMessage.IIOPubMessage,
): { commId: string; data: unknown } | null {
  if (message.header.msg_type !== 'comm_msg') {
    return null;
  }
  const { comm_id: commId, data } = part(message.content);
  return typeof commId === 'string' ? { commId, data } : null;
}

/** Return a value, or one of its items, as an object whose items can be anything. */
export function part(value: unknown, key?: string): Readonly<Record<string, unknown>> {
  const whole = typeof value === 'object' && value !== null ? value : {};
  return key === undefined ? (whole as Record<string, unknown>) : part(part(whole)[key]);
}
