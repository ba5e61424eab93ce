/** The kernel's paths and those of the file browser, which begin at the server's root. */

function expanded(path: string, home: string): string {
  if (path !== '~' && !path.startsWith('~/') && !path.startsWith('~\\')) {
    return path;
  }
  return home ? home.replace(/[\\/]+$/, '') + path.slice(1) : '';
}

/** With forward slashes, and without a trailing one, `.` or `..`. */
function normal(path: string): string {
  // Only a drive letter or a share says that it is Windows: elsewhere names may hold backslashes.
  const posix = /^([A-Za-z]:|\\\\)/.test(path) ? path.replaceAll('\\', '/') : path;
  const kept: string[] = [];
  for (const part of posix.split('/')) {
    if (part === '..') {
      kept.pop();
    } else if (part !== '' && part !== '.') {
      kept.push(part);
    }
  }
  return (posix.startsWith('/') ? '/' : '') + kept.join('/');
}

function isAbsolute(path: string): boolean {
  return /^([\\/]|[A-Za-z]:[\\/])/.test(path);
}

/**
 * The path as the file browser knows it; null where it lies outside of the server's root.
 *
 * @param path - of the kernel's machine, absolute
 * @param serverRoot - where the file browser's root is; may begin with `~`; empty if not told
 * @param home - the kernel's home directory
 */
export function relativePath(path: string, serverRoot: string, home: string): string | null {
  const absolute = expanded(path, home);
  const base = expanded(serverRoot, home);
  if (!isAbsolute(absolute) || !isAbsolute(base)) {
    return null;
  }
  const found = normal(absolute);
  const root = normal(base);
  // Windows does not tell cases apart.
  const [a, b] = /^[A-Za-z]:/.test(root)
    ? [found.toLowerCase(), root.toLowerCase()]
    : [found, root];
  if (a === b) {
    return '';
  }
  const prefix = b.endsWith('/') ? b : `${b}/`;
  return a.startsWith(prefix) ? found.slice(prefix.length) : null;
}

/** The kernel's path for a path of the file browser; empty if the server doesn't tell its root. */
export function kernelPath(contentsPath: string, serverRoot: string, home: string): string {
  const root = normal(expanded(serverRoot, home));
  const inside = normal(contentsPath).replace(/^\/+/, '');
  if (!root || !isAbsolute(root)) {
    return '';
  }
  return inside ? `${root.replace(/\/$/, '')}/${inside}` : root;
}
