/** Names that fit: SVG cuts nothing off by itself. */

const canvas = document.createElement("canvas").getContext("2d");

export function widthOf(text: string, font: string): number {
  if (!canvas) {
    return text.length * 8;
  }
  canvas.font = font;
  return canvas.measureText(text).width;
}

/** Cut in the middle, since variants differ at their ends; a sentence (`atEnd`) at its end. */
export function shorten(text: string, width: number, font: string, atEnd = false): string {
  if (widthOf(text, font) <= width) {
    return text;
  }
  let [least, most] = [0, text.length - 1];
  while (least < most) {
    const half = Math.ceil((least + most) / 2);
    if (widthOf(cut(text, half, atEnd), font) <= width) {
      least = half;
    } else {
      most = half - 1;
    }
  }
  return cut(text, least, atEnd);
}

function cut(text: string, left: number, atEnd: boolean): string {
  const head = atEnd ? left : Math.ceil(left / 2);
  return `${text.slice(0, head).trimEnd()}…${left > head ? text.slice(head - left) : ""}`;
}
