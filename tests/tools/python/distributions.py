"""Completes what moto lacks of CloudFront; see mend.py."""
import re

from aiohttp import web

from answers import each, member, put

MAKES = ("CreateDistribution", "CreateDistributionWithTags", "UpdateDistribution")


class Distributions:
    """The origin access control of each origin, by account and distribution, then by the origin's id."""

    def __init__(self):
        self.kept = {}

    def mend_origin_access(self, call, request, reply, account):
        """OriginAccessControlId of an origin is lost. Here it is shown as it was asked for."""
        text = reply.text
        name = call.labels.get("Id") or member(text, "Id")
        if call.name in MAKES:
            origins = re.findall(r"<Origin>(.*?)</Origin>", request.body.decode(), re.DOTALL)
            self.kept[(account, name)] = {member(one, "Id"): member(one, "OriginAccessControlId") for one in origins}
        if call.name == "ListDistributions":
            text = each(text, "DistributionSummary", lambda one: self.show(account, member(one, "Id"), one))
        else:
            text = self.show(account, name, text)
        headers = {header: reply.headers[header] for header in ("ETag", "Location", "Content-Type") if header in reply.headers}
        return web.Response(status=reply.status, body=text.encode(), headers=headers)

    def show(self, account, name, text):
        kept = self.kept.get((account, name), {})

        def origin(one):
            control = kept.get(member(one, "Id"))
            return put(one, "OriginAccessControlId", control) if control else one
        return each(text, "Origin", origin)
