// A user token, signed on your own server with Node: node sign-token.mjs PSEUDONYM
import { createHmac } from 'node:crypto';

const { PREFLOOP_PROJECT, PREFLOOP_KID, PREFLOOP_SECRET } = process.env;
const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const iat = Math.floor(Date.now() / 1000);
const claims = { aud: PREFLOOP_PROJECT, sub: process.argv[2], scope: 'collect', iat, exp: iat + 900 };
const signed = `${encode({ alg: 'HS256', typ: 'JWT', kid: PREFLOOP_KID })}.${encode(claims)}`;
const signature = createHmac('sha256', PREFLOOP_SECRET).update(signed).digest('base64url');
console.log(`${signed}.${signature}`);
