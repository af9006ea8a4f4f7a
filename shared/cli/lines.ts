/** Lines of a stream of bytes, one at a time, with their place: what makes an import resumable. */

/** A place between two lines: bytes and lines before it. */
export interface Position {
  offset: number;
  line: number;
}

export interface Line {
  /** Counted from 1. */
  number: number;
  /** Without its line end (LF or CRLF) and byte order mark; undefined when it could not be read, with the reason. */
  text: string | undefined;
  problem?: 'invalidUtf8' | 'lineTooLong';
  /** The place after this line. */
  end: Position;
}

const newline = 0x0a;

function decode(decoder: TextDecoder, bytes: Uint8Array): Pick<Line, 'text' | 'problem'> {
  try {
    return { text: decoder.decode(bytes).replace(/\r$/, '') };
  } catch {
    return { text: undefined, problem: 'invalidUtf8' };
  }
}

/**
 * Reads lines from where `start` stands; `chunks` begins there. Of a line longer than `maxBytes` only the length is
 * kept, so memory stays bounded whatever the file holds.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  start: Position = { offset: 0, line: 0 },
  maxBytes = 32 * 2 ** 20,
): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let pieces: Uint8Array[] = [];
  let length = 0;
  let { offset, line } = start;

  function keep(piece: Uint8Array): void {
    length += piece.length;
    if (length <= maxBytes) pieces.push(piece);
    else pieces = [];
  }

  function finish(ending: number): Line {
    const [only] = pieces;
    const whole = pieces.length === 1 && only ? only : Buffer.concat(pieces);
    const content = length > maxBytes ? ({ text: undefined, problem: 'lineTooLong' } as const) : decode(decoder, whole);
    offset += length + ending;
    line += 1;
    [pieces, length] = [[], 0];
    return { number: line, ...content, end: { offset, line } };
  }

  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      keep(chunk.subarray(from, at));
      yield finish(1);
      from = at + 1;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  }
  if (length > 0) yield finish(0);
}
