"""What gives temporary logins at Amazon, on loopback: roles (STS), single sign-on, containers, machines.

Each login that it gives has a number of its own. botocore is told where it is by its own variables.
"""

import json
import time

from support.scripted import Answer, Handler, Scripted, Seen

MACHINE = "/latest/meta-data/iam/security-credentials/"
_STS = """<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result><Credentials>
<AccessKeyId>{AccessKeyId}</AccessKeyId><SecretAccessKey>{SecretAccessKey}</SecretAccessKey>
<SessionToken>{Token}</SessionToken><Expiration>{Expiration}</Expiration>
</Credentials></{0}Result></{0}Response>"""


class _Handler(Handler):
    scripted: "FakeAWS"

    def proper(self, seen: Seen) -> Answer:
        if seen.path == "/latest/api/token":
            return 200, {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, b"token"
        if seen.path == MACHINE:
            return 200, {}, b"role"
        login = self.scripted.next_login()
        if seen.method == "POST":
            action = "AssumeRoleWithWebIdentity" if b"WebIdentity" in seen.body else "AssumeRole"
            return 200, {"Content-Type": "text/xml"}, _STS.format(action, **login).encode()
        if seen.path == "/federation/credentials":
            names = {"AccessKeyId": "accessKeyId", "SecretAccessKey": "secretAccessKey", "Token": "sessionToken"}
            role = {name: login[theirs] for theirs, name in names.items()}
            expires = (time.time() + self.scripted.lives[self.scripted.given - 1]) * 1000
            return 200, {}, json.dumps({"roleCredentials": {**role, "expiration": int(expires)}}).encode()
        return 200, {"Content-Type": "application/json"}, json.dumps(login).encode()


class FakeAWS(Scripted):
    """Gives the login `KEY<n>` with the secret `hunter2-<n>` at the n-th time."""

    handler = _Handler

    def __init__(self) -> None:
        super().__init__()
        self.given = 0
        self.lives = [3600.0] * 8
        """Seconds that each login is good for."""

    def next_login(self) -> dict[str, str]:
        """It holds the server's lock."""
        ends = time.gmtime(time.time() + self.lives[self.given])
        self.given += 1
        return {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "LastUpdated": "2026-01-01T00:00:00Z",
            "AccessKeyId": f"KEY{self.given}",
            "SecretAccessKey": f"hunter2-{self.given}",
            "Token": f"token-{self.given}",
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", ends),
        }
