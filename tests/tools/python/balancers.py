"""What ministack lacks of load balancing; see mend.py."""
import re

from aiohttp import web

from answers import member, xml

# The members of DescribeTags' answer that say whose tags they are.
LISTS = {"DescribeLoadBalancers": "LoadBalancerArn", "DescribeTargetGroups": "TargetGroupArn"}
# What is dropped of an action or a condition: what says it anew, and how it is shown without it.
DROPPED = {
    "ForwardConfig": (r"(Default)?Actions\.", "<Type>forward</Type><Order>1</Order></member>"),
    "QueryStringConfig": (r"Conditions\.", "<Field>query-string</Field><Values></Values></member>"),
}
# The most that DescribeTags takes.
TAGGED = 20


class Balancers:
    """Further certificates of listeners, shares of traffic, conditions on query strings, and what bears tags."""

    def __init__(self, ask):
        self.ask, self.certificates, self.dropped = ask, {}, {}

    async def before(self, call, where, form):
        if call.name == "DeleteListener":
            self.certificates.pop((*where, form["ListenerArn"]), None)
        if call.name.endswith("ListenerCertificates"):
            return await self.mend_listener_certificates(call.name, where, form)
        return None

    def after(self, call, reply, where, form):
        if reply.status != 200 or not call.name.endswith(("Listener", "Listeners", "Rule", "Rules")):
            return reply
        text = self.mend_dropped_members(where, call.name, form, reply.text)
        return web.Response(status=200, body=text.encode(), content_type="text/xml")

    def mend_dropped_members(self, where, name, form, text):
        """ForwardConfig and QueryStringConfig are dropped. Here they are kept, by the listener or rule that they are of."""
        parts = re.split(r"(?=<(?:ListenerArn|RuleArn)>)", text)
        for index, part in enumerate(parts[1:], 1):
            arn = re.match(r"<\w+>([^<]*)", part)[1]
            kept = self.dropped.setdefault((*where, arn), {})
            if not name.startswith(("Describe", "Delete")):
                for config, (members, empty) in DROPPED.items():
                    said = [(key.split(f".{config}.", 1)[1], value) for key, value in form.items() if f".{config}." in key]
                    if said or any(re.match(members, key) for key in form):
                        kept[config] = nested(said)
            for config, (_, empty) in DROPPED.items():
                if kept.get(config):
                    part = part.replace(empty, empty.replace("</member>", f"<{config}>{kept[config]}</{config}></member>"), 1)
            parts[index] = part
        return "".join(parts)

    async def mend_listener_certificates(self, name, where, form):
        """There are no certificates but the default one. Here a listener has others, by which it answers as AWS does."""
        listener = form["ListenerArn"]
        kept = self.certificates.setdefault((*where, listener), [])
        named = [value for key, value in form.items() if key.endswith(".CertificateArn")]
        if name == "AddListenerCertificates":
            kept += [arn for arn in named if arn not in kept]
        if name == "RemoveListenerCertificates":
            kept[:] = [arn for arn in kept if arn not in named]
        shown = [(arn, "false") for arn in kept]
        if name == "DescribeListenerCertificates":
            _, answer = await self.ask(*where, "elbv2", "DescribeListeners", {"ListenerArns.member.1": listener})
            default = member(answer, "CertificateArn")
            shown = [(default, "true"), *shown] if default else shown
        members = "".join(f"<member><CertificateArn>{arn}</CertificateArn><IsDefault>{default}</IsDefault></member>"
                          for arn, default in shown)
        return xml(name, f"<Certificates>{members}</Certificates>")

    async def tagged(self, where):
        """ARN and tags of all there is."""
        arns = []
        for listing, name in LISTS.items():
            _, answer = await self.ask(*where, "elbv2", listing, {})
            arns += dict.fromkeys(re.findall(rf"<{name}>([^<]*)<", answer))
        for balancer in [arn for arn in arns if ":loadbalancer/" in arn]:
            _, answer = await self.ask(*where, "elbv2", "DescribeListeners", {"LoadBalancerArn": balancer})
            for listener in dict.fromkeys(re.findall(r"<ListenerArn>([^<]*)<", answer)):
                _, rules = await self.ask(*where, "elbv2", "DescribeRules", {"ListenerArn": listener})
                arns += [listener, *re.findall(r"<RuleArn>([^<]*)<", rules)]
        arns, found = list(dict.fromkeys(arns)), []
        for start in range(0, len(arns), TAGGED):
            asked = {f"ResourceArns.member.{i + 1}": arn for i, arn in enumerate(arns[start:start + TAGGED])}
            _, answer = await self.ask(*where, "elbv2", "DescribeTags", asked)
            for one in answer.split("<ResourceArn>")[1:]:
                tags = dict(re.findall(r"<Key>([^<]*)</Key>\s*<Value>([^<]*)</Value>", one))
                found.append((one.split("<")[0], tags))
        return found


def nested(said):
    """Members as a request names them, `TargetGroups.member.1.Weight`, as an answer nests them."""
    groups = {}
    for key, value in said:
        head, _, rest = key.partition(".")
        groups.setdefault(head, []).append((rest, value))
    text = ""
    for head, inner in groups.items():
        name = "member" if head.isdigit() else head
        inside = inner[0][1] if inner[0][0] == "" else nested([(k.removeprefix("member."), v) for k, v in inner])
        text += f"<{name}>{inside}</{name}>"
    return text
