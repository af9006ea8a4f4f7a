/** One POST to the edge. The typed client does more (streams, uploads, retries of its own) than fits in 15 kB. */

/** `code` is the edge's; `network` or `timeout` before an answer; `invalid_answer` when a proxy answered instead. */
export class CallError extends Error {
  code: string;
  /** 0 when the edge did not answer. */
  status: number;

  constructor(code: string, message: string, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The answer's JSON. Throws CallError. */
export async function post<T>(edge: string, path: string, token: string, body: unknown, timeoutMs: number): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  let status = 0;
  try {
    const response = await fetch(edge + path, { method: 'POST', headers, signal, body: JSON.stringify(body) });
    ({ status } = response);
    const answer = await response.json();
    if (response.ok) return answer;
    throw typeof answer.code === 'string' ? new CallError(answer.code, answer.message, status) : status;
  } catch (error) {
    if (error instanceof CallError) throw error;
    // A captive portal answers in its own way: the edge has said nothing.
    const code = signal.aborted ? 'timeout' : status ? 'invalid_answer' : 'network';
    throw new CallError(code, `${edge} gave no answer (${code})`);
  }
}

/** Asked again, the edge would say the same. */
export const isRefusal = (status: number) => status >= 400 && status < 500 && status !== 429;
