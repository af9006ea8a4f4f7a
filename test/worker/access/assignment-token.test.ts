import { describe, expect, it } from 'vitest';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { signAssignment, verifyAssignment } from '../../../worker/access/assignment-token.ts';
import { mintUserToken } from '../../../worker/access/user-token.ts';

const project = {
  ...{ id: 'ours', name: 'Ours', allowedOrigins: [], requireAssignment: true, createdAt: 0 },
  secret: 'a-secret-of-32-bytes-in-base64url',
};
const comparison = uuidv7();
const expiresAt = 1_000_000;
const deal = { comparison, order: [uuidv7(), uuidv7()], adapters: [null, 'a'.repeat(64)], nonce: 'nonce', expiresAt };
const verify = (token: string, now = 0, from = project, of = comparison) => verifyAssignment(from, of, token, now);

describe('an assignment token', () => {
  it('proves the deal that was signed', async () => {
    expect(await verify(await signAssignment(project, deal))).toEqual({ project: 'ours', ...deal });
  });

  it('is the same whenever it is signed', async () => {
    expect(await signAssignment(project, deal)).toBe(await signAssignment(project, deal));
  });

  it('of eight candidates fits into a vote', async () => {
    const order = Array.from({ length: 8 }, () => uuidv7());
    const token = await signAssignment(project, { ...deal, order, adapters: Array(8).fill('a'.repeat(64)) });
    expect(token.length).toBeLessThan(4096);
  });

  it('ends when its time has come', async () => {
    const token = await signAssignment(project, deal);
    await expect(verify(token, expiresAt - 1)).resolves.toBeDefined();
    await expect(verify(token, expiresAt)).rejects.toMatchObject({ code: 'assignment_expired' });
  });

  it('is refused for another comparison, another project, another secret', async () => {
    const token = await signAssignment(project, deal);
    for (const work of [
      () => verify(token, 0, project, uuidv7()),
      () => verify(token, 0, { ...project, id: 'theirs' }),
      () => verify(token, 0, { ...project, secret: 'another-secret-of-32-bytes' }),
    ]) {
      await expect(work()).rejects.toMatchObject({ code: 'assignment_invalid' });
    }
  });

  it('is refused with any bit changed', async () => {
    const token = await signAssignment(project, deal);
    let tried = 0;
    for (let at = 0; at < token.length; at++) {
      for (const bit of [1, 2, 4]) {
        const letter = String.fromCharCode(token.charCodeAt(at) ^ bit);
        const changed = token.slice(0, at) + letter + token.slice(at + 1);
        // The last letter of 32 bytes in base64url has two bits that mean nothing.
        if (at === token.length - 1 && sameBytes(letter, token.at(-1) ?? '')) continue;
        await expect(verify(changed), `letter ${at}`).rejects.toMatchObject({ code: 'assignment_invalid' });
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(500);
  });

  it.each(['', 'a1..', 'a1.e30.', 'hello', `a1.${'A'.repeat(7000)}.${'A'.repeat(43)}`])(
    'is refused when it is %j',
    async (token) => {
      await expect(verify(token)).rejects.toMatchObject({ code: 'assignment_invalid' });
    },
  );

  it('is not a user token, nor the other way round', async () => {
    const { token } = await mintUserToken(project, { user: 'anna', scopes: ['collect'], expiresInSeconds: 60 }, 0);
    await expect(verify(token)).rejects.toMatchObject({ code: 'assignment_invalid' });
    const [, payload, signature] = token.split('.');
    await expect(verify(`a1.${payload}.${signature}`)).rejects.toMatchObject({ code: 'assignment_invalid' });
  });
});

function sameBytes(a: string, b: string): boolean {
  const decode = (letter: string) => {
    try {
      return atob(`A${letter}==`);
    } catch {
      return null;
    }
  };
  return decode(a.replace('-', '+').replace('_', '/')) === decode(b.replace('-', '+').replace('_', '/'));
}
