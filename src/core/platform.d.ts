/**
 * What core may use beyond the language itself: only what Node, browsers and workers all have, and what does no I/O.
 * The compiler sees neither Node's nor the browser's types in this folder, so anything else is an error here.
 */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}
declare function atob(base64: string): string;
declare function btoa(binary: string): string;
