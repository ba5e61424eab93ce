import { UUID } from '@lumino/coreutils';

import type { Leave, Watch } from './messages';

/** Who looks at a kernel, and what is then to be checked. */
interface Look {
  readonly isOn: boolean;
  readonly liveChecks: boolean;
  readonly target: string;
}

const NONE: Look = { isOn: false, liveChecks: false, target: '' };

const TARGETS: readonly Watch['target'][] = ['any', 'cpu', 'gpu', 'tpu'];

/** Knows whether a kernel must be told that somebody looks, or no longer does. */
export class Watching {
  set(isOn: boolean, liveChecks: boolean, target: string): void {
    this._wanted = isOn ? { isOn, liveChecks, target } : NONE;
  }

  /** The kernel knows of nobody, such as a new one. */
  forget(): void {
    this._told = NONE;
  }

  /** The kernel is to be told again that somebody looks. */
  renew(): void {
    if (this._told.isOn) {
      this._told = NONE;
    }
  }

  /** Send what the kernel must be told, if anything; `send` tells whether it could be sent. */
  tell(send: (request: Watch | Leave) => boolean): void {
    const { isOn, liveChecks, target } = this._wanted;
    const told = this._told;
    if (isOn === told.isOn && liveChecks === told.liveChecks && target === told.target) {
      return;
    }
    const id = UUID.uuid4();
    const known = TARGETS.find((one) => one === target) ?? '';
    const request = { kind: 'watch', id, live_checks: liveChecks, target: known } as const;
    if (send(isOn ? request : { kind: 'leave', id })) {
      this._told = this._wanted;
    }
  }

  private _wanted = NONE;
  private _told = NONE;
}
