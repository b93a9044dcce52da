"""Completes what the emulators lack of S3; see mend.py."""
import re

from aiohttp import web

# What the answers of these calls are called in AWS.
ROOTS = {"GetBucketAccelerateConfiguration": "AccelerateConfiguration", "GetBucketVersioning": "VersioningConfiguration"}
SPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Buckets:
    """The buckets of all accounts: their archive tiers, by account and bucket, then by id."""

    def __init__(self, ask):
        self.ask, self.tiers = ask, {}

    def mend_intelligent_tiering(self, call, request, account):
        """Configurations of S3 Intelligent-Tiering are not there: a list of them is one of objects. Here they are kept."""
        kept = self.tiers.setdefault((account, call.labels.get("Bucket")), {})
        name = dict(request.query).get("id")
        if call.name == "PutBucketIntelligentTieringConfiguration":
            inner = re.search(r"<IntelligentTieringConfiguration[^>]*>(.*)</IntelligentTieringConfiguration>",
                              request.body.decode(), re.DOTALL)
            kept[name] = inner[1]
            return web.Response(status=200)
        if call.name == "DeleteBucketIntelligentTieringConfiguration":
            kept.pop(name, None)
            return web.Response(status=204)
        if call.name != "ListBucketIntelligentTieringConfigurations":
            return None
        each = "".join(f"<IntelligentTieringConfiguration>{one}</IntelligentTieringConfiguration>" for one in kept.values())
        root = "ListBucketIntelligentTieringConfigurationsOutput"
        return web.Response(status=200, text=f"<{root} {SPACE}><IsTruncated>false</IsTruncated>{each}</{root}>",
                            content_type="application/xml")

    def forget(self, call, reply, account):
        """A bucket that is gone has none."""
        if call.name == "DeleteBucket" and reply.status == 204:
            self.tiers.pop((account, call.labels["Bucket"]), None)

    async def mend_tags_of_new(self, call, request, account):
        """CreateBucket drops the tags that it is given. They are put afterwards."""
        tags = re.search(r"<Tags>(.*)</Tags>", request.body.decode(), re.DOTALL)
        if tags:
            text = f"<Tagging {SPACE}><TagSet>{tags[1]}</TagSet></Tagging>"
            await self.ask(account, call.region, "s3", f"PUT /{call.labels['Bucket']}?tagging", text)

    def mend_root(self, call, reply):
        """Some answers are under a name that they do not have in AWS."""
        text = reply.text.replace(f"{call.name}Response", ROOTS[call.name])
        return web.Response(status=200, text=text, content_type="application/xml")
