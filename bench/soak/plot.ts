import { FIGURES, type Sample } from './memory.js';

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [800, 320, 60, 40, 30];
const MIB = 2 ** 20;
const text = (x: number, y: number, words: string, rest = '') =>
  `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" ${rest}>${words}</text>`;

/** Returns the memory of a run over time as SVG. */
export function plot(samples: readonly Sample[], title: string): string {
  const minutes = Math.max(...samples.map(({ seconds }) => seconds)) / 60;
  const top = Math.ceil(Math.max(...samples.map(({ rss }) => rss)) / MIB / 50) * 50;
  const x = (minute: number) => LEFT + (minute / minutes) * (WIDTH - LEFT - 20);
  const y = (mib: number) => HEIGHT - BOTTOM - (mib / top) * (HEIGHT - BOTTOM - TOP);
  const grid = Array.from({ length: 6 }, (_, step) => (top / 5) * step).map(
    (mib) =>
      `<path d="M${String(LEFT)} ${y(mib).toFixed(1)}H${String(WIDTH - 20)}" stroke="#d0d7de"/>` +
      text(LEFT - 8, y(mib) + 4, `${mib.toFixed(0)} MiB`, 'text-anchor="end"'),
  );
  const marks = Array.from({ length: Math.floor(minutes) + 1 }, (_, minute) =>
    text(x(minute), HEIGHT - BOTTOM + 18, `${String(minute)} min`, 'text-anchor="middle"'),
  );
  const lines = FIGURES.map(({ name, colour, of }, index) => {
    const points = samples.flatMap((sample) => {
      const bytes = of(sample);
      return bytes === undefined
        ? []
        : [`${x(sample.seconds / 60).toFixed(1)},${y(bytes / MIB).toFixed(1)}`];
    });
    const path = `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
    return path + text(LEFT + index * 60, HEIGHT - 6, name, `fill="${colour}"`);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(WIDTH)}" height="${String(HEIGHT)}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(LEFT, 18, title, 'font-size="13"'),
    ...grid,
    ...marks,
    ...lines,
    '</svg>\n',
  ].join('\n');
}
