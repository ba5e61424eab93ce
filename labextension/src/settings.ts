import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { type ISignal, Signal } from '@lumino/signaling';

import type { ISidebarModel } from './interfaces';

/** The least severity that the editor shows; `off`: none. */
export type EditorSeverity = 'error' | 'warning' | 'info' | 'off';

/** What a person has set, and whoever wants to know when it changes. */
export class Settings {
  get editorSeverity(): EditorSeverity {
    return this._editorSeverity;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Follow the person's settings; what they set goes to the model. */
  follow(settings: ISettingRegistry.ISettings, model: ISidebarModel): void {
    const read = (): void => {
      const { defaultTarget, liveChecks, editorSeverity } = settings.composite;
      const target = oneOf(defaultTarget, ['', 'any', 'cpu', 'gpu', 'tpu']) ?? '';
      // A target that was picked in the sidebar holds until the setting itself changes.
      if (target !== this._target) {
        this._target = target;
        model.setTarget(target);
      }
      model.setLiveChecks(liveChecks !== false);
      this._editorSeverity = oneOf(editorSeverity, ['error', 'warning', 'info', 'off']) ?? 'info';
      this._changed.emit();
    };
    read();
    settings.changed.connect(read);
  }

  private _editorSeverity: EditorSeverity = 'info';
  private _target = '';
  private readonly _changed = new Signal<this, void>(this);
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}
