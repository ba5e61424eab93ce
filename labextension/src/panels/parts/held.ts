import * as React from 'react';

/**
 * A value that a control shows at once, and that follows the model's when that one changes.
 *
 * The model's changes come to the screen with the next frame: an input that waited for it would
 * lose its cursor.
 */
export function useHeld<T>(
  value: T,
  isSame: (a: T, b: T) => boolean = Object.is,
): [T, (value: T) => void] {
  const [held, setHeld] = React.useState(value);
  const [known, setKnown] = React.useState(value);
  if (!isSame(value, known)) {
    setKnown(value);
    if (!isSame(value, held)) {
      setHeld(value);
      return [value, setHeld];
    }
  }
  return [held, setHeld];
}
