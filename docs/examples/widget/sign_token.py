# A user token, signed on your own server with Python: python sign_token.py PSEUDONYM
import base64, hashlib, hmac, json, os, sys, time

encode = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
now = int(time.time())
head = {"alg": "HS256", "typ": "JWT", "kid": os.environ["PREFLOOP_KID"]}
claims = {"aud": os.environ["PREFLOOP_PROJECT"], "sub": sys.argv[1], "scope": "collect", "iat": now, "exp": now + 900}
signed = ".".join(encode(json.dumps(part).encode()) for part in (head, claims))
signature = hmac.new(os.environ["PREFLOOP_SECRET"].encode(), signed.encode(), hashlib.sha256).digest()
print(f"{signed}.{encode(signature)}")
