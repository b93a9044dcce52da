"""A proxy before an AWS emulator: checks, counts and logs every request, and makes faults on demand.

    reqcheck.py --port P --upstream URL --log FILE [--account-header NAME] [--mend EMULATOR]

One line of JSON a request in FILE: service, op, mutating, account, principal, region, status, error, token, violations.
The account is the 12-digit access key; for AssumeRole, and for the credentials that it gave, the account of the role.
With --account-header the account is passed on in that header, for emulators that do not take it from the key.
With --mend, mend.py completes what that emulator lacks. A request with the header x-test-hands is a test's own: it is
mended, and neither checked nor counted, and no rule meets it.

On the same port, each for one account, so that several who use the proxy at once do not meet:
    GET  /_check/stats?account=A             its counters since its last mark
    POST /_check/mark {"account"}            sets them to zero
    POST /_check/latency {"account", "ms"}   each of its calls takes that much longer
    POST /_check/slow {"account", "seconds"} slow.py: databases take that long to come and to go
    POST /_check/certificates {"account", "status"}   slow_certificates.py: certificates are in that status; null ends it
    POST /_check/rules {"account", "rules"}  replaces its rules
    GET  /_check/rules?account=A             answers them, each with what it has seen and fired
A rule looks at the account's calls that fit its `service`, `op` and `mutating` (what is absent fits all), counts them
from 1, and acts from the `at`-th on, `times` times (once if absent):
    fail        the emulator never sees it; answers `status` and `code` (400, Throttling)
    failAfter   carried out, and answered like that
    lose        carried out; the connection breaks instead of a reply
    killBefore, killLost, killAfter    SIGKILL to the process group of the pid in `pidFile`: before the call, after it is
                carried out but before the reply, after the reply
"""
import argparse
import asyncio
import collections
import json
import os
import re
import signal
import time
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from yarl import URL

import mend
import rules
import wire
from answers import modelled_error
from slow import SlowDatabases
from slow_certificates import HeldCertificates

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length", "expect"}
ERROR_CODE = re.compile(rb"<Code>([^<]+)</Code>|\"__type\"\s*:\s*\"(?:[^\"]*#)?([^\"]+)\"")


class Rule:
    """One fault, and how far it has got."""

    def __init__(self, spec):
        self.spec = {"at": 1, "times": 1, "status": 400, "code": "Throttling", **spec}
        if self.spec.get("action") not in ("fail", "failAfter", "lose", "killBefore", "killLost", "killAfter"):
            raise ValueError(f"no such action: {self.spec.get('action')}")
        self.seen, self.fired = 0, []

    def due(self, line):
        if any(self.spec[key] != line[key] for key in ("service", "op", "mutating") if key in self.spec):
            return False
        self.seen += 1
        if not self.spec["at"] <= self.seen < self.spec["at"] + self.spec["times"]:
            return False
        self.fired.append(f"{line['service']}.{line['op']}")
        return True

    def kill(self):
        try:
            with open(self.spec["pidFile"]) as file:
                os.killpg(os.getpgid(int(file.read())), signal.SIGKILL)
        except (OSError, ValueError, KeyError) as error:
            self.fired.append(f"not killed: {error}")

    def view(self):
        return {**self.spec, "seen": self.seen, "fired": self.fired}


class Counters:
    def __init__(self):
        self.calls = self.mutating = self.violations = 0
        self.last = None
        self.operations = collections.Counter()
        self.errors = collections.Counter()

    def add(self, line):
        name = f"{line['service']}.{line['op']}"
        self.calls += 1
        self.mutating += line["mutating"]
        self.operations[name] += 1
        self.violations += sum(v["level"] == "error" for v in line["violations"])
        if line["error"]:
            self.errors[f"{name} {line['error']}"] += 1

    def view(self):
        idle = None if self.last is None else time.monotonic() - self.last
        return {**{name: value for name, value in vars(self).items() if name != "last"}, "idleSeconds": idle}


