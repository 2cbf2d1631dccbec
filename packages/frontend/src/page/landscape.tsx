/**
 * The poster behind the title: mountains, a viaduct, a train. Its colours are tokens, so night falls with the theme. The
 * drawing comes with the document, in a template (`vite.config.ts`): as JavaScript it would be a twentieth of the page's.
 */
export const Landscape = () => <div ref={drawIn} />

const drawIn = (place: HTMLElement | null): void => {
  const drawing = document.querySelector<HTMLTemplateElement>('#landscape')
  if (drawing) place?.append(drawing.content.cloneNode(true))
}
