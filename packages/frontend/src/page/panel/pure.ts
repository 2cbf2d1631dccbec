import { Component, type ComponentType, h } from 'preact'

/** The component, drawn again only where one of its properties is another value than before. */
export const pure = <Props extends object>(Drawn: ComponentType<Props>): ComponentType<Props> =>
  class extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      return Object.keys(next).some((key) => next[key as keyof Props] !== this.props[key as keyof Props])
    }
    render(props: Props) {
      return h(Drawn, props)
    }
  }

/** `next`, with every part that is as it was before in the very object it was: what shows it is not drawn again. */
export const shared = <Part>(before: unknown, next: Part): Part => {
  if (!isObject(before) || !isObject(next)) return next
  const parts = Object.entries(next).map(([key, part]) => [key, shared(before[key], part)] as const)
  const isSame = parts.every(([key, part]) => part === before[key])
  if (isSame && Object.keys(before).length === parts.length) return before as Part
  return (Array.isArray(next) ? parts.map(([, part]) => part) : Object.fromEntries(parts)) as Part
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
