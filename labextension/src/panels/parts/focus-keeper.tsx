import * as React from 'react';

interface Props {
  readonly children: React.ReactNode;
}

/**
 * Keeps the focus inside when what had it goes away: it moves to the nearest part around it.
 *
 * A class, for only that one can look at the document before React changes it.
 */
export class FocusKeeper extends React.Component<Props> {
  /** Put the focus on the first button, unless it is inside already. */
  enter(): void {
    const root = this.root.current;
    if (root && !root.contains(document.activeElement)) {
      (root.querySelector('button') ?? root).focus();
    }
  }

  override getSnapshotBeforeUpdate(): HTMLElement[] {
    const active = document.activeElement;
    const around: HTMLElement[] = [];
    if (active instanceof HTMLElement && this.root.current?.contains(active)) {
      for (let one: HTMLElement | null = active; one; one = one.parentElement) {
        around.push(one);
      }
    }
    return around;
  }

  override componentDidUpdate(_props: Props, _state: unknown, around: HTMLElement[]): void {
    const [active, ...parents] = around;
    if (active && !active.isConnected) {
      parents.find((one) => one.isConnected && 'smKeep' in one.dataset)?.focus();
    }
  }

  override render(): React.ReactElement {
    return (
      <div ref={this.root} className="sm-magics-Keeper" tabIndex={-1} data-sm-keep="">
        {this.props.children}
      </div>
    );
  }

  private readonly root = React.createRef<HTMLDivElement>();
}