class Proxy:
    def __init__(self, upstream, log, account_header, emulator):
        self.mend = mend.EMULATORS.get(emulator, mend.Emulator)(self.ask)
        self.upstream, self.account_header = upstream.rstrip("/"), account_header
        self.log = open(log, "a", buffering=1)
        self.latency, self.rules, self.accounts, self.slow, self.held = {}, {}, {}, {}, {}
        self.counters = collections.defaultdict(Counters)

    async def handle(self, incoming):
        if incoming.path.startswith("/_check/"):
            return await self.control(incoming)
        request = wire.Request(incoming.method, incoming.raw_path, {k.lower(): v for k, v in incoming.headers.items()},
                               await incoming.read())
        if request.path.startswith(("/_ministack", "/moto-api")):
            return await self.forward(request, "")
        call = wire.identify(request)
        if "x-test-hands" in request.headers:
            return await self.upstream_reply(request, call, call.principal)
        line = self.line(call, request)
        account = line["account"]
        self.counters[account].last = time.monotonic()
        rule = next((rule for rule in self.rules.get(account, []) if rule.due(line)), None)
        try:
            return await self.exchange(incoming, request, call, line, rule)
        finally:
            self.counters[account].add(line)
            self.log.write(json.dumps(line, default=str) + "\n")

    def line(self, call, request):
        account = call.principal if re.fullmatch(r"\d{12}", call.principal) else self.accounts.get(call.principal, "")
        account = role_account(call) or account
        line = {"t": round(time.time(), 3), "service": call.service, "op": call.name, "mutating": call.mutating,
                "account": account, "principal": call.principal, "region": call.region, "status": None, "error": None}
        try:
            line["violations"], line["token"] = rules.check(call, request), rules.token(call, request)
        except Exception as error:  # a fault of the checker's own must show as a violation, never stop the traffic
            line["violations"] = [{"kind": "checker", "path": "", "message": repr(error), "level": "error"}]
        return line

    async def exchange(self, incoming, request, call, line, rule):
        action = rule.spec["action"] if rule else None
        if latency := self.latency.get(line["account"]):
            await asyncio.sleep(latency)
        if action == "killBefore":
            rule.kill()
        if action in ("killBefore", "fail"):
            return self.answer(incoming, call, line, rule)
        reply = await self.upstream_reply(request, call, line["account"])
        line["status"], line["error"] = reply.status, error_code(reply)
        if action in ("lose", "killLost", "failAfter"):
            if action == "killLost":
                rule.kill()
            return self.answer(incoming, call, line, rule)
        if action == "killAfter":
            await reply.prepare(incoming)
            await reply.write_eof()
            rule.kill()
        return reply

    async def upstream_reply(self, request, call, account):
        """The emulator's answer, mended, and as slow as it is to be."""
        slow = self.slow.get(account) if call.service == "rds" else None
        if refused := slow and slow.before(call):
            return refused
        reply = await self.mend.before(call, request, account) or await self.forward(request, account)
        self.learn(call, reply)
        reply = await self.mend.after(call, request, reply, account)
        held = self.held.get(account) if call.service == "acm" else None
        return slow.after(call, reply) if slow else held.after(call, reply) if held else reply

    def answer(self, incoming, call, line, rule):
        """A modelled error, or a broken connection."""
        if not rule.spec["action"].startswith("fail"):
            line["error"] = rule.spec["action"]
            incoming.transport.abort()
            return web.Response()
        line["status"], line["error"] = rule.spec["status"], rule.spec["code"]
        return modelled_error(call.protocol, rule.spec["status"], rule.spec["code"])

    async def ask(self, account, region, service, name, members):
        """A call of the proxy's own to RDS, EC2, ElastiCache or Secrets Manager: its status and text. Of S3 the name is
        method and target, and the members are the body."""
        scope = f"Credential={account}/20260101/{region}/{service}/aws4_request"
        headers = {"authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
        if service == "s3":
            method, target = name.split(" ", 1)
            reply = await self.forward(wire.Request(method, target, headers, members.encode()), account)
            return reply.status, reply.text
        if version := {"rds": "2014-10-31", "ec2": "2016-11-15", "elasticache": "2015-02-02"}.get(service):
            headers["content-type"] = "application/x-www-form-urlencoded"
            body = urlencode({"Action": name, "Version": version, **members}).encode()
        else:
            headers |= {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"{service}.{name}"}
            body = json.dumps(members).encode()
        reply = await self.forward(wire.Request("POST", "/", headers, body), account)
        return reply.status, reply.text

    async def forward(self, request, account):
        headers = {k: v for k, v in request.headers.items() if k not in HOP_BY_HOP}
        headers.update({self.account_header: account} if self.account_header and account else {})
        # It is part of what the signature covers, which an emulator that asks whether a call is allowed verifies.
        headers.update({"host": request.headers["host"]} if "host" in request.headers else {})
        url = URL(self.upstream + request.target, encoded=True)
        async with self.session.request(request.method, url, headers=headers, data=request.body or None,
                                        allow_redirects=False) as reply:
            kept = [(k, v) for k, v in reply.headers.items() if k.lower() not in HOP_BY_HOP]
            return web.Response(status=reply.status, headers=kept, body=await reply.read())

    def learn(self, call, reply):
        account = role_account(call)
        key = re.search(rb"<AccessKeyId>([^<]+)<", reply.body) if account and reply.status == 200 else None
        if key:
            self.accounts[key[1].decode()] = account

    async def control(self, incoming):
        try:
            if incoming.method == "POST":
                posted = await incoming.json()
                return web.json_response(self.set(incoming.path, posted["account"], posted))
            return web.json_response(self.tell(incoming.path, incoming.query["account"]))
        except (ValueError, KeyError, TypeError) as error:
            return web.json_response({"error": repr(error)}, status=400)

    def set(self, path, account, posted):
        if path == "/_check/rules":
            self.rules[account] = [Rule(spec) for spec in posted["rules"]]
        elif path == "/_check/latency":
            self.latency[account] = float(posted["ms"]) / 1000
        elif path == "/_check/slow":
            self.slow[account] = SlowDatabases(float(posted["seconds"]))
        elif path == "/_check/certificates":
            self.held[account] = HeldCertificates(posted["status"]) if posted["status"] else None
        elif path == "/_check/mark":
            self.counters.pop(account, None)
        else:
            raise ValueError(f"no such control: {path}")
        return {}

    def tell(self, path, account):
        if path == "/_check/rules":
            return [rule.view() for rule in self.rules.get(account, [])]
        if path == "/_check/stats":
            return self.counters[account].view()
        raise ValueError(f"no such question: {path}")


def role_account(call):
    """The account of the role that the call assumes, if it assumes one."""
    role = dict(call.form).get("RoleArn", "") if call.name == "AssumeRole" else ""
    named = re.match(r"arn:[^:]*:iam::(\d{12}):role/", role)
    return named[1] if named else None


def error_code(reply):
    if reply.status < 400:
        return None
    named = reply.headers.get("x-amzn-errortype", "").partition(":")[0]
    found = ERROR_CODE.search(reply.body or b"")
    return named or (next(g for g in found.groups() if g).decode() if found else f"HTTP {reply.status}")


async def run(args):
    proxy = Proxy(args.upstream, args.log, args.account_header, args.mend)
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", proxy.handle)
    async with aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=120),
                                     connector=aiohttp.TCPConnector(limit=256)) as proxy.session:
        runner = web.AppRunner(app, access_log=None, handle_signals=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", args.port, backlog=512).start()
        await asyncio.Event().wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--account-header", help="the header in which the emulator takes the account")
    parser.add_argument("--mend", help="the emulator whose gaps are to be mended")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
