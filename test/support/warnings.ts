// Warnings that this process emits, heard until they are disposed of.

export function hearWarnings(): Disposable & { readonly texts: readonly string[] } {
  const texts: string[] = [];
  const listen = ({ message }: Error) => void texts.push(message);
  process.on("warning", listen);
  return { texts, [Symbol.dispose]: () => void process.off("warning", listen) };
}
