import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';

import { heard } from './guard';
import { commMessage, findComm, type IKernel, isPython, sendTo } from './kernel';
import { type Request, type Said, VERSION, type Welcome } from './messages';

/** `asking`: whether it has a comm. `greeting`: it has, and has not answered hello yet. */
export type Stage =
  | 'asking'
  | 'foreign'
  | 'not-loaded'
  | 'greeting'
  | 'ready'
  | 'outdated'
  | 'dead';

/** Why nothing more comes from a comm. */
export type Loss = 'ended' | 'restarted' | 'unloaded';

/** Who is told what a link hears. */
export interface IListener {
  /** Hello is sent, again perhaps: what was sent before is answered before. */
  onHello(): void;
  onWelcome(welcome: Welcome): void;
  /** Hello was refused, though not for its version. */
  onRefusal(text: string): void;
  onHeard(message: Said): void;
  onLost(loss: Loss): void;
  /** All of one event was told. */
  onSettled(): void;
}

/**
 * Finds the kernel's comm and keeps hold of it.
 *
 * The kernel registers one comm without opening it, since an opened one is closed for everybody by
 * any front end that doesn't know it. We ask for it when that may have changed: no polling.
 */
export class Link {
  constructor(kernel: IKernel, listener: IListener) {
    this._kernel = kernel;
    this._listener = listener;
    this._connect();
  }

  get kernel(): IKernel {
    return this._kernel;
  }

  get stage(): Stage {
    return this._stage;
  }

  get isOnline(): boolean {
    return this._kernel.connectionStatus === 'connected' && this._kernel.status !== 'dead';
  }

  /** Go on with another connection to the same kernel. */
  use(kernel: IKernel): void {
    if (kernel !== this._kernel) {
      this._disconnect();
      this._kernel = kernel;
      this._connect();
    }
  }

  /** Send a request; false if there is nobody to send it to. It may wait behind hello. */
  send(request: Request): boolean {
    const isOpen = this._stage === 'ready' || this._stage === 'greeting';
    if (this._comm === null || !isOpen || !this.isOnline) {
      return false;
    }
    return this._deliver(this._comm, request, () => {});
  }

  /** Ask the kernel for its comm, and greet it. */
  async discover(): Promise<void> {
    this._turn += 1;
    const turn = this._turn;
    const kernel = this._kernel;
    let comm: string | null = null;
    let isForeign = false;
    try {
      isForeign = !(await isPython(kernel));
      comm = isForeign || turn !== this._turn ? null : await findComm(kernel);
    } catch {
      return; // the connection went; it is asked again with the next one
    }
    if (turn !== this._turn) {
      return; // late: something has happened to the kernel since
    }
    if (comm !== null) {
      this._greet(comm);
    } else {
      this._lose('unloaded', isForeign ? 'foreign' : 'not-loaded');
    }
    this._listener.onSettled();
  }

  dispose(): void {
    this._turn += 1;
    this._comm = null;
    this._hello = null;
    this._disconnect();
  }

  private _connect(): void {
    this._kernel.statusChanged.connect(this._onStatus);
    this._kernel.connectionStatusChanged.connect(this._onConnection);
    this._kernel.iopubMessage.connect(this._onIOPub);
    this._hello = null;
    // Otherwise the message would wait in JupyterLab for 3 s if the kernel is busy.
    if (this.isOnline) {
      void this.discover();
    }
  }

  private _disconnect(): void {
    this._kernel.statusChanged.disconnect(this._onStatus);
    this._kernel.connectionStatusChanged.disconnect(this._onConnection);
    this._kernel.iopubMessage.disconnect(this._onIOPub);
  }

  private _deliver(comm: string, request: Request, onDone: () => void): boolean {
    try {
      // The future goes with the connection; what that means is told by the signals.
      sendTo(this._kernel, comm, request).done.then(onDone, () => {});
      return true;
    } catch {
      return false; // JupyterLab throws if the kernel is dead
    }
  }

  private _greet(comm: string): void {
    this._turn += 1;
    if (comm === this._comm && this._hello !== null) {
      return; // found twice, such as announced and asked for
    }
    if (comm !== this._comm) {
      this._lose('unloaded', 'greeting');
    }
    const id = UUID.uuid4();
    this._comm = comm;
    this._hello = id;
    this._stage = 'greeting';
    this._listener.onHello();
    this._deliver(comm, { kind: 'hello', id, version: VERSION }, () => this._onUnanswered(id));
  }

  /** The kernel is done with hello: whatever it says to it was heard before. */
  private _onUnanswered(hello: string): void {
    if (hello === this._hello) {
      this._lose('unloaded', 'not-loaded');
      this._listener.onSettled();
    }
  }

  private _lose(loss: Loss, stage: Stage): void {
    this._turn += 1;
    this._stage = stage;
    this._hello = null;
    if (this._comm !== null) {
      this._comm = null;
      this._listener.onLost(loss);
    }
  }

  private _hear(message: Said): void {
    if ('id' in message && message.id === this._hello) {
      this._hearGreeting(message);
    } else if (message.kind === 'bye') {
      this._lose('unloaded', 'not-loaded');
      void this.discover();
    } else if (this._stage !== 'outdated') {
      this._listener.onHeard(message);
    }
  }

  private _hearGreeting(message: Said): void {
    this._hello = null;
    if (message.kind === 'welcome' && message.version === VERSION) {
      this._stage = 'ready';
      this._listener.onWelcome(message);
    } else if (message.kind === 'failed' && !['malformed', 'version'].includes(message.reason)) {
      this._lose('unloaded', 'not-loaded');
      this._listener.onRefusal(message.text);
    } else {
      const comm = this._comm;
      this._lose('unloaded', 'outdated');
      this._comm = comm; // for its bye
    }
  }

  private readonly _onStatus = (_: unknown, status: Kernel.Status): void => {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this._session = null;
      this._lose('ended', 'dead');
    } else if (status === 'idle' && (this._stage === 'dead' || this._stage === 'asking')) {
      // What was asked while it restarted is lost: nobody answers it any more.
      this._stage = 'asking';
      void this.discover();
    }
    this._listener.onSettled();
  };

  private readonly _onConnection = (_: unknown, status: Kernel.ConnectionStatus): void => {
    this._turn += 1;
    this._hello = null; // it, or its answer, may be lost
    if (status === 'connected') {
      if (this._stage === 'dead' && this._kernel.status !== 'dead') {
        this._stage = 'asking';
      }
      void this.discover();
    }
    this._listener.onSettled();
  };

  private readonly _onIOPub = (_: unknown, message: KernelMessage.IIOPubMessage): void => {
    this._compareSession(message.header.session);
    const comm = commMessage(message);
    const said = comm === null ? null : heard(comm.data);
    if (comm !== null && said?.kind === 'announce') {
      this._greet(comm.commId);
    } else if (comm !== null && comm.commId === this._comm && said !== null) {
      this._hear(said);
    }
    this._listener.onSettled();
  };

  /** Only the front end that restarts a kernel is told; the others see another session. */
  private _compareSession(session: string): void {
    const hasChanged = this._session !== null && this._session !== session;
    this._session = session;
    if (hasChanged) {
      this._lose('restarted', 'asking');
      void this.discover();
    }
  }

  private _kernel: IKernel;
  private readonly _listener: IListener;
  private _stage: Stage = 'asking';
  private _comm: string | null = null;
  private _hello: string | null = null;
  private _session: string | null = null;
  private _turn = 0;
}
