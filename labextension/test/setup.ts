// What JupyterLab's packages ask of a browser and jsdom doesn't have.

class StubDragEvent extends MouseEvent {
  readonly dataTransfer = null;
}

class StubResizeObserver implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

function matchNothing(query: string): MediaQueryList {
  return Object.assign(new EventTarget(), {
    matches: false,
    media: query,
    onchange: null,
    addListener: () => {},
    removeListener: () => {},
  });
}

globalThis.DragEvent ??= StubDragEvent;
globalThis.ResizeObserver ??= StubResizeObserver;
globalThis.matchMedia ??= matchNothing;
Element.prototype.scrollIntoView ??= () => {};

// axe-core measures icon fonts on a canvas; jsdom complains loudly before it says that it has none.
HTMLCanvasElement.prototype.getContext = () => null;
