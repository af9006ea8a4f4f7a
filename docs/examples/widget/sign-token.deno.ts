// A user token, signed on your own server with Deno: deno run --allow-env sign-token.deno.ts PSEUDONYM
const [project, kid, secret] = ['PROJECT', 'KID', 'SECRET'].map((name) => Deno.env.get(`PREFLOOP_${name}`) ?? '');
const utf8 = new TextEncoder();
const encode = (bytes: Uint8Array) => bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
const json = (part: object) => encode(utf8.encode(JSON.stringify(part)));
const iat = Math.floor(Date.now() / 1000);
const claims = { aud: project, sub: Deno.args[0], scope: 'collect', iat, exp: iat + 900 };
const signed = `${json({ alg: 'HS256', typ: 'JWT', kid })}.${json(claims)}`;
const hmac = { name: 'HMAC', hash: 'SHA-256' };
const key = await crypto.subtle.importKey('raw', utf8.encode(secret), hmac, false, ['sign']);
console.log(`${signed}.${encode(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8.encode(signed))))}`);
