import * as React from 'react';

/** Whether an element's content is higher than the element: the keyboard must reach it then. */
export function useScrolls<T extends HTMLElement>(): [React.RefObject<T>, boolean] {
  const ref = React.useRef<T>(null);
  const [scrolls, setScrolls] = React.useState(false);
  const measure = React.useCallback((): void => {
    const one = ref.current;
    setScrolls(one !== null && one.scrollHeight > one.clientHeight);
  }, []);
  React.useLayoutEffect(measure);
  React.useEffect(() => {
    if (ref.current === null || typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(measure);
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [measure]);
  return [ref, scrolls];
}
