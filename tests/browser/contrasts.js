notebook => {
  // Every visible piece of text in the cards of a notebook, with its contrast to its ground.
  // The browser itself mixes the colours, on a canvas.
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const paint = (colour, opacity) => {
    context.globalAlpha = opacity;
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = rgb => {
    const [r, g, b] = rgb.map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const look = (element, text) => {
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.unshift(getComputedStyle(at));
    paint('white', 1);
    for (const style of chain) {
      paint(style.backgroundColor, 1);
      // A bar behind a number lies behind some of it.
      const bar = /(?:rgba?|color|oklab|oklch|lab|lch)\([^()]*\)/.exec(style.backgroundImage);
      if (bar) paint(bar[0], 1);
    }
    const ground = paint('transparent', 1);
    const opacity = chain.reduce((product, style) => product * style.opacity, 1);
    const ink = paint(chain.at(-1).color, opacity);
    const [dark, light] = [luminance(ground), luminance(ink)].sort((a, b) => a - b);
    const classes = [];
    for (let at = element; !at.classList.contains('sm-magics'); at = at.parentElement) {
      classes.push(...at.classList);
    }
    return { text, classes, ink, ground, ratio: (light + 0.05) / (dark + 0.05) };
  };
  const found = [];
  for (const card of notebook.querySelectorAll('.jp-OutputArea-output .sm-magics')) {
    card.querySelectorAll('details').forEach(fold => { fold.open = true; });
    const walker = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.data.trim();
      if (text && node.parentElement.checkVisibility()) found.push(look(node.parentElement, text));
    }
  }
  return found;
}
